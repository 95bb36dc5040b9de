"""Who signed one SignerInfo of a CMS, and does its signature hold?

Enters: SignerInfo, certificates, signed attributes, bytes. Leaves: the certificate, names of algorithms, answers yes or
no. Refuses: what it cannot compute (`Unsupported`). A home of pyhanko beside `stamps.py`: none of its errors leave.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko.sign.general import check_ess_certid, match_issuer_serial
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_algorithm_protection
from pyhanko_certvalidator.errors import AlgorithmNotSupported
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator, SignatureValidationContext

from gateway.signatures import cms_attributes
from gateway.signatures.cms_attributes import Attributes
from gateway.signatures.constraints import DEFAULT, UNREADABLE

WRONG = (
    SignatureValidationError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError,
    NotImplementedError, RecursionError, UnsupportedAlgorithm, InvalidSignature,
)  # fmt: skip
"""What asn1crypto, pyhanko and cryptography raise over damaged structures."""

MOST_CERTIFICATES = 200
_READABLE = {
    "rsassa_pkcs1v15": "RSA PKCS#1 v1.5", "rsassa_pss": "RSA PSS", "ecdsa": "ECDSA", "dsa": "DSA",
    "ed25519": "Ed25519", "ed448": "Ed448",
}  # fmt: skip
_KNOWN = frozenset(_READABLE) - {"ed448"}


class Unsupported(Exception):
    """The signature uses something that is not computed here; the message names it."""


_kept: dict[bytes, x509.Certificate] = {}
_MOST_KEPT, _MOST_KEPT_BYTES = 64, 8 << 10


def readable_certificate(der: bytes) -> x509.Certificate | None:
    """A certificate whose parts can all be read, else None: asn1crypto is lazy, and a later reader must not fail.

    To read all of one costs as much as to verify with it. Those of authorities come with every signature, so the last
    few are kept, by all their bytes."""
    try:
        if (kept := _kept.get(der)) is not None:
            return kept
        one = x509.Certificate.load(der, strict=True)
        one.native  # noqa: B018
        if DEFAULT.weak_key(one.public_key) == UNREADABLE:
            return None
        _ = one.subject.hashable, one.issuer.hashable
        authority = bool(one.ca)
    except WRONG:
        return None
    if authority and len(der) <= _MOST_KEPT_BYTES:
        if len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[bytes(der)] = one
    return one


def certificates(signed: cms.SignedData) -> list[x509.Certificate]:
    """The readable ones that came along, at most `MOST_CERTIFICATES`."""
    found: list[x509.Certificate] = []
    for der in _certificate_ders(signed):
        one = readable_certificate(der)
        if one is not None and len(found) < MOST_CERTIFICATES:
            found.append(one)
    return found


def _certificate_ders(signed: cms.SignedData) -> list[bytes]:
    try:
        field = signed["certificates"]
        if isinstance(field, core.Void):
            return []
        return [one.chosen.untag().dump() for one in list(field)[:MOST_CERTIFICATES] if one.name == "certificate"]
    except WRONG:
        return []


def signer_of(
    info: cms.SignerInfo, among: Iterable[x509.Certificate], ess: Attributes | None
) -> list[x509.Certificate]:
    """The certificates that the signer's identifier names; those that fit the signed attribute come first.

    Several certificates may bear one name and number, or one key: the signed attribute tells which was meant."""
    sid = info["sid"]
    if sid.name == "issuer_and_serial_number":
        named = [one for one in among if _quiet(_is_named, sid.chosen, one)]
    else:
        wanted = sid.chosen.native
        named = [one for one in among if wanted is not None and one.key_identifier == wanted]
    return sorted(named, key=lambda one: bound(one, ess) is False) if len(named) > 1 else named


def _is_named(named: cms.IssuerAndSerialNumber, certificate: x509.Certificate) -> bool:
    # Numbers first: to compare names costs a hundred times more.
    same = named["serial_number"].native == certificate.serial_number
    return same and bool(match_issuer_serial(named, certificate))


def _quiet(question: Any, *arguments: Any) -> bool:
    try:
        return bool(question(*arguments))
    except WRONG:
        return False


def bound(certificate: x509.Certificate, attributes: Attributes | None) -> bool | None:
    """Whether the signing-certificate attributes (RFC 5035) name this certificate; None where there are none.

    Where both versions stand, both must."""
    if attributes is None:
        return None
    answers = []
    for oid, kind in (
        (cms_attributes.SIGNING_CERTIFICATE_V2, tsp.SigningCertificateV2),
        (cms_attributes.SIGNING_CERTIFICATE, tsp.SigningCertificate),
    ):
        for value in attributes.values(oid):
            answers.append(_quiet(_names, certificate, kind, value))
    return all(answers) if answers else None


def bound_at_all(attributes: Attributes | None) -> bool:
    """Whether the signature is bound to a certificate, as every level of CAdES and PAdES demands."""
    names = (cms_attributes.SIGNING_CERTIFICATE_V2, cms_attributes.SIGNING_CERTIFICATE)
    return attributes is not None and any(attributes.values(oid) for oid in names)


def _names(certificate: x509.Certificate, kind: Any, value: bytes) -> bool:
    return bool(check_ess_certid(certificate, kind.load(value, strict=True)["certs"][0]))


def binding_digests(attributes: Attributes | None) -> list[str]:
    """The digests by which the signature is bound to its certificate: of version 2, else SHA-1 of version 1."""
    if attributes is None:
        return []
    try:
        values = attributes.values(cms_attributes.SIGNING_CERTIFICATE_V2)
        if values:
            first = tsp.SigningCertificateV2.load(values[0])["certs"][0]
            return [str(first["hash_algorithm"]["algorithm"].native)]
    except WRONG:
        return []
    return ["sha1"] if attributes.values(cms_attributes.SIGNING_CERTIFICATE) else []


def protected(info: cms.SignerInfo, value: bytes | None) -> bool:
    """Whether the algorithm-protection attribute (RFC 6211), if any, says what the SignerInfo says."""
    if value is None:
        return True
    attribute = cms.CMSAttribute(
        {"type": "cms_algorithm_protection", "values": [cms.CMSAlgorithmProtection.load(value)]}
    )
    try:
        validate_algorithm_protection(
            cms.CMSAttributes([attribute]),
            claimed_digest_algorithm_obj=info["digest_algorithm"],
            claimed_signature_algorithm_obj=info["signature_algorithm"],
            claimed_mac_algorithm_obj=None,
        )
    except WRONG:
        return False
    return True


def digest_name(info: cms.SignerInfo) -> str:
    """The digest of the content by name, as in `sha256`."""
    return str(info["digest_algorithm"]["algorithm"].native)


def signature_digests(info: cms.SignerInfo) -> list[str]:
    """The digests that the signature's own algorithm names, those of PSS included; empty where it names none."""
    algorithm = info["signature_algorithm"]
    if algorithm["algorithm"].native == "rsassa_pss":
        parameters = algorithm["parameters"]
        if not isinstance(parameters, algos.RSASSAPSSParams):
            raise ValueError("RSASSA-PSS without its parameters")
        mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
        return [str(parameters["hash_algorithm"]["algorithm"].native), str(mask)]
    if algorithm["algorithm"].native == "ed25519":
        # Its SHA-512 is a part of itself (RFC 8419): the content may be hashed by another.
        return []
    try:
        return [str(algorithm.hash_algo)]
    except ValueError:
        return []


