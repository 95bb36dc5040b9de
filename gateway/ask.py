"""The ask room: a question in line with its caller, instead of a delivery.

Enters: a verified question, the recipient's sink, seconds left. Leaves: `Answered`. Its evidence is two events:
`asked`, durable before the question leaves, and `answered`, durable before the answer leaves.
Refuses: what the recipient refuses, does not answer in time, or answers with another document type, or with a document
of which the route's release list leaves none. The list is about the answer; the question goes whole, but for `raw`.

An answer is kept only if a key was sent: sealed under a key of its own, for a limited time. A repeat within it gets the
kept answer; a repeat after it, or of a question that failed, is asked again, since a query changes nothing. A question
without a key is for whoever waits for it: it ends when the caller is gone.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from gateway.audit.catalogue import EventName
from gateway.audit.events import Event, EventWriter, event_step
from gateway.contract.adapter import Sink
from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Answered, Attempt, Delivered, Outbound
from gateway.contract.frozen import frozen
from gateway.contract.reasons import Reason
from gateway.deadline import Deadlines
from gateway.federation import GATEWAY
from gateway.message import Routed, Verified
from gateway.outbound import Unreleasable, outbound, released, without_raw
from gateway.presence import CallerGone, Presence
from gateway.receipt import commit
from gateway.record import Recorder, content_digest, conversation_name, envelope_facts, trace_name
from gateway.store.engine import Journal, Step, Taken, Unit, UnitRefused
from gateway.store.entropy import random_bytes
from gateway.store.hmac_keys import HmacKeys
from gateway.store.keyed import Keyed
from gateway.store.sealing import DataKey, binding
from gateway.vault import SALT_BYTES, Vault
from schemas.catalogue import canonical, read_back
from schemas.document import SchemaError


class Concluding(Sink):
    """Answers in the gateway itself, and has something to become durable together with its answer."""

    async def deliver(self, outbound: Outbound, attempt: Attempt) -> Delivered:
        raise NeedsOperator("this answers questions and takes no deliveries")

    @abstractmethod
    def concluding(self, message: str) -> Sequence[Step]:
        """Steps of the unit that holds the answer to this question."""

    @abstractmethod
    async def abandon(self, message: str) -> None:
        """There is no answer after all: what was made for it goes."""


class Unanswered(Exception):
    """The question left, or may have; its `answered` event says why there is no answer. `error` is the refusal."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@frozen
class _Question:
    """What both events of one question share."""

    routed: Routed
    recipient: str
    salt: bytes
    facts: Mapping[str, str | int | None]
    subject_keys: list[Keyed]
    key: bytes | None


