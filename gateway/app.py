"""The composition root: the only file that builds real objects.

Enters: settings, a federation without errors, the installed adapters. Leaves: a running gateway, until a signal.
Refuses: state that another process holds, keys that others can read, a port that is taken; each in one sentence.

`barrier` is called at every named point between rooms and inside commits, so that a test can end the process there.
"""

from __future__ import annotations

import asyncio
import gc
import random
import signal
import socket
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import structlog

from gateway.arrivals import Arrivals
from gateway.ask import Asker
from gateway.attention import Attention
from gateway.audit.events import EventWriter
from gateway.audit.sequencer import LogAhead, Sequencer
from gateway.batch import Batches
from gateway.channels import Channels, EndpointUnknown
from gateway.contract.adapter import AdapterSpec
from gateway.contract.exchange import Caller
from gateway.contract.host import Host, PartReader
from gateway.contract.reasons import Reason
from gateway.deliver.lanes import Lanes
from gateway.deliver.outcome import Outcomes
from gateway.deliver.reaper import Reaper
from gateway.deliver.worker import Worker
from gateway.erase import Eraser
from gateway.federation import Federation
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
from gateway.http.pages import Pages
from gateway.http.server import PortTaken, Server
from gateway.identity import KeyRefused, Person, Principal, load_keys
from gateway.ids import Ids
from gateway.intake import Intake
from gateway.keep import Keeper
from gateway.live import LostState, NoClaims, NoParts, Said, look
from gateway.node import Node
from gateway.operate import Operations
from gateway.policy import DAY_MS, route_names
from gateway.reading import Reader
from gateway.receipt import ReceiptWriter
from gateway.record import Recorder
from gateway.refuse import Refusals
from gateway.register import Registrar
from gateway.settings import Settings
from gateway.signatures.jws import SigningKeyRefused, load_or_create
from gateway.sources import Poller
from gateway.store import migrate, queries
from gateway.store.disk import DiskReserve, free_bytes
from gateway.store.engine import JournalRefused
from gateway.store.hmac_keys import HmacKeys
from gateway.store.keyfiles import KeyFileRefused
from gateway.store.local_parts import LocalParts
from gateway.store.sealing import FileKeyRing
from gateway.store.sqlite import SqliteJournal
from gateway.uploads import Uploads
from gateway.vault import Vault
from gateway.walk import Walk
from schemas.catalogue import SERVICES

log = structlog.get_logger("lintas.app")
Barrier = Callable[[str], None]


class StartRefused(Exception):
    """The gateway cannot start; the message says why and what to do."""


class PortRefused(StartRefused):
    """The port is taken."""


def no_barrier(name: str) -> None:
    """The barrier of a gateway that is not under test."""


async def serve(
    settings: Settings,
    federation: Federation,
    adapters: Mapping[str, AdapterSpec],
    *,
    ready: Callable[[str], None] | None = None,
    barrier: Barrier = no_barrier,
) -> int:
    """Runs until SIGINT or SIGTERM. `ready` gets the address once calls are taken. Returns the exit code."""
    settings = _with_port(settings)
    try:
        node = build(settings, federation, adapters, barrier)
        address = await node.start()
    except PortTaken as error:
        raise PortRefused(str(error)) from error
    except (EndpointUnknown, JournalRefused, KeyFileRefused, KeyRefused, LogAhead, SigningKeyRefused) as error:
        raise StartRefused(str(error)) from error
    # What is there now stays: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, node.ask_to_stop)
    if ready is not None:
        ready(address)
    await node.wait()
    return await node.stop()


def _with_port(settings: Settings) -> Settings:
    """Port 0 becomes a free one now, since adapters are told the public address before anything listens."""
    if settings.http.port != 0:
        return settings
    with socket.socket(socket.AF_INET6 if ":" in settings.http.host else socket.AF_INET) as probe:
        probe.bind((settings.http.host, 0))
        port = probe.getsockname()[1]
    return settings.model_copy(update={"http": settings.http.model_copy(update={"port": port})})


def build(settings: Settings, federation: Federation, adapters: Mapping[str, AdapterSpec], barrier: Barrier) -> Node:
    """Every real object of one node."""
    return _Builder(settings, federation, adapters, barrier).node()


