"""The sequencer: takes events from the outbox by presence, gives them dense numbers, writes them as JSON Lines.

Enters: committed events, in whatever order their transactions ended. Leaves: rows of `events`, and files that an
auditor reads: one line per event, `{"number": N, "event": {…}}`, the event in its canonical bytes.
Refuses: a log that goes on where the journal ends (`LogAhead`): that journal is not the one the log was written from. A
log that ends too early is cut back to its last whole line and filled up.

It shares no lock with the hot path: its unit goes through the journal's group commit like any other.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.store.disk import sync_folder
from gateway.store.engine import Journal, Step, Unit

EVENTS_PER_FILE = 100_000


class LogAhead(Exception):
    """The log holds events that the journal does not know; the message says what to do."""

    def __init__(self, folder: Path, written: int, known: int) -> None:
        super().__init__(
            f"the log in {folder} has {written} events, the journal only {known}: the journal is older than its log; "
            "put back the journal that belongs to it; to go on from the older one, first move the log to a safe place"
        )


class Sequencer:
    """One per journal. `limit` events in one go; `interval` seconds between two looks at the outbox."""

    def __init__(
        self, journal: Journal, folder: Path, *, limit: int, interval: float, barrier: Callable[[str], None]
    ) -> None:
        self._journal, self._folder, self._limit, self._interval = journal, folder, limit, interval
        self._barrier = barrier
        self._next = 0
        self._lock = asyncio.Lock()

    @property
    def next_number(self) -> int:
        """The number that the next event gets."""
        return self._next

    async def open(self) -> None:
        """Finds the last number and brings the files up to it."""
        rows = await self._journal.read("last_number", {})
        last = rows[0][0] if rows else None
        self._next = 0 if last is None else int(last) + 1
        written = await asyncio.to_thread(_repair, self._folder)
        if written > self._next:
            # Numbers would be given a second time.
            raise LogAhead(self._folder, written, self._next)
        while written < self._next:
            found = await self._journal.read("events_after", {"after": written - 1, "limit": 1000})
            lines = [_line(int(row[0] or 0), row[1]) for row in found]
            await asyncio.to_thread(_append, self._folder, written, lines)
            written += len(lines)

    async def run(self) -> None:
        """Until cancelled; what is in the outbox then is taken at the next start, or by `drain`."""
        while True:
            if not await self.step():
                await asyncio.sleep(self._interval)

    async def drain(self) -> None:
        """Everything that was committed before this call gets its number."""
        while await self.step():
            pass

    async def step(self) -> bool:
        """One handful. True if there may be more."""
        async with self._lock:
            if not await self._journal.read("outbox_waits", {}):
                return False
            # Numbers and files must not part ways when the task is cancelled in between.
            return await asyncio.shield(self._number())

    async def _number(self) -> bool:
        taken = {"first": self._next, "limit": self._limit}
        steps = [
            Step("number_events", taken),
            Step("index_events", taken),
            Step("drop_numbered", {"limit": self._limit}),
        ]
        self._barrier("sequencer.before_commit")
        rows = (await self._journal.commit(Unit(steps)))[0]
        first, self._next = self._next, self._next + len(rows)
        self._barrier("sequencer.before_file")
        await asyncio.to_thread(_append, self._folder, first, [_line(int(row[0] or 0), row[1]) for row in rows])
        return len(rows) == self._limit


def _line(number: int, body: Any) -> bytes:
    return b'{"number":%d,"event":%s}\n' % (number, body)


def log_file(folder: Path, number: int) -> Path:
    """The file that holds the event with this number."""
    return folder / f"events-{number // EVENTS_PER_FILE * EVENTS_PER_FILE:012d}.jsonl"


def _append(folder: Path, first: int, lines: list[bytes]) -> None:
    at = 0
    while at < len(lines):
        number = first + at
        room = EVENTS_PER_FILE - number % EVENTS_PER_FILE
        some = lines[at : at + room]
        path = log_file(folder, number)
        new = not path.exists()
        with open(path, "ab", opener=_private) as file:
            file.write(b"".join(some))
            file.flush()
            os.fdatasync(file.fileno())
        if new:
            sync_folder(folder)
        at += len(some)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _repair(folder: Path) -> int:
    """Cuts a torn last line off; gives the number after the last whole line in the files."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = sorted(folder.glob("events-*.jsonl"))
    if not files:
        return 0
    last = files[-1]
    first = int(last.stem.partition("-")[2])
    count, end = 0, 0
    with last.open("r+b") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            count, end = count + 1, end + len(line)
        if end != last.stat().st_size:
            file.truncate(end)
    return first + count
