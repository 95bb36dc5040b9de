"""A bench whose city signs letters, with a pool of workers that signs with a pen of its own.

Enters: a folder. Leaves: a `Bench` with its desk. Refuses: findings in its own federation.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.contract.exchange import Ephemeral
from gateway.contract.signer import DocumentSigner, PdfToSign
from gateway.hosting import FileSecrets
from gateway.letters.desk import SigningDesk
from gateway.letters.signers import Pen
from gateway.signatures.signing import SignedPdf, SigningKeySource, SigningRefused, SigningRequest, TsaUse
from gateway.signatures.workers import Source
from tests.unit.gateway.bench import FILES, SIMPUS, Bench, small_federation

DRAFT = b"%PDF-1.7 a letter that nobody has signed yet\n%%EOF\n"
PASSPHRASE = "Frasa-Sandi-7781-benar"
SIGNERS = """\
signers:
  kepala:
    name: Dr. Ani Contoh
    title: Kepala Dinas
    key: {file: keys/signers/kepala.pem, certificates: [keys/signers/kepala.crt]}
  sekretaris:
    name: Budi Contoh
    title: Sekretaris
    level: B-T
    key: {pkcs11: {module: /lib/token.so, token_label: lintas}, certificates: [s.crt], secret: {file: pin}}
    tsa: {url: "http://tsa.example/", secret_file: tsa}
  wali:
    name: Cici Contoh
    title: Wali Kota
    key: {adapter: stub, signer_file: nik}
"""
ROUTE = '  - {service: letter.sign, from: ["kota/*"], purpose: Perpres 95/2018}\n'
OFFICE = {
    **FILES,
    "agencies/kota.yaml": FILES["agencies/kota.yaml"]
    .replace("[coverage.lookup, letter.deliver,", "[coverage.lookup, letter.sign, letter.deliver,")
    .replace("systems:\n", SIGNERS + "systems:\n", 1),
    "routes.yaml": FILES["routes.yaml"] + ROUTE,
}


class Workers:
    """Appends what it was asked for to the PDF; refuses as it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[SigningRequest, SigningKeySource, str | None, TsaUse | None]] = []
        self.refuses: BaseException | None = None
        self.during: Callable[[], Any] = lambda: None

    async def sign(
        self, source: Source, request: SigningRequest, key: SigningKeySource, *, secret: str | None,
        tsa: TsaUse | None, trust: Path,
    ) -> SignedPdf:  # fmt: skip
        self.asked.append((request, key, secret, tsa))
        self.during()
        if self.refuses is not None:
            raise self.refuses
        if secret != PASSPHRASE:
            raise SigningRefused("passphrase_wrong", "the passphrase does not open the key")
        assert source.read is not None
        assert request.mark is not None
        data = await source.read(0, source.size) + f"signed {request.mark.qr}\n".encode()
        return SignedPdf(data, hashlib.sha256(data).hexdigest(), "CN=Ani", "Kota", "c" * 64, request.level)

    async def verify(self, source: Source, *, trust: Path) -> dict[str, Any]:
        """As many signatures as the word stands in it."""
        assert source.read is not None
        count = (await source.read(0, source.size)).count(b"signed ")
        one = {"integrity": "intact", "level": "B-T", "signer": "CN=Cici", "organisation": None,
               "certificateSha256": "d" * 64}  # fmt: skip
        return {"conclusion": "valid", "signatures": [one] * count}


class Service(DocumentSigner):
    """Signs elsewhere."""

    def __init__(self) -> None:
        self.given: list[tuple[PdfToSign, str | None]] = []
        self.gives: bytes | None = None
        self.codes: list[str] = []

    async def open(self) -> None:
        return None

    async def check(self) -> list[str]:
        return []

    async def sign(self, document: PdfToSign, ephemeral: Ephemeral, timeout: float) -> bytes:  # noqa: ASYNC109
        self.given.append((document, ephemeral.take("totp")))
        return document.pdf + b"signed there\n" if self.gives is None else self.gives

    async def send_code(self, signer: str, timeout: float) -> None:  # noqa: ASYNC109
        self.codes.append(signer)


class Office:
    """A bench that signs. `workers` and `service` say what they were asked for."""

    def __init__(self, folder: Path) -> None:
        from gateway.contract.adapter import AdapterSpec
        from tests.unit.gateway.bench import STUB, Plain

        signing = AdapterSpec("stub", "Stub", {**STUB.makers, "signer": (Plain, lambda config, host: Service())})
        self.bench = Bench(folder, small_federation(folder / "config", OFFICE, signing))
        self.workers, self.service = Workers(), Service()
        for name, text in (("nik", "3273014107900001"), ("pin", PASSPHRASE)):
            path = folder / name
            path.write_text(text, encoding="ascii")
            path.chmod(0o600)
        bench = self.bench
        self.pen = Pen(
            workers=self.workers,
            secrets=FileSecrets(folder),
            elsewhere=lambda agency, signer: self.service if signer == "wali" else None,
            state=folder,
            trust=folder / "trust",
        )
        self.desk = bench.desk = SigningDesk(
            registry=bench.letters,
            pen=self.pen,
            parts=bench.host_parts,
            federation=bench.federation,
            public_url=lambda: "https://lintas.example",
            most=10_000,
            now=bench.clock.now,
        )

    async def sign(self, passphrase: str | None = PASSPHRASE, data: bytes = DRAFT, **more: Any) -> Any:
        """Through the whole walk: `Answered` or `Rejected`."""
        bench, message, key = self.bench, self.bench.ids.new(), more.pop("key", None)
        part = await bench.spool(message, data, name="surat.pdf")
        ephemeral = Ephemeral(more.pop("ephemeral", None) or ({"passphrase": passphrase} if passphrase else {}))
        return await bench.take(
            "letter.sign", request(part.sha256, part.size, **more), sender=SIMPUS, message_id=message, parts=(part,),
            ephemeral=ephemeral, key=key,
        )  # fmt: skip


def request(sha256: str, size: int, **more: Any) -> dict[str, Any]:
    return {
        "file": {"sha256": sha256, "size": size, "mediaType": "application/pdf"},
        "signer": "kepala",
        "letterNumber": "005/12/Kel",
        "letterDate": "2026-11-20",
        "subject": "Undangan rapat tentang Ibu Siti",
        **more,
    }


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Office]:
    office = Office(folder)
    await office.bench.open()
    try:
        yield office
    finally:
        await office.bench.close()
