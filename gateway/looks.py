"""Looks: that a person looked at the log, at the quarantine or at the status is an event of its own.

Enters: a person, and the message whose events were looked at, if it was one. Leaves: the event `read`. Refuses:
nothing; one who keeps looking at the same (a screen that follows the log) is written once in `EVERY` seconds, or each
look would make the next one longer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from gateway.audit.catalogue import EventName
from gateway.audit.events import EventWriter, event_step
from gateway.identity import Person
from gateway.store.engine import Journal, Unit

EVERY = 60.0
KEPT = 4096


class Looks:
    """One per node. `monotonic` counts seconds."""

    def __init__(self, journal: Journal, events: EventWriter, monotonic: Callable[[], float]) -> None:
        self._journal, self._events, self._monotonic = journal, events, monotonic
        self._last: OrderedDict[tuple[str, str | None], float] = OrderedDict()

    async def looked(self, person: Person, message: str | None = None) -> None:
        """Durable when it returns. Call it before what was seen is handed over."""
        key, now = (person.actor, message), self._monotonic()
        if now - self._last.get(key, float("-inf")) < EVERY:
            return
        event = self._events.write(EventName.READ, message=message, actor=person.actor)
        await self._journal.commit(Unit([event_step(event)]))
        self._last[key] = now
        self._last.move_to_end(key)
        if len(self._last) > KEPT:
            self._last.popitem(last=False)
