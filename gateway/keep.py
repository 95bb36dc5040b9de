"""What is kept for a time only, dropped in small steps: answers, keys, claims, persons, quarantine, and messages.

Enters: the clock. Leaves: fewer rows. Refuses: to hold anybody up: one step touches a bounded number of rows, and a
walk over all rows of a table is spread over many steps. How a message is erased stands in `erase`.

What was deleted is scoured out of the journal's own files in the same step, or in the next one that finds nobody in
the way: until then an old page still shows a key. What a person's pseudonyms hang on goes with the message; a question
has no row, and its persons go by its age.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.erase import Eraser
from gateway.letters.erase import LetterEraser
from gateway.store.engine import Journal, JournalBusy, Row, Step, Unit, Value

ROWS = 500


@dataclass(slots=True)
class _Pass:
    """One walk over a table by its primary key, `key`. `read` gives the key's columns and, last, whether a row goes."""

    read: str
    drop: str
    key: tuple[str, ...]
    cursor: tuple[str, ...]
    start: tuple[Value, ...]
    at: tuple[Value, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.at = self.start

    def moved(self, rows: list[Row]) -> None:
        self.at = tuple(rows[-1][: len(self.key)]) if len(rows) == ROWS else self.start


class Keeper:
    """`keep_ms` is how long an answer is kept, `retain_ms` how long what has no term of its own. Message ids are
    time-ordered: old answers are the first ones."""

    def __init__(
        self,
        journal: Journal,
        *,
        keep_ms: int,
        retain_ms: int,
        eraser: Eraser,
        letters: LetterEraser | None = None,
        now_ms: Callable[[], int],
    ) -> None:
        self._journal, self._eraser, self._letters, self._now_ms = journal, eraser, letters, now_ms
        self._keep_ms, self._retain_ms = keep_ms, retain_ms
        # A process that died may have left what it had deleted.
        self._scoured = False
        self._passes = (
            _Pass("keys_after", "drop_expired_key", ("key",), ("after",), (b"",)),
            _Pass("claims_after", "drop_claim", ("fingerprint",), ("after",), (b"",)),
            _Pass("quarantine_after", "drop_quarantined", ("id",), ("after",), ("",)),
            _Pass("subjects_after", "drop_subject", ("subject", "message"), ("subject", "message"), (b"", "")),
        )

    async def step(self) -> None:
        try:
            before = self._eraser.units
            await self._eraser.step()
            self._scoured = self._scoured and self._eraser.units == before
            if self._letters is not None:
                self._scoured = not await self._letters.step() and self._scoured
            await self._answers()
            for one in self._passes:
                await self._walk(one)
            if not self._scoured:
                self._scoured = await self._journal.scour()
        except JournalBusy:
            # Everything here can wait; those who wait for the journal cannot.
            return

    async def _answers(self) -> None:
        before = before_id(self._now_ms() - self._keep_ms)
        if not await self._journal.read("answers_before", {"before": before}):
            return
        await self._journal.commit(Unit([Step("drop_answers_before", {"before": before, "limit": ROWS})]))
        self._scoured = False

    async def _walk(self, one: _Pass) -> None:
        now = self._now_ms()
        # Each query takes of these what it names.
        oldest = now - self._retain_ms
        known: dict[str, Value] = {"now": now, "limit": ROWS, "before": oldest}
        if one.drop == "drop_subject":
            known["before"] = before_id(oldest)
        rows = await self._journal.read(one.read, {**known, **dict(zip(one.cursor, one.at, strict=True))})
        going: list[dict[str, Any]] = [
            {**known, **dict(zip(one.key, row, strict=False))} for row in rows if int(row[-1] or 0)
        ]
        if going:
            await self._journal.commit(Unit([Step(one.drop, going)]))
            self._scoured = False
        one.moved(rows)


def before_id(at_ms: int) -> str:
    """What every message id of that instant or later sorts behind."""
    text = f"{max(0, at_ms):012x}"
    return f"{text[:8]}-{text[8:]}"
