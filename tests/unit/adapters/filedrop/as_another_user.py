"""A gateway that is not root, beside inboxes that belong to somebody else: run as a process of its own.

Enters: a folder that anybody may pass. Leaves: one JSON line: what became of each file, and what an operator was told.
Refuses: to go on with rights that a gateway would not have. Started by root it gives up root and every capability;
started by anybody else, that user stands for both, and rights are taken away by the modes alone.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread
import encodings.idna
import json
import os
import sys
from pathlib import Path

from gateway.contract import NeedsOperator
from tests.unit.adapters.filedrop.conftest import PERSON, Desk

AGENCY, GATEWAY = 65533, 65534
ROOT = os.geteuid() == 0
LATER = (concurrent.futures.thread, encodings.idna)
"""Loaded while the interpreter's own folder can still be read."""


def agency_drops(inbox: Path, name: str, mode: int) -> None:
    inbox.mkdir(parents=True, exist_ok=True)
    file = inbox / name
    file.write_text(json.dumps(PERSON))
    if ROOT:
        os.chown(file, AGENCY, AGENCY)
    file.chmod(mode)


def close(inbox: Path, mode: int) -> None:
    if ROOT:
        os.chown(inbox, AGENCY, AGENCY)
    inbox.chmod(mode)


def become_the_gateway(root: Path) -> None:
    for path in (root, *root.iterdir()):
        if ROOT:
            os.chown(path, GATEWAY, GATEWAY)
    if ROOT:
        os.setgroups([])
        os.setresgid(GATEWAY, GATEWAY, GATEWAY)
        os.setresuid(GATEWAY, GATEWAY, GATEWAY)
        held = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")]
        assert int(held[0].split()[1], 16) == 0


async def told(d: Desk) -> str:
    try:
        await d.until_still()
    except NeedsOperator as error:
        return str(error)
    return ""


async def morning(root: Path) -> dict[str, object]:
    found: dict[str, object] = {"root": ROOT, "uid": os.geteuid()}
    for name in ("tertutup", "lengket", "terbuka"):
        d = await Desk(root, inbox=f"{name}/inbox", name=name).open()
        said = await told(d)
        found[name] = {
            "told": said,
            "inbox": d.names(d.inbox),
            "errors": d.names(d.errors),
            "archive": d.names(d.archive),
            "reasons": [d.notice(d.errors, one)["reason"] for one in d.names(d.errors) if one.endswith(".error.json")],
        }
        await d.source.close()
    return found


def main(root: Path) -> None:
    agency_drops(root / "tertutup/inbox", "warga.json", 0o644)
    close(root / "tertutup/inbox", 0o555)
    agency_drops(root / "lengket/inbox", "milik-dinas.json", 0o644)
    close(root / "lengket/inbox", 0o1777)
    agency_drops(root / "terbuka/inbox", "rahasia.json", 0o600 if ROOT else 0)
    agency_drops(root / "terbuka/inbox", "warga.json", 0o644)
    close(root / "terbuka/inbox", 0o777)
    become_the_gateway(root)
    print(json.dumps(asyncio.run(morning(root))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
