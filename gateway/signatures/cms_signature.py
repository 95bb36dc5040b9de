"""One signature of a CMS (RFC 5652, section 5.3): who made it, whether it holds, what proves it.

Enters: one SignerInfo with its SignedData, and where its content comes from. Leaves: an `Examined`, followed by those
of its counter-signatures. Refuses: nothing; whatever is wrong is a finding.

In this order:
1. Its attributes are read; those that may stand once and stand twice fail it.
2. Its certificate is found by the identifier, and bound by the signing-certificate attribute.
3. The content's digest is compared, then the signature over the attributes (or over the content) is checked.
4. Tokens and revocation data are gathered.
5. Counter-signatures are examined in the same way; what they sign is the value of the signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from asn1crypto import cms, core, x509

from gateway.signatures import cms_attributes, cms_proofs, cms_signer
from gateway.signatures.cms_attributes import Attributes
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.cms_signer import WRONG, Unsupported
from gateway.signatures.examined import Examined
from gateway.signatures.findings import found
from gateway.signatures.material import Material, TooLarge

ContentDigest = Callable[[str], bytes | None]

MOST_DEPTH = 3
"""Counter-signatures of counter-signatures."""
MOST_PLAIN = 1 << 20
"""Bytes of a content that Ed25519 is checked over without signed attributes."""
_HEAD = 1 << 16


@dataclass(frozen=True)
class About:
    """What a SignerInfo is about: words for the verdict, and where the content comes from.

    `expected_type` is the content type by asn1crypto's name, None for a counter-signature, which has none. `content` is
    the content itself, if it is at hand."""

    format: str
    covers: str
    name: str | None
    expected_type: str | None
    content_digest: ContentDigest
    content: Material | None = None
    depth: int = 0


def examine_signer(
    info: cms.SignerInfo, signed: cms.SignedData, certificates: list[x509.Certificate], about: About, most: int
) -> list[Examined]:
    """The signature, then its counter-signatures: at least one, at most `most`."""
    one = Examined(about.format, about.covers, about.name)
    try:
        loose = _examine(one, info, signed, certificates, about)
        return [one, *_counter_signatures(one, info, loose, signed, certificates, about, most - 1)]
    except WRONG:
        one.integrity = "broken"
        one.findings.append(found("format_broken", "a signer's entry cannot be read"))
        return [one]


def _examine(
    one: Examined, info: cms.SignerInfo, signed: cms.SignedData, certificates: list[x509.Certificate], about: About
) -> Attributes | None:
    held = cms_attributes.read(info["signed_attrs"])
    loose = cms_attributes.read(info["unsigned_attrs"])
    if held is not None and held.repeated():
        one.findings.append(found("format_broken", "a signed attribute stands there twice"))
    one.embedded = cms_proofs.known(signed, certificates, held, loose)
    _name_algorithms(one, info, held, about)
    one.claimed_at = _claimed(held)
    one.baseline = cms_signer.bound_at_all(held)
    one.signer = _signer(one, info, list(one.embedded.certificates), held)
    _check(one, info, held, about)
    one.tokens, faults = cms_proofs.tokens(signed, info, held, loose, about.content_digest)
    one.findings += faults
    return loose


def _counter_signatures(
    one: Examined,
    info: cms.SignerInfo,
    loose: Attributes | None,
    signed: cms.SignedData,
    certificates: list[x509.Certificate],
    about: About,
    most: int,
) -> list[Examined]:
    """RFC 5652, section 11.4: each value of the attribute is a SignerInfo over the octets of the signature."""
    values = loose.values(cms_attributes.COUNTER_SIGNATURE) if loose is not None else []
    if values and about.depth >= MOST_DEPTH:
        one.findings.append(found("unsafe", f"counter-signatures nested deeper than {MOST_DEPTH} levels"))
        return []
    octets = bytes(info["signature"].native)
    known = list(one.embedded.certificates) or certificates
    within = replace(
        about,
        covers="the signature before it (a counter-signature)",
        expected_type=None,
        content_digest=lambda name: digest_of(name, [octets]),
        content=Material.of(octets),
        depth=about.depth + 1,
    )
    found_here: list[Examined] = []
    for value in values:
        if len(found_here) >= most:
            one.findings.append(found("too_large", "too many counter-signatures"))
            break
        found_here += examine_signer(cms.SignerInfo.load(value), signed, known, within, most - len(found_here))
    return found_here


def _name_algorithms(one: Examined, info: cms.SignerInfo, held: Attributes | None, about: About) -> None:
    digest, of_signature = cms_signer.digest_name(info), cms_signer.signature_digests(info)
    if any(other != digest for other in of_signature[:1]):
        # RFC 8933, section 3: one digest for content and attributes.
        one.findings.append(found("format_broken", "content and attributes are hashed by two algorithms"))
    one.algorithms = cms_signer.algorithm_names(info)
    # Timestamping authorities still name their certificate by SHA-1 (RFC 3161, section 2.4.2): theirs to change.
    binding = [] if about.expected_type == "tst_info" else cms_signer.binding_digests(held)
    one.digests = list(dict.fromkeys([digest, *of_signature, *binding]))


def _claimed(held: Attributes | None) -> datetime | None:
    value = held.only(cms_attributes.SIGNING_TIME) if held is not None else None
    if value is None:
        return None
    claimed = cms.Time.load(value).native
    if not isinstance(claimed, datetime):
        raise ValueError("a signing time before the year 1")
    return claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)


def _signer(
    one: Examined, info: cms.SignerInfo, among: list[x509.Certificate], held: Attributes | None
) -> x509.Certificate | None:
    named = cms_signer.signer_of(info, among, held)
    if not named:
        one.findings.append(found("no_certificate"))
        return None
    if cms_signer.bound(named[0], held) is False:
        one.findings.append(found("certificate_mismatch"))
    return named[0]


def _check(one: Examined, info: cms.SignerInfo, held: Attributes | None, about: About) -> None:
    """Integrity: the content's digest, then the signature."""
    try:
        digest = _digest(info, about)
        if held is None:
            intact = _check_plain(one, info, digest, about)
        else:
            intact = _check_attributes(one, info, held, digest, about)
    except Unsupported as error:
        one.findings.append(found("unsupported", str(error)))
        intact = None
    one.integrity = "unknown" if intact is None else "intact" if intact else "broken"


