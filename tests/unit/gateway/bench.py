"""The rooms of one gateway over the real journal and part store, without sockets, tasks or the machine's clock.

Enters: a folder and a small federation. Leaves: a `Bench` with every room, scripted recipients and a clock that a test
moves. Refuses: findings in its own federation.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.arrivals import Arrivals
from gateway.ask import Asker
from gateway.audit.events import EventWriter
from gateway.audit.sequencer import Sequencer
from gateway.batch import Batches
from gateway.contract.adapter import AdapterSpec, Sink
from gateway.contract.config import AdapterConfig
from gateway.contract.exchange import Attempt, Caller, Delivered, Inbound, Native, Outbound, Part, RowProblem
from gateway.contract.testing import FakeClock
from gateway.deliver.lanes import Lanes
from gateway.deliver.outcome import Outcomes
from gateway.deliver.reaper import Reaper
from gateway.deliver.worker import Worker
from gateway.erase import Eraser
from gateway.evidence import Evidence
from gateway.federation import GATEWAY, Federation, load
from gateway.hosting import HostParts
from gateway.identity import Person
from gateway.ids import Ids
from gateway.intake import Intake
from gateway.letters.registry import Registry
from gateway.message import Normalised, Received, Routed, Verified, Work
from gateway.normalise import normalise
from gateway.operate import Operations
from gateway.policy import DAY_MS, route_names
from gateway.reading import Reader
from gateway.receipt import ReceiptWriter
from gateway.record import Recorder
from gateway.refuse import Refusals
from gateway.register import Registrar
from gateway.route import route
from gateway.settings import Settings
from gateway.signatures.constraints import Constraints
from gateway.signatures.evidence_key import EvidenceKey
from gateway.signatures.jws import SigningKey
from gateway.signatures.receipt_keys import ReceiptKeys
from gateway.store import migrate, queries
from gateway.store.engine import Step, Unit
from gateway.store.hmac_keys import HmacKeys
from gateway.store.local_parts import LocalParts
from gateway.store.sealing import FileKeyRing
from gateway.store.sqlite import SqliteJournal
from gateway.uploads import Uploads
from gateway.vault import Vault
from gateway.verify import Verifier, verify
from gateway.walk import Walk
from schemas.catalogue import DOCUMENTS, SERVICES, parse_json
from schemas.document import Document

SIMPUS, FOLDER = "kota/simpus", "kota/folder"
VCLAIM, ARSIP, KOTAK, GUDANG = "bpjs/vclaim", "arsip/persuratan", "arsip/kotak", "arsip/gudang"
OPERATOR = Person("ani", frozenset({"operator"}))
NIK = "3273014107900001"

FILES = {
    "agencies/kota.yaml": """\
agency: kota
name: Kota
systems:
  simpus:
    name: SIMPUS
    credentials: {api_keys: [{file: keys/simpus.key}]}
    may_use: [coverage.lookup, letter.deliver, person.deliver, organisation.deliver]
  folder:
    name: Folder
    may_use: [letter.deliver, person.deliver, organisation.deliver]
    sources: [{name: inbox, adapter: stub}]
    receipts: {adapter: stub}
  pengawas:
    name: Pengawas
    reads: ["kota/*"]
""",
    "agencies/bpjs.yaml": """\
agency: bpjs
name: BPJS
systems:
  vclaim:
    name: VClaim
    credentials: {api_keys: [{file: keys/vclaim.key}]}
    may_use: [letter.deliver]
    channel: {adapter: stub}
""",
    "agencies/arsip.yaml": """\
agency: arsip
name: Arsip
systems:
  persuratan:
    name: Persuratan
    may_use: [acknowledgement.deliver]
    channel: {adapter: stub}
  kotak:
    name: Kotak
    credentials: {api_keys: [{file: keys/kotak.key}]}
    may_use: [acknowledgement.deliver]
    channel: {pull: true}
  gudang:
    name: Gudang
    channel: {adapter: stub}
""",
    "routes.yaml": """\
routes:
  - {service: coverage.lookup, from: ["kota/*"], to: [bpjs/vclaim], purpose: UU 24/2011, deadline: 10s}
  - service: letter.deliver
    from: ["kota/*"]
    to: [arsip/persuratan, arsip/kotak]
    recipients: named
    purpose: Perpres 95/2018
    registration: {within: 14d}
    retention: 30d
  - {service: person.deliver, from: ["kota/*"], to: [arsip/gudang], purpose: UU 24/2013, order_by: [nik]}
  - service: organisation.deliver
    from: [kota/simpus]
    to: [arsip/gudang]
    purpose: Perpres 95/2018
    idempotency_fields: [name]
    idempotency_window: 1h
    release: [id, scheme, name, kind, timeZone]
  - service: organisation.deliver
    from: [kota/folder]
    to: [arsip/gudang]
    purpose: Perpres 95/2018
    on_ambiguous: resend
    raw: forward
  - {service: acknowledgement.deliver, from: ["arsip/*"], to: ["kota/*"], recipients: named, purpose: Perpres 95/2018}
