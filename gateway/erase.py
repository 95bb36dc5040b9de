"""Retention: what becomes of a message when its time is over.

Enters: the clock. Leaves: messages without a data key, so that their bodies, parts, answers and receipts are gone for
good; their rows say who exchanged what, and their events stay. Refuses: what is under legal hold, and what is not at
its end: a delivery that is under way, in quarantine, held, in an inbox or awaiting its registration.

The order is the point; a crash between any two leaves what the next walk finds and finishes:
1. One unit per message: its data key is deleted (asking again whether it may be), its batch's copy of it too, and
   `erased` is in the log. From here on nobody can read it. Its body, now noise, marks it as unfinished.
2. Its parts leave the part store.
3. Row problems go in bounded pieces.
4. One unit: its receipts and its recipients' answers, noise as well, and the body go. It is finished.

The walk goes over all messages in order of time, a stretch at a time, since no index says whose time is over: the hot
tables have none. What is erased from the beginning of time on is not walked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.audit.catalogue import EventName
from gateway.audit.events import EventWriter, event_step
from gateway.store.engine import Journal, Step, Unexpected, Unit
from gateway.store.parts import PartError, PartStore

STRETCH = 2000
"""Messages that one read looks at."""
STRETCHES = 8
"""Stretches of one step."""
TOGETHER = 32
"""Messages that are erased at once: few enough that nobody's commit waits behind them."""
ROWS = 500


class _Due(NamedTuple):
    """A row of the query `erasable`, in its column order. `begun`: its key is gone already."""

    message: str
    begun: int
    parts: int
    sender: str
    service: str
    document: str
    conversation: str | None
    route: str
    purpose: str | None
    trace: str | None

    @property
    def deliveries(self) -> dict[str, Any]:
        return {"first": f"{self.message}.", "last": f"{self.message}/"}


class Eraser:
    """`forget` drops what the process remembers of a message; `barrier` marks every step."""

    def __init__(
        self,
        *,
        journal: Journal,
        parts: PartStore,
        events: EventWriter,
        forget: Callable[[str], None],
        now_ms: Callable[[], int],
        barrier: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._journal, self._parts, self._events = journal, parts, events
        self._forget, self._now_ms, self._barrier = forget, now_ms, barrier
        self._after = self._floor = ""
        self.units = 0
        """Units that deleted something, since this was made."""

    async def step(self) -> int:
        """A few stretches; says how many messages were finished."""
        finished = 0
        for _ in range(STRETCHES):
            done, more = await self._stretch()
            finished += done
            if not more:
                break
        return finished

    async def _stretch(self) -> tuple[int, bool]:
        """How many were finished, and whether there is more of the walk."""
        after = self._after
        ends = await self._journal.read("message_after", {"after": after, "skip": STRETCH - 1})
        until = str(ends[0][0]) if ends else "~"
        named = {"after": after, "until": until, "now": self._now_ms(), "limit": ROWS}
        due = [_Due(*row) for row in await self._journal.read("erasable", named)]  # type: ignore[arg-type]
        finished = 0
        for first in range(0, len(due), TOGETHER):
            finished += await self._erase(due[first : first + TOGETHER])
        if len(due) == ROWS:
            until = due[-1].message
        elif not ends:
            self._after = self._floor
            return finished, False
        if after == self._floor and not await self._journal.read("still_kept", {"after": after, "until": until}):
            self._floor = until
        self._after = until
        return finished, True

    async def _erase(self, due: list[_Due]) -> int:
        begun = [one for one, ok in zip(due, await _all(self._begin(one) for one in due), strict=True) if ok]
        self._barrier("erase.after_key")
        emptied = [one for one, ok in zip(begun, await _all(self._empty(one) for one in begun), strict=True) if ok]
        self._barrier("erase.after_parts")
        await _all(self._finish(one) for one in emptied)
        self._barrier("erase.after_rows")
        return len(emptied)

    async def _begin(self, due: _Due) -> bool:
        self._forget(due.message)
        if due.begun:
            return True
        key = {"id": due.message, "now": self._now_ms(), **due.deliveries}
        event = self._events.write(
            EventName.ERASED,
            message=due.message,
            conversation=due.conversation,
            sender=due.sender,
            actor="gateway",
            service=due.service,
            document=due.document,
            route=due.route,
            purpose=due.purpose,
            trace=due.trace,
        )
        steps = [Step("erase_key", key, rows=1), Step("drop_batch", {"message": due.message}), event_step(event)]
        try:
            await self._journal.commit(Unit(steps))
        except Unexpected:
            # It was put under legal hold, or is on its way again, since it was read.
            return False
        self.units += 1
        return True

    async def _empty(self, due: _Due) -> bool:
        try:
            if due.parts:
                await self._parts.delete_message(due.message)
        except PartError:
            # The next walk finds it again; a disk that failed has told the node itself.
            return False
        return True

    async def _finish(self, due: _Due) -> None:
        self.units += 1
        named: dict[str, Any] = {"message": due.message}
        while rows := await self._journal.read("row_problem_after", {**named, "skip": ROWS - 1}):
            await self._journal.commit(Unit([Step("drop_row_problems", {**named, "row": rows[0][0]})]))
        await self._journal.commit(
            Unit(
                [
                    Step("drop_row_problems", {**named, "row": 2**62}),
                    Step("drop_receipts", named),
                    Step("erase_recipient_answers", due.deliveries),
                    Step("erase_body", {"id": due.message}, rows=1),
                ]
            )
        )


async def _all(works: Any) -> list[Any]:
    return await asyncio.gather(*works)