class Asker:
    """Asks, and writes the two events. `keep_ms` is how long an answer with a key is kept."""

    def __init__(
        self,
        *,
        journal: Journal,
        recorder: Recorder,
        events: EventWriter,
        vault: Vault,
        lookup: HmacKeys,
        route_names: dict[int, str],
        keep_ms: int,
        instance: str,
        monotonic: Callable[[], float],
    ) -> None:
        self._journal, self._recorder, self._events, self._vault = journal, recorder, events, vault
        self._lookup, self._routes, self._keep_ms, self._monotonic = lookup, route_names, keep_ms, monotonic
        self._instance = instance
        self._minute: tuple[int, DataKey, bytes] | None = None
        self._asking: set[bytes] = set()
        self._deadlines = Deadlines()

    async def ask(self, verified: Verified, sink: Sink, deadline: float, presence: Presence | None = None) -> Answered:
        """`deadline` in seconds from now; `presence` is the caller's. Raises the contract's errors; each is an
        `answered` event first."""
        routed = verified.routed
        key = self._recorder.key_of(routed)
        if key is not None and key in self._asking:
            # Other content is a conflict all the same, and an answer that is kept already is given.
            kept = await self._kept(routed, key)
            if kept is not None:
                return kept
            raise Refused(Reason.IN_PROGRESS, "the first call with this key is still being answered")
        if key is not None:
            self._asking.add(key)
        try:
            asked = await self._asked(routed, key)
            return asked if isinstance(asked, Answered) else await self._answer(asked, sink, deadline, presence)
        finally:
            if key is not None:
                self._asking.discard(key)

    async def _asked(self, routed: Routed, key: bytes | None) -> _Question | Answered:
        """The question, once its event is durable; or the kept answer to it."""
        received = routed.normalised.received
        subject_rows, subject_keys = self._recorder.subjects(routed.normalised.subjects, received.id)
        salt = random_bytes(SALT_BYTES)
        facts = self._facts(routed, routed.recipients[0], salt)
        question = _Question(routed, routed.recipients[0], salt, facts, subject_keys, key)
        steps = [*subject_rows, event_step(self._event(EventName.ASKED, question))]
        if key is not None:
            row: dict[str, Any] = {
                "key": key,
                "message": received.id,
                "content": content_digest(self._lookup, routed),
                "expires": received.at_ms + self._keep_ms,
            }
            try:
                await self._journal.commit(Unit([Step("insert_key", row), *steps]))
            except Taken:
                kept = await self._kept(routed, key)
                if kept is not None:
                    return kept
                await self._journal.commit(Unit([Step("take_over_key", row), *steps]))
        else:
            await self._journal.commit(Unit(steps))
        return question

    async def _answer(self, question: _Question, sink: Sink, deadline: float, presence: Presence | None) -> Answered:
        routed = question.routed
        received = routed.normalised.received
        answer_type = received.service.answer or ""
        # An answer that is kept is for a repeat as well, so that the caller need not be there.
        waits = presence if presence is not None and question.key is None else nullcontext()
        sent = self._monotonic()
        try:
            with waits, self._deadlines.within(deadline):
                native = await sink.ask(self._outbound(question), deadline)
            peer_us = int((self._monotonic() - sent) * 1_000_000)
            document = sink.codec.to_answer(native, answer_type)
            if answer_type != document.TYPE:
                raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the recipient answered with another document type")
            whole = canonical(document)
            data = released(answer_type, whole, routed.route, same_system=False)
            if data is not whole:
                document = read_back(answer_type, data)
        except BaseException as error:
            await _abandoned(sink, received.id)
            reason = _reason_of(error)
            await self._failed(question, reason, int((self._monotonic() - sent) * 1_000_000))
            if not isinstance(error, Exception):
                raise
            raise Unanswered(_refusal(error)) from error
        event = self._event(
            EventName.ANSWERED,
            question,
            commit_out=commit(question.salt, data),
            peer_us=peer_us,
            bytes=len(data),
            gateway_us=int((self._monotonic() - received.started) * 1_000_000) - peer_us,
        )
        steps = [*self._keep(question, data), event_step(event)]
        if isinstance(sink, Concluding):
            steps = [*sink.concluding(received.id), *steps]
        try:
            await self._journal.commit(Unit(steps))
        except UnitRefused:
            await _abandoned(sink, received.id)
            raise
        return Answered(received.id, answer_type, data, lambda: document)

    def _outbound(self, question: _Question) -> Outbound:
        routed = question.routed
        received = routed.normalised.received
        at_home = question.recipient == received.caller.system
        data = without_raw(routed.normalised.canonical, routed.route, at_home)
        same, self_answered = data is routed.normalised.canonical, question.recipient == GATEWAY
        return outbound(
            delivery=f"{received.id}.1",
            message=received.id,
            kind="query",
            sender=received.caller.system,
            recipient=question.recipient,
            service=received.service.name,
            document_type=received.service.request,
            document=data,
            envelope=envelope_facts(routed, self._instance),
            ephemeral=received.inbound.ephemeral,
            parts=received.inbound.parts if self_answered else (),
            load=(lambda: routed.normalised.document) if same else None,
            trace=received.inbound.trace,
        )

    def _keep(self, question: _Question, data: bytes) -> list[Step]:
        if question.key is None:
            return []
        received = question.routed.normalised.received
        data_key, wrapped = self._answer_key(received.at_ms)
        body = data_key.seal(data, binding("answer", received.id))
        return [Step("keep_answer", {"message": received.id, "sealed_key": wrapped, "body": body})]

    def _answer_key(self, now_ms: int) -> tuple[DataKey, bytes]:
        """One data key for the answers of a minute: they all go together, long before any could be erased alone."""
        minute = now_ms // 60_000
        if self._minute is None or self._minute[0] != minute:
            key = DataKey.random()
            self._minute = (minute, key, self._vault.wrap(key, "answers"))
        return self._minute[1], self._minute[2]

    async def _kept(self, routed: Routed, key: bytes) -> Answered | None:
        """The kept answer to the same question; None if there is none or it is too old. Refuses other content."""
        received = routed.normalised.received
        rows = await self._journal.read("find_key", {"key": key})
        if not rows or int(rows[0][2] or 0) <= received.at_ms:
            return None
        message, content, _ = rows[0]
        if content != content_digest(self._lookup, routed):
            raise Refused(Reason.CONFLICT, "the first question with this key had other content")
        found = await self._journal.read("find_answer", {"message": message})
        if not found or not isinstance(found[0][0], bytes) or not isinstance(found[0][1], bytes):
            return None
        data_key = self._vault.unwrap(found[0][0], "answers")
        data = data_key.open(found[0][1], binding("answer", str(message)))
        answer_type = received.service.answer or ""
        event = self._events.write(
            EventName.DUPLICATE_ANSWERED,
            message=str(message),
            sender=received.caller.system,
            actor=f"system:{received.caller.system}",
            service=received.service.name,
            document=answer_type,
            trace=trace_name(self._lookup, received.inbound.trace),
        )
        await self._journal.commit(Unit([event_step(event)]))
        return Answered(str(message), answer_type, data, lambda: read_back(answer_type, data), repeated=True)

    async def _failed(self, question: _Question, reason: Reason, peer_us: int) -> None:
        event = self._event(EventName.ANSWERED, question, reason=reason, peer_us=peer_us)
        steps = [event_step(event)]
        if question.key is not None:
            message = question.routed.normalised.received.id
            steps.append(Step("drop_key", {"key": question.key, "message": message}))
        # The caller may have gone away: the event is written all the same.
        await asyncio.shield(self._journal.commit(Unit(steps)))

    def _facts(self, routed: Routed, recipient: str, salt: bytes) -> dict[str, str | int | None]:
        """What both events of one question say."""
        received = routed.normalised.received
        return {
            "conversation": conversation_name(self._lookup, received.inbound.conversation),
            "sender": received.caller.system,
            "recipient": recipient,
            "actor": f"system:{received.caller.system}",
            "service": received.service.name,
            "document": received.service.request,
            "route": self._routes[id(routed.route)],
            "purpose": routed.route.purpose,
            "commit_in": commit(salt, routed.normalised.canonical),
            "trace": trace_name(self._lookup, received.inbound.trace),
        }

    def _event(self, name: EventName, question: _Question, reason: Reason | None = None, **more: Any) -> Event:
        message = question.routed.normalised.received.id
        return self._events.write(
            name, message=message, reason=reason, subject_keys=question.subject_keys, facts=question.facts, **more
        )


