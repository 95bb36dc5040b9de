"""`lintas evidence`: all that proves one message, in one container.

Enters: a message's id, a key, a new file. Leaves: an ASiC-E container. Refuses: to overwrite a file.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Annotated

import typer

from gateway.commands.command import REMOTE, Setup, command
from gateway.commands.exits import DONE, USAGE, Failure

_ID = re.compile(r"[0-9a-z.\-]{1,80}\Z")


@command(*REMOTE)
def evidence(
    setup: Setup,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="Id of the message.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="The new file. [default: MESSAGE.asice]", show_default=False),
    ] = None,
    receipt: Annotated[
        list[Path] | None,
        typer.Option("--receipt", metavar="FILE", help="A receipt that you hold of a message that was erased."),
    ] = None,
) -> int:
    """Save the evidence of a message; `lintas verify` checks it, and so does any tool that knows ASiC-E."""
    if not _ID.match(message):
        raise Failure(
            USAGE, "usage", "this is no id of a message", "take it from the answer, a receipt or `lintas log`"
        )
    file = out if out is not None else Path(f"{message}.asice")
    size = _save(setup, message, file, _receipts(receipt or ()))
    if _digests_only(file):
        setup.face.note(
            "note: it holds events and digests, no document and no receipt: the key is a person's (operator, auditor), "
            "or all else was erased. A party of the message gets what is there with a key of its own (--key-file)"
        )
    if setup.json:
        setup.face.value({"messageId": message, "file": str(file), "bytes": size})
    else:
        check = f"lintas verify {shlex.quote(str(file))}"
        setup.face.say(f"{file}: the evidence of message {message}, {size} bytes. Check it by: {check}")
    return DONE


def _digests_only(file: Path) -> bool:
    """Whether nothing but what was committed to is within."""
    try:
        with zipfile.ZipFile(file) as container:
            names = set(container.namelist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False  # no container: `lintas verify` says so
    return "digests.json" in names and not names & {"document.json", "released.json", "receipts.json"}


def _receipts(files: Sequence[Path]) -> bytes | None:
    """The receipts in these files, a line each; None without files."""
    from gateway.signatures.receipt_bundle import NoReceipts, gather

    lines: list[str] = []
    for file in files:
        try:
            lines += [one.jws for one in gather(file.read_bytes()).receipts]
        except (OSError, NoReceipts) as error:
            raise Failure(USAGE, "no_receipt", f"{file} holds no receipt", "name .receipt.json files") from error
    return "\n".join(lines).encode() if lines else None


def _save(setup: Setup, message: str, file: Path, receipts: bytes | None) -> int:
    """A whole container in a new file, or no file."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        advice = "name a file that does not exist, in a folder that does"
        raise Failure(USAGE, "cannot_write", f"{file} cannot be made ({error.strerror})", advice) from None
    try:
        with os.fdopen(descriptor, "wb") as out:
            return asyncio.run(_saved(setup, message, out, receipts))
    except BaseException:
        file.unlink(missing_ok=True)
        raise


async def _saved(setup: Setup, message: str, out: IO[bytes], receipts: bytes | None) -> int:
    async with setup.client("a party of the message, an operator or an auditor") as client:
        return await client.save(f"/api/v1/messages/{message}/evidence", out, receipts)
