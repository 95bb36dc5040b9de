"""The refuse room: nobody is turned away in silence.

Enters: what a room raised. Leaves: `Rejected` for the adapter to encode, and an event: one each for a caller we know,
up to `EACH` a minute, and past that a count per caller and reason; for callers we do not know, a count per source
network and reason. Counts are an event each, once a minute. Refuses: to write down what was sent.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from typing import Any

from gateway.audit.catalogue import EventName
from gateway.audit.events import Event, EventWriter, event_step
from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Caller, Inbound, Rejected
from gateway.contract.reasons import Reason
from gateway.identity import Person
from gateway.record import trace_name
from gateway.store.engine import Journal, JournalBusy, Unit
from gateway.store.hmac_keys import HmacKeys
from gateway.vault import Erased
from schemas.catalogue import DOCUMENTS, SERVICES

NETWORKS = 1024
"""Distinct (network, reason) pairs counted per minute; the rest share one line."""

EACH = 600
"""Refusals of one caller, of messages and at the gateway's own API together, that are an event each, between two
flushes of the counts: whoever is refused without end must not fill the log."""

NOTE_SECONDS = 1.0
"""How long a refusal waits for its event to be durable."""


class Refusals:
    """Writes refusals down."""

    def __init__(self, journal: Journal, events: EventWriter, lookup: HmacKeys) -> None:
        self._journal, self._events, self._lookup = journal, events, lookup
        self._counts: Counter[tuple[str, Reason]] = Counter()
        self._noted: Counter[str] = Counter()

    async def note(
        self, message_id: str, caller: Caller, inbound: Inbound | None, error: Exception, stage: str
    ) -> Rejected:
        """The refusal of what a known caller sent."""
        rejected = replace(rejected_of(message_id, error), stage=stage)
        actor = f"system:{caller.system}"
        if self._counted(actor, rejected.error.reason):
            return rejected
        event = self._events.write(
            EventName.REFUSED,
            message=message_id,
            reason=rejected.error.reason,
            sender=caller.system,
            actor=actor,
            service=inbound.service if inbound and inbound.service in SERVICES else None,
            document=inbound.document_type if inbound and inbound.document_type in DOCUMENTS else None,
            conversation=None,
            bytes=inbound.size if inbound else None,
            trace=trace_name(self._lookup, inbound.trace) if inbound else None,
        )
        await self._write(event, rejected.error.reason)
        return rejected

    async def note_call(self, message_id: str, who: Caller | Person, error: Exception, stage: str) -> Rejected:
        """The refusal of a known caller that wanted to read, acknowledge or decide: who looks for what is not its own
        is seen. What it asked for is not written down: it may be made of anything."""
        rejected = replace(rejected_of(message_id, error), stage=stage)
        sender = who.system if isinstance(who, Caller) else None
        actor = f"system:{who.system}" if isinstance(who, Caller) else who.actor
        if self._counted(actor, rejected.error.reason):
            return rejected
        event = self._events.write(
            EventName.REFUSED, message=message_id, reason=rejected.error.reason, sender=sender, actor=actor
        )
        await self._write(event, rejected.error.reason)
        return rejected

    def _counted(self, actor: str, reason: Reason) -> bool:
        """Whether this one is over the bound, and no event of its own any more."""
        self._noted[actor] += 1
        over = self._noted[actor] > EACH
        if over:
            self._counts[actor, reason] += 1
        return over

    async def _write(self, event: Event, reason: Reason) -> None:
        writing = asyncio.ensure_future(self._journal.commit(Unit([event_step(event)])))
        try:
            async with asyncio.timeout(NOTE_SECONDS):
                await asyncio.shield(writing)
        except TimeoutError:
            # The event is on its way behind a slow disk; whoever is told to come back need not wait for it.
            writing.add_done_callback(_heard)
        except JournalBusy:
            # The refusal itself says so; a full journal must not turn it into something else.
            self.count("busy", reason)

    def count(self, address: str | None, reason: Reason) -> None:
        """The refusal of a caller we do not know."""
        key = (network_of(address), reason)
        if key not in self._counts and len(self._counts) >= NETWORKS:
            key = ("other", reason)
        self._counts[key] += 1

    async def flush(self) -> None:
        """Once a minute: what was counted."""
        counts, self._counts = self._counts, Counter()
        self._noted.clear()
        events = [
            self._events.write(
                EventName.REFUSALS_COUNTED, reason=reason, bytes=count, actor=_actor(key), sender=_network(key)
            )
            for (key, reason), count in sorted(counts.items())
        ]
        if events:
            await self._journal.commit(Unit([event_step(event) for event in events]))


def _actor(key: str) -> str:
    """Whose calls a count is of: a known caller's, or a network's that the gateway counted for."""
    return key if key.startswith(("system:", "person:")) else "gateway"


def _network(key: str) -> str | None:
    return key if _actor(key) == "gateway" else None


def rejected_of(message_id: str, error: Exception) -> Rejected:
    """Any error as a refusal with a reason of the catalogue."""
    if isinstance(error, Refused):
        return Rejected(message_id, error)
    if isinstance(error, TryLater):
        return Rejected(message_id, Refused(error.reason, error.detail), retry_after=error.after or 5.0)
    if isinstance(error, Ambiguous):
        # Of a question, which changes nothing: it may simply be asked again.
        told = error.reason in (Reason.TIMED_OUT, Reason.RECIPIENT_ANSWER_INVALID)
        reason = error.reason if told else Reason.RECIPIENT_DOWN
        return Rejected(message_id, Refused(reason, error.detail))
    if isinstance(error, NeedsOperator):
        return Rejected(message_id, Refused(error.reason, ""))
    if isinstance(error, Erased):
        return Rejected(message_id, Refused(Reason.ERASED))
    if isinstance(error, JournalBusy):
        return Rejected(message_id, Refused(Reason.BUSY), retry_after=1.0)
    return Rejected(message_id, Refused(Reason.INTERNAL))


def _heard(writing: asyncio.Future[Any]) -> None:
    """A journal that failed has told the node itself."""
    if not writing.cancelled():
        writing.exception()


@lru_cache(maxsize=4096)
def network_of(address: str | None) -> str:
    """A source address cut to its network: /24 or /48, which is no person's."""
    try:
        plain = ipaddress.ip_address(address or "")
    except ValueError:
        return address if address == "busy" else "unknown"
    return str(ipaddress.ip_network(f"{plain}/{24 if plain.version == 4 else 48}", strict=False))
