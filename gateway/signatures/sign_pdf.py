"""Signs a PDF after PAdES (ETSI EN 319 142-1), in a worker.

Enters: the bytes of a PDF, a request, a key, the trust store, a way to ask for timestamps. Leaves: the PDF with one
more signature, which has passed our own verification. Refuses (`SigningRefused`): a PDF, key or time that is not fit.

1. The place is found and the mark drawn, all within the appearance of the new signature's field.
2. The key is opened and its certificate checked; then the signature is made, with a timestamp from B-T on.
3. B-LT: certificates, CRLs and OCSP answers of the trust folder are stored (section 5.4). B-LTA: and a document
   timestamp over all.
4. The result is verified as any foreign file would be. What does not pass is not handed over.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, tsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import DocumentSecurityStore

from gateway.signatures import keys, mark, pdf_place
from gateway.signatures.appearance import MarkStyle
from gateway.signatures.lettering import NoRoom
from gateway.signatures.long_term import Lasting, lasting
from gateway.signatures.page_frame import Box
from gateway.signatures.pdf_place import Opened
from gateway.signatures.proof import proven
from gateway.signatures.signing import SignedPdf, SigningKeySource, SigningRefused, SigningRequest
from gateway.signatures.trust import TrustStore

Stamp = Callable[[bytes], bytes]
"""A TimeStampReq to its TimeStampResp, both in DER; raises `SigningRefused`."""

_TOKEN = 2 * (17 << 10)
"""Hexadecimal digits for a timestamp token: as large as an answer of an authority may be."""
_OWN = 2 * (4 << 10)


async def sign(
    data: bytes,
    request: SigningRequest,
    key: SigningKeySource,
    secret: bytearray | None,
    trust: TrustStore,
    stamp: Stamp | None,
) -> SignedPdf:
    """`data` with one more signature; `secret` is not kept."""
    if request.level != "B-B" and stamp is None:
        raise SigningRefused(
            "timestamp_failed", "no timestamping authority is named", "Name one for the signer, or ask for level B-B."
        )
    at = _moment(request.at)
    before = pdf_place.opened(data, request)
    style = _style(request, before)
    stamper = None if stamp is None or request.level == "B-B" else _Stamper(stamp)
    with keys.opened(key, secret, at) as signer:
        signed = await _signed(before, request, signer, style, stamper, at)
        chain = [signer.signing_cert, *signer.cert_registry]
    if request.level in ("B-LT", "B-LTA") and stamper is not None:
        more = lasting([one for one in chain if one is not None], stamper.tokens, trust)
        signed = await _kept(signed, more, stamper if request.level == "B-LTA" else None)
    proof = await proven(signed, before.field, request.level, trust, at)
    return SignedPdf(signed, hashlib.sha256(signed).hexdigest(), *proof)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _style(request: SigningRequest, before: Opened) -> MarkStyle:
    if before.place is None:
        return MarkStyle()
    width, height = before.place.size
    if request.mark is None:
        return MarkStyle(size=(width, height))
    try:
        return MarkStyle(
            operators=mark.drawn(request.mark, width, height), size=(width, height), turn=before.place.turn
        )
    except NoRoom as error:
        raise SigningRefused(
            "no_room", "the mark does not fit its place", "Make the place larger, the text or the address shorter."
        ) from error


async def _signed(
    before: Opened, request: SigningRequest, signer: Signer, style: MarkStyle, stamper: _Stamper | None, at: datetime
) -> bytes:
    place, certificate = before.place, signer.signing_cert
    if certificate is None:
        raise SigningRefused("key_refused", "no certificate is named for the signer")
    spec = SigFieldSpec(
        before.field,
        on_page=place.page if place is not None else 0,
        box=None if place is None else _box(place.box),
    )
    meta = PdfSignatureMetadata(
        field_name=before.field,
        md_algorithm=keys.digest_for(certificate),
        subfilter=SigSeedSubFilter.PADES,
        reason=request.reason,
        location=request.location,
    )
    by = _Signer(meta, signer, timestamper=stamper, stamp_style=style, new_field_spec=None if before.empty else spec)
    by.at = at
    reserved = _OWN + 2 * sum(len(one.dump()) for one in signer.cert_registry) + (_TOKEN if stamper else 0)
    return await _tried(by.async_sign_pdf(before.writer, bytes_reserved=reserved, existing_fields_only=before.empty))


def _box(box: Box) -> Any:
    """As the library takes it; that it says whole numbers is its mistake."""
    return box


async def _kept(signed: bytes, more: Lasting, stamper: _Stamper | None) -> bytes:
    """`signed` with one more revision: what is needed to check it later, and a document timestamp over all."""
    writer: Any = IncrementalPdfFileWriter(io.BytesIO(signed), strict=False)
    store: Any = DocumentSecurityStore
    store.supply_dss_in_writer(writer, None, certs=more.certificates, crls=more.crls, ocsps=more.ocsps)
    if stamper is not None:
        return await _tried(PdfTimeStamper(stamper).async_timestamp_pdf(writer, "sha256", bytes_reserved=_TOKEN))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


async def _tried(work: Any) -> bytes:
    try:
        return bytes((await work).getbuffer())
    except (SigningRefused, MemoryError, RuntimeError):
        raise
    except SigningError as error:
        raise SigningRefused(
            "changes_forbidden", "the document does not allow this signature", "Name no field, or another one."
        ) from error
    except Exception as error:  # the library writes what it has read from a file that may be made to break it
        raise SigningRefused("not_a_pdf", "nothing can be added to the file", "Give a PDF that opens.") from error


class _Signer(PdfSigner):
    """A signer that says the time it was told."""

    at: datetime

    def init_signing_session(self, *given: Any, **named: Any) -> Any:
        session = super().init_signing_session(*given, **named)
        session.system_time = self.at
        return session


class _Stamper(TimeStamper):
    """Asks the gateway, which asks the authority. `tokens` are those that it gave."""

    def __init__(self, ask: Stamp) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ask, self.tokens = ask, list[cms.ContentInfo]()

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._ask(req.dump()))

    async def async_timestamp(self, message_digest: Any, md_algorithm: Any) -> cms.ContentInfo:
        token = await super().async_timestamp(message_digest, md_algorithm)
        self.tokens.append(token)
        return token
