"""Signatures in CMS and CAdES form (RFC 5652; ETSI EN 319 122-1), attached and detached.

Enters: a .p7s or .p7m file in DER, BER, PEM or base64, or the SignedData of another format with a callable for its
content's digest. Leaves: an `Examined` per signer and counter-signer, before trust is asked. Refuses: nothing; whatever
is wrong is a finding.
"""

from __future__ import annotations

import re
from typing import Any

from asn1crypto import cms, core

from gateway.signatures import cms_attributes, cms_encoding, cms_signer
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.cms_encoding import Unreadable
from gateway.signatures.cms_signature import About, ContentDigest, examine_signer
from gateway.signatures.cms_signer import WRONG
from gateway.signatures.examined import Examined, Outcome
from gateway.signatures.findings import found
from gateway.signatures.material import Bounds, Material, TooLarge

MOST_NESTED = 3
"""Signatures of signatures of signatures."""

_MIME_TYPE = re.compile(r"[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+-]{1,60}")
_NO_KEY = ("authenticated_data",)


def examine_signed_data(
    signed: cms.SignedData,
    content_digest: ContentDigest,
    *,
    format: str,
    covers: str,
    expected_type: str = "data",
    name: str | None = None,
    content: Material | None = None,
    bounds: Bounds = Bounds(),
) -> list[Examined]:
    """Every signature of one SignedData, each counter-signature after the one that it signs. Raises nothing.

    `content_digest` gives the digest of what was signed by name (as in `sha256`), None if the content is not here.
    `expected_type` is the content type, by asn1crypto's name, that the signature must speak of. `content` is the
    content itself: where signed attributes are missing it is looked at. Without signers the list is empty."""
    about = About(format, covers, name, expected_type, content_digest, content)
    try:
        infos = list(signed["signer_infos"])
        declared = signed["encap_content_info"]["content_type"].native
        certificates = cms_signer.certificates(signed)
    except WRONG:
        return [Examined(format, covers, name, findings=[found("format_broken", "its signers cannot be read")])]
    examined: list[Examined] = []
    for info in infos:
        if len(examined) >= bounds.signatures:
            examined[0].findings.append(found("too_large", f"more than {bounds.signatures} signatures"))
            break
        these = examine_signer(info, signed, certificates, about, bounds.signatures - len(examined))
        if declared != expected_type:
            these[0].findings.append(found("format_broken", "the content is of another type than it must be"))
        examined += these
    return examined


def examine(material: Material, beside: Material | None, bounds: Bounds = Bounds()) -> Outcome:
    """All signatures of one file. `beside` is the content of a detached signature."""
    outcome = Outcome("cms")
    try:
        der, left = cms_encoding.definite(cms_encoding.unarmored(material.whole(bounds.cms_bytes)))
        if left:
            outcome.findings.append(found("format_broken", f"{left} bytes follow its end"))
        _examine_info(cms.ContentInfo.load(der), beside, bounds, outcome, 1)
    except TooLarge as error:
        outcome.findings.append(found("too_large", str(error)))
    except Unreadable as error:
        outcome.findings.append(found(error.code, error.detail))
    except WRONG:
        outcome.findings.append(found("format_broken", "its structure cannot be read"))
    return outcome


def _examine_info(info: Any, beside: Material | None, bounds: Bounds, outcome: Outcome, depth: int) -> None:
    kind = str(info["content_type"].native)
    if kind == "signed_data":
        _examine_signed(info["content"], beside, bounds, outcome, depth)
    elif kind in _NO_KEY:
        outcome.findings.append(found("no_key_signature", "it is authenticated by a shared secret (MAC)"))
    else:
        outcome.findings.append(found("unsupported", f"CMS content of the type {_type_name(kind)}"))


