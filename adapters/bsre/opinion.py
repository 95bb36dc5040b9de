"""What the service itself thinks of a signed PDF: a second opinion, never the gateway's verdict.

Enters: answers of its verification, with their field names as the manual spells them. Leaves: an `Opinion`. Refuses:
what is no such answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from gateway.contract import Reason, Refused
from gateway.contract.frozen import frozen

Conclusion = Literal["valid", "invalid", "no_signature", "unknown"]
_V1 = {"DOCUMENT VALID !!!": "valid", "DOCUMENT NOT VALID !!!": "invalid"}
_V2 = {"VALID": "valid", "NO_SIGNATURE": "no_signature", "INVALID": "invalid"}


@frozen
class Signed:
    """One signature as the service sees it. `signer` is personal. `at` is as it was written: v1 writes no zone."""

    signer: str | None = field(repr=False)
    intact: bool | None
    trusted: bool | None
    at: str | None
    timestamp: str | None


@frozen
class Opinion:
    """`unknown`: a conclusion that the manual does not name."""

    conclusion: Conclusion
    signatures: tuple[Signed, ...]


def opinion_v1(found: Mapping[str, Any]) -> Opinion:
    """The answer of `POST /api/sign/verify`."""
    conclusion = _V1.get(_text(found.get("summary")) or "", "unknown")
    signatures = tuple(_of_v1(one) for one in _objects(found.get("details")))
    if found.get("jumlah_signature") == 0:
        conclusion = "no_signature"
    return _made(conclusion, signatures, "summary" in found or "jumlah_signature" in found)


def opinion_v2(found: Mapping[str, Any]) -> Opinion:
    """The answer of `POST /api/v2/verify/pdf`."""
    conclusion = _V2.get(_text(found.get("conclusion")) or "", "unknown")
    signatures = tuple(_of_v2(one) for one in _objects(found.get("signatureInformations")))
    return _made(conclusion, signatures, "conclusion" in found)


def _made(conclusion: Any, signatures: tuple[Signed, ...], is_one: bool) -> Opinion:
    if not is_one:
        detail = "the service's answer is no verification as its manual has it"
        raise Refused(Reason.RECIPIENT_ANSWER_INVALID, detail)
    return Opinion(conclusion, signatures)


def _of_v1(one: Mapping[str, Any]) -> Signed:
    signer, document, stamp = (_object(one.get(name)) for name in ("info_signer", "signature_document", "info_tsa"))
    return Signed(
        _text(signer.get("signer_name")),
        _truth(document.get("document_integrity")),
        _truth(signer.get("cert_user_certified")),
        _text(document.get("signed_in")),
        _text(stamp.get("name")),
    )


def _of_v2(one: Mapping[str, Any]) -> Signed:
    stamp = _object(one.get("timestampInfomation"))
    return Signed(
        _text(one.get("signerName")),
        _truth(one.get("integrityValid")),
        _truth(one.get("certificateTrusted")),
        _text(one.get("signatureDate")),
        _text(stamp.get("timestampDate")),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
