"""`lintas key`: API keys, and the key that signs receipts.

Enters: nothing but randomness. Leaves: a key, and its digest if asked; a running gateway with a new key of receipts.
Refuses: to overwrite a file; to rotate without an operator's key.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.commands.command import LOCAL, REMOTE, Setup, command
from gateway.commands.exits import DONE, USAGE, Failure


@command(*LOCAL)
def new(
    setup: Setup,
    digest: Annotated[
        bool, typer.Option("--digest", help="Also print the line that the gateway may keep in place of the key.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the key to this new file, for its owner alone.", show_default=False
        ),
    ] = None,
) -> int:
    """Make an API key. Whoever holds it is its owner: pass it on by a safe way only."""
    from gateway.identity import new_key

    key = new_key()
    told = {"key": key} if out is None else {"file": str(out)}
    if out is not None:
        _write(out, key)
    if digest:
        identity = key.split("_")[1]
        told["digest"] = f"lintas_{identity}_sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    if setup.json:
        setup.face.value(told)
    else:
        for line in told.values():
            setup.face.say(line)
    return DONE


@command(*REMOTE)
def rotate(setup: Setup) -> int:
    """Have the running gateway sign receipts by a new key; receipts of the former ones still verify."""
    told = asyncio.run(_rotated(setup))
    if setup.json:
        setup.face.value(told)
    else:
        setup.face.say(f"Receipts are signed by key {told['kid']} from now on; before, it was {told['former']}.")
        setup.face.say("Back up the folder keys/receipts of the gateway's state, as you do with its other keys.")
    return DONE


async def _rotated(setup: Setup) -> dict[str, Any]:
    async with setup.client("an operator") as client:
        return await client.post("/api/v1/keys/rotate")


def _write(path: Path, key: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        advice = "name a file that does not exist, in a folder that does"
        raise Failure(USAGE, "cannot_write", f"{path} cannot be made ({error.strerror})", advice) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key + "\n")