async def look_around(settings: Settings, federation: Federation, adapters: Mapping[str, AdapterSpec]) -> list[Said]:
    """What every adapter in use says would not work now. Opens no journal and takes nothing."""
    channels = Channels(federation, adapters, settings.endpoints)
    state = settings.state_dir.resolve()
    http = _outgoing(NoParts(), settings)

    def host(name: str, system: str | None, agency: str) -> Host:
        return Host(
            http=http,
            parts=NoParts(),
            clock=SystemClock(),
            secrets=FileSecrets(state),
            claims=NoClaims(),
            state=LostState(),
            limits=contract_limits(settings),
            metrics=HostMetrics(name),
            instance=settings.instance,
            system=system,
            public_url=settings.public_url,
            state_dir=str(state),
            name=name,
        )

    await http.open()
    try:
        channels.make(host)
        return await look(channels.adapters)
    finally:
        await http.close()


def _outgoing(parts: PartReader, settings: Settings) -> OutgoingHttp:
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
        self.channels = Channels(federation, adapters, settings.endpoints)
        self.attention = Attention()
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
        self.signing = load_or_create(self.keys / "receipts.pem")
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
        self.reserve = DiskReserve(self.state, self.settings.disk.reserve_bytes, time.monotonic)

    def _rooms(self) -> None:
        settings, federation = self.settings, self.federation
        named: dict[str, Any] = {"instance": settings.instance, "node": settings.node}
        clocked: dict[str, Any] = {"new_id": self.ids.new, "now_ms": _now_ms}
        self.events = EventWriter(**named, **clocked, config=federation.digest)
        self.receipts = ReceiptWriter(self.signing, **named, **clocked)
        self.arrivals = Arrivals(
            self.parts,
            settings.limits,
            self.ids.new,
            self.clock.now,
            Uploads(settings),
            room=lambda: free_bytes(self.state) - settings.disk.reserve_bytes,
        )
        self.recorder = Recorder(
            journal=self.journal,
            vault=self.vault,
            lookup=self.lookup,
            receipts=self.receipts,
            events=self.events,
            federation=federation,
            settings=settings,
            arrivals=self.arrivals,
            monotonic=time.monotonic,
        )
        self.outcomes = Outcomes(
            receipts=self.receipts, events=self.events, federation=federation, settings=settings, **clocked
        )
        self.refusals = Refusals(self.journal, self.events)
        self.worker = Worker(
            journal=self.journal,
            vault=self.vault,
            outcomes=self.outcomes,
            federation=federation,
            settings=settings,
            find_sink=self.channels.sink_of,
            public_url=self._public_url,
            now_ms=_now_ms,
            monotonic=time.monotonic,
            chance=random.random,
            notify=self._notify,
            barrier=self.barrier,
        )
        self.lanes = Lanes(
            journal=self.journal,
            worker=self.worker,
            outcomes=self.outcomes,
            settings=settings,
            node_epoch=self._epoch,
            now_ms=_now_ms,
            on_error=self._fatal,
            barrier=self.barrier,
        )
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
            batches=Batches(
                journal=self.journal,
                vault=self.vault,
                recorder=self.recorder,
                federation=federation,
                arrivals=self.arrivals,
                new_id=self.ids.new,
                notify=self.lanes.notify,
                chunk=settings.concurrency.batch_chunk,
                decode_seconds=settings.stages.decode,
                barrier=self.barrier,
            ),
            refusals=self.refusals,
            arrivals=self.arrivals,
            federation=federation,
            find_channel=self.channels.channel,
            notify=self.lanes.notify,
            stages=settings.stages,
            clock=self.clock,
            barrier=self.barrier,
            on_unforeseen=_unforeseen,
        )

    def node(self) -> Node:
        settings = self.settings
        host_parts = HostParts(self.journal, self.vault, self.parts, self.arrivals)
        self.http = _outgoing(host_parts, settings)
        self.host_parts = host_parts
        self.server = Server(
            settings=settings,
            federation=self.federation,
            schemes=[self._api_keys()],
            walk=self.walk,
            arrivals=self.arrivals,
            refusals=self.refusals,
            new_id=self.ids.new,
            admits=self._admits,
            on_unforeseen=_unforeseen,
        )
        self.channels.make(self._host)
        for endpoint in self.channels.endpoints:
            self.server.mount(endpoint)
        reaper = Reaper(
            journal=self.journal,
            worker=self.worker,
            outcomes=self.outcomes,
            find_sink=self.channels.sink_of,
            settings=settings,
            node_epoch=self._epoch,
            now_ms=_now_ms,
            notify=self.lanes.notify,
        )
        poller = Poller(
            self.walk,
            self.channels.polled,
            admits=self._admits,
            on_trouble=self.attention.trouble,
            on_well=self.attention.well,
            on_fatal=self._fatal,
        )
        self._faces()
        self.built = Node(
            settings=settings,
            journal=self.journal,
            parts=self.parts,
            arrivals=self.arrivals,
            http=self.http,
            events=self.events,
            sequencer=self.sequencer,
            lanes=self.lanes,
            reaper=reaper,
            keeper=self._keeper(),
            refusals=self.refusals,
            poller=poller,
            server=self.server,
            adapters=self.channels.adapters,
            attention=self.attention,
            now_ms=_now_ms,
        )
        return self.built

    def _keeper(self) -> Keeper:
        times = self.settings.times
        eraser = Eraser(
            journal=self.journal,
            parts=self.parts,
            events=self.events,
            forget=self.host_parts.forget,
            now_ms=_now_ms,
            barrier=self.barrier,
        )
        keep_ms, retain_ms = int(times.answer_keep * 1000), times.retention_days * DAY_MS
        return Keeper(self.journal, keep_ms=keep_ms, retain_ms=retain_ms, eraser=eraser, now_ms=_now_ms)

    def _faces(self) -> None:
        reader = Reader(
            journal=self.journal,
            vault=self.vault,
            recorder=self.recorder,
            federation=self.federation,
            events=self.events,
            drained=self.sequencer.drain,
            expire=self.registrar.expire,
            set_aside=self.registrar.set_aside,
            now_ms=_now_ms,
        )
        operations = Operations(
            journal=self.journal,
            vault=self.vault,
            outcomes=self.outcomes,
            federation=self.federation,
            now_ms=_now_ms,
            notify=self.lanes.notify,
            drained=self.sequencer.drain,
            facts=self._facts,
        )
        Api(
            reader=reader,
            operations=operations,
            registrar=self.registrar,
            parts=self.host_parts,
            federation=self.federation,
            settings=self.settings,
        ).mount(self.server)
        gauges = Gauges(self.journal, facts=self._facts, now_ms=_now_ms, monotonic=time.monotonic)
        Pages(jwk=self.signing.public_jwk(), facts=self._facts, gauges=gauges.text, settings=self.settings).mount(
            self.server
        )

    def _host(self, name: str, system: str | None, agency: str) -> Host:
        return Host(
            http=self.http,
            parts=self.host_parts,
            clock=self.clock,
            secrets=FileSecrets(self.state),
            claims=HostClaims(
                journal=self.journal,
                lookup=self.lookup,
                arrivals=self.arrivals,
                vault=self.vault,
                source=name,
                agency=agency,
                node=self.settings.node,
                new_id=self.ids.new,
                now_ms=_now_ms,
            ),
            state=HostState(self.journal, name),
            limits=contract_limits(self.settings),
            metrics=HostMetrics(name),
            instance=self.settings.instance,
            system=system,
            public_url=self.settings.public_url,
            state_dir=str(self.state),
            name=name,
        )

    def _api_keys(self) -> Any:
        files: list[tuple[Path, Principal]] = []
        for system in self.federation.systems.values():
            files += [(self.state / key.file, Caller(str(system.id))) for key in system.credentials.api_keys]
        for person in self.federation.operators.values():
            who = Person(person.id, frozenset(person.roles))
            files += [(self.state / key.file, who) for key in person.credentials.api_keys]
        return load_keys(files, make=self.settings.create_keys)

    def _notify(self, lane: str) -> None:
        self.lanes.notify(lane)

    def _admits(self) -> Reason | None:
        if self.built.stopping:
            return Reason.STOPPING
        if not self.reserve.ok():
            return Reason.DISK_RESERVE
        slow = self.journal.seconds_in_flight() > self.settings.stages.record
        return Reason.BUSY if slow else None

    def _epoch(self) -> int:
        return self.built.epoch

    def _public_url(self) -> str:
        return self.server.public_url

    def _facts(self) -> dict[str, Any]:
        health = self.journal.health()
        return {
            "node": self.settings.node,
            "instance": self.settings.instance,
            "version": metadata.version("lintas"),
            "config": self.federation.digest,
            "stopping": self.built.stopping,
            "durability": self.settings.durability,
            "disk": {"free": self.reserve.free_bytes(), "reserve": self.settings.disk.reserve_bytes},
            "journal": {
                "open": health.open,
                "waiting": health.waiting,
                "units": health.units,
                "batches": health.batches,
            },
            "log": {"next": self.sequencer.next_number},
            "attention": [{"name": name, "says": says} for name, says in self.attention.all()],
        }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _unforeseen(error: BaseException, message_id: str) -> None:
    # The traceback names code, not data: exceptions of ours never carry values of a document.
    log.error("unforeseen", message=message_id, error=type(error).__name__, exc_info=error)
