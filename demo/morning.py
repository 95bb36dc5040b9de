"""A morning among agencies, played by real calls: who sends what to whom, who is down, who comes too late.

Enters: places, the address of a running gateway, a run's name (it seeds people and keys, so that every morning is a new
one on the same state). Leaves: `Played`, all that is needed to judge it. Refuses: nothing; what does not happen in time
is missing in what is left, and the checks say so.

1. A village office and the population office drop their files; the letters office is down.
2. A health centre asks by SOAP, a hospital by REST; one card is unknown.
3. The hospital sends a referral as JSON, and one with a scan of 50 MiB as multipart.
4. A repeat, a conflict, a stranger.
5. Letters that prove themselves: signed, looked up by a citizen, altered, proven (`demo.proofs`).
6. When everybody else has been served, the letters office comes up; its letters arrive and are registered.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from demo import places as where
from demo.agencies import simpus
from demo.agencies.bpjs import Insurer
from demo.agencies.caller import Answer, Caller
from demo.agencies.dinas_sosial import SocialOffice
from demo.agencies.dukcapil import Registry
from demo.agencies.folders import letter
from demo.agencies.kominfo import WIB, LettersOffice
from demo.agencies.rs_rujukan import ReferralHospital
from demo.agencies.simrs import Hospital
from demo.agencies.tsa import StampingAuthority
from demo.authority import Authority
from demo.events import EventLog
from demo.papers import Scan, pdf
from demo.people import Person, Table, people, table
from demo.places import Places
from demo.proofs import Proofs, Scenes

OWN = "demo"
"""Below the state folder: what the demonstration itself writes."""
ROWS, DOWN_SECONDS = 1000, 4.0
SERVED_SECONDS, DONE_SECONDS, QUIET_SECONDS = 15.0, 45.0, 30.0
_LOOK = 0.1
_RESULT = ("HASIL LABORATORIUM (SIMULASI)", "Kolesterol total 241 mg/dL")


@dataclass(frozen=True)
class Letter:
    """A letter as it was dropped."""

    name: str
    number: str
    pdf: bytes
    recipients: tuple[str, ...]


@dataclass
class Played:
    """What was sent, answered and seen. Monotonic times are in seconds."""

    run: str
    began: datetime
    began_at: float
    letters: list[Letter] = field(default_factory=list)
    csv_name: str = ""
    table: Table | None = None
    covered: list[tuple[Person, simpus.Answer]] = field(default_factory=list)
    uncovered: simpus.Answer | None = None
    asked_by_rest: tuple[Person, Answer] | None = None
    answers: dict[str, Answer] = field(default_factory=dict)
    referrals: dict[str, str] = field(default_factory=dict)
    result_sha256: str = ""
    scan: Scan | None = None
    up_at: float | None = None
    seen_down: bool = False
    report: dict[str, Any] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    proofs: Proofs = field(default_factory=Proofs)


class Morning:
    """The agencies around one gateway. `say` is told what goes on, one sentence at a time."""

    def __init__(
        self,
        places: Places,
        url: str,
        session: aiohttp.ClientSession,
        run: str,
        say: Callable[[str], None],
        authority: Authority,
    ) -> None:
        self._places, self._url, self._session, self._say = places, url, session, say
        self.run = run
        draw = random.Random(f"lintas:{run}")
        self._day = datetime.now(WIB).date().isoformat()
        self._patients = people(draw, 12)
        self._table = table(draw, people(draw, ROWS))
        at = places.addresses
        bpjs, dukcapil = at[where.INSURER], at[where.REGISTRY]
        kominfo, rujukan = at[where.LETTERS], at[where.REFERRALS]
        self.insurer = Insurer(where.INSURER, bpjs.host, bpjs.port, bpjs.path, self._patients)
        self.registry = Registry(where.REGISTRY, dukcapil.host, dukcapil.port, dukcapil.path)
        self.letters = LettersOffice(
            kominfo.host, kominfo.port, kominfo.path, self._caller(where.LETTERS), after=1.5, run=run
        )
        self.referrals = ReferralHospital(rujukan.host, rujukan.port, rujukan.path, self._caller(where.REFERRALS))
        self.social = SocialOffice(self._caller(where.SOCIAL))
        self.village, self.population = places.folders[where.VILLAGE], places.folders[where.POPULATION]
        self._events = EventLog(Caller(session, url, "operator", places.operator_key))
        self._centre = simpus.HealthCentre(self._caller(where.CENTRE))
        self._hospital = Hospital(self._caller(where.HOSPITAL), self._day)
        stamping = places.stamping
        self.stamping = StampingAuthority(
            stamping.host, stamping.port, stamping.path, authority.stamper, authority.root
        )
        self.scenes = Scenes(
            session=session, url=url, clerk=self._caller(where.CLERK), village=self.village, authority=authority,
            folder=places.state / OWN / "papers" / run, run=run, day=self._day, say=say,
        )  # fmt: skip

    def _caller(self, system: str) -> Caller:
        return Caller(self._session, self._url, system, self._places.keys[system])

    async def open(self) -> None:
        """Everybody takes their place. Raises PortTaken, also for the one that is to come up later."""
        await self.letters.start()
        await self.letters.stop()
        for server in (self.insurer, self.registry, self.referrals, self.stamping):
            await server.start()

    async def close(self) -> None:
        await self.social.stop()
        for server in (self.letters, self.referrals, self.registry, self.insurer, self.stamping):
            await server.stop()

    async def play(self) -> Played:
        played = Played(self.run, datetime.now(UTC), time.monotonic())
        start = await self._events.end()
        await self.social.start()
        await self._drop(played)
        await self.scenes.drop()
        await asyncio.gather(self._ask(played), self._refer(played))
        await self._misbehave(played)
        await self._come_up(played, start)
        played.proofs = self.scenes.proofs
        await self.scenes.play()
        await self._until(lambda: self._all_there(played), DONE_SECONDS)
        await self.scenes.prove()
        played.waiting = await self._quiet()
        played.report = self.population.row_report(played.csv_name)
        played.events = await self._events.after(start)
        self._name(played)
        played.seconds = time.monotonic() - played.began_at
        return played

    async def _drop(self, played: Played) -> None:
        self._say(f"{where.LETTERS} is down")
        both = (where.LETTERS, where.SOCIAL)
        for number, (subject, recipients) in enumerate(
            (("Undangan musyawarah kelurahan", both), ("Permohonan jaringan internet", (where.LETTERS,))), 1
        ):
            given = f"005/{number}/CHP/{self.run.upper()}"
            content = pdf(["PEMERINTAH KOTA BANDUNG (SIMULASI)", "Kelurahan Cihapit", "", f"Nomor: {given}",
                           f"Hal: {subject}", "", "Surat ini contoh, tanpa akibat apa pun."])  # fmt: skip
            sent = Letter(f"surat-{self.run}-{number}.pdf", given, content, recipients)
            sheet = letter(given, self._day, subject, "Dinas Komunikasi dan Informatika (simulasi)")
            await asyncio.to_thread(self.village.drop_letter, sent.name, content, sheet, list(recipients))
            played.letters.append(sent)
        played.table, played.csv_name = self._table, f"penduduk-{self.run}.csv"
        await asyncio.to_thread(self.population.drop, played.csv_name, self._table.content)
        self._say(f"{where.VILLAGE} drops two letters; {where.POPULATION} drops a table of {ROWS} rows")

    async def _ask(self, played: Played) -> None:
        for number, person in enumerate(self._patients[:3]):
            answer = await self._centre.lookup(person.card, self._day, key=f"tanya-{self.run}-{number}")
            played.covered.append((person, answer))
        unknown = "9" * 13
        played.uncovered = await self._centre.lookup(unknown, self._day, key=f"tanya-{self.run}-x")
        person = self._patients[3]
        played.asked_by_rest = (person, await self._hospital.ask(person.card, f"tanya-{self.run}-r"))
        self._say(f"{where.CENTRE} asked by SOAP, {where.HOSPITAL} by REST; {where.INSURER} answered")

    async def _refer(self, played: Played) -> None:
        first, second = f"0301R011{self.run.upper()}1", f"0301R011{self.run.upper()}2"
        result = pdf(_RESULT)
        scan = Scan(self.run)
        played.result_sha256 = hashlib.sha256(result).hexdigest()
        await asyncio.to_thread(lambda: scan.sha256)
        played.scan, played.referrals = scan, {"json": first, "scan": second}
        submission = self._hospital.with_result(first, self._patients[4], "Nyeri dada", result)
        played.answers["referral"] = await self._hospital.send(submission, f"rujuk-{self.run}-1")
        self._say(f"{where.HOSPITAL} sends a referral as JSON, then one with a scan of {scan.size >> 20} MiB")
        played.answers["scan"] = await self._hospital.send_scan(second, self._patients[5], scan, f"rujuk-{self.run}-2")

    async def _misbehave(self, played: Played) -> None:
        first = played.referrals["json"]
        result = pdf(_RESULT)
        same = self._hospital.with_result(first, self._patients[4], "Nyeri dada", result)
        other = self._hospital.with_result(first, self._patients[4], "Sesak napas", result)
        played.answers["duplicate"] = await self._hospital.send(same, f"rujuk-{self.run}-1")
        played.answers["conflict"] = await self._hospital.send(other, f"rujuk-{self.run}-1")
        played.answers["stranger"] = await self._caller(where.STRANGER).submit(same, key=f"asing-{self.run}")
        self._say("a repeat, a conflict and a stranger without rights have had their answers")

    async def _come_up(self, played: Played, start: int) -> None:
        """Waits until the office's absence was felt and everybody else was served, and at least some seconds."""
        await self._until(lambda: self._others_served(played), SERVED_SECONDS)
        until = time.monotonic() + SERVED_SECONDS
        while not played.seen_down and time.monotonic() < until:
            found = await self._events.after(start, recipient=where.LETTERS, event="attempt_failed")
            played.seen_down = bool(found)
            await asyncio.sleep(_LOOK)
        await asyncio.sleep(max(0.0, played.began_at + DOWN_SECONDS - time.monotonic()))
        await self.letters.start()
        played.up_at = time.monotonic()
        self._say(f"{where.LETTERS} comes up after {played.up_at - played.began_at:.1f} s")

    def _others_served(self, played: Played) -> bool:
        letter_taken = bool(self.social.books.about(played.letters[0].number))
        return letter_taken and played.referrals["json"] in self.referrals.referrals

    def _all_there(self, played: Played) -> bool:
        referrals = [self.referrals.referrals.get(number) for number in played.referrals.values()]
        return (
            all(one is not None and one.whole for one in referrals)
            and self.persons_missing() == 0
            and self.population.row_report(played.csv_name) is not None
            and all(self.village.receipts(sent.name, "registered") for sent in played.letters)
            and self._judged(played.proofs)
        )

    def _judged(self, proofs: Proofs) -> bool:
        """Whether the two letters that the village head had signed have had their fate."""
        good, bad = proofs.good, proofs.bad
        return (
            good is None or bad is None or (good.number in self.social.files and bool(self.village.refusals(bad.name)))
        )

    @property
    def persons_due(self) -> int:
        """Rows of this morning's table that the registry must get."""
        return len(self._table.good)

    def persons_missing(self) -> int:
        """Rows of this morning's table that the registry does not have."""
        return len(set(self._table.good) - set(self.registry.books.matters()))

    async def _quiet(self) -> dict[str, int]:
        """Waits until no lane has work left; gives the lanes that still have."""
        until = time.monotonic() + QUIET_SECONDS
        while True:
            status = await self._events.status()
            lanes = {one["lane"]: one["queued"] + one["leased"] for one in status.get("lanes", [])}
            busy = {lane: count for lane, count in lanes.items() if count}
            if (status and not busy) or time.monotonic() > until:
                return busy if status else {"unknown": 1}
            await asyncio.sleep(_LOOK)

    async def _until(self, there: Callable[[], bool], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not await asyncio.to_thread(there):
            if time.monotonic() > until:
                return False
            await asyncio.sleep(_LOOK)
        return True

    def _name(self, played: Played) -> None:
        """Names for messages, from what their senders and recipients know of them."""
        names = played.labels
        names.update(self.scenes.labels())
        names.update({a.message: "coverage question by SOAP" for _, a in played.covered if a.message})
        if played.uncovered is not None and played.uncovered.message:
            names[played.uncovered.message] = "coverage question, unknown card"
        known = {"referral": "referral (JSON)", "scan": "referral with a scan (multipart)",
                 "conflict": "referral, same key, other content", "stranger": "referral from a stranger"}  # fmt: skip
        for kind, label in known.items():
            if (answer := played.answers.get(kind)) is not None and (message := _message_of(answer)):
                names[message] = label
        if played.asked_by_rest is not None and (message := _message_of(played.asked_by_rest[1])):
            names[message] = "coverage question by REST"
        for number, sent in enumerate(played.letters, 1):
            for _, said in self.village.receipts(sent.name, "accepted"):
                names[str(said.get("messageId"))] = f"letter {number} (PDF, folder)"
        if played.report is not None:
            names[str(played.report.get("messageId"))] = f"table of {ROWS} rows (CSV, folder)"
        rows = {entry.message: "person row" for entry in self.registry.books.entries.values()}
        names.update(rows)
        for event in played.events:
            if event.get("service") == "acknowledgement.deliver" and event.get("message"):
                names.setdefault(str(event["message"]), "registration of a letter")


def _message_of(answer: Answer) -> str | None:
    found = answer.json().get("messageId")
    return found if isinstance(found, str) else None
