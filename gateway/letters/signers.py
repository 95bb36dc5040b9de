"""The pen: draws the mark and signs, with the key of a configured signer, wherever that key is.

Enters: a PDF, the request, the signer, the code with its address, what only the person knows. Leaves: the signed PDF
with what it says of its signer. Refuses: as a reason of the catalogue, whatever the signing itself refused; and bytes
of a signing service that are no signed PDF.

A key of our own (PEM file, PKCS#11) is used in a worker. A key behind an adapter is used by its service; what comes
back is examined before anybody relies on it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import segno

from gateway.contract.errors import NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Ephemeral
from gateway.contract.frozen import frozen
from gateway.contract.host import Secrets
from gateway.contract.reasons import Reason
from gateway.contract.signer import DocumentSigner, PdfToSign
from gateway.federation import Signer
from gateway.letters.code import grouped
from gateway.signatures.signing import (
    Mark,
    Placement,
    SignedPdf,
    SigningKeySource,
    SigningRefused,
    SigningRequest,
    TsaUse,
)
from gateway.signatures.workers import Source, WorkersBusy
from schemas.signature_request_1 import SignatureRequest1

SIGNED_BY = "Ditandatangani secara elektronik oleh:"
PASSPHRASE, TOTP = "passphrase", "totp"
_REASONS: Mapping[str, Reason] = {
    "passphrase_wrong": Reason.PASSPHRASE_REFUSED,
    "key_refused": Reason.SIGNER_NOT_READY,
    "certificate_expired": Reason.SIGNER_NOT_READY,
    "timestamp_failed": Reason.SIGNER_NOT_READY,
    "revocation_missing": Reason.SIGNER_NOT_READY,
    "too_large": Reason.PART_TOO_LARGE,
}
"""What the workers' refusals mean here; every other one is about the document."""


@frozen
class Written:
    """A signed PDF. `signer` and `organisation` are the certificate's words; `certificate` its SHA-256 in hex."""

    data: bytes
    level: str
    signer: str
    organisation: str | None
    certificate: str


class Signing(Protocol):
    """The pool of workers, as far as it is needed here."""

    async def sign(
        self, source: Source, request: SigningRequest, key: SigningKeySource, *, secret: str | None,
        tsa: TsaUse | None, trust: Path,
    ) -> SignedPdf: ...  # fmt: skip

    async def verify(self, source: Source, *, trust: Path) -> dict[str, Any]: ...


