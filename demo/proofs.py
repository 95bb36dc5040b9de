"""The scenes of the morning in which letters prove themselves: signed, looked up, sent, replaced, altered, proven.

Enters: the places of an office that signs and a village office that drops files, a test authority, an address.
Leaves: `Proofs`, what was answered and seen. Refuses: nothing; what does not come is missing there.

1. A village head's signed letter is dropped, and a copy in which somebody changed a figure.
2. An office has a letter signed; the passphrase goes along in a header. It fetches the PDF and sends it on.
3. A citizen opens the page of its code, in Indonesian and later in English, and compares a copy; a wrong code.
4. A second letter takes the place of the first; the citizen looks once more.
5. The evidence of the message that carried the letter is saved and verified by commands, offline.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from demo import places as where
from demo.agencies.caller import Answer, Caller
from demo.agencies.citizen import Citizen, Seen
from demo.agencies.clerk import Clerk
from demo.agencies.desk_signer import altered, signed
from demo.agencies.folders import Folders, letter
from demo.authority import Authority
from demo.command_line import Ended, lintas
from demo.papers import pdf

LURAH, CITY = "Lurah Cihapit (simulasi)", "Pemerintah Kota Bandung (simulasi)"
CITIZEN, ANYBODY = "a citizen", "anybody, offline"
SUM, OTHER_SUM = b"Rp1.500.000", b"Rp9.500.000"
WRONG = "2222-2222-2222-2222"
DELIVERED_SECONDS = 20.0
_LOOK = 0.2
_PAGES = {
    "id": "opens the notice's QR, in Indonesian",
    "en": "opens it in English, with a copy at hand",
    "wrong": "types a wrong code",
    "after": "opens the QR of the replaced notice",
}


@dataclass(frozen=True)
class Dropped:
    """A PDF with a signature, as it was dropped."""

    name: str
    number: str
    pdf: bytes


@dataclass(frozen=True)
class Happened:
    """Something that only its doer saw. `at` is monotonic, `took` in seconds."""

    who: str
    what: str
    whom: str
    outcome: str
    at: float
    took: float


@dataclass
class Proofs:
    """All that is needed to judge the scenes. `message` is the one that carried the letter."""

    number: str = ""
    good: Dropped | None = None
    bad: Dropped | None = None
    first: Answer | None = None
    second: Answer | None = None
    copy: bytes = b""
    sent: Answer | None = None
    message: str = ""
    looks: dict[str, Seen] = field(default_factory=dict)
    replaced: Answer | None = None
    evidence: Path | None = None
    paper: Path | None = None
    verdicts: dict[str, Ended] = field(default_factory=dict)
    rows: list[Happened] = field(default_factory=list)

    @property
    def url(self) -> str:
        return said(self.first, "url")

    @property
    def url_now(self) -> str:
        """Of the letter that is in force at the end."""
        return said(self.second, "url")


def said(answer: Answer | None, name: str) -> str:
    """A field of what `letter.sign` answered."""
    document = answer.json().get("document") if answer is not None else None
    return str(document.get(name, "")) if isinstance(document, dict) else ""


def _message(answer: Answer | None) -> str:
    return str(answer.json().get("messageId") or "") if answer is not None else ""


class Scenes:
    """One morning's. `say` is told what goes on."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        url: str,
        clerk: Caller,
        village: Folders,
        authority: Authority,
        folder: Path,
        run: str,
        day: str,
        say: Callable[[str], None],
    ) -> None:
        self._url, self._caller, self._village, self._authority = url, clerk, village, authority
        self._folder, self._run, self._day, self._say = folder, run, day, say
        self._clerk = Clerk(clerk, day, where.SIGNER)
        self._citizen = Citizen(session)
        self.proofs = Proofs()

    async def drop(self) -> None:
        """The village head's letter, and the altered copy of it."""
        proofs = self.proofs
        number = f"005/3/CHP/{self._run.upper()}"
        own = self._authority.person("lurah", LURAH, CITY)
        draft = pdf(["PEMERINTAH KOTA BANDUNG (SIMULASI)", "Kelurahan Cihapit", "", f"Nomor: {number}",
                     "Hal: Bantuan sewa tenda", "", f"Bantuan yang diminta: {SUM.decode()}"])  # fmt: skip
        content = await signed(draft, own, self._authority.office)
        proofs.good = Dropped(f"surat-{self._run}-3.pdf", number, content)
        proofs.bad = Dropped(f"surat-{self._run}-3-ubahan.pdf", number, altered(content, SUM, OTHER_SUM))
        sheet = letter(number, self._day, "Bantuan sewa tenda", "Dinas Sosial (simulasi)")
        for one in (proofs.good, proofs.bad):
            await asyncio.to_thread(self._village.drop_letter, one.name, one.pdf, sheet, [where.SOCIAL])
        self._say(f"{where.VILLAGE} drops a letter its head has signed, and somebody a copy with another figure")

    async def play(self) -> None:
        """From the signature to the letter that replaces it."""
        proofs = self.proofs
        proofs.number = f"555/1/KOMINFO/{self._run.upper()}"
        proofs.first = await self._sign(proofs.number, "Pengumuman layanan internet publik", "ttd-1")
        if proofs.first.status != 200:
            return
        proofs.copy = (await self._clerk.file(said(proofs.first, "code"))).body
        await self._look("id", proofs.url, "id")
        await self._send()
        await self._look("en", proofs.url, "en")
        await self._look("wrong", f"{self._url}/v/{WRONG}", "id")
        await self._look("elsewhere", f"{self._url}/v/{'x' * 40}", "id")
        number = f"555/2/KOMINFO/{self._run.upper()}"
        proofs.second = await self._sign(number, "Pengumuman layanan internet publik (ralat)", "ttd-2")
        proofs.replaced = await self._clerk.replace(said(proofs.first, "code"), said(proofs.second, "code"))
        await self._look("after", proofs.url, "id")
        self._say("a letter is signed, sent, looked up by a citizen, and replaced by another")

    async def _sign(self, number: str, subject: str, key: str) -> Answer:
        draft = pdf(["DINAS KOMUNIKASI DAN INFORMATIKA (SIMULASI)", "", f"Nomor: {number}", f"Hal: {subject}", "",
                     "Surat ini contoh, tanpa akibat apa pun."])  # fmt: skip
        return await self._clerk.sign(draft, number, subject, self._authority.passphrase, f"{key}-{self._run}")

    async def _send(self) -> None:
        proofs = self.proofs
        sheet = letter(proofs.number, self._day, "Pengumuman layanan internet publik", "Dinas Sosial (simulasi)")
        proofs.sent = await self._clerk.send(proofs.copy, sheet, where.SOCIAL, f"kirim-{self._run}")
        proofs.message = str(proofs.sent.json().get("messageId") or "")
        until = time.monotonic() + DELIVERED_SECONDS
        while proofs.message and time.monotonic() < until:
            deliveries = (await self._clerk.state(proofs.message)).json().get("deliveries") or []
            if deliveries and all(one["state"] == "delivered" for one in deliveries):
                return
            await asyncio.sleep(_LOOK)

    async def _look(self, kind: str, url: str, language: str) -> None:
        began = time.monotonic()
        seen = await self._citizen.open(url, language)
        self.proofs.looks[kind] = seen
        outcome = f"“{seen.said.rstrip('.')}”" if seen.status == 200 else f"not known ({seen.status})"
        if kind == "en" and seen.fits(self.proofs.copy):
            outcome = "in force; the copy's digest is the same"
        if kind in _PAGES:
            self._happened(CITIZEN, _PAGES[kind], "gateway", outcome, began)

    async def prove(self) -> None:
        """Evidence and receipts of the message that carried the letter, judged by the commands."""
        proofs = self.proofs
        if not proofs.message:
            return
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        proofs.paper, proofs.evidence = self._folder / "letter.pdf", self._folder / "evidence.asice"
        receipts, keys = self._folder / "receipts.json", self._folder / "jwks.json"
        told, public = await self._clerk.receipts(proofs.message), await self._clerk.keys()
        for path, content in ((proofs.paper, proofs.copy), (receipts, told.body), (keys, public.body)):
            await asyncio.to_thread(path.write_bytes, content)
        own = ("--url", self._url, "--key-file", self._caller.key_file)
        trust = ("--trust", self._authority.trust, "--json")
        saved = await lintas("evidence", proofs.message, "-o", proofs.evidence, *own, "--json")
        self._say("the evidence of the letter's message is saved; it is verified offline now")
        await asyncio.gather(
            self._judge("letter", "the signed letter: lintas verify", "verify", proofs.paper, *trust),
            self._judge("evidence", "the evidence: lintas verify", "verify", proofs.evidence, *trust),
            self._judge(
                "receipts", "its receipts: lintas receipt verify", "receipt", "verify", receipts, "--jwks", keys,
                "--json",
            ),
        )  # fmt: skip
        proofs.verdicts["saved"] = saved

    async def _judge(self, kind: str, what: str, *words: Any) -> None:
        began = time.monotonic()
        ended = await lintas(*words)
        self.proofs.verdicts[kind] = ended
        found = ended.json()
        outcome = str(found.get("conclusion") or ("all hold" if found.get("holds") else "do not hold"))
        self._happened(ANYBODY, what, "", outcome, began)

    def labels(self) -> dict[str, str]:
        """Names for the messages of these scenes, by their ids."""
        proofs = self.proofs
        found = {
            _message(proofs.first): "notice, to be signed (QR)",
            _message(proofs.second): "correction, to be signed (QR)",
            proofs.message: "signed notice (PDF, multipart)",
        }
        if proofs.good is not None:
            receipts = self._village.receipts(proofs.good.name, "accepted")
            found |= {str(one.get("messageId")): "signed letter 3 (PDF, folder)" for _, one in receipts}
        if proofs.bad is not None:
            refusals = self._village.refusals(proofs.bad.name)
            found |= {str(one.get("messageId")): "altered copy of letter 3 (PDF, folder)" for one in refusals}
        return {message: label for message, label in found.items() if message}

    def _happened(self, who: str, what: str, whom: str, outcome: str, began: float) -> None:
        self.proofs.rows.append(Happened(who, what, whom, outcome, began, time.monotonic() - began))
