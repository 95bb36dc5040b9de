"""Retention of letters: what becomes of one when its time is over.

Enters: the clock. Leaves: letters without a data key, so that their facts and files are gone for good; the row stays
and says that there was one. Refuses: to hold anybody up: one step looks at a bounded number of rows.

As with messages, the order is the point; a crash between any two leaves what the next walk finds and finishes:
1. One unit: the data key is deleted (asking again whether it may be), and `erased` is in the log.
2. The signed file leaves the part store.
3. What was sealed, noise by now, goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.audit.catalogue import EventName
from gateway.audit.events import EventWriter, event_step
from gateway.letters.registry import DOCUMENT, SERVICE
from gateway.store.engine import Journal, Step, Unexpected, Unit
from gateway.store.parts import PartError, PartStore

ROWS = 500


class _Due(NamedTuple):
    """A row of the query `letters_after`, in its column order. `what`: 1 is due, 2 is begun."""

    code: bytes
    id: str
    agency: str
    system: str
    question: str
    what: int


class LetterEraser:
    """`barrier` marks every step."""

    def __init__(
        self,
        *,
        journal: Journal,
        parts: PartStore,
        events: EventWriter,
        now_ms: Callable[[], int],
        barrier: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._journal, self._parts, self._events, self._now_ms = journal, parts, events, now_ms
        self._barrier = barrier
        self._after = b""

    async def step(self) -> int:
        """A page of the registry; says how many letters were erased."""
        page: dict[str, Any] = {"after": self._after, "now": self._now_ms(), "limit": ROWS}
        rows = [_Due(*row) for row in await self._journal.read("letters_after", page)]  # type: ignore[arg-type]
        done = 0
        for one in rows:
            if one.what:
                done += await self._erase(one)
        self._after = rows[-1].code if len(rows) == ROWS else b""
        return done

    async def _erase(self, due: _Due) -> bool:
        if due.what == 1 and not await self._begin(due):
            return False
        self._barrier("letters.after_key")
        try:
            await self._parts.delete_message(due.id)
        except PartError:
            # The next walk finds it again; a disk that failed has told the node itself.
            return False
        self._barrier("letters.after_parts")
        await self._journal.commit(Unit([Step("erase_letter", {"code": due.code}, rows=1)]))
        return True

    async def _begin(self, due: _Due) -> bool:
        event = self._events.write(
            EventName.ERASED, message=due.question, sender=due.system, actor="gateway", service=SERVICE,
            document=DOCUMENT,
        )  # fmt: skip
        key: dict[str, Any] = {"code": due.code, "now": self._now_ms()}
        try:
            await self._journal.commit(Unit([Step("erase_letter_key", key, rows=1), event_step(event)]))
        except Unexpected:
            return False
        return True