def algorithm_names(info: cms.SignerInfo) -> list[str]:
    """Names for people: the digest, then the signature's algorithm."""
    mechanism = _mechanism(info)
    return [digest_name(info)[:40], _READABLE.get(mechanism, mechanism[:40])]


def _mechanism(info: cms.SignerInfo) -> str:
    algorithm = info["signature_algorithm"]
    try:
        return str(algorithm.signature_algo)
    except ValueError:
        return str(algorithm["algorithm"].native)


def holds(info: cms.SignerInfo, certificate: x509.Certificate, signed: bytes, *, prehashed: bool) -> bool:
    """Whether the signature over `signed` (a digest if `prehashed`) is by the key of `certificate`.

    `Unsupported` where the algorithm is not computed here."""
    if _mechanism(info) not in _KNOWN:
        raise Unsupported(f"the signature algorithm {_mechanism(info)[:40]}")
    context = SignatureValidationContext(contextual_md_algorithm=digest_name(info), prehashed=prehashed)
    try:
        DefaultSignatureValidator().validate_signature(
            info["signature"].native, signed, certificate.public_key, info["signature_algorithm"], context=context
        )
    except AlgorithmNotSupported as error:
        raise Unsupported("the signature algorithm") from error
    except UnsupportedAlgorithm as error:
        raise Unsupported("a curve or digest of the signature") from error
    except WRONG:
        # A key of another kind, a wrong length: whatever the reason, this key did not make this signature.
        return False
    return True
