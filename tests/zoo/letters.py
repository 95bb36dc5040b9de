"""What it takes to sign letters in tests: keys in files, marks, pages of every kind, a timestamping authority on
loopback.

Enters: the authorities of `pki`. Leaves: files, requests, a running authority. Refuses: nothing.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from asn1crypto import tsp
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from gateway.signatures.signing import Mark, Placement, SigningKeySource, SigningRequest
from tests.zoo.pdf import stamper
from tests.zoo.pki import AT, Identity, crl, pki

QR = "https://lintas.example.go.id/v/7F3K-9QXM-2RTW"
LINES = (
    "Ditandatangani secara elektronik oleh:", "Kepala Dinas Kependudukan dan Pencatatan Sipil",
    "Dr. Siti Penanda, S.H., M.Si.", "Pemerintah Kabupaten Contoh", "1 Juni 2026 08.41 WIB",
)  # fmt: skip
SECRET = "kata-sandi-yang-panjang-7421"


def source(folder: Path, who: Identity | None = None, *, secret: str | None = SECRET) -> SigningKeySource:
    """The key and the certificates of `who` as files, the key under `secret`."""
    one = who or pki().signer
    form, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    lock = serialization.BestAvailableEncryption(secret.encode()) if secret else serialization.NoEncryption()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "key.pem").write_bytes(one.key.private_bytes(encoding, form, lock))
    (folder / "chain.pem").write_bytes(b"".join(each.public_bytes(encoding) for each in one.above))
    (folder / "certificate.pem").write_bytes(one.pem)
    return SigningKeySource("file", (folder / "certificate.pem", folder / "chain.pem"), folder / "key.pem")


def request(level: Any = "B-B", mark: Mark | None = None, **more: Any) -> SigningRequest:
    return SigningRequest(level, AT.isoformat(), mark, **more)


def mark(qr: str | None = QR, lines: tuple[str, ...] = LINES, **place: Any) -> Mark:
    return Mark(Placement(**place), qr, lines)


def trust(folder: Path) -> Path:
    """The zoo's trust folder, with the CRLs of the office and of the root as of `AT`."""
    who = pki()
    who.trust(folder)
    (folder / "root.crl").write_bytes(crl(who.root, {}))
    return folder


def page(
    text: str = "BT /F1 12 Tf 72 720 Td (Surat) Tj ET",
    *,
    box: tuple[float, ...] = (0, 0, 595, 842),
    crop: tuple[float, ...] | None = None,
    turned: int = 0,
    more: tuple[str, ...] = (),
) -> bytes:
    """A PDF whose first page has these operators; `more` are the operators of further ones."""
    writer: Any = PdfFileWriter(stream_xrefs=False)
    font = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Font"),
                pdf_name("/Subtype"): pdf_name("/Type1"),
                pdf_name("/BaseFont"): pdf_name("/Helvetica"),
            }
        )
    )
    for operators in (text, *more):
        stream = writer.add_object(generic.StreamObject(stream_data=operators.encode()))
        fonts = generic.DictionaryObject({pdf_name("/F1"): font})
        resources = generic.DictionaryObject({pdf_name("/Font"): fonts})
        one = PageObject(contents=stream, media_box=box, resources=resources)  # type: ignore[arg-type]
        if crop is not None:
            one[pdf_name("/CropBox")] = generic.ArrayObject(generic.FloatObject(each) for each in crop)
        if turned:
            one[pdf_name("/Rotate")] = generic.NumberObject(turned)
        writer.insert_page(one)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@dataclass
class Authority:
    """A timestamping authority. `twist` changes its answer; `asked` are the requests, `headers` those of the last."""

    url: str = ""
    asked: list[tsp.TimeStampReq] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    twist: Callable[[bytes], web.Response] | None = None
    tsa: Identity | None = None

    def answer(self, asked: bytes) -> bytes:
        one = tsp.TimeStampReq.load(asked)
        self.asked.append(one)
        return bytes(stamper(AT, self.tsa).request_tsa_response(one).dump())


@asynccontextmanager
async def authority() -> AsyncIterator[Authority]:
    """One that listens on loopback for as long as a `with` lasts."""
    one = Authority()

    async def stamp(asked: web.Request) -> web.Response:
        body = await asked.read()
        one.headers = dict(asked.headers)
        answer = one.answer(body)
        if one.twist is not None:
            return one.twist(answer)
        return web.Response(body=answer, content_type="application/timestamp-reply")

    app = web.Application()
    app.router.add_post("/tsa", stamp)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}/tsa"
    try:
        yield one
    finally:
        await runner.cleanup()
