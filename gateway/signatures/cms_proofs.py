"""What proves a CMS signature beside itself: timestamps, certificates and revocation data that came along.

Enters: SignedData, attributes, callables that give digests. Leaves: tokens for `stamps`, what is `Known`. Refuses:
nothing; what cannot be read is told as a finding or left out.

Revocation data stands in SignedData.crls (RFC 5652, section 10.2.1; OCSP by RFC 5940), in revocation-values (CAdES,
EN 319 122-1, annex A.1.5.2) or in Adobe's attribute (PDF).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from asn1crypto import cms, core, ocsp, pdf, x509

from gateway.signatures import cms_attributes
from gateway.signatures.chain import Known
from gateway.signatures.cms_archive import archive_token, in_order
from gateway.signatures.cms_attributes import Attributes
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.cms_signer import MOST_CERTIFICATES, WRONG, readable_certificate
from gateway.signatures.examined import Token
from gateway.signatures.findings import Finding, found

MOST_TOKENS, MOST_REVOCATIONS = 32, 200
_OCSP_RESPONSE, _OCSP_BASIC = "1.3.6.1.5.5.7.16.2", "1.3.6.1.5.5.7.48.1.1"


class _Certificates(core.SequenceOf):  # type: ignore[misc]
    _child_spec = x509.Certificate


class _Crls(core.SequenceOf):  # type: ignore[misc]
    _child_spec = cms.CertificateList


class _BasicAnswers(core.SequenceOf):  # type: ignore[misc]
    _child_spec = ocsp.BasicOCSPResponse


class _RevocationValues(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("crls", _Crls, {"explicit": 0, "optional": True}),
        ("ocsps", _BasicAnswers, {"explicit": 1, "optional": True}),
        ("other", core.Any, {"explicit": 2, "optional": True}),
    ]


def revocations(signed: cms.SignedData) -> tuple[list[bytes], list[bytes]]:
    """CRLs and OCSP answers of SignedData.crls, in DER."""
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    try:
        field = signed["crls"]
        for one in [] if isinstance(field, core.Void) else list(field)[:MOST_REVOCATIONS]:
            if one.name == "crl":
                crls.append(one.chosen.dump())
            else:
                _other(one.chosen.untag().dump(), ocsps)
    except WRONG:
        pass
    return crls, ocsps


class _Other(core.Sequence):  # type: ignore[misc]
    _fields = [("format", core.ObjectIdentifier), ("info", core.Any)]  # noqa: RUF012


def _other(der: bytes, ocsps: list[bytes]) -> None:
    one = _Other.load(der)
    if one["format"].dotted == _OCSP_RESPONSE:
        ocsps.append(one["info"].dump())
    elif one["format"].dotted == _OCSP_BASIC:
        ocsps.append(answered(one["info"].dump()))


def answered(basic: bytes) -> bytes:
    """A BasicOCSPResponse as the OCSPResponse that it came from (RFC 6960, section 4.2.1)."""
    body = {"response_type": "basic_ocsp_response", "response": ocsp.BasicOCSPResponse.load(basic)}
    return bytes(ocsp.OCSPResponse({"response_status": "successful", "response_bytes": body}).dump())


def known(
    signed: cms.SignedData, certificates: list[x509.Certificate], held: Attributes | None, loose: Attributes | None
) -> Known:
    """All that came along: of the SignedData, and of the signed (`held`) and unsigned (`loose`) attributes."""
    others = list(certificates)
    crls, ocsps = revocations(signed)
    for attributes in (held, loose):
        for reader, oid in _READERS if attributes is not None else ():
            for value in attributes.values(oid) if attributes is not None else ():
                try:
                    reader(value, others, crls, ocsps)
                except WRONG:
                    continue
    return Known(tuple(others[:MOST_CERTIFICATES]), tuple(crls[:MOST_REVOCATIONS]), tuple(ocsps[:MOST_REVOCATIONS]))


def _certificate_values(value: bytes, others: list[x509.Certificate], crls: list[bytes], ocsps: list[bytes]) -> None:
    for one in list(_Certificates.load(value))[:MOST_CERTIFICATES]:
        certificate = readable_certificate(one.dump())
        if certificate is not None:
            others.append(certificate)


def _revocation_values(value: bytes, others: list[x509.Certificate], crls: list[bytes], ocsps: list[bytes]) -> None:
    found_values = _RevocationValues.load(value)
    if not isinstance(found_values["crls"], core.Void):
        crls.extend(one.dump() for one in list(found_values["crls"])[:MOST_REVOCATIONS])
    if not isinstance(found_values["ocsps"], core.Void):
        ocsps.extend(answered(one.dump()) for one in list(found_values["ocsps"])[:MOST_REVOCATIONS])


def _adobe(value: bytes, others: list[x509.Certificate], crls: list[bytes], ocsps: list[bytes]) -> None:
    archival = pdf.RevocationInfoArchival.load(value)
    if not isinstance(archival["crl"], core.Void):
        crls.extend(one.dump() for one in list(archival["crl"])[:MOST_REVOCATIONS])
    if not isinstance(archival["ocsp"], core.Void):
        ocsps.extend(one.dump() for one in list(archival["ocsp"])[:MOST_REVOCATIONS])


_READERS = (
    (_certificate_values, cms_attributes.CERTIFICATE_VALUES),
    (_revocation_values, cms_attributes.REVOCATION_VALUES),
    (_adobe, cms_attributes.ADOBE_REVOCATION),
)


def tokens(
    signed: cms.SignedData,
    info: cms.SignerInfo,
    held: Attributes | None,
    loose: Attributes | None,
    content_digest: Callable[[str], bytes | None],
) -> tuple[list[Token], list[Finding]]:
    """The timestamps of one signer, and what is wrong with those that are none.

    Over the signature's value (RFC 3161, appendix A), over the content (EN 319 122-1, section 5.2.8), or over all
    (archive, section 5.5.3)."""
    every: list[tuple[str, bytes, Token]] = []
    findings: list[Finding] = []
    signature = bytes(info["signature"].native)
    for number, (oid, value) in enumerate(_stamped(held, loose)):
        if number >= MOST_TOKENS:
            findings.append(found("too_large", f"more than {MOST_TOKENS} timestamps"))
            break
        token, fault = _token(oid, value, signed, info, loose, signature, content_digest)
        every += [(oid, value, token)] if token is not None else []
        findings += [fault] if fault is not None else []
    ordered, late = in_order(every, loose or Attributes())
    return ordered, findings + late


_UNSIGNED_STAMPS = (
    cms_attributes.SIGNATURE_TIMESTAMP, cms_attributes.MICROSOFT_TIMESTAMP, cms_attributes.ARCHIVE_TIMESTAMP_V2,
    cms_attributes.ARCHIVE_TIMESTAMP_V3,
)  # fmt: skip


def _stamped(held: Attributes | None, loose: Attributes | None) -> Iterator[tuple[str, bytes]]:
    if loose is not None:
        yield from ((oid, value) for oid in _UNSIGNED_STAMPS for value in loose.values(oid))
    if held is not None:
        oid = cms_attributes.CONTENT_TIMESTAMP
        yield from ((oid, value) for value in held.values(oid))


def _token(
    oid: str,
    value: bytes,
    signed: cms.SignedData,
    info: cms.SignerInfo,
    loose: Attributes | None,
    signature: bytes,
    content_digest: Callable[[str], bytes | None],
) -> tuple[Token | None, Finding | None]:
    token = token_of(value)
    if token is None:
        return None, found("timestamp_broken", "it cannot be read")
    if oid == cms_attributes.ARCHIVE_TIMESTAMP_V2:
        return None, found("unsupported", "an archive timestamp of version 2")
    if oid == cms_attributes.ARCHIVE_TIMESTAMP_V3:
        return archive_token(token, signed, info, loose or Attributes(), content_digest)
    if oid == cms_attributes.CONTENT_TIMESTAMP:
        return Token("content", token, content_digest), None
    return Token("signature", token, lambda name: digest_of(name, [signature])), None


def token_of(value: bytes) -> cms.SignedData | None:
    """The SignedData of a timestamp token, a ContentInfo in DER; None if it is none."""
    try:
        info: Any = cms.ContentInfo.load(value)
        return info["content"] if info["content_type"].native == "signed_data" else None
    except WRONG:
        return None
