"""The walk: the one place that knows the order of the rooms.

Enters: an `Inbound` that an adapter decoded, with its caller and codec. Leaves: a `Settlement`, which is data and can
be driven again. Refuses: by `Rejected`, with an event, whatever any room raised.

1. intake     who is it, may it, is it within limits
2. normalise  native form → one shared document
3. route      to whom, under which policy
4. verify     the parts that the policy names
5. record     one transaction, custody passes here; a query goes to ask, an acknowledgement to register, a file to batch
6. deliver    the lanes are woken; the worker goes on from the journal

Left of record a crash costs the sender a repeat; right of it, nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.arrivals import Arrivals
from gateway.ask import Asker, Unanswered
from gateway.batch import Batches
from gateway.contract.adapter import Codec, Sink
from gateway.contract.errors import Refused, TryLater
from gateway.contract.exchange import Accepted, Answered, Caller, Duplicate, Inbound, Rejected, Settlement
from gateway.contract.host import Clock
from gateway.contract.reasons import Reason
from gateway.federation import TAKEN_BY_GATEWAY, Federation
from gateway.intake import Intake
from gateway.message import Recorded, Verified
from gateway.normalise import normalise
from gateway.policy import lanes_of
from gateway.presence import Presence
from gateway.record import Recorder
from gateway.refuse import Refusals, rejected_of
from gateway.register import Registrar
from gateway.route import route
from gateway.settings import Stages
from gateway.store.engine import JournalClosed, JournalFailed
from gateway.verify import Verifier, verify
from schemas.document import SchemaError

FindChannel = Callable[[str, str], Sink | None]


class Stage:
    """Which room a walk is in, for the refusal that may come of it."""

    __slots__ = ("name",)

    def __init__(self) -> None:
        self.name = "intake"


class Walk:
    """Takes things from arrival to settlement. `clock` is the time; `barrier` marks every door; `on_channel` is told by
    system and service what a question failed with that nobody foresaw, and None when one was answered."""

    def __init__(
        self,
        *,
        intake: Intake,
        recorder: Recorder,
        asker: Asker,
        registrar: Registrar,
        batches: Batches,
        refusals: Refusals,
        arrivals: Arrivals,
        verifier: Verifier,
        federation: Federation,
        find_channel: FindChannel,
        notify: Callable[[str], None],
        stages: Stages,
        clock: Clock,
        barrier: Callable[[str], None],
        on_unforeseen: Callable[[BaseException, str], None],
        on_channel: Callable[[str, str, BaseException | None], None] = lambda system, service, error: None,
    ) -> None:
        self._intake, self._recorder, self._asker, self._registrar = intake, recorder, asker, registrar
        self._batches, self._refusals, self._arrivals, self._verifier = batches, refusals, arrivals, verifier
        self._federation, self._find_channel, self._notify = federation, find_channel, notify
        self._stages, self._clock, self._barrier = stages, clock, barrier
        self._on_unforeseen, self._on_channel, self._lane = on_unforeseen, on_channel, lanes_of(federation)

    async def take(
        self, inbound: Inbound, caller: Caller, codec: Codec, presence: Presence | None = None
    ) -> Settlement:
        """The whole way of one thing that arrived. `presence`: whether its caller still waits, if one does."""
        stage = Stage()
        try:
            settlement = await self._walk(inbound, caller, codec, stage, presence)
        except (JournalFailed, JournalClosed):
            # Nobody knows what is durable: no answer is better than a wrong one.
            raise
        except Exception as error:
            settlement = await self.refuse(inbound.message_id, caller, inbound, error, stage.name)
        finally:
            if inbound.ephemeral is not None:
                inbound.ephemeral.wipe()
        if not isinstance(settlement, Accepted):
            await self._arrivals.discard(inbound.message_id)
        self._barrier("walk.before_settle")
        return settlement

    async def refuse(
        self, message_id: str, caller: Caller, inbound: Inbound | None, error: Exception, stage: str
    ) -> Rejected:
        """Any error of a known caller as a refusal, with its event."""
        if isinstance(error, SchemaError):
            error = Refused(Reason.SCHEMA_INVALID, "the document does not fit its schema", errors=error.errors)
        if isinstance(error, Unanswered):
            # Its `answered` event has said so already: a query has two events.
            rejected = replace(rejected_of(message_id, error.error), stage="ask")
        else:
            rejected = await self._refusals.note(message_id, caller, inbound, error, stage)
        if rejected.error.reason is Reason.INTERNAL:
            self._on_unforeseen(error.error if isinstance(error, Unanswered) else error, message_id)
        return rejected

    async def _walk(
        self, inbound: Inbound, caller: Caller, codec: Codec, stage: Stage, presence: Presence | None
    ) -> Settlement:
        received = self._intake.receive(inbound, caller, self._clock.now(), self._clock.monotonic())
        self._barrier("walk.after_intake")
        if inbound.batch:
            stage.name = "batch"
            return self._settled(await self._batches.take(received, codec))
        stage.name = "normalise"
        normal = normalise(received, codec)
        self._barrier("walk.after_normalise")
        stage.name = "route"
        routed = route(normal, self._federation)
        self._barrier("walk.after_route")
        stage.name = "verify"
        verified = verify(routed) if routed.route.signature == "none" else await self._verifier.verify(routed)
        self._barrier("walk.after_verify")
        if received.service.kind == "query":
            stage.name = "ask"
            return await self._ask(verified, presence)
        if received.service.name in TAKEN_BY_GATEWAY:
            stage.name = "register"
            return self._settled(await self._registrar.acknowledge(verified))
        stage.name = "record"
        return self._settled(await self._record(verified))

    async def _record(self, verified: Verified) -> Recorded:
        # A caller who hangs up does not cancel this: only what is in its presence ends with it.
        received = verified.routed.normalised.received
        recorded = await self._recorder.record(verified)
        self._barrier("walk.after_record")
        if not recorded.repeated:
            for recipient in verified.routed.recipients:
                self._notify(self._lane(recipient, received.service.name, "document"))
        return recorded

    async def _ask(self, verified: Verified, presence: Presence | None) -> Answered:
        received, routed = verified.routed.normalised.received, verified.routed
        sink = self._find_channel(routed.recipients[0], received.service.name)
        if sink is None:
            raise TryLater(Reason.RECIPIENT_DOWN, "the recipient has no channel that answers")
        most = self._stages.ask
        if routed.route.deadline is not None:
            most = min(most, routed.route.deadline.total_seconds())
        wanted = received.inbound.deadline
        deadline = most if wanted is None else max(0.001, min(wanted, most))
        channel = routed.recipients[0], received.service.name
        try:
            answered = await self._asker.ask(verified, sink, deadline, presence)
        except Unanswered as error:
            if rejected_of(received.id, error.error).error.reason is Reason.INTERNAL:
                self._on_channel(*channel, error.error)
            raise
        if not answered.repeated:
            self._on_channel(*channel, None)
        return answered

    def _settled(self, recorded: Recorded) -> Settlement:
        if recorded.repeated:
            return Duplicate(recorded.message_id, recorded.receipts, recorded.report, recorded.document)
        return Accepted(recorded.message_id, recorded.receipts, recorded.report, recorded.document)
