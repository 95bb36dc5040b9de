"""One attempt at one leased delivery, and the outcome it leads to.

Enters: a `Work` whose lease and `attempt_started` are durable. Leaves: the unit of its outcome, committed.
Refuses: to send again what may have arrived, unless the sink declares how that is safe.

1. Unseal the message; what expired in the meantime is not sent.
2. If an earlier attempt ended unsure and the recipient can be asked, ask first.
3. Send, within the attempt's deadline.
4. An error says what happens next; anything unforeseen after the first byte may have left is `Ambiguous`.
5. Unsure: idempotent → again by schedule; reconcilable → again by schedule, asking first; neither → as the route says.
6. What cannot be opened, or whose outcome cannot be told or written, goes to quarantine alone: no row stops a lane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.contract.adapter import Capability, Sink
from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Attempt, Delivered, Outbound, ReceiptCopy
from gateway.contract.reasons import Reason
from gateway.deliver.outcome import Opened, Outcomes, trouble
from gateway.deliver.schedule import wait_ms
from gateway.federation import Federation
from gateway.message import Work
from gateway.outbound import outbound, part_urls
from gateway.record import open_receipt
from gateway.settings import Settings
from gateway.store.engine import Journal, Unexpected, Unit, UnitRefused
from gateway.vault import Vault

log = structlog.get_logger("lintas.deliver")

FORESEEN = (Ambiguous, TimeoutError, asyncio.CancelledError)
"""What leaves an outcome unsure without being a mistake of the adapter's: ours is the time that ran out."""


class FindSink(Protocol):
    """The opened sink of a delivery; `source` is the one that its message came by."""

    def __call__(self, work: Work, source: str | None = None) -> Sink | None: ...


