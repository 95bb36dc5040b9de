"""Every way an attempt can end, as one transaction each: outcome, the recipient's answer, the next receipt, the event.

Enters: a leased `Work` and what happened. Leaves: a `Unit`. Refuses (by the journal): a unit whose fence is not the
lease's any more; then nothing of it is written and somebody else owns the delivery.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.audit.catalogue import EventName
from gateway.audit.events import Event, EventWriter, event_step
from gateway.contract.frozen import frozen
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.message import Body, Work
from gateway.outbound import Unreleasable, released_body
from gateway.policy import due_in, lane_of
from gateway.receipt import ReceiptWriter, Signed, commit, salt_of_released
from gateway.record import seal_receipt
from gateway.settings import Settings
from gateway.store.engine import Step, Unit
from gateway.store.sealing import DataKey, binding
from gateway.vault import Vault

ENDS_ORDER = frozenset({"delivered", "awaiting_registration", "registered", "refused", "expired", "closed", "skipped"})


@frozen
class Opened:
    """What was unsealed for one delivery. `body` is as the route releases it to this recipient: that is what leaves,
    and what the delivery's receipts and `commit_out` are about, under a salt of its own if something is withheld."""

    key: DataKey
    body: Body


def trouble(error: Exception) -> str:
    """What an operator is told of something unforeseen: never what a stranger's exception says."""
    return str(error) if isinstance(error, Unreleasable) else type(error).__name__


