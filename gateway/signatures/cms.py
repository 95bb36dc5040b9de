"""Signatures in CMS and CAdES form (RFC 5652; ETSI EN 319 122-1), attached and detached.

Enters: a .p7s or .p7m file, or one SignedData of another format with a callable for its content's digest. Leaves: an
`Examined` per signer and counter-signer, before trust is asked. Refuses: nothing; whatever is wrong is a finding.

For each SignerInfo, in this order:
1. Its attributes are read; those that may stand once and stand twice fail it.
2. Its certificate is found by the identifier, and bound by the signing-certificate attribute.
3. The content's digest is compared, then the signature over the attributes (or over the content) is checked.
4. Tokens and revocation data are gathered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asn1crypto import cms, core, x509

from gateway.signatures import cms_attributes, cms_proofs, cms_signer
from gateway.signatures.cms_attributes import Attributes
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.cms_signer import WRONG, Unsupported
from gateway.signatures.examined import Examined
from gateway.signatures.findings import found
from gateway.signatures.material import Bounds

ContentDigest = Callable[[str], bytes | None]


def examine_signed_data(
    signed: cms.SignedData,
    content_digest: ContentDigest,
    *,
    format: str,
    covers: str,
    expected_type: str = "data",
    name: str | None = None,
    content: Callable[[], bytes | None] | None = None,
    bounds: Bounds | None = None,
) -> list[Examined]:
    """Every signature of one SignedData, each counter-signature after the one that it signs. Raises nothing.

    `content_digest` gives the digest of what was signed by name (as in `sha256`), None if the content is not here.
    `expected_type` is the content type, by asn1crypto's name, that the signature must speak of. `content` gives the
    content itself, which only Ed25519 without signed attributes needs. Without signers the list is empty."""
    most = (bounds or Bounds()).signatures
    about = _About(format, covers, expected_type, name, content_digest, content)
    try:
        infos = list(signed["signer_infos"])
        declared = signed["encap_content_info"]["content_type"].native
        certificates = cms_signer.certificates(signed)
    except WRONG:
        return [Examined(format, covers, name, findings=[found("format_broken", "its signers cannot be read")])]
    examined: list[Examined] = []
    for info in infos:
        if len(examined) >= most:
            examined[-1].findings.append(found("too_large", f"more than {most} signatures"))
            break
        one = _guarded(info, signed, certificates, about)
        if declared != expected_type:
            one.findings.append(found("format_broken", "the content is of another type than it must be"))
        examined.append(one)
    return examined


class _About:
    """What one SignedData is about: words for the verdict, and where the content comes from."""

    def __init__(
        self,
        format: str,
        covers: str,
        expected_type: str,
        name: str | None,
        content_digest: ContentDigest,
        content: Callable[[], bytes | None] | None,
    ) -> None:
        self.format, self.covers, self.expected_type, self.name = format, covers, expected_type, name
        self.content_digest, self.content = content_digest, content


def _guarded(
    info: cms.SignerInfo, signed: cms.SignedData, certificates: list[x509.Certificate], about: _About
) -> Examined:
    one = Examined(about.format, about.covers, about.name)
    try:
        _examine(one, info, signed, certificates, about)
    except WRONG:
        one.integrity = "broken"
        one.findings.append(found("format_broken", "a signer's entry cannot be read"))
    return one


def _examine(
    one: Examined, info: cms.SignerInfo, signed: cms.SignedData, certificates: list[x509.Certificate], about: _About
) -> None:
    held = cms_attributes.read(info["signed_attrs"])
    loose = cms_attributes.read(info["unsigned_attrs"])
    if held is not None and held.repeated():
        one.findings.append(found("format_broken", "a signed attribute stands there twice"))
    one.embedded = cms_proofs.known(signed, certificates, held, loose)
    _name_algorithms(one, info, held)
    one.claimed_at = _claimed(held)
    one.baseline = cms_signer.bound_at_all(held)
    among = [*certificates, *one.embedded.certificates[len(certificates) :]]
    one.signer = _signer(one, info, among, held)
    _check(one, info, held, about)
    one.tokens, faults = cms_proofs.tokens(info["signature"].native, held, loose, about.content_digest)
    one.findings += faults


def _name_algorithms(one: Examined, info: cms.SignerInfo, held: Attributes | None) -> None:
    digest, of_signature = cms_signer.digest_name(info), cms_signer.signature_digests(info)
    if any(other != digest for other in of_signature[:1]):
        # RFC 8933, section 3: one digest for content and attributes.
        one.findings.append(found("format_broken", "content and attributes are hashed by two algorithms"))
    one.algorithms = cms_signer.algorithm_names(info)
    one.digests = list(dict.fromkeys([digest, *of_signature, *cms_signer.binding_digests(held)]))


def _claimed(held: Attributes | None) -> Any:
    value = held.only(cms_attributes.SIGNING_TIME) if held is not None else None
    return None if value is None else cms.Time.load(value).native


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


def _check(one: Examined, info: cms.SignerInfo, held: Attributes | None, about: _About) -> None:
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


def _digest(info: cms.SignerInfo, about: _About) -> bytes | None:
    name = cms_signer.digest_name(info)
    try:
        digest_of(name, [])
    except ValueError as error:
        raise Unsupported(f"the digest {name[:40]}") from error
    return about.content_digest(name)


def _check_attributes(
    one: Examined, info: cms.SignerInfo, held: Attributes, digest: bytes | None, about: _About
) -> bool | None:
    """RFC 5652, section 5.6: the message digest, the content type, the signature over the attributes as SET OF."""
    fine: bool | None = True
    told = held.only(cms_attributes.MESSAGE_DIGEST)
    kind = held.only(cms_attributes.CONTENT_TYPE)
    if told is None or kind is None:
        one.findings.append(found("format_broken", "it does not say the type and the digest of its content"))
        return False
    if cms.ContentType.load(kind).native != about.expected_type:
        one.findings.append(found("format_broken", "it was made for content of another type"))
        fine = False
    if not cms_signer.protected(info, held.only(cms_attributes.ALGORITHM_PROTECTION)):
        one.findings.append(found("format_broken", "its algorithms are not those that were signed (RFC 6211)"))
        fine = False
    if digest is None:
        one.findings.append(found("content_missing"))
        fine = None if fine else fine
    elif core.OctetString.load(told).native != digest:
        one.findings.append(found("hash_mismatch"))
        fine = False
    return _checked_signature(one, info, info["signed_attrs"].untag().dump(), False, fine)


def _check_plain(one: Examined, info: cms.SignerInfo, digest: bytes | None, about: _About) -> bool | None:
    """Without signed attributes the signature is over the content, which must then be plain data (section 5.3)."""
    if about.expected_type != "data":
        one.findings.append(found("format_broken", "content of this type needs signed attributes"))
        return False
    if digest is None:
        one.findings.append(found("content_missing"))
        return None
    if info["signature_algorithm"]["algorithm"].native != "ed25519":
        return _checked_signature(one, info, digest, True, True)
    whole = about.content() if about.content is not None else None
    if whole is None:
        raise Unsupported("Ed25519 over a content that is not read whole")
    return _checked_signature(one, info, whole, False, True)


def _checked_signature(
    one: Examined, info: cms.SignerInfo, signed: bytes, prehashed: bool, fine: bool | None
) -> bool | None:
    if one.signer is None:
        return fine if fine is False else None
    if cms_signer.holds(info, one.signer, signed, prehashed=prehashed):
        return fine
    one.findings.append(found("signature_broken"))
    return False