""",
    "operators.yaml": """\
operators:
  ani: {name: Ani, roles: [operator], credentials: {api_keys: [{file: keys/ani.key}]}}
  budi: {name: Budi, roles: [auditor], credentials: {api_keys: [{file: keys/budi.key}]}}
""",
}

_PERSONS = "to: [arsip/gudang], purpose: UU 24/2013, order_by: [nik]}"
_TO_TWO = "to: [arsip/gudang, arsip/kotak], recipients: named, purpose: UU 24/2013"
WIDE = {**FILES, "routes.yaml": FILES["routes.yaml"].replace(_PERSONS, _TO_TWO + "}")}
NARROW = {
    **FILES,
    "routes.yaml": FILES["routes.yaml"].replace(_PERSONS, _TO_TWO + ", release: [fullName, birthDate, sex, noKartu]}"),
}
"""Persons go whole, or without what identifies them but for the number of their card."""

PDF = b"%PDF-1.7 surat undangan"
PAPER = Part(1, hashlib.sha256(PDF).hexdigest(), len(PDF), "application/pdf", "surat.pdf", "a" * 64)
"""The file of every letter, as it looks once it was spooled."""


class Plain(AdapterConfig):
    """A configuration without fields."""


class PlainCodec:
    """The native form is the document itself: `content` in wire names, rows of a batch as lines of JSON."""

    def to_documents(self, inbound: Inbound) -> Iterator[Document | RowProblem]:
        if inbound.stream is None:
            if inbound.content is not None:
                yield parse_json(inbound.document_type, inbound.content)
            return
        lines = b"".join(inbound.stream()).splitlines()
        for number, line in enumerate(lines, 1):
            if line.startswith(b"bad"):
                for _ in line.split():
                    yield RowProblem(number, "nik", "bad_cell", "this is no number", "b**")
            else:
                yield parse_json(inbound.document_type, line)

    def from_document(self, outbound: Outbound) -> Native:
        return Native((outbound.document_json,), "application/json")

    def to_answer(self, reply: Native, document_type: str) -> Document:
        value = orjson.loads(reply.whole())
        return parse_json(value.pop("type", document_type), value)


Said = Delivered | Native | BaseException | Callable[[Outbound], Any]


class ScriptedSink(Sink):
    """Says what it was told to, in order; takes everything once that is used up. Keeps what it was given."""

    codec = PlainCodec()

    def __init__(self) -> None:
        self.says: list[Said] = []
        self.found: Delivered | None = None
        self.taken: list[Outbound] = []
        self.attempts: list[Attempt] = []
        self.reconciled: list[Outbound] = []

    async def open(self) -> None:
        return None

    async def check(self) -> list[str]:
        return []

    async def deliver(self, outbound: Outbound, attempt: Attempt) -> Delivered:
        self.taken.append(outbound)
        self.attempts.append(attempt)
        said = await self._said(outbound)
        return said if isinstance(said, Delivered) else Delivered(b"ok")

    async def reconcile(self, outbound: Outbound, attempt: Attempt) -> Delivered | None:
        self.reconciled.append(outbound)
        return self.found

    async def ask(self, outbound: Outbound, deadline: float) -> Native:
        self.taken.append(outbound)
        said = await self._said(outbound)
        return said if isinstance(said, Native) else coverage()

    async def _said(self, outbound: Outbound) -> Any:
        said = self.says.pop(0) if self.says else None
        if isinstance(said, BaseException):
            raise said
        if callable(said):
            said = said(outbound)
            return await said if hasattr(said, "__await__") else said
        return said


def make_sink(config: Plain, host: Any) -> ScriptedSink:
    return ScriptedSink()


STUB = AdapterSpec("stub", "Stub", {"source": (Plain, make_sink), "sink": (Plain, make_sink)})


def coverage(**more: Any) -> Native:
    """An answer to `coverage.lookup`."""
    return Native((orjson.dumps({"noKartu": "0001234567890", "status": "active", **more}),), "application/json")


def letter(**more: Any) -> dict[str, Any]:
    return {
        "letterNumber": "005/12/Kel",
        "letterDate": "2026-11-20",
        "letterType": "undangan",
        "subject": "Rapat koordinasi",
        "securityLevel": "B",
        "urgency": "biasa",
        "archiveClass": "000.1.2",
        "sender": {"name": "Kelurahan Cihapit"},
        "recipients": [{"kind": "internal", "organisation": {"name": "Dinas Arsip"}}],
        "mainFile": {"sha256": PAPER.sha256, "size": PAPER.size, "mediaType": PAPER.media_type},
        **more,
    }


def person(**more: Any) -> dict[str, Any]:
    return {"nik": NIK, "fullName": "Siti Contoh", "birthDate": "1990-07-01", "sex": "female", **more}


def organisation(**more: Any) -> dict[str, Any]:
    return {"id": "d-1", "scheme": "kota", "name": "Dinas A", "kind": "dinas", "timeZone": "Asia/Jakarta", **more}


SIGNING = ec.generate_private_key(ec.SECP256R1())
"""Of every bench, so that what one signed the next can check."""

QUERY = {"noKartu": "0001234567890", "serviceDate": "2026-11-23"}
TYPES = {name: service.request for name, service in SERVICES.items()}


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def small_federation(folder: Path, files: Mapping[str, str] = FILES, stub: AdapterSpec = STUB) -> Federation:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    federation, findings = load(folder, {"stub": stub}, SERVICES, DOCUMENTS)
    assert federation is not None, findings
    assert [one for one in findings if one.is_error] == []
    return federation


class Bench:
    """Every room, wired as the composition root does it. `barriers` says what to do at a named point."""

    def __init__(self, folder: Path, federation: Federation, settings: Settings | None = None) -> None:
        self.folder, self.federation = folder, federation
        self.settings = settings or Settings(state_dir=folder)
        self.clock = FakeClock()
        self.fatal: list[BaseException] = []
        self.unforeseen: list[BaseException] = []
        self.notified: list[str] = []
        self.barriers: dict[str, Callable[[], None]] = {}
        self.sinks: dict[str, ScriptedSink] = {}
        self.desk: Sink | None = None
        self.epoch = 0
        self.ids = Ids(self.now_ms)
        self.key = SigningKey(SIGNING)
        self.lookup = HmacKeys(b"p" * 32, b"l" * 32)
        self.vault = Vault(FileKeyRing(b"k" * 32))
        self._stores()
        self._rooms()

    def now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def barrier(self, name: str) -> None:
        if name in self.barriers:
            self.barriers[name]()

    def sink(self, system: str) -> ScriptedSink:
        return self.sinks.setdefault(system, ScriptedSink())

    def find_sink(self, work: Work, source: str | None = None) -> ScriptedSink | None:
        return None if self.sinks.get(work.recipient, ...) is None else self.sink(work.recipient)

    def find_channel(self, system: str, service: str) -> Sink | None:
        if system == GATEWAY:
            return self.desk
        return None if self.federation.channel_use(system, service) is None else self.sink(system)

    def _stores(self) -> None:
        self.journal = SqliteJournal(
            self.folder / "journal",
            queries=queries.load("sqlite"),
            migrations=migrate.load(migrate.MIGRATIONS),
            now=self.clock.now,
            on_fatal=self.fatal.append,
            barrier=self.barrier,
        )
        self.parts = LocalParts(self.folder / "parts", self.lookup, on_fatal=self.fatal.append)
        self.verdicts: dict[str, Mapping[str, Any]] = {}
        self.arrivals = Arrivals(self.parts, self.settings.limits, self.ids.new, self.clock.now, Uploads(self.settings))

    def _rooms(self) -> None:
        federation, settings, journal = self.federation, self.settings, self.journal
        named: dict[str, Any] = {"instance": settings.instance, "node": settings.node}
        clocked: dict[str, Any] = {"new_id": self.ids.new, "now_ms": self.now_ms}
        self.events = EventWriter(**named, **clocked, config=federation.digest)
        self.receipts = ReceiptWriter(self.key, **named, **clocked)
        self.verifier = Verifier(self.examine, federation.signed_as)
        self.letters = Registry(
            journal=journal, vault=self.vault, lookup=self.lookup, parts=self.parts, events=self.events,
            keep_ms=settings.letters.keep_days * DAY_MS, barrier=self.barrier, **clocked,
        )  # fmt: skip
        self.recorder = Recorder(
            journal=journal, vault=self.vault, lookup=self.lookup, receipts=self.receipts, events=self.events,
            federation=federation, settings=settings, arrivals=self.arrivals, monotonic=self.clock.monotonic,
        )  # fmt: skip
        self.outcomes = Outcomes(
            receipts=self.receipts, events=self.events, federation=federation, settings=settings, **clocked
        )
        self.refusals = Refusals(journal, self.events, self.lookup)
        self.worker = Worker(
            journal=journal, vault=self.vault, outcomes=self.outcomes, federation=federation, settings=settings,
            find_sink=self.find_sink, public_url=lambda: "https://gateway.example", now_ms=self.now_ms,
            monotonic=self.clock.monotonic, chance=lambda: 0.5, notify=self.notify, barrier=self.barrier,
        )  # fmt: skip
        self.lanes = Lanes(
            journal=journal, worker=self.worker, outcomes=self.outcomes, settings=settings,
            node_epoch=lambda: self.epoch, now_ms=self.now_ms, on_error=self.fatal.append, barrier=self.barrier,
        )  # fmt: skip
        self.sequencer = Sequencer(journal, self.folder / "log", limit=100, interval=0.01, barrier=self.barrier)
        self.registrar = Registrar(
            journal=journal, vault=self.vault, outcomes=self.outcomes, recorder=self.recorder, now_ms=self.now_ms,
            notify=self.notify, node=settings.node, epoch=lambda: self.epoch, lease_ms=120_000,
        )  # fmt: skip
        self.asker = Asker(
            journal=journal, recorder=self.recorder, events=self.events, vault=self.vault, lookup=self.lookup,
            route_names=route_names(federation), keep_ms=600_000, instance=settings.instance,
            monotonic=self.clock.monotonic,
        )  # fmt: skip
        self.batches = self.make_batches(4)
        self.intake = Intake(federation, SERVICES, settings.limits, settings.instance)
        self.walk = self.make_walk()
        self.reaper = Reaper(
            journal=journal, worker=self.worker, outcomes=self.outcomes, find_sink=self.find_sink, settings=settings,
            node_epoch=lambda: self.epoch, now_ms=self.now_ms, notify=self.notify,
        )  # fmt: skip
        self.reader = Reader(
            journal=journal, vault=self.vault, recorder=self.recorder, federation=federation, events=self.events,
            drained=self.sequencer.drain, expire=self.registrar.expire, set_aside=self.registrar.set_aside,
            now_ms=self.now_ms,
        )  # fmt: skip
        self.operations = Operations(
            journal=journal, vault=self.vault, outcomes=self.outcomes, federation=federation,
            now_ms=self.now_ms, notify=self.notify,
            drained=self.sequencer.drain, facts=lambda: {"node": settings.node},
            keys=ReceiptKeys.load(self.folder / "keys"), events=self.events,
        )  # fmt: skip
        self.host_parts = HostParts(journal, self.vault, self.parts, self.arrivals)
        self.evidence = Evidence(
            reader=self.reader, parts=self.host_parts, now=self.clock.now,
            jwks=lambda: {"keys": [self.key.public_jwk()]},
            key=EvidenceKey.load(
                self.folder / "e.pem", self.folder / "c.pem", name="node-1 test", now=self.clock.now()
            ),
        )  # fmt: skip
        self.eraser = Eraser(
            journal=journal, parts=self.parts, events=self.events, forget=self.host_parts.forget, now_ms=self.now_ms,
            barrier=self.barrier,
        )  # fmt: skip

    def make_batches(self, chunk: int) -> Batches:
        return Batches(
            journal=self.journal, vault=self.vault, recorder=self.recorder, federation=self.federation,
            arrivals=self.arrivals, new_id=self.ids.new, notify=self.notify, chunk=chunk, decode_seconds=10,
            barrier=self.barrier,
        )  # fmt: skip

    async def examine(self, message: str, part: Part, constraints: Constraints) -> Mapping[str, Any]:
        """The verdict that a test has laid down for a part."""
        return self.verdicts[part.sha256]

    def make_walk(self) -> Walk:
        return Walk(
            intake=self.intake, recorder=self.recorder, asker=self.asker, registrar=self.registrar,
            batches=self.batches, refusals=self.refusals, arrivals=self.arrivals, verifier=self.verifier,
            federation=self.federation, find_channel=self.find_channel, notify=self.notify,
            stages=self.settings.stages, clock=self.clock,
            barrier=self.barrier, on_unforeseen=lambda error, message: self.unforeseen.append(error),
        )  # fmt: skip

    def notify(self, lane: str) -> None:
        self.notified.append(lane)

    async def open(self) -> None:
        await self.journal.open()
        rows = await self.commit(Step("start_node", {"node": self.settings.node, "now": self.now_ms()}))
        self.epoch = int(rows[0][0][0])
        await self.parts.open()
        await self.sequencer.open()

    async def close(self) -> None:
        await self.parts.close()
        await self.journal.close()

    async def commit(self, *steps: Step) -> Any:
        return await self.journal.commit(Unit(steps))

    def inbound(self, service: str, content: Any = None, *, at: Any = None, **more: Any) -> Inbound:
        """One arrival; a letter has its file and goes to the registry unless it says otherwise."""
        if service == "letter.deliver":
            more.setdefault("recipients", (ARSIP,))
            more.setdefault("parts", (PAPER,))
        more.setdefault("message_id", self.ids.new())
        return Inbound(
            received_at=at or self.clock.now(), service=service, document_type=TYPES.get(service, ""),
            content=content, **more,
        )  # fmt: skip

    async def take(self, service: str, content: Any = None, *, sender: str = SIMPUS, **more: Any) -> Any:
        """Through the whole walk."""
        return await self.walk.take(self.inbound(service, content, **more), Caller(sender), PlainCodec())

    def received(self, service: str, content: Any, *, by: str = SIMPUS, **more: Any) -> Received:
        inbound = self.inbound(service, content, **more)
        return self.intake.receive(inbound, Caller(by), self.clock.now(), self.clock.monotonic())

    def normalised(self, service: str, content: Any, **more: Any) -> Normalised:
        return normalise(self.received(service, content, **more), PlainCodec())

    def routed(self, service: str, content: Any, **more: Any) -> Routed:
        return route(self.normalised(service, content, **more), self.federation)

    def verified(self, service: str, content: Any, **more: Any) -> Verified:
        return verify(self.routed(service, content, **more))

    async def record(self, service: str, content: Any, **more: Any) -> str:
        """Recorded without the walk; gives the message id."""
        return (await self.recorder.record(self.verified(service, content, **more))).message_id

    async def spool(self, message: str, data: bytes, **more: Any) -> Part:
        arrival = self.arrivals.begin("kota", message)
        return await arrival.spool(chunks(data), media_type="application/pdf", **more)

    async def lease(self, lane: str, room: int = 16) -> list[Work]:
        return await self.lanes.lease(lane, room)

    async def run(self, lane: str) -> int:
        """Carries everything that is due in a lane, once; says how much that was."""
        leased = await self.lease(lane)
        for work in leased:
            await self.worker.carry(work)
        return len(leased)

    async def work(self, delivery: str) -> Work:
        rows = await self.journal.read("delivery_work", {"delivery": delivery})
        return Work(*rows[0])

    async def state(self, delivery: str) -> str:
        return (await self.work(delivery)).state

    async def queued(self, lane: str) -> list[str]:
        rows = await self.journal.read("due", {"lane": lane, "now": 2**60, "limit": 1000})
        return [str(row[2]) for row in rows]

    async def quarantined(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.operations.quarantined("", 100))["items"]
        return items

    async def told(self, message: str | None = None) -> list[dict[str, Any]]:
        """The events so far, of one message or of all."""
        await self.sequencer.drain()
        rows = await self.journal.read("events_after", {"after": -1, "limit": 1000})
        events = [orjson.loads(row[1]) for row in rows]
        return [one for one in events if message is None or one["message"] == message]

    async def names(self, message: str | None = None) -> list[str]:
        return [one["event"] for one in await self.told(message)]

    def manifest(self, compact: str) -> dict[str, Any]:
        """What a receipt says, after joserfc has verified it."""
        found = jws.deserialize_compact(compact, ECKey.import_key(self.key.public_jwk()), algorithms=["ES256"])
        value: dict[str, Any] = orjson.loads(found.payload)
        return value

    async def chain(self, message: str) -> list[tuple[str, dict[str, Any]]]:
        """Every receipt of a message in order, as (JWS, manifest)."""
        return [(one.jws, self.manifest(one.jws)) for one in await self.recorder.receipts_of(message)]


@contextlib.asynccontextmanager
async def running(folder: Path, federation: Federation) -> AsyncIterator[Bench]:
    """A bench over what an earlier one left in the folder, as after a restart with another configuration."""
    one = Bench(folder, federation)
    await one.open()
    try:
        yield one
    finally:
        await one.close()


def changed(value: Any, **more: Any) -> Any:
    return value._replace(**more) if isinstance(value, Work) else dataclasses.replace(value, **more)