class Outcomes:
    """Builds the units. `now_ms` is the instant the outcome is known."""

    def __init__(
        self,
        *,
        receipts: ReceiptWriter,
        events: EventWriter,
        federation: Federation,
        settings: Settings,
        new_id: Callable[[], str],
        now_ms: Callable[[], int],
    ) -> None:
        self._receipts, self._events, self._federation = receipts, events, federation
        self._settings, self._new_id, self._now_ms = settings, new_id, now_ms

    def open(self, vault: Vault, work: Work) -> Opened:
        """Unseals a delivery's message. Raises `Erased`, `SealBroken` and `Unreleasable`."""
        key = vault.unwrap(work.sealed_key, work.message)
        body = vault.open_body(key, work.message, work.body)
        if work.kind == "receipt":
            return Opened(key, body)
        route = self._federation.route_for(work.service, work.sender)
        told = released_body(work.document_type, body, route, work.recipient == work.sender)
        return Opened(key, told if told is body else replace(told, salt=salt_of_released(body.salt, work.delivery)))

    def open_to_end(self, vault: Vault, work: Work) -> Opened:
        """The same for a delivery that ends without its recipient getting anything: of a document that its route
        cannot release, the last receipt commits to no byte."""
        try:
            return self.open(vault, work)
        except Unreleasable:
            key = vault.unwrap(work.sealed_key, work.message)
            body = vault.open_body(key, work.message, work.body)
            salt = salt_of_released(body.salt, work.delivery)
            return Opened(key, replace(body, document=b"", parts=(), salt=salt))

    def delivered(
        self,
        work: Work,
        opened: Opened,
        answer: bytes,
        registration: str | None,
        peer_us: int,
        actor: str = "gateway",
    ) -> Unit:
        """The recipient has it. With a registration route it is awaited, unless the number came at once."""
        now = self._now_ms()
        if work.kind == "receipt":
            event = self.event(EventName.DELIVERED, work, peer_us=peer_us)
            return Unit([*self._ended(work, "delivered", now), event_step(event)])
        route = self._federation.route_for(work.service, work.sender)
        waits = route is not None and route.registration is not None and registration is None
        until = (
            now + int(route.registration.within.total_seconds() * 1000)
            if waits and route and route.registration
            else None
        )
        receipt = self.sign("delivered", work, opened, previous=work.head)
        steps = [self.receipt_step(work, opened.key, receipt, now), *self.send_back(work, receipt, now)]
        events = [self.event(EventName.DELIVERED, work, receipt=receipt, opened=opened, peer_us=peer_us, actor=actor)]
        head, state = receipt, "awaiting_registration" if waits else "delivered"
        if registration is not None:
            head = self.sign("registered", work, opened, previous=receipt.sha256, registration=registration)
            steps += [self.receipt_step(work, opened.key, head, now), *self.send_back(work, head, now)]
            events.append(self.event(EventName.REGISTERED, work, receipt=head, opened=opened, actor=actor))
            state = "registered"
        if until is not None:
            steps.append(Step("await_registration", {"register_by": until, "delivery": work.delivery}))
        sealed = opened.key.seal(answer, binding("answer", work.delivery)) if answer else None
        ended = self._ended(work, state, now, head=head.sha256, answer=sealed, register_by=until)
        return Unit([*ended, *steps, *(event_step(one) for one in events)])

    def arrived(self, work: Work, opened: Opened, actor: str) -> tuple[str, list[Step]]:
        """The recipient said itself that it has it: the `delivered` receipt, whose digest is given, and its event.
        How the delivery ends is the caller's to write, in the same unit."""
        now = self._now_ms()
        receipt = self.sign("delivered", work, opened, previous=work.head)
        event = self.event(EventName.DELIVERED, work, receipt=receipt, opened=opened, actor=actor)
        steps = [self.receipt_step(work, opened.key, receipt, now), *self.send_back(work, receipt, now)]
        return receipt.sha256, [*steps, event_step(event)]

    def lane(self, work: Work) -> str:
        """The queue that a delivery waits in, for work that was not read from it."""
        return lane_of(self._federation, work.recipient, work.service, work.kind)

    def refused(
        self, work: Work, opened: Opened, reason: Reason, answer: bytes, peer_us: int, actor: str = "gateway"
    ) -> Unit:
        """The recipient said no, for good: a `refused` receipt goes back."""
        return self._final(work, opened, "refused", EventName.DELIVERY_REFUSED, reason, answer, peer_us, actor)

    def expired(self, work: Work, opened: Opened) -> Unit:
        """Its time ran out. The sender gets a `refused` receipt with that reason."""
        return self._final(work, opened, "expired", EventName.EXPIRED, Reason.EXPIRED, b"", 0)

    def later(self, work: Work, due: int, reason: Reason, *, unsure: bool, peer_us: int) -> Unit:
        """Nothing was taken over, or it may be asked or repeated: the schedule goes on."""
        event = self.event(EventName.ATTEMPT_FAILED, work, reason=reason, peer_us=peer_us)
        return Unit(
            [
                self._end_lease(work),
                self._end_attempt(work, "unsure" if unsure else "ready", reason, None, work.head),
                Step("enqueue", {"lane": work.lane, "due": due, "delivery": work.delivery}),
                event_step(event),
            ]
        )

    def quarantined(self, work: Work, reason: Reason, detail: str, *, held: bool, peer_us: int = 0) -> Unit:
        """It cannot go on by itself. Held: the outcome is unknown, and only a human can decide."""
        now = self._now_ms()
        event = self.event(EventName.HELD if held else EventName.QUARANTINED, work, reason=reason, peer_us=peer_us)
        row = {
            "id": self._new_id(),
            "message": work.message,
            "delivery": work.delivery,
            "recipient": work.recipient,
            "reason": reason.value,
            "detail": detail[:500],
            "at": now,
        }
        return Unit(
            [
                self._end_lease(work),
                self._end_attempt(work, "held" if held else "quarantined", reason, None, work.head),
                Step("quarantine", row),
                event_step(event),
            ]
        )

    def closed(self, work: Work, opened: Opened | None, actor: str) -> list[Step]:
        """An operator gave it up: the sender is told so by a `refused` receipt, unless the message was erased."""
        reason = Reason(work.reason) if work.reason else Reason.OPERATOR_NEEDED
        now = self._now_ms()
        change: dict[str, Any] = {
            "delivery": work.delivery,
            "was": work.state,
            "state": "closed",
            "reason": reason.value,
            "ended_at": now,
            "head": work.head,
        }
        if opened is None or work.kind == "receipt":
            event = self.event(EventName.CLOSED, work, reason=reason, actor=actor)
            return [Step("set_state", change, rows=1), event_step(event)]
        receipt = self.sign("refused", work, opened, previous=work.head, reason=reason)
        event = self.event(EventName.CLOSED, work, reason=reason, receipt=receipt, opened=opened, actor=actor)
        return [
            Step("set_state", {**change, "head": receipt.sha256}, rows=1),
            self.receipt_step(work, opened.key, receipt, now),
            *self.send_back(work, receipt, now),
            event_step(event),
        ]

    def _final(
        self,
        work: Work,
        opened: Opened,
        state: str,
        name: EventName,
        reason: Reason,
        answer: bytes,
        peer_us: int,
        actor: str = "gateway",
    ) -> Unit:
        now = self._now_ms()
        if work.kind == "receipt":
            return Unit(
                [*self._ended(work, state, now, reason=reason), event_step(self.event(name, work, reason=reason))]
            )
        receipt = self.sign("refused", work, opened, previous=work.head, reason=reason)
        sealed = opened.key.seal(answer, binding("answer", work.delivery)) if answer else None
        event = self.event(name, work, reason=reason, receipt=receipt, opened=opened, peer_us=peer_us, actor=actor)
        return Unit(
            [
                *self._ended(work, state, now, reason=reason, head=receipt.sha256, answer=sealed),
                self.receipt_step(work, opened.key, receipt, now),
                *self.send_back(work, receipt, now),
                event_step(event),
            ]
        )

    def _ended(
        self,
        work: Work,
        state: str,
        now: int,
        *,
        reason: Reason | None = None,
        head: str | None = None,
        answer: bytes | None = None,
        register_by: int | None = None,
    ) -> list[Step]:
        steps = [
            self._end_lease(work),
            self._end_attempt(work, state, reason, now, head or work.head, answer, register_by),
        ]
        return steps + self.free_order(work, now)

    def free_order(self, work: Work, now: int) -> list[Step]:
        """The next delivery of the same ordering key may go."""
        if work.order_key is None:
            return []
        ordered: dict[str, Any] = {"lane": work.lane, "order_key": work.order_key}
        return [
            Step("end_order", {**ordered, "delivery": work.delivery}),
            Step("enqueue_next_of_order", {**ordered, "due": due_in(work.lane, now)}),
        ]

    def _end_lease(self, work: Work) -> Step:
        return Step("end_lease", {"delivery": work.delivery, "fence": work.fence}, rows=1)

    def _end_attempt(
        self,
        work: Work,
        state: str,
        reason: Reason | None,
        ended_at: int | None,
        head: str | None,
        answer: bytes | None = None,
        register_by: int | None = None,
    ) -> Step:
        row: dict[str, Any] = {
            "delivery": work.delivery,
            "fence": work.fence,
            "state": state,
            "ended_at": ended_at,
            "head": head,
            "reason": None if reason is None else reason.value,
            "answer": answer,
            "register_by": register_by,
        }
        return Step("end_attempt", row, rows=1)

    def sign(
        self,
        kind: str,
        work: Work,
        opened: Opened,
        *,
        previous: str | None,
        registration: str | None = None,
        reason: Reason | None = None,
    ) -> Signed:
        return self._receipts.write(
            kind,
            message=work.message,
            delivery=work.delivery,
            sender=work.sender,
            recipients=(work.recipient,),
            service=work.service,
            document_type=work.document_type,
            body=opened.body,
            registration=registration,
            reason=reason,
            previous=previous,
        )

    def receipt_step(self, work: Work, key: DataKey, receipt: Signed, now: int) -> Step:
        row: dict[str, Any] = {
            "message": work.message,
            "delivery": work.delivery,
            "kind": receipt.copy.kind,
            "sha256": receipt.sha256,
            "at": now,
            "body": seal_receipt(key, work.message, receipt.copy),
        }
        return Step("insert_receipt", row)

    def send_back(self, work: Work, receipt: Signed, now: int) -> list[Step]:
        """A delivery of the receipt to its sender, if the sender has a way for receipts to come back.

        A row of a batch sends back only what is not as expected: a folder with a receipt per row helps nobody, and the
        batch has its own receipt and report. The others are there to be asked for.
        """
        if self._federation.receipts_use(work.sender) is None:
            return []
        if work.message_kind == "row" and receipt.copy.kind != "refused":
            return []
        number = work.delivery.rpartition(".")[2]
        delivery = f"{work.message}.r{number}-{receipt.copy.kind}"
        lane = lane_of(self._federation, work.sender, work.service, "receipt")
        row: dict[str, Any] = {
            "id": delivery,
            "message": work.message,
            "kind": "receipt",
            "recipient": work.sender,
            "state": "ready",
            "order_key": None,
            "receipt": f"{work.delivery} {receipt.copy.kind}",
            "head": None,
        }
        return [
            Step("insert_delivery", row),
            Step("enqueue", {"lane": lane, "due": now, "delivery": delivery}),
        ]

    def event(
        self,
        name: EventName,
        work: Work,
        *,
        reason: Reason | None = None,
        receipt: Signed | None = None,
        opened: Opened | None = None,
        actor: str = "gateway",
        peer_us: int | None = None,
    ) -> Event:
        return self._events.write(
            name,
            message=work.message,
            reason=reason,
            delivery=work.delivery,
            attempt=work.attempts or None,
            conversation=work.conversation,
            sender=work.sender,
            recipient=work.recipient,
            actor=actor,
            service=work.service,
            document=None if work.kind == "receipt" else work.document_type,
            route=work.route,
            purpose=work.purpose,
            commit_out=None if opened is None else commit(opened.body.salt, opened.body.document),
            receipt_sha256=None if receipt is None else receipt.sha256,
            peer_us=peer_us,
            trace=work.trace,
        )