def _examine_signed(signed: Any, beside: Material | None, bounds: Bounds, outcome: Outcome, depth: int) -> None:
    octets = _content(signed)
    kind = str(signed["encap_content_info"]["content_type"].native)
    nested = kind == "signed_data"
    attached = Material.of(octets) if octets is not None else None
    if attached is not None and beside is not None and not nested and _differ(attached, beside):
        outcome.findings.append(found("hash_mismatch", "the file beside it is not the content within"))
    content = attached or (None if nested else beside)
    covers = _covers(signed, kind, attached, content)
    digest = _digests(signed, content)
    examined = examine_signed_data(
        signed, digest, format="CMS", covers=covers, expected_type=kind, content=content, bounds=bounds
    )
    for one in examined:
        one.format = "CAdES" if one.baseline else "CMS"
    outcome.signatures += examined
    _about_content(outcome, examined, kind, octets)
    if nested and octets is not None:
        _examine_nested(octets, beside, bounds, outcome, depth + 1)


def _differ(one: Material, other: Material) -> bool:
    return one.size != other.size or one.digest("sha256") != other.digest("sha256")


def _about_content(outcome: Outcome, examined: list[Examined], kind: str, octets: bytes | None) -> None:
    if not examined:
        outcome.findings.append(found("unsigned", "a CMS without signers, as certificates travel in"))
    if kind not in ("data", "signed_data"):
        outcome.findings.append(found("unsupported", f"signed content of the type {_type_name(kind)}"))
    if octets is not None and any(one.integrity == "intact" for one in examined):
        outcome.signed.append(octets)


def _examine_nested(octets: bytes, beside: Material | None, bounds: Bounds, outcome: Outcome, depth: int) -> None:
    """A signature of a signature: what is within is examined too."""
    left = bounds.signatures - len(outcome.signatures)
    if depth > MOST_NESTED or left < 1:
        outcome.findings.append(found("too_large", "too many signatures within signatures"))
        return
    der, rest = cms_encoding.definite(octets)
    if rest:
        outcome.findings.append(found("format_broken", f"{rest} bytes follow its end"))
    known = len(outcome.signatures)
    _examine_signed(cms.SignedData.load(der), beside, bounds, outcome, depth)
    for one in outcome.signatures[known:]:
        one.name = one.name or "a signature within the signed content"


def _content(signed: Any) -> bytes | None:
    """The octets that are signed: of an OCTET STRING what it holds, of PKCS #7's other content what it is without tag
    and length (RFC 2315, section 9.3)."""
    content = signed["encap_content_info"]["content"]
    if isinstance(content, core.Void):
        return None
    if isinstance(content, core.OctetString | core.ParsableOctetString):
        return bytes(content)
    return bytes(content.untag().contents) if not isinstance(content, core.Any) else bytes(content.parse().contents)


def _digests(signed: Any, content: Material | None) -> ContentDigest:
    """Digests of the content; those that signers name are computed together, in one pass."""
    names = []
    for info in list(signed["signer_infos"])[:1000]:
        try:
            name = cms_signer.digest_name(info)
            digest_of(name, [])
            names.append(name)
        except WRONG:
            continue

    def digest(name: str) -> bytes | None:
        if content is None:
            return None
        digest_of(name, [])
        return content.digests([*names, name])[name]

    return digest


def _covers(signed: Any, kind: str, attached: Material | None, content: Material | None) -> str:
    if kind == "signed_data":
        return "another signature with its content, within"
    if content is None:
        return "a content that is not here"
    what = f"{content.size} bytes{_mime_type(signed)}"
    return f"the content within ({what})" if attached is not None else f"the file beside it ({what})"


def _mime_type(signed: Any) -> str:
    """What the first signer says the content is (EN 319 122-1, section 5.2.4.3)."""
    try:
        held = cms_attributes.read(signed["signer_infos"][0]["signed_attrs"])
        value = held.only(cms_attributes.MIME_TYPE) if held is not None else None
        told = core.UTF8String.load(value).native if value is not None else ""
        return f", {told}" if _MIME_TYPE.fullmatch(told) else ""
    except WRONG:
        return ""


def _type_name(kind: str) -> str:
    return re.sub(r"[^a-z0-9._ ]", "", kind.lower()).replace("_", " ")[:60]