class Pen:
    """`state` is the folder that names of files are relative to; `elsewhere` finds who signs for a signer whose key is
    behind an adapter."""

    def __init__(
        self,
        *,
        workers: Signing,
        secrets: Secrets,
        elsewhere: Callable[[str, str], DocumentSigner | None],
        state: Path,
        trust: Path,
    ) -> None:
        self._workers, self._secrets, self._elsewhere = workers, secrets, elsewhere
        self._state, self._trust = state, trust

    async def sign(
        self,
        pdf: bytes,
        request: SignatureRequest1,
        signer: Signer,
        *,
        agency: str,
        url: str,
        code: str,
        at: datetime,
        ephemeral: Ephemeral | None,
        seconds: float,
    ) -> Written:
        try:
            if signer.key.adapter is not None:
                return await self._by_service(pdf, request, signer, agency, url, ephemeral or Ephemeral(), seconds)
            return await self._by_us(pdf, request, signer, url, code, at, ephemeral)
        except SigningRefused as error:
            reason = _REASONS.get(error.code, Reason.NOT_SIGNABLE)
            told = f"{error}: {error.advice}" if error.advice else str(error)
            raise Refused(reason, told) from error
        except WorkersBusy as error:
            raise TryLater(Reason.BUSY, "other documents are being signed", after=5.0) from error

    async def send_code(self, signer: Signer, agency: str, seconds: float) -> None:
        """Has a one-time code sent to the person, who then gives it with the request."""
        service = self._elsewhere(agency, signer.id)
        if service is None or signer.key.signer_file is None:
            raise Refused(Reason.BAD_REQUEST, "this signer takes no one-time code")
        await service.send_code(self._secrets.get(f"file:{signer.key.signer_file}"), seconds)

    async def _by_us(
        self, pdf: bytes, request: SignatureRequest1, signer: Signer, url: str, code: str, at: datetime,
        ephemeral: Ephemeral | None,
    ) -> Written:  # fmt: skip
        lines = (SIGNED_BY, signer.title, signer.name, grouped(code))
        wanted = SigningRequest(
            level=signer.level,
            at=at.isoformat(),
            mark=Mark(placement(request), url, lines),
            reason=request.reason,
            location=request.location,
        )
        signed = await self._workers.sign(
            _source(pdf), wanted, self._key(signer), secret=self._secret(signer, ephemeral), tsa=self._tsa(signer),
            trust=self._trust,
        )  # fmt: skip
        return Written(signed.data, signed.level, signed.signer, signed.organisation, signed.certificate_sha256)

    async def _by_service(
        self, pdf: bytes, request: SignatureRequest1, signer: Signer, agency: str, url: str, ephemeral: Ephemeral,
        seconds: float,
    ) -> Written:  # fmt: skip
        service = self._elsewhere(agency, signer.id)
        if service is None or signer.key.signer_file is None:
            raise NeedsOperator(f"the signer {signer.id} has no service that signs; see the configuration")
        place, before = placement(request), await self._workers.verify(_source(pdf), trust=self._trust)
        wanted = PdfToSign(
            pdf=pdf,
            signer=self._secrets.get(f"file:{signer.key.signer_file}"),
            image=_image(url),
            qr_url=url,
            page=place.page,
            x=place.x,
            y=place.y,
            # A picture of the QR alone: a square.
            width=min(place.width, place.height),
            height=min(place.width, place.height),
            tag=place.tag,
            reason=request.reason,
            location=request.location,
            already_signed=bool(before["signatures"]),
        )
        data = await service.sign(wanted, ephemeral, seconds)
        return await self._examined(data, len(before["signatures"]))

    async def _examined(self, data: bytes, before: int) -> Written:
        """What came back has one more signature, and that one is over the very bytes."""
        verdict = await self._workers.verify(_source(data), trust=self._trust)
        found = verdict["signatures"]
        if len(found) != before + 1 or found[-1]["integrity"] != "intact":
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "what the signing service gave back is not well signed")
        last = found[-1]
        level = last["level"] or "B-B"
        return Written(data, level, last["signer"] or "", last["organisation"], last["certificateSha256"] or "")

    def _key(self, signer: Signer) -> SigningKeySource:
        key = signer.key
        certificates = tuple(self._state / one for one in key.certificates)
        if key.pkcs11 is None:
            return SigningKeySource("file", certificates, key_file=self._state / (key.file or ""))
        token = key.pkcs11
        return SigningKeySource(
            "pkcs11", certificates, module=self._state / token.module, token=token.token_label, label=token.key_label
        )

    def _secret(self, signer: Signer, ephemeral: Ephemeral | None) -> str | None:
        """What the person gave with the request; else what the configuration names."""
        given = ephemeral.take(PASSPHRASE) if ephemeral is not None else None
        if given is None and signer.key.secret is not None:
            return self._secrets.get(f"file:{signer.key.secret.file}")
        return given

    def _tsa(self, signer: Signer) -> TsaUse | None:
        use = signer.tsa
        if use is None:
            return None
        secret, authorities = (None if one is None else self._state / one for one in (use.secret_file, use.ca_file))
        return TsaUse(use.url, secret, authorities)


def placement(request: SignatureRequest1) -> Placement:
    """Where the mark goes; what the request leaves open is at the foot of the last page."""
    asked, usual = request.placement, Placement()
    if asked is None:
        return usual

    def given(value: int | None, else_: float) -> float:
        return else_ if value is None else float(value)

    return Placement(
        page=usual.page if asked.page is None else asked.page,
        x=given(asked.x, usual.x),
        y=given(asked.y, usual.y),
        width=given(asked.width, usual.width),
        height=given(asked.height, usual.height),
        tag=asked.tag,
    )


def _source(data: bytes) -> Source:
    async def read(start: int, stop: int) -> bytes:
        return data[start:stop]

    return Source("surat.pdf", size=len(data), read=read)


def _image(url: str) -> bytes:
    """The QR as a PNG, for a service that places a picture."""
    out = io.BytesIO()
    segno.make_qr(url, error="m").save(out, kind="png", scale=8, border=4)
    return out.getvalue()