def _digest(info: cms.SignerInfo, about: About) -> bytes | None:
    name = cms_signer.digest_name(info)
    try:
        digest_of(name, [])
    except ValueError as error:
        raise Unsupported(f"the digest {name[:40]}") from error
    return about.content_digest(name)


def _check_attributes(
    one: Examined, info: cms.SignerInfo, held: Attributes, digest: bytes | None, about: About
) -> bool | None:
    """RFC 5652, section 5.6: the content type, the message digest, the signature over the attributes as SET OF."""
    fine: bool | None = True
    told = held.only(cms_attributes.MESSAGE_DIGEST)
    faults = _faults(info, held, about)
    if faults or told is None:
        one.findings += [found("format_broken", fault) for fault in faults]
        fine = False
    if digest is None:
        one.findings.append(found("content_missing"))
        fine = None if fine else fine
    elif told is not None and core.OctetString.load(told).native != digest:
        one.findings.append(found("hash_mismatch"))
        fine = False
    return _checked_signature(one, info, info["signed_attrs"].untag().dump(), False, fine)


def _faults(info: cms.SignerInfo, held: Attributes, about: About) -> list[str]:
    faults = []
    if held.only(cms_attributes.MESSAGE_DIGEST) is None:
        faults.append("it does not say the digest of its content")
    kind = held.only(cms_attributes.CONTENT_TYPE)
    if about.expected_type is not None and (kind is None or cms.ContentType.load(kind).native != about.expected_type):
        faults.append("it was not made for content of this type")
    if not cms_signer.protected(info, held.only(cms_attributes.ALGORITHM_PROTECTION)):
        faults.append("its algorithms are not those that were signed (RFC 6211)")
    return faults


def _check_plain(one: Examined, info: cms.SignerInfo, digest: bytes | None, about: About) -> bool | None:
    """Without signed attributes the signature is over the content, which must then be plain data (section 5.3)."""
    if about.expected_type not in ("data", None):
        one.findings.append(found("format_broken", "content of this type needs signed attributes"))
        return False
    if digest is None:
        one.findings.append(found("content_missing"))
        return None
    if about.content is not None and _are_attributes(about.content.head(_HEAD)):
        # A signature over attributes is also one over a content of the same bytes: nobody signed those as a document.
        one.findings.append(found("unsafe", "the content is the signed attributes of another signature"))
        return False
    if info["signature_algorithm"]["algorithm"].native != "ed25519":
        return _checked_signature(one, info, digest, True, True)
    return _checked_signature(one, info, _whole(about), False, True)


def _are_attributes(head: bytes) -> bool:
    if head[:1] != b"\x31":
        return False
    try:
        read = cms_attributes.read(cms.CMSAttributes.load(head))
    except WRONG:
        return False
    return read is not None and bool(read.values(cms_attributes.MESSAGE_DIGEST))


def _whole(about: About) -> bytes:
    try:
        if about.content is not None:
            return about.content.whole(MOST_PLAIN)
    except TooLarge:
        pass
    raise Unsupported("Ed25519 over a content that is not read whole")


def _checked_signature(
    one: Examined, info: cms.SignerInfo, signed: bytes, prehashed: bool, fine: bool | None
) -> bool | None:
    if one.signer is None:
        return fine if fine is False else None
    if cms_signer.holds(info, one.signer, signed, prehashed=prehashed):
        return fine
    one.findings.append(found("signature_broken"))
    return False