class Worker:
    """Carries deliveries. `find_sink` gives the opened sink of a recipient; `chance` a random number in [0, 1);
    `notify` wakes the lane that a receipt goes back on; `on_channel` is told what a delivery waits for a person to do,
    or failed with that nobody foresaw, and None when one went well."""

    def __init__(
        self,
        *,
        journal: Journal,
        vault: Vault,
        outcomes: Outcomes,
        federation: Federation,
        settings: Settings,
        find_sink: FindSink,
        public_url: Callable[[], str],
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
        chance: Callable[[], float],
        notify: Callable[[str], None],
        barrier: Callable[[str], None],
        on_channel: Callable[[Work, str | BaseException | None], None] = lambda work, says: None,
    ) -> None:
        self._journal, self._vault, self._outcomes = journal, vault, outcomes
        self._federation, self._settings, self._find_sink = federation, settings, find_sink
        self._public_url, self._now_ms, self._monotonic, self._chance = public_url, now_ms, monotonic, chance
        self._notify, self._barrier, self._on_channel = notify, barrier, on_channel

    async def carry(self, work: Work) -> bool:
        """One attempt. True if the recipient was reachable, whatever it said. Losing the lease is not an error."""
        try:
            unit, reachable = await self._attempt(work)
        except Exception as error:
            unit, reachable = self._set_aside(work, error), True
        self._barrier("deliver.before_outcome")
        try:
            await self._write(work, unit)
        except Unexpected:
            # The fence moved on: another worker owns this delivery, and its outcome is the one that counts.
            return True
        self._barrier("deliver.after_outcome")
        if work.kind == "document" and self._federation.receipts_use(work.sender) is not None:
            self._notify(f"{work.sender}#receipts")
        return reachable

    async def _write(self, work: Work, unit: Unit) -> None:
        try:
            await self._journal.commit(unit)
        except Unexpected:
            raise
        except UnitRefused as error:
            await self._journal.commit(self._set_aside(work, error))

    def _set_aside(self, work: Work, error: Exception) -> Unit:
        """What nobody foresaw stops this one delivery, not its lane and not the node. It may have arrived."""
        log.error("delivery set aside", delivery=work.delivery, error=type(error).__name__)
        return self._outcomes.quarantined(work, Reason.OPERATOR_NEEDED, trouble(error), held=True)

    async def _attempt(self, work: Work) -> tuple[Unit, bool]:
        try:
            opened = self.open(work)
        except Exception as error:
            return self._for_operator(work, Reason.OPERATOR_NEEDED, trouble(error)), True
        if self._expired(work):
            return self._outcomes.expired(work, opened), True
        sink = self._find_sink(work, opened.body.origin.source)
        if sink is None:
            detail = "the recipient has no channel for this service any more; add one and replay"
            return self._for_operator(work, Reason.OPERATOR_NEEDED, detail), True
        started = self._monotonic()
        try:
            delivered = await self._send(work, opened, sink)
        except BaseException as error:
            peer_us = int((self._monotonic() - started) * 1_000_000)
            return self._failed(work, opened, sink, error, peer_us)
        peer_us = int((self._monotonic() - started) * 1_000_000)
        self._on_channel(work, None)
        return self._outcomes.delivered(work, opened, delivered.answer, delivered.registration, peer_us), True

    def _expired(self, work: Work) -> bool:
        """Too late to send. A receipt goes back all the same; what may have arrived is followed up."""
        if work.kind == "receipt" or work.state == "unsure" or work.expires_at is None:
            return False
        return work.expires_at <= self._now_ms()

    def open(self, work: Work) -> Opened:
        return self._outcomes.open(self._vault, work)

    async def _send(self, work: Work, opened: Opened, sink: Sink) -> Delivered:
        out = await self._outbound(work, opened)
        limit = self._settings.stages.deliver
        attempt = Attempt(work.attempts, limit, work.fence)
        async with asyncio.timeout(limit):
            if work.state == "unsure" and sink.capability is Capability.RECONCILABLE:
                found = await sink.reconcile(out, attempt)
                if found is not None:
                    return found
            self._barrier("deliver.before_send")
            delivered = await sink.deliver(out, attempt)
            self._barrier("deliver.after_send")
            return delivered

    async def _outbound(self, work: Work, opened: Opened) -> Outbound:
        body = opened.body
        receipt = await self._receipt(work, opened) if work.kind == "receipt" else None
        return outbound(
            delivery=work.delivery,
            message=work.message,
            kind="receipt" if receipt else "document",
            sender=work.sender,
            recipient=work.recipient,
            service=work.service,
            document_type=work.document_type,
            document=body.document,
            envelope=body.envelope,
            parts=body.parts,
            receipt=receipt,
            name=body.name,
            batch=body.origin.batch,
            row=body.origin.row,
            urls=part_urls(self._public_url(), work.message, body.parts),
            trace=body.trace,
        )

    async def _receipt(self, work: Work, opened: Opened) -> ReceiptCopy:
        delivery, _, kind = (work.receipt or "").partition(" ")
        rows = await self._journal.read("find_receipt", {"message": work.message, "delivery": delivery, "kind": kind})
        sealed = rows[0][0] if rows else None
        if not isinstance(sealed, bytes):
            raise NeedsOperator("the receipt to send back is not in the journal")
        return open_receipt(opened.key, work.message, delivery, kind, sealed)

    def _failed(self, work: Work, opened: Opened, sink: Sink, error: BaseException, peer_us: int) -> tuple[Unit, bool]:
        if isinstance(error, Refused):
            return self._outcomes.refused(work, opened, Reason.RECIPIENT_REFUSED, error.answer, peer_us), True
        if isinstance(error, TryLater):
            if error.reason is Reason.FOLDER_GONE:
                self._on_channel(work, error.detail)
            return self.again(work, error.reason, error.after, unsure=work.state == "unsure", peer_us=peer_us), False
        if isinstance(error, NeedsOperator):
            return self._for_operator(work, error.reason, error.detail, peer_us), True
        if not isinstance(error, FORESEEN):
            self._on_channel(work, error)
        # An answer we cannot make sense of comes from a recipient that is there.
        reachable = isinstance(error, Ambiguous) and error.reason not in (Reason.RECIPIENT_DOWN, Reason.TIMED_OUT)
        detail = error.detail if isinstance(error, Ambiguous) else type(error).__name__
        return self.unsure(work, sink.capability, detail, peer_us), reachable

    def _for_operator(self, work: Work, reason: Reason, detail: str, peer_us: int = 0) -> Unit:
        """What an earlier attempt left unsure stays so: a replay must ask first."""
        return self._outcomes.quarantined(work, reason, detail, held=work.state == "unsure", peer_us=peer_us)

    def unsure(self, work: Work, capability: Capability, detail: str, peer_us: int = 0) -> Unit:
        """The message may have arrived."""
        route = self._federation.route_for(work.service, work.sender)
        resend = route is not None and route.on_ambiguous == "resend"
        if capability is Capability.NEITHER and not resend:
            return self._outcomes.quarantined(work, Reason.RECIPIENT_UNSURE, detail, held=True, peer_us=peer_us)
        return self.again(work, Reason.RECIPIENT_UNSURE, None, unsure=True, peer_us=peer_us)

    def again(self, work: Work, reason: Reason, after: float | None, *, unsure: bool, peer_us: int) -> Unit:
        now = self._now_ms()
        age = now - (work.first_at or now)
        wait = wait_ms(self._settings.retry, attempts=work.attempts, age_ms=age, chance=self._chance(), after=after)
        if wait is None:
            spent = Reason.ATTEMPTS_EXHAUSTED
            return self._outcomes.quarantined(
                work, spent, f"after {work.attempts} attempts", held=unsure, peer_us=peer_us
            )
        return self._outcomes.later(work, now + wait, reason, unsure=unsure, peer_us=peer_us)