async def _abandoned(sink: Sink, message: str) -> None:
    if isinstance(sink, Concluding):
        # Also for a caller that went away.
        await asyncio.shield(sink.abandon(message))


def _refusal(error: Exception) -> Exception:
    """What the caller is told of a question that was not answered."""
    if isinstance(error, TimeoutError):
        return Refused(Reason.TIMED_OUT, "the recipient did not answer within the deadline")
    if isinstance(error, CallerGone):
        return Refused(Reason.CALLER_GONE, "the caller was gone before the answer came")
    if isinstance(error, SchemaError):
        return Refused(Reason.RECIPIENT_ANSWER_INVALID, "the recipient's answer does not fit its schema")
    if isinstance(error, Unreleasable):
        return Refused(Reason.RECIPIENT_ANSWER_INVALID, str(error))
    return error


def _reason_of(error: BaseException) -> Reason:
    if isinstance(error, Refused | TryLater | Ambiguous | NeedsOperator):
        return error.reason
    if isinstance(error, TimeoutError):
        return Reason.TIMED_OUT
    if isinstance(error, CallerGone):
        return Reason.CALLER_GONE
    if isinstance(error, SchemaError | Unreleasable):
        return Reason.RECIPIENT_ANSWER_INVALID
    return Reason.STOPPING if isinstance(error, asyncio.CancelledError) else Reason.INTERNAL
