"""How the simulated service signs and verifies: PKCS7 with a timestamp, as BSrE's own signatures are.

Enters: PDFs, whose signature, how it looks. Leaves: the PDF with one more signature, or what is known of those it has.
Refuses (`NotDrawn`, `NotSigned`): a mark that cannot be drawn, a PDF that cannot be read.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext

from demo.agencies.bsre_issuer import Holder, Issuer, loaded
from demo.agencies.bsre_mark import Picture, find, qr


class NotSigned(Exception):
    """The text is for whoever asked for the signature."""


@dataclass(frozen=True)
class Looks:
    """How one signature looks; places in points from the lower left corner. `page` counts from 1, -1 is the last."""

    page: int = -1
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    tag: str | None = None
    image: bytes | None = None
    link: str | None = None
    reason: str | None = None
    location: str | None = None


class _Signer(PdfSigner):
    """A signer with the issuer's clock."""

    issuer: Issuer

    def init_signing_session(self, *given: Any, **named: Any) -> Any:
        session = super().init_signing_session(*given, **named)
        session.system_time = self.issuer.now()
        return session


async def signed(issuer: Issuer, who: Holder, pdf: bytes, looks: Looks) -> bytes:
    """Raises NotDrawn, NotSigned."""
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
        field = f"TandaTangan{len(writer.prev.embedded_signatures) + 1}"
    except Exception as error:
        raise NotSigned(f"the file cannot be read ({type(error).__name__})") from error
    about = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        reason=looks.reason,
        location=looks.location,
    )
    spec, style = _seen(writer, field, looks)
    by = _Signer(about, issuer.signer(who), timestamper=issuer.stamper(), stamp_style=style, new_field_spec=spec)
    by.issuer = issuer
    return (await by.async_sign_pdf(writer, bytes_reserved=32768)).getvalue()


def _seen(writer: Any, field: str, looks: Looks) -> tuple[SigFieldSpec | None, StaticStampStyle | None]:
    if looks.image is None and looks.link is None:
        return None, None
    page, x, y = looks.page - 1 if looks.page > 0 else -1, looks.x, looks.y
    if looks.tag is not None:
        page, x, y = find(writer.prev, looks.tag)
    width, height = looks.width or 60.0, looks.height or 60.0
    box = tuple(round(one) for one in (x, y, x + width, y + height))
    mark = Picture(looks.image, width, height) if looks.image is not None else qr(looks.link or "", width, height)
    rule = SimpleBoxLayoutRule(AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, margins=Margins(0, 0, 0, 0))
    style = StaticStampStyle(border_width=0, background=mark, background_layout=rule)
    return SigFieldSpec(field, on_page=page, box=box), style


@dataclass(frozen=True)
class Seen:
    """One signature as the service judges it, with what its answers tell."""

    field: str
    name: str
    issuer: str
    subject: str
    serial: str
    begin: Any
    end: Any
    at: Any
    reason: str | None
    location: str | None
    stamped: Any
    stamper: str | None
    intact: bool
    trusted: bool
    value: bytes
    digest: bytes


async def judged(issuer: Issuer, pdf: bytes) -> list[Seen]:
    """Every signature of a PDF. Raises NotSigned."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=False)
        found = list(reader.embedded_regular_signatures)
    except Exception as error:
        raise NotSigned(f"the file cannot be read ({type(error).__name__})") from error
    return [await _judged(issuer, one) for one in found]


async def _judged(issuer: Issuer, one: Any) -> Seen:
    roots = [loaded(issuer.root.certificate)]
    context = ValidationContext(trust_roots=roots, allow_fetching=False, moment=issuer.now())
    status = await async_validate_pdf_signature(one, signer_validation_context=context, ts_validation_context=context)
    certificate, stamp = one.signer_cert, status.timestamp_validity
    return Seen(
        field=one.field_name,
        name=certificate.subject.native["common_name"],
        issuer=certificate.issuer.human_friendly,
        subject=certificate.subject.human_friendly,
        serial=str(certificate.serial_number),
        begin=certificate.not_valid_before,
        end=certificate.not_valid_after,
        at=one.self_reported_timestamp,
        reason=_text(one.sig_object.get("/Reason")),
        location=_text(one.sig_object.get("/Location")),
        stamped=stamp.timestamp if stamp is not None else None,
        stamper=stamp.signing_cert.subject.native["common_name"] if stamp is not None else None,
        intact=bool(status.intact and status.valid),
        trusted=bool(status.trusted),
        value=bytes(one.signer_info["signature"].native),
        digest=one.compute_digest(),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
