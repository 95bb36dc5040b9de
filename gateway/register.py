"""The register room: an acknowledgement closes a delivery that awaits it.

Enters: a normalised `acknowledgement/1` from the recipient of a delivery, or a pull system's ack of its inbox.
Leaves: `Recorded`: the acknowledgement itself, the delivery's next receipt, its event and the receipt's way back are
one transaction. Refuses: an acknowledgement of a delivery that is not the caller's, or that awaits nothing.

A recipient that acknowledges a delivery whose outcome is still unknown has it: there is no better evidence. The unit
that closes it makes it delivered first, and takes it from whoever carries, queues or holds it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import orjson

from gateway.audit.catalogue import EventName
from gateway.audit.events import event_step
from gateway.contract.errors import Refused, TryLater
from gateway.contract.reasons import Reason
from gateway.deliver.outcome import Opened, Outcomes, trouble
from gateway.message import Recorded, Verified, Work
from gateway.outbound import Unreleasable
from gateway.policy import due_in
from gateway.record import Recorder, open_receipt
from gateway.store.engine import Journal, Step, Taken, Unexpected, Unit
from gateway.store.sealing import SealBroken
from gateway.vault import Erased, Vault
from schemas.acknowledgement_1 import Acknowledgement1

AWAITS = ("awaiting_registration", "delivered", "overdue")
UNKNOWN = ("attempting", "unsure", "held")
"""The bytes may have left, and nobody could tell whether they arrived until the recipient says so."""
_PICKED_UP = ("ready", "unsure", *AWAITS, "registered", "refused")
_OWN = "\0said "
"""Begins a key that is made here; no face of ours takes one like it from a caller."""
TRIES = 5
"""How often an acknowledgement looks again at a delivery that moves under its eyes."""
Outcome = Literal["registered", "refused"]


class Registrar:
    """Closes registrations. `notify` wakes the lane of a receipt that goes back."""

    def __init__(
        self,
        *,
        journal: Journal,
        vault: Vault,
        outcomes: Outcomes,
        recorder: Recorder,
        now_ms: Callable[[], int],
        notify: Callable[[str], None],
        node: str,
        epoch: Callable[[], int],
        lease_ms: int,
    ) -> None:
        self._journal, self._vault, self._outcomes, self._recorder = journal, vault, outcomes, recorder
        self._now_ms, self._notify = now_ms, notify
        self._node, self._epoch, self._lease_ms = node, epoch, lease_ms

    async def acknowledge(self, verified: Verified) -> Recorded:
        """An `acknowledgement/1` that came as a message of its own."""
        received = verified.routed.normalised.received
        document = verified.routed.normalised.document
        if not isinstance(document, Acknowledgement1):
            raise Refused(Reason.UNKNOWN_DOCUMENT_TYPE, "this service takes acknowledgement/1")
        if document.status not in ("registered", "refused"):
            raise Refused(Reason.NOTHING_TO_ACKNOWLEDGE, "only 'registered' and 'refused' close a delivery")
        verified = _keyed(verified)
        steps, receipt, key = self._recorder.steps(verified.routed)
        earlier = await self._earlier(verified, key)
        if earlier is not None:
            return earlier
        if key is not None:
            steps.insert(0, Step("drop_expired_key", {"key": key, "now": received.at_ms}))
        try:
            await self._closed(document, received.caller.system, steps)
        except Refused:
            # Perhaps this very acknowledgement was faster, sent twice at once.
            earlier = await self._earlier(verified, key)
            if earlier is None:
                raise
            return earlier
        return Recorded(received.id, (receipt.copy,), document=verified.routed.normalised.canonical)

    async def _earlier(self, verified: Verified, key: bytes | None) -> Recorded | None:
        """The same acknowledgement, if it was recorded before."""
        rows = [] if key is None else await self._journal.read("find_key", {"key": key})
        if key is None or not rows or int(rows[0][2] or 0) <= verified.routed.normalised.received.at_ms:
            return None
        same = (verified.routed.normalised.received.inbound.key or "").startswith(_OWN)
        return await self._recorder.repeat(verified.routed, key, rows[0], same=same)

    async def _closed(self, document: Acknowledgement1, caller: str, steps: list[Step]) -> None:
        """Records the acknowledgement by `steps` and closes its delivery, together."""
        for _ in range(TRIES):
            work = await self._awaiting(document, caller)
            closing = self._closing(work, self._open(work), document)
            try:
                await self._journal.commit(Unit([*steps, *closing]))
            except Taken as error:
                raise Refused(Reason.NOTHING_TO_ACKNOWLEDGE, "this delivery was closed in the meantime") from error
            except Unexpected:
                # Its attempt ended, or somebody decided, at this moment: what it is now, it says itself.
                continue
            self._notify(f"{work.sender}#receipts")
            if work.state in UNKNOWN:
                self._notify(self._outcomes.lane(work))
            return
        raise TryLater(Reason.BUSY, "this delivery is being moved by others at the moment", after=1)

    async def _awaiting(self, document: Acknowledgement1, caller: str) -> Work:
        """The delivery that is meant: named, or the caller's only one of that message."""
        names = (
            [document.delivery_id] if document.delivery_id else await self._own(document.related_to_message_id, caller)
        )
        for name in names:
            rows = await self._journal.read("delivery_work", {"delivery": name})
            work = Work(*rows[0]) if rows else None  # type: ignore[arg-type]
            if work is not None and _awaits(work, document.related_to_message_id, caller):
                return work
        raise Refused(Reason.NOTHING_TO_ACKNOWLEDGE, "no delivery of that message to this system awaits registration")

    async def _own(self, message: str, caller: str) -> list[str]:
        query: dict[str, Any] = {"first": f"{message}.", "last": f"{message}/", "limit": 1000}
        rows = await self._journal.read("deliveries_of_message", query)
        return [str(row[0]) for row in rows if row[2] == caller and row[1] == "document"]

    def _open(self, work: Work) -> Opened:
        try:
            return self._outcomes.open(self._vault, work)
        except Erased as error:
            raise Refused(Reason.ERASED) from error
        except (SealBroken, Unreleasable) as error:
            raise Refused(Reason.OPERATOR_NEEDED, "no receipt can be made of this delivery") from error

    def _closing(self, work: Work, opened: Opened, document: Acknowledgement1) -> list[Step]:
        kind: Outcome = "registered" if document.status == "registered" else "refused"
        number = document.registration_number if kind == "registered" else None
        if work.state not in UNKNOWN:
            return self._close(work, opened, kind, number)
        work = work._replace(lane=self._outcomes.lane(work))
        head, arrived = self._outcomes.arrived(work, opened, f"system:{work.recipient}")
        return [
            *self._void(work),
            *arrived,
            *self._close(work._replace(head=head), opened, kind, number),
            *self._outcomes.free_order(work, self._now_ms()),
        ]

    def _void(self, work: Work) -> list[Step]:
        """Nobody else goes on with this delivery: the right to carry it, its place in the queue or in quarantine."""
        fenced = Step("fence_off", {"delivery": work.delivery, "fence": work.fence}, rows=1)
        if work.state == "attempting":
            return [Step("end_lease", {"delivery": work.delivery, "fence": work.fence}, rows=1), fenced]
        if work.state == "unsure":
            return [Step("unqueue", {"lane": work.lane, "delivery": work.delivery}, rows=1), fenced]
        closed: dict[str, Any] = {
            "delivery": work.delivery,
            "state": "closed",
            "at": self._now_ms(),
            "actor": f"system:{work.recipient}",
        }
        return [Step("close_quarantine_of", closed, rows=1), fenced]

    def _close(self, work: Work, opened: Opened, kind: Outcome, number: str | None) -> list[Step]:
        now = self._now_ms()
        registered = kind == "registered"
        reason = None if registered else Reason.RECIPIENT_REFUSED
        receipt = self._outcomes.sign(kind, work, opened, previous=work.head, registration=number, reason=reason)
        name = EventName.REGISTERED if registered else EventName.REGISTRATION_REFUSED
        event = self._outcomes.event(
            name, work, reason=reason, receipt=receipt, opened=opened, actor=f"system:{work.recipient}"
        )
        change: dict[str, Any] = {
            "delivery": work.delivery,
            "state": kind,
            "was": work.state,
            "ended_at": now,
            "head": receipt.sha256,
            "reason": None if reason is None else reason.value,
        }
        return [
            Step("set_state", change, rows=1),
            Step("end_registration_of", {"delivery": work.delivery}),
            self._outcomes.receipt_step(work, opened.key, receipt, now),
            *self._outcomes.send_back(work, receipt, now),
            event_step(event),
        ]

    async def pick_up(
        self,
        delivery: str,
        caller: str,
        outcome: Literal["delivered", "refused"],
        registration: str | None,
        words: bytes = b"",
    ) -> bool:
        """A pull system has taken (or refuses) a delivery of its inbox. False: it had done so before.

        A number that comes after the delivery was picked up registers it.
        `words` are its own about a refusal: kept sealed with the delivery, as the answer of a called system is.
        Raises `Refused`: `not_found` for a delivery that is not in its inbox, `already_acknowledged` for one of which
        it said otherwise before, also at the same moment.
        """
        for _ in range(TRIES):
            work = await self._of_inbox(delivery, caller)
            if work.state in ("ready", "unsure"):
                if work.expires_at is not None and work.expires_at <= self._now_ms():
                    raise Refused(Reason.EXPIRED, "this delivery was to be picked up before its time ran out")
                if await self._end(work, outcome, registration, words):
                    return True
            elif (work.state == "refused") != (outcome == "refused"):
                raise Refused(Reason.ALREADY_ACKNOWLEDGED, "this delivery has ended otherwise")
            elif registration is None or work.state == "refused":
                return False
            elif work.state == "registered":
                if await self._number(work) != registration:
                    raise Refused(Reason.ALREADY_ACKNOWLEDGED, "this delivery is registered under another number")
                return False
            elif await self._numbered(work, registration):
                return True
        raise TryLater(Reason.BUSY, "this delivery is being moved by others at the moment", after=1)

    async def _of_inbox(self, delivery: str, caller: str) -> Work:
        rows = await self._journal.read("delivery_work", {"delivery": delivery})
        work = Work(*rows[0]) if rows else None  # type: ignore[arg-type]
        if work is not None and work.recipient == caller and work.kind == "document":
            work = work._replace(lane=self._outcomes.lane(work))
            if work.lane == f"{caller}#inbox" and work.state in _PICKED_UP:
                return work
        raise Refused(Reason.NOT_FOUND, "no such delivery in this inbox")

    async def _number(self, work: Work) -> str | None:
        """The number of the receipt that a registered delivery has."""
        named = {"message": work.message, "delivery": work.delivery, "kind": "registered"}
        rows = await self._journal.read("find_receipt", named)
        sealed = rows[0][0] if rows else None
        if not isinstance(sealed, bytes):
            return None
        return open_receipt(self._open(work).key, work.message, work.delivery, "registered", sealed).registration

    async def _numbered(self, work: Work, registration: str) -> bool:
        """False: somebody else closed it at this moment."""
        try:
            await self._journal.commit(Unit(self._close(work, self._open(work), "registered", registration)))
        except (Taken, Unexpected):
            return False
        self._notify(f"{work.sender}#receipts")
        return True

    async def expire(self, work: Work) -> None:
        """A delivery that nobody picked up in time: its sender is told."""
        await self._end(work, "expired", None)

    async def set_aside(self, work: Work, error: Exception) -> None:
        """A delivery that its inbox cannot show: it waits for an operator, and the others are shown."""
        begun = self._begun(work)
        detail = trouble(error)
        unit = self._outcomes.quarantined(begun, Reason.OPERATOR_NEEDED, detail, held=work.first_at is not None)
        with contextlib.suppress(Unexpected):
            await self._journal.commit(Unit([*self._take(begun), *unit.steps]))

    async def _end(self, work: Work, outcome: str, registration: str | None, words: bytes = b"") -> bool:
        """Lease and outcome in one unit. False: somebody else was first."""
        work = self._begun(work)
        opened = self._outcomes.open_to_end(self._vault, work) if outcome == "expired" else self._open(work)
        unit = self._ending(work, opened, outcome, registration, words)
        try:
            await self._journal.commit(Unit([*self._take(work), *unit.steps]))
        except Unexpected:
            return False
        self._notify(f"{work.sender}#receipts")
        return True

    def _begun(self, work: Work) -> Work:
        first = work.first_at or self._now_ms()
        return work._replace(attempts=work.attempts + 1, fence=work.fence + 1, first_at=first)

    def _take(self, work: Work) -> list[Step]:
        now = self._now_ms()
        lease: dict[str, Any] = {
            "delivery": work.delivery,
            "lane": work.lane,
            "fence": work.fence,
            "node": self._node,
            "epoch": self._epoch(),
            "until": now + self._lease_ms,
        }
        return [
            Step("dequeue", {"lane": work.lane, "due": due_in(work.lane, now), "delivery": work.delivery}, rows=1),
            Step("insert_lease", lease),
            Step("start_attempt", {"delivery": work.delivery, "fence": work.fence, "now": now}, rows=1),
        ]

    def _ending(self, work: Work, opened: Opened, outcome: str, registration: str | None, words: bytes) -> Unit:
        if outcome == "expired":
            return self._outcomes.expired(work, opened)
        if outcome == "refused":
            return self._outcomes.refused(work, opened, Reason.RECIPIENT_REFUSED, words, 0, f"system:{work.recipient}")
        return self._outcomes.delivered(work, opened, b"", registration, 0, f"system:{work.recipient}")


def _keyed(verified: Verified) -> Verified:
    """One that came without a key has one in its own words, but for the time at which they were said: who did not hear
    our answer says the same again, and gets it."""
    normalised = verified.routed.normalised
    inbound = normalised.received.inbound
    if inbound.key is not None or verified.routed.route.idempotency_fields:
        return verified
    words = {name: value for name, value in orjson.loads(normalised.canonical).items() if name != "at"}
    key = _OWN + hashlib.sha256(orjson.dumps(words, option=orjson.OPT_SORT_KEYS)).hexdigest()
    received = replace(normalised.received, inbound=replace(inbound, key=key))
    return replace(verified, routed=replace(verified.routed, normalised=replace(normalised, received=received)))


def _awaits(work: Work, message: str, caller: str) -> bool:
    """Is this the caller's delivery of that message, and can it still be registered?"""
    return (work.recipient, work.message, work.kind) == (caller, message, "document") and work.state in (
        *AWAITS,
        *UNKNOWN,
    )
