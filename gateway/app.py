"""The composition root: the only file that builds the real objects of a node.

Enters: settings, a federation without errors, the installed adapters. Leaves: a node that can be started. Refuses: keys
that others can read, an endpoint that no adapter has.

`barrier` is called at every named point between rooms and inside commits, so that a test can end the process there.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from gateway.arrivals import Arrivals
from gateway.ask import Asker
from gateway.attention import Attention
from gateway.audit.events import EventWriter
from gateway.audit.sequencer import Sequencer
from gateway.batch import Batches
from gateway.channels import Channels
from gateway.condition import Condition
from gateway.contract.adapter import AdapterSpec, Endpoint
from gateway.contract.host import Host, PartReader
from gateway.deliver.lanes import Lanes
from gateway.deliver.outcome import Outcomes
from gateway.deliver.reaper import Reaper
from gateway.deliver.worker import Worker
from gateway.erase import Eraser
from gateway.evidence import Evidence
from gateway.examining import Examiner, pool
from gateway.federation import GATEWAY, Federation
from gateway.gauges import Gauges
from gateway.hosting import (
    ANSWER_BYTES,
    FileSecrets,
    HostClaims,
    HostMetrics,
    HostParts,
    HostState,
    SystemClock,
    contract_limits,
)
from gateway.http.api import Api
from gateway.http.client import OutgoingHttp
from gateway.http.evidence_api import EvidenceApi
from gateway.http.letter_api import LetterApi
from gateway.http.pages import Pages
from gateway.http.server import Server
from gateway.identity import keys_of
from gateway.ids import Ids
from gateway.intake import Intake
from gateway.keep import Keeper
from gateway.letters.desk import SigningDesk
from gateway.letters.erase import LetterEraser
from gateway.letters.registry import Registry
from gateway.letters.signers import Pen
from gateway.looks import Looks
from gateway.node import Node
from gateway.openings import Openings
from gateway.operate import Operations
from gateway.policy import DAY_MS, route_names
from gateway.reading import Reader
from gateway.receipt import ReceiptWriter
from gateway.record import Recorder
from gateway.refuse import Refusals
from gateway.register import Registrar
from gateway.settings import Settings
from gateway.signatures.evidence_key import EvidenceKey
from gateway.signatures.receipt_keys import receipt_keys
from gateway.signatures.workers import WorkerLimits, Workers
from gateway.sources import Poller
from gateway.store import migrate, queries
from gateway.store.disk import DiskReserve, free_bytes
from gateway.store.hmac_keys import HmacKeys
from gateway.store.local_parts import LocalParts
from gateway.store.sealing import FileKeyRing
from gateway.store.sqlite import SqliteJournal
from gateway.uploads import Uploads
from gateway.vault import Vault
from gateway.verify import Verifier
from gateway.walk import Walk
from gateway.web.page import LetterPage
from schemas.catalogue import SERVICES

log = structlog.get_logger("lintas.app")
Barrier = Callable[[str], None]


def no_barrier(name: str) -> None:
    """The barrier of a gateway that is not under test."""


def build(settings: Settings, federation: Federation, adapters: Mapping[str, AdapterSpec], barrier: Barrier) -> Node:
    """Every real object of one node."""
    return _Builder(settings, federation, adapters, barrier).node()


def outgoing(parts: PartReader, settings: Settings) -> OutgoingHttp:
    per_host, ca_file = settings.concurrency.inflight, settings.outgoing.ca_file
    return OutgoingHttp(parts, answer_bytes=ANSWER_BYTES, per_host=per_host, ca_file=ca_file)


class _Builder:
    """Builds in the order of need; the few cycles are closed by functions."""

    def __init__(
        self, settings: Settings, federation: Federation, adapters: Mapping[str, AdapterSpec], barrier: Barrier
    ) -> None:
        self.settings, self.federation, self.barrier = settings, federation, barrier
        self.state = settings.state_dir.resolve()
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.keys = self.state / "keys"
        self.clock = SystemClock()
        self.ids = Ids(_now_ms)
        self.attention = Attention()
        self.openings = Openings(self.attention.said)
        self.workers = pool(settings.verification)
        # Files of strangers have a worker of their own, so that no other check waits behind them.
        self.strangers = Workers(WorkerLimits(count=1, seconds=15.0, memory=512 << 20, waiting=8))
        self.channels = Channels(federation, adapters, settings.endpoints, self.openings.is_open)
        self._stores()
        self._rooms()

    def _fatal(self, error: BaseException) -> None:
        self.built.fatal(error)

    def _stores(self) -> None:
        journal_dir = self.state / "journal"
        fresh = not (journal_dir / "journal.db").exists()
        self.keys.mkdir(exist_ok=True, mode=0o700)
        self.lookup = HmacKeys.load(self.keys, make=fresh)
        self.vault = Vault(FileKeyRing.load(self.keys, make=fresh))
        self.signing = receipt_keys(self.state, self.settings.evidence)
        named = self.settings.evidence
        self.evidence_key = EvidenceKey.load(
            self.state / named.key_file, self.state / named.certificate_file,
            name=f"{self.settings.node} {self.settings.instance}", now=self.clock.now(),
        )  # fmt: skip
        self.journal = SqliteJournal(
            journal_dir,
            queries=queries.load("sqlite"),
            migrations=migrate.load(migrate.MIGRATIONS),
            now=self.clock.now,
            on_fatal=self._fatal,
            barrier=self.barrier,
            max_waiting=self.settings.concurrency.journal_waiting,
        )
        self.parts = LocalParts(
            self.state / "parts",
            self.lookup,
            on_fatal=self._fatal,
            barrier=self.barrier,
            max_writers=self.settings.concurrency.uploads,
        )
        self.condition = Condition(
            settings=self.settings,
            config=self.federation.digest,
            journal=self.journal,
            reserve=DiskReserve(self.state, self.settings.disk.reserve_bytes, time.monotonic),
            attention=self.attention,
            next_number=lambda: self.sequencer.next_number,
            stopping=lambda: self.built.stopping,
        )

    def _rooms(self) -> None:
        settings, federation = self.settings, self.federation
        named: dict[str, Any] = {"instance": settings.instance, "node": settings.node}
        clocked: dict[str, Any] = {"new_id": self.ids.new, "now_ms": _now_ms}
        self.events = EventWriter(**named, **clocked, config=federation.digest)
        self.receipts = ReceiptWriter(self.signing, **named, **clocked)
        self.letters = Registry(
            journal=self.journal, vault=self.vault, lookup=self.lookup, parts=self.parts, events=self.events,
            keep_ms=settings.letters.keep_days * DAY_MS, barrier=self.barrier, **clocked,
        )  # fmt: skip
        self.arrivals = Arrivals(
            self.parts,
            settings.limits,
            self.ids.new,
            self.clock.now,
            Uploads(settings),
            room=lambda: free_bytes(self.state) - settings.disk.reserve_bytes,
        )
        self.host_parts = HostParts(self.journal, self.vault, self.parts, self.arrivals)
        self.recorder = Recorder(
            journal=self.journal, vault=self.vault, lookup=self.lookup, receipts=self.receipts, events=self.events,
            federation=federation, settings=settings, arrivals=self.arrivals, monotonic=time.monotonic,
        )  # fmt: skip
        self.outcomes = Outcomes(
            receipts=self.receipts, events=self.events, federation=federation, settings=settings, **clocked
        )
        self.refusals = Refusals(self.journal, self.events, self.lookup)
        self.worker = Worker(
            journal=self.journal, vault=self.vault, outcomes=self.outcomes, federation=federation, settings=settings,
            find_sink=self.channels.sink_of, public_url=lambda: self.server.public_url, now_ms=_now_ms,
            monotonic=time.monotonic, chance=random.random, notify=lambda lane: self.lanes.notify(lane),
            barrier=self.barrier,
            on_channel=lambda work, says: self.attention.channel(self.channels.name_of(work), says),
        )  # fmt: skip
        self.lanes = Lanes(
            journal=self.journal, worker=self.worker, outcomes=self.outcomes, settings=settings,
            node_epoch=self._epoch, now_ms=_now_ms, on_error=self._fatal, barrier=self.barrier,
        )  # fmt: skip
        self.sequencer = Sequencer(
            self.journal,
            self.state / "log",
            limit=settings.sequencer.batch,
            interval=settings.sequencer.interval,
            barrier=self.barrier,
        )
        self.registrar = Registrar(
            journal=self.journal,
            vault=self.vault,
            outcomes=self.outcomes,
            recorder=self.recorder,
            now_ms=_now_ms,
            notify=self.lanes.notify,
            node=settings.node,
            epoch=self._epoch,
            lease_ms=int(settings.times.lease * 1000),
        )
        batches = Batches(
            journal=self.journal, vault=self.vault, recorder=self.recorder, federation=federation,
            arrivals=self.arrivals, new_id=self.ids.new, notify=self.lanes.notify,
            chunk=settings.concurrency.batch_chunk, decode_seconds=settings.stages.decode, barrier=self.barrier,
        )  # fmt: skip
        self.walk = Walk(
            intake=Intake(federation, SERVICES, settings.limits, settings.instance),
            recorder=self.recorder,
            asker=Asker(
                journal=self.journal,
                recorder=self.recorder,
                events=self.events,
                vault=self.vault,
                lookup=self.lookup,
                route_names=route_names(federation),
                keep_ms=int(settings.times.answer_keep * 1000),
                instance=settings.instance,
                monotonic=time.monotonic,
            ),
            registrar=self.registrar,
            batches=batches,
            refusals=self.refusals,
            arrivals=self.arrivals,
            verifier=Verifier(
                Examiner(self.workers, self.host_parts, settings.trust_dir).examine, federation.signed_as
            ),
            federation=federation,
            find_channel=lambda system, service: (
                self.desk if system == GATEWAY else self.channels.channel(system, service)
            ),
            on_channel=lambda system, service, says: self.attention.channel(
                self.channels.name(system, service) or service, says, logged=True
            ),
            notify=self.lanes.notify,
            stages=settings.stages,
            clock=self.clock,
            barrier=self.barrier,
            on_unforeseen=_unforeseen,
        )

    def node(self) -> Node:
        settings = self.settings
        host_parts = self.host_parts
        self.http = outgoing(host_parts, settings)
        pen = Pen(
            workers=self.workers, secrets=FileSecrets(self.state), elsewhere=self.channels.signer, state=self.state,
            trust=settings.trust_dir,
        )  # fmt: skip
        self.desk = SigningDesk(
            registry=self.letters, pen=pen, parts=host_parts, federation=self.federation,
            public_url=lambda: self.server.public_url, most=settings.letters.sign_bytes, now=self.clock.now,
        )  # fmt: skip
        self.server = Server(
            settings=settings,
            federation=self.federation,
            schemes=[keys_of(self.federation, self.state, make=self.settings.create_keys)],
            walk=self.walk,
            arrivals=self.arrivals,
            refusals=self.refusals,
            new_id=self.ids.new,
            admits=self.condition.admits,
            on_unforeseen=_unforeseen,
            is_open=self.openings.is_open,
        )
        self.channels.make(self._host)
        for name, adapter in self.channels.adapters:
            if isinstance(adapter, Endpoint):
                self.server.mount(adapter, name)
        reaper = Reaper(
            journal=self.journal, worker=self.worker, outcomes=self.outcomes, find_sink=self.channels.sink_of,
            settings=settings, node_epoch=self._epoch, now_ms=_now_ms, notify=self.lanes.notify,
        )  # fmt: skip
        poller = Poller(
            self.walk,
            self.channels.polled,
            admits=self.condition.admits,
            on_trouble=self.attention.trouble,
            on_well=self.attention.well,
            is_open=self.openings.is_open,
            on_fatal=self._fatal,
        )
        self._faces()
        self.built = Node(
            settings=settings, journal=self.journal, parts=self.parts, arrivals=self.arrivals, http=self.http,
            events=self.events, sequencer=self.sequencer, lanes=self.lanes, reaper=reaper, keeper=self._keeper(),
            refusals=self.refusals, poller=poller, server=self.server, adapters=self.channels.adapters,
            attention=self.attention, openings=self.openings, workers=(self.workers, self.strangers), now_ms=_now_ms,
        )  # fmt: skip
        return self.built

    def _keeper(self) -> Keeper:
        times = self.settings.times
        eraser = Eraser(
            journal=self.journal, parts=self.parts, events=self.events, forget=self.host_parts.forget, now_ms=_now_ms,
            barrier=self.barrier,
        )  # fmt: skip
        keep_ms, retain_ms = int(times.answer_keep * 1000), times.retention_days * DAY_MS
        letters = LetterEraser(
            journal=self.journal, parts=self.parts, events=self.events, now_ms=_now_ms, barrier=self.barrier
        )
        return Keeper(
            self.journal, keep_ms=keep_ms, retain_ms=retain_ms, eraser=eraser, letters=letters, now_ms=_now_ms
        )

    def _faces(self) -> None:
        reader = Reader(
            journal=self.journal, vault=self.vault, recorder=self.recorder, federation=self.federation,
            events=self.events, drained=self.sequencer.drain, expire=self.registrar.expire,
            set_aside=self.registrar.set_aside, now_ms=_now_ms,
        )  # fmt: skip
        operations = Operations(
            journal=self.journal, vault=self.vault, outcomes=self.outcomes, federation=self.federation,
            now_ms=_now_ms, notify=self.lanes.notify, drained=self.sequencer.drain, facts=self.condition.facts,
            keys=self.signing, events=self.events,
        )  # fmt: skip
        looks = Looks(self.journal, self.events, time.monotonic)
        evidence = Evidence(
            reader=reader, parts=self.host_parts, key=self.evidence_key, jwks=self.signing.jwks, now=self.clock.now
        )
        LetterApi(
            registry=self.letters, looks=looks, settings=self.settings, public_url=lambda: self.server.public_url,
            send_code=self.desk.send_code,
        ).mount(self.server)  # fmt: skip
        Api(
            reader=reader, operations=operations, registrar=self.registrar, looks=looks, parts=self.host_parts,
            federation=self.federation, settings=self.settings,
        ).mount(self.server)  # fmt: skip
        EvidenceApi(evidence=evidence, settings=self.settings).mount(self.server)
        LetterPage(
            registry=self.letters, verifier=self.strangers, federation=self.federation, settings=self.settings
        ).mount(self.server)
        facts = self.condition.facts
        gauges = Gauges(self.journal, facts=facts, now_ms=_now_ms, monotonic=time.monotonic)
        Pages(jwks=self.signing.jwks, facts=facts, gauges=gauges.text, settings=self.settings).mount(self.server)

    def _host(self, name: str, system: str | None, agency: str) -> Host:
        claims = HostClaims(
            journal=self.journal, lookup=self.lookup, arrivals=self.arrivals, vault=self.vault, source=name,
            agency=agency, node=self.settings.node, new_id=self.ids.new, now_ms=_now_ms,
        )  # fmt: skip
        return Host(
            http=self.http,
            parts=self.host_parts,
            clock=self.clock,
            secrets=FileSecrets(self.state),
            claims=claims,
            state=HostState(self.journal, name),
            limits=contract_limits(self.settings),
            metrics=HostMetrics(name),
            instance=self.settings.instance,
            system=system,
            public_url=self.settings.public_url,
            state_dir=str(self.state),
            name=name,
        )

    def _epoch(self) -> int:
        return self.built.epoch


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _unforeseen(error: BaseException, message_id: str) -> None:
    # The traceback names code, not data: exceptions of ours never carry values of a document.
    log.error("unforeseen", message=message_id, error=type(error).__name__, exc_info=error)
