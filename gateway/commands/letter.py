"""`lintas letter`: letters signed by the gateway, and what becomes of them.

Enters: a PDF with the head of its letter; codes. Leaves: the signed PDF in a file, its code and the address that
anybody may ask. Refuses: to write over a file, a passphrase on the command line, and a signed PDF whose digest is not
the one that was told.

The passphrase is asked for at the terminal, or read from a file; it goes to the gateway in a header of that one call.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.commands.command import REMOTE, Setup, command
from gateway.commands.exits import DONE, FAILED, USAGE, Failure

_SECRET_BYTES = 1024
_WHOSE = "a system of the agency that issues the letter"
_PATH = "/api/v1/letters"
_Code = Annotated[str, typer.Argument(metavar="CODE", help="Code of the letter, with or without dashes.")]


@command(*REMOTE)
def issue(
    setup: Setup,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The PDF to sign.")],
    signer: Annotated[str, typer.Option("--signer", metavar="NAME", help="Signer, as the configuration calls it.")],
    number: Annotated[str, typer.Option("--number", metavar="TEXT", help="Number of the letter.")],
    date: Annotated[str, typer.Option("--date", metavar="DATE", help="Date of the letter: 2026-11-20.")],
    subject: Annotated[str, typer.Option("--subject", metavar="TEXT", help="What it is about.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the signed PDF goes.")],
    tag: Annotated[
        str | None, typer.Option("--tag", metavar="TEXT", help="Text in the PDF where the mark goes.")
    ] = None,
    page: Annotated[int | None, typer.Option("--page", min=1, help="Page of the mark. [default: the last]")] = None,
    x: Annotated[int | None, typer.Option("--x", min=0, help="Points from the left edge.")] = None,
    y: Annotated[int | None, typer.Option("--y", min=0, help="Points from the lower edge.")] = None,
    security: Annotated[str | None, typer.Option("--security", metavar="B|T|R|SR", help="Security level.")] = None,
    privacy: Annotated[
        str | None, typer.Option("--privacy", metavar="CLASS", help="public, personal, specific or secret.")
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", metavar="FILE", help="Where the passphrase stands.")
    ] = None,
    totp: Annotated[bool, typer.Option("--totp", help="Have a one-time code sent, and ask for it.")] = False,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="The signer's secret is known to the gateway.")
    ] = False,
) -> int:
    """Have a letter signed and given a code."""
    if out.exists():
        raise Failure(USAGE, "file_exists", f"{out} is there already", "name another file")
    placement = {name: one for name, one in (("tag", tag), ("page", page), ("x", x), ("y", y)) if one is not None}
    head = {"signer": signer, "letterNumber": number, "letterDate": date, "subject": subject}
    for name, value in (("securityLevel", security), ("privacy", privacy), ("placement", placement or None)):
        if value is not None:
            head[name] = value  # type: ignore[assignment]
    if totp and passphrase_file is None:
        asyncio.run(_send_code(setup, signer))
    headers = {} if no_passphrase else _secret(passphrase_file, totp)
    return asyncio.run(_issue(setup, file, head, headers, out))


async def _send_code(setup: Setup, signer: str) -> None:
    async with setup.client(_WHOSE) as client:
        await client.post(f"/api/v1/signers/{quote(signer, safe='')}/code")


def _secret(file: Path | None, totp: bool) -> dict[str, str]:
    """The header that carries what only the signer knows."""
    name = "Lintas-Totp" if totp else "Lintas-Passphrase"
    if file is not None:
        try:
            with file.open("rb") as opened:
                text = opened.read(_SECRET_BYTES).decode()
        except (OSError, UnicodeDecodeError):
            raise Failure(USAGE, "no_passphrase", f"{file} cannot be read as text", "check the name") from None
        text = text.rstrip("\r\n")
    elif sys.stdin.isatty():
        text = typer.prompt("One-time code" if totp else "Passphrase", hide_input=True, err=True)
    else:
        advice = "call it at a terminal, or name --passphrase-file or --no-passphrase"
        raise Failure(USAGE, "no_passphrase", "there is nobody to ask for the passphrase", advice)
    if not text or not text.isprintable():
        raise Failure(USAGE, "no_passphrase", "a passphrase is one line of printable characters", "type it again")
    return {name: text}


async def _issue(setup: Setup, file: Path, head: Mapping[str, Any], headers: Mapping[str, str], out: Path) -> int:
    from gateway.commands.submission import Submission, described, digests, form

    envelope = {"service": "letter.sign", "schema": "signature-request/1"}
    submission = Submission(
        str(file), {"envelope": envelope, "document": dict(head)}, (file,), f"cli-{uuid.uuid4()}", True
    )
    known = await asyncio.to_thread(digests, submission.parts, lambda count: None)
    submission = described(submission, known)
    async with setup.client(_WHOSE) as client:
        with form(submission, known, lambda count: None) as body:
            sent = {"Idempotency-Key": submission.key, **headers}
            answer = (await client.post("/api/v1/queries", form=body, headers=sent))["document"]
        data = await client.bytes_of(f"{_PATH}/{quote(str(answer['code']), safe='')}/file")
    if hashlib.sha256(data).hexdigest() != answer["sha256"]:
        raise Failure(FAILED, "digest_mismatch", "the signed PDF is not the one that was told", "fetch it once more")
    await asyncio.to_thread(_write, out, data)
    if setup.json:
        setup.face.value({**answer, "file": str(out)})
        return DONE
    names = ("code", "url", "signer", "position", "level", "signedAt", "sha256")
    setup.face.facts(f"Signed: {out}", [(name, answer.get(name)) for name in names])
    return DONE


def _write(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        advice = "the letter is signed: `lintas letter show` tells of it; fetch its file by GET …/letters/CODE/file"
        raise Failure(FAILED, "not_written", f"{path} cannot be written ({error.strerror})", advice) from None


@command(*REMOTE)
def show(setup: Setup, code: _Code) -> int:
    """Show a letter: its state and what stands behind its code."""
    return asyncio.run(_call(setup, code))


@command(*REMOTE)
def withdraw(
    setup: Setup,
    code: _Code,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the public page may show it.")],
) -> int:
    """Withdraw a letter: it is no longer in force."""
    return asyncio.run(_call(setup, code, "withdraw", {"reason": reason}))


@command(*REMOTE)
def replace_(
    setup: Setup,
    code: _Code,
    by: Annotated[str, typer.Option("--by", metavar="CODE", help="Code of the letter that takes its place.")],
) -> int:
    """Put another letter in the place of this one."""
    return asyncio.run(_call(setup, code, "replace", {"by": by}))


async def _call(setup: Setup, code: str, action: str = "", body: Mapping[str, str] | None = None) -> int:
    path = f"{_PATH}/{quote(code.strip(), safe='')}"
    async with setup.client(_WHOSE) as client:
        letter = await (client.get(path) if body is None else client.post(f"{path}/{action}", body=dict(body)))
    if setup.json:
        setup.face.value(letter)
    else:
        setup.face.facts(f"Letter {letter.get('code') or code}: {letter.get('state')}", list(letter.items()))
    return DONE
