"""A hostile writer with threads of its own, beside the source: no moment is right to put a link in place of a file.

What the secret holds must be in no document, no part and no file that the gateway wrote, however the race ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.contract import NeedsOperator

SECRET = "rahasia-sekali-4711"
NAMES = [f"warga-{n}.json" for n in range(6)]
ROUNDS = 60


class Writer(threading.Thread):
    """Puts honest files and links to a secret under the same names, over and over, until it is told to stop."""

    def __init__(self, inbox: Path, aside: Path, honest: bytes, disguise: Callable[[Path], None]) -> None:
        super().__init__(daemon=True)
        self._inbox, self._aside, self._honest, self._disguise = inbox, aside, honest, disguise
        self._over = threading.Event()
        self.failed: BaseException | None = None

    def run(self) -> None:
        turn = 0
        try:
            while not self._over.is_set():
                turn += 1
                self._swap(self._inbox / NAMES[turn % len(NAMES)], turn)
        except BaseException as error:
            self.failed = error

    def _swap(self, target: Path, turn: int) -> None:
        honest, link = self._aside / f"{self.name}-honest", self._aside / f"{self.name}-link"
        honest.write_bytes(self._honest)
        honest.rename(target)
        self._disguise(link)
        # Two names of one file are renamed onto each other by doing nothing: then the link is still there.
        os.replace(link, target)
        with contextlib.suppress(FileNotFoundError):
            link.unlink()

    def stop(self) -> None:
        self._over.set()
        self.join()


@contextlib.contextmanager
def writers(inbox: Path, aside: Path, honest: bytes, disguise: Callable[[Path], None]) -> Iterator[None]:
    aside.mkdir()
    running = [Writer(inbox, aside, honest, disguise) for _ in range(2)]
    for one in running:
        one.start()
    try:
        yield
    finally:
        for one in running:
            one.stop()
    assert [one.failed for one in running] == [None, None]


def written(*folders: Path) -> bytes:
    """All bytes of what is a file of its own below these folders: a link that was put away is only a name."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return b"\n".join(path.read_bytes() for path in files if path.stat().st_nlink == 1)


@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
async def test_a_link_swapped_in_under_load_never_gives_its_bytes(desk, person, tmp_path, kind):
    d = await desk()
    secret = tmp_path / "keys" / "warga.json"
    secret.parent.mkdir()
    secret.write_text(json.dumps({**person, "fullName": SECRET}))

    def disguise(link: Path) -> None:
        if kind == "symlink":
            link.symlink_to(secret)
        else:
            os.link(secret, link)

    with writers(d.inbox, tmp_path / "hostile", json.dumps(person).encode(), disguise):
        for _ in range(ROUNDS):
            await d.round()
            d.host.clock.advance(10)
    await d.until_still()
    assert len(d.ledger.settled) > 0
    assert SECRET not in repr(d.ledger.documents)
    assert SECRET.encode() not in written(d.archive, d.errors, d.outbox, d.work)
    assert json.loads(secret.read_text())["fullName"] == SECRET


STEPS = ["claimed", "room made", "manifest written", "moved in item", "moved in"]
CALLS = ["rename", "open", "read"]


@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
@pytest.mark.parametrize("moment", [*STEPS, *CALLS])
async def test_a_link_swapped_in_at_the_worst_moment_never_gives_its_bytes(
    desk, letter, tmp_path, monkeypatch, moment, kind
):
    """At each step, and just before the calls that move, open and read: what was looked at is something else by then.
    The PDF of a letter streams away as a part, so that its bytes would leave the house."""
    d = await desk(formats=["pdf"], document="letter/1", service="letter.deliver")
    secret, swapped = tmp_path / "kunci.pdf", list[Path]()
    honest = b"%PDF-1.7 " + b"x" * 50_000
    secret.write_bytes(b"%PDF-1.7 " + (SECRET.encode() * 10_000)[:50_000])
    d.drop("surat.pdf.json", letter)
    d.drop("surat.pdf", honest)
    stamp = (d.inbox / "surat.pdf").stat().st_mtime_ns
    os.utime(secret, ns=(stamp, stamp))

    def swap() -> None:
        for path in (d.inbox / "surat.pdf", *d.work.glob("*/item")):
            if path.exists() and not swapped:
                link = tmp_path / "link"
                if kind == "symlink":
                    link.symlink_to(secret)
                else:
                    os.link(secret, link)
                os.replace(link, path)
                swapped.append(path)

    def by_another_thread() -> None:
        hostile = threading.Thread(target=swap)
        hostile.start()
        hostile.join()

    def meddled(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *arguments: Any, **named: Any) -> Any:
            if first in {"surat.pdf", "item"} or (name == "read" and (d.work.exists() and any(d.work.glob("*/item")))):
                by_another_thread()
            return real(first, *arguments, **named)

        return call

    def at(point: str) -> bool:
        if point == moment:
            by_another_thread()
        return False

    d.dies_at = at
    if moment in CALLS:
        monkeypatch.setattr(os, moment, meddled(moment, getattr(os, moment)))
    with contextlib.suppress(NeedsOperator):
        # Somebody else in the work folder may be for an operator.
        await d.until_still()
    assert len(swapped) == 1
    assert all(data == honest for data in d.host.disk.parts.values())
    assert SECRET.encode() not in written(d.archive, d.errors, d.outbox, d.work)
    assert SECRET not in repr(d.ledger.documents)
    assert SECRET.encode() in secret.read_bytes()


@pytest.mark.parametrize("climbs", ["../keys/evil.json", "{root}/keys/evil.json", "..", ""])
@pytest.mark.parametrize("note", ["claim.json", "outcome.json", "stray"])
async def test_a_forged_note_in_the_work_folder_moves_nothing_out_of_the_folders(desk, person, tmp_path, note, climbs):
    """Who may write beside an inbox may put notes of their own into the work folder, and wait for a restart."""
    d = await desk()
    keys = d.inbox.parent.parent / "keys"
    keys.mkdir()
    climbs = climbs.format(root=tmp_path)
    d.drop("warga.json", person)
    async for inbound in d.source.poll(1):
        d.host.claims.commit(inbound.message_id)
    (room,) = d.work.iterdir()
    if note == "outcome.json":
        (room / note).write_text(json.dumps({"to": "archive", "item": climbs}))
    else:
        forged = json.loads((room / "claim.json").read_text())
        forged["files"]["item"]["name"] = climbs
        (room / "claim.json").write_text(json.dumps(forged))
    if note == "stray":
        room.rename(d.work / "stray")
    await d.restart()
    with pytest.raises(NeedsOperator, match="changed by somebody else"):
        await d.round()
    assert list(keys.iterdir()) == []
    assert len(list(d.work.glob("*/item"))) == 1
