"""The sequencer: takes events from the outbox by presence, gives them dense numbers, writes them as JSON Lines.

Enters: committed events, in whatever order their transactions ended. Leaves: rows of `events`, and files that an
auditor reads: one line per event, `{"number": N, "event": {…}}`, the event in its canonical bytes.
Refuses: a log that goes on where the journal ends (`LogAhead`): that journal is not the one the log was written from;
and one that says something else than the journal, if the journal cannot say it again (`LogDamaged`).

At a start, before anything is added:
1. A number in the files that the journal has not given ends the start: it would be given a second time.
2. A file whose numbers do not follow each other, or whose first or last line is not the journal's, is set aside, and
   written anew from the journal. The one that was set aside is kept, and told of until somebody takes it away.
3. A torn last line is cut off, and what is missing is filled up.

It shares no lock with the hot path: its unit goes through the journal's group commit like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from gateway.audit import log_files
from gateway.audit.log_files import Found
from gateway.store.engine import Journal, Step, Unit

log = structlog.get_logger("lintas.log")
_PAGE = 1000


class LogAhead(Exception):
    """The log holds events that the journal does not know; the message says what to do."""

    def __init__(self, folder: Path, written: int, known: int) -> None:
        super().__init__(
            f"the log in {folder} has {written} events, the journal only {known}: the journal is older than its log; "
            "put back the journal that belongs to it; to go on from the older one, first move the log to a safe place"
        )


class LogDamaged(Exception):
    """A file of the log is not what it was, and the journal cannot write it anew; the message says what to do."""

    def __init__(self, path: Path, first: int, end: int) -> None:
        super().__init__(
            f"the log file {path} is missing or was changed, and the journal no longer has all events from {first} to "
            f"{end - 1} to write it anew: put back this file from a copy, or the journal that belongs to it"
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

    async def open(self) -> list[str]:
        """Finds the last number and brings the files up to it. Gives what a person should look at."""
        rows = await self._journal.read("last_number", {})
        last = rows[0][0] if rows else None
        self._next = 0 if last is None else int(last) + 1
        found = await asyncio.to_thread(log_files.survey, self._folder)
        reached = max((one.reaches for one in found), default=0)
        if reached > self._next:
            # Numbers would be given a second time.
            raise LogAhead(self._folder, reached, self._next)
        sound: dict[int, int] = {}
        for one in found:
            if one.count is not None and await self._is_ours(one, whole=one is not found[-1]):
                sound[one.first] = one.count
            else:
                await self._anew(one)
        for first in range(0, self._next, log_files.EVENTS_PER_FILE):
            await self._fill(first + sound.get(first, 0), self._end(first))
        names = await asyncio.to_thread(log_files.kept, self._folder)
        told = "find out who changed it, then move it away from the log"
        return [f"{name} is a file of the log that did not say what the journal says; {told}" for name in names]

    def _end(self, first: int) -> int:
        """The number after the last that belongs into this file by now."""
        return min(first + log_files.EVENTS_PER_FILE, self._next)

    async def _is_ours(self, found: Found, *, whole: bool) -> bool:
        """Whether a file whose numbers are right begins and ends as the journal says."""
        if found.first % log_files.EVENTS_PER_FILE:
            return False
        numbers = (found.first, found.first + (found.count or 0) - 1)
        for number, line in zip(numbers, found.ends or (), strict=False):
            rows = await self._journal.read("events_after", {"after": number - 1, "limit": 1})
            if rows and rows[0][0] == number and log_files.line(number, rows[0][1]) != line:
                return False
        if not whole:
            await asyncio.to_thread(log_files.cut, found)
        return True

    async def _anew(self, found: Found) -> None:
        """Sets a file aside whose events the journal has; `_fill` writes them again."""
        end = self._end(found.first)
        if found.first % log_files.EVENTS_PER_FILE == 0:
            rows = await self._journal.read("count_events", {"first": found.first, "end": end})
            if not rows or rows[0][0] != max(0, end - found.first):
                raise LogDamaged(found.path, found.first, end)
        kept = await asyncio.to_thread(log_files.set_aside, found.path)
        log.warning("log_written_anew", file=found.path.name, kept=kept.name, says="it was not what the journal says")

    async def _fill(self, written: int, end: int) -> None:
        while written < end:
            query = {"after": written - 1, "limit": min(_PAGE, end - written)}
            found = await self._journal.read("events_after", query)
            if [row[0] for row in found] != list(range(written, written + len(found))) or not found:
                raise LogDamaged(log_files.log_file(self._folder, written), written, end)
            lines = [log_files.line(int(row[0] or 0), row[1]) for row in found]
            await asyncio.to_thread(log_files.append, self._folder, written, lines)
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
        lines = [log_files.line(int(row[0] or 0), row[1]) for row in rows]
        await asyncio.to_thread(log_files.append, self._folder, first, lines)
        return len(rows) == self._limit
