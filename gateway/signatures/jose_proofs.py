"""What proves a JAdES signature beside itself: `etsiU` and content timestamps.

Enters: the headers of one signature. Leaves: tokens, certificates and revocation data. Refuses: what is damaged
(`NotJose`); what cannot be checked is named and proves nothing.

After ETSI TS 119 182-1 V1.2.1, section 5.3: each entry of `etsiU` is an object, in clear or in base64url.
"""

from __future__ import annotations

from typing import Any

from asn1crypto import x509

from gateway.signatures.chain import Known
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.cms_proofs import MOST_REVOCATIONS, MOST_TOKENS, token_of
from gateway.signatures.cms_signer import readable_certificate
from gateway.signatures.examined import Examined, Token
from gateway.signatures.findings import found
from gateway.signatures.jose_header import MOST_CERTIFICATES, Header
from gateway.signatures.jose_text import NotJose, b64_bytes, b64url_bytes, json_object

MOST_ENTRIES = 200
_PASSED = frozenset(
    ("anyValData", "tstVD", "axVals", "arVals", "xRefs", "rRefs", "axRefs", "arRefs", "sigPSt", "cSig")
)  # fmt: skip
"""Entries that the standard has and that prove nothing here."""


class Proofs:
    """What the entries of `etsiU` hold, by kind, still as JSON."""

    def __init__(self) -> None:
        self.certificates: list[x509.Certificate] = []
        self.crls: list[bytes] = []
        self.ocsps: list[bytes] = []
        self.stamps: list[Any] = []
        self.unknown: list[str] = []
        self.foreign = 0


def read(header: Header) -> Proofs:
    """`NotJose` if it is damaged."""
    told = header.loose.get("etsiU")
    proofs = Proofs()
    if told is None:
        return proofs
    if not isinstance(told, list) or len(told) > MOST_ENTRIES:
        raise NotJose("etsiU is no list")
    for each in told:
        entry = json_object(b64url_bytes(each)) if isinstance(each, str) else each
        if not isinstance(entry, dict) or len(entry) != 1:
            raise NotJose("an entry of etsiU that is no object")
        ((kind, value),) = entry.items()
        _take(proofs, kind, value)
    return proofs


def _take(proofs: Proofs, kind: str, value: Any) -> None:
    if kind == "sigTst":
        proofs.stamps.append(value)
    elif kind == "xVals":
        _certificates(proofs, value)
    elif kind == "rVals":
        _revocations(proofs, value)
    elif kind in ("anyValData", "tstVD") and isinstance(value, dict):
        _certificates(proofs, value.get("xVals", []))
        _revocations(proofs, value.get("rVals", {}))
    elif kind in ("arcTst", "rfsTst", "sigRTst"):
        proofs.unknown.append(kind)
    elif kind not in _PASSED:
        proofs.foreign += 1


def _certificates(proofs: Proofs, value: Any) -> None:
    for each in _list(value)[:MOST_CERTIFICATES]:
        told = each.get("x509Cert") if isinstance(each, dict) else None
        one = readable_certificate(_der(told)) if told is not None else None
        if one is not None and len(proofs.certificates) < MOST_CERTIFICATES:
            proofs.certificates.append(one)


def _revocations(proofs: Proofs, value: Any) -> None:
    if not isinstance(value, dict):
        raise NotJose("rVals is no object")
    proofs.crls += [_der(each) for each in _list(value.get("crlVals", []))[:MOST_REVOCATIONS]]
    proofs.ocsps += [_der(each) for each in _list(value.get("ocspVals", []))[:MOST_REVOCATIONS]]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise NotJose("no list where one must stand")
    return value


def _der(value: Any) -> bytes:
    """A `pkiOb`: `val` in base64, of DER unless it says otherwise (section 5.4.2)."""
    if not isinstance(value, dict):
        raise NotJose("no object where one must stand")
    return b64_bytes(value.get("val"))


def fill(one: Examined, header: Header, proofs: Proofs, chain: list[x509.Certificate], signature: bytes) -> None:
    """Sets what is known, and the tokens over the signature: their imprint is over its base64url (section 5.3.4)."""
    certificates = (*chain, *proofs.certificates)[:MOST_CERTIFICATES]
    one.embedded = Known(certificates, tuple(proofs.crls[:MOST_REVOCATIONS]), tuple(proofs.ocsps[:MOST_REVOCATIONS]))
    for value in proofs.stamps:
        for signed in _tokens(one, value):
            one.tokens.append(Token("signature", signed, lambda name: digest_of(name, [signature])))
    if proofs.unknown:
        one.findings.append(found("unsupported", "an archive timestamp of JAdES"))
    if proofs.foreign:
        one.findings.append(found("unsigned_beside", f"{proofs.foreign} entries of etsiU that the standard has not"))
    if header.protected.get("adoTst") is not None:
        one.findings.append(found("unsupported", "a content timestamp of JAdES"))


def _tokens(one: Examined, container: Any) -> list[Any]:
    told = container.get("tstTokens") if isinstance(container, dict) else None
    read_here: list[Any] = []
    for each in _list(told if told is not None else []):
        signed = token_of(_der(each))
        if signed is None:
            one.findings.append(found("timestamp_broken", "it cannot be read"))
        elif len(one.tokens) + len(read_here) < MOST_TOKENS:
            read_here.append(signed)
        else:
            one.findings.append(found("too_large", f"more than {MOST_TOKENS} timestamps"))
            break
    return read_here
