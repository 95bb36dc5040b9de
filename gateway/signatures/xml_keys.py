"""The key behind an XML signature: its certificates, or a bare key, and which of them the signature was made with.

Enters: a `ds:KeyInfo`. Leaves: certificates, CRLs, a bare key, and the `Choice` among them. Refuses, as findings:
certificates that cannot be read, a bare key that contradicts the certificate, a certificate that is not the bound one.

XAdES binds the certificate by digest and serial number (EN 319 132-1, section 5.2.2). The issuer's name as text is not
compared: programs write it in many ways, and the digest says more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from asn1crypto import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from lxml import etree

from gateway.contract.frozen import frozen
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.findings import Finding, found
from gateway.signatures.xml_document import DS, Fault, decoded

MOST_CERTIFICATES = 32
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, UnsupportedAlgorithm)
_DSIG11 = "{http://www.w3.org/2009/xmldsig11#}"
_CURVES: dict[str, ec.EllipticCurve] = {
    "urn:oid:1.2.840.10045.3.1.7": ec.SECP256R1(),
    "urn:oid:1.3.132.0.34": ec.SECP384R1(),
    "urn:oid:1.3.132.0.35": ec.SECP521R1(),
}


@frozen
class Bound:
    """A certificate as the signed properties name it. `serial` and `issuer` (DER) are None where they are not said."""

    digest: str
    value: bytes
    serial: int | None = None
    issuer: bytes | None = None

    def names(self, certificate: x509.Certificate) -> bool:
        return digest_of(self.digest, [certificate.dump()]) == self.value

    def agrees(self, certificate: x509.Certificate) -> bool:
        """Whether serial number and issuer say the same as the digest."""
        if self.serial is not None and self.serial != certificate.serial_number:
            return False
        return self.issuer is None or self.issuer == certificate.issuer.dump()


@dataclass
class Keys:
    """What a KeyInfo holds."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    bare: PublicKeyTypes | None = None
    findings: list[Finding] = field(default_factory=list)


@frozen
class Choice:
    """The signer, and whether the signature value fits its key; None if there is no key to ask. `digest` is the one by
    which the signed properties name it."""

    signer: x509.Certificate | None
    fits: bool | None
    findings: tuple[Finding, ...] = ()
    digest: str = ""


def certificate(der: bytes) -> x509.Certificate:
    """A certificate all of whose parts can be read, or a `Fault`."""
    try:
        read = x509.Certificate.load(der, strict=True)
        _ = read.native, read.public_key.algorithm, read.subject.hashable, read.issuer.hashable
    except _UNREADABLE:
        raise Fault("format_broken", "a certificate that cannot be read") from None
    return read


def read_keys(key_info: etree._Element | None) -> Keys:
    """All of a KeyInfo that is understood; references to keys elsewhere are not followed."""
    keys = Keys()
    if key_info is None:
        return keys
    listed = key_info.findall(f"{DS}X509Data/{DS}X509Certificate")
    if len(listed) > MOST_CERTIFICATES:
        keys.findings.append(found("too_large", f"more than {MOST_CERTIFICATES} certificates"))
    for one in listed[:MOST_CERTIFICATES]:
        try:
            keys.certificates.append(certificate(decoded(one)))
        except Fault as fault:
            keys.findings.append(fault.finding)
    for one in key_info.findall(f"{DS}X509Data/{DS}X509CRL")[:MOST_CERTIFICATES]:
        try:
            keys.crls.append(decoded(one))
        except Fault as fault:
            keys.findings.append(fault.finding)
    keys.bare = _bare(key_info)
    return keys


def _bare(key_info: etree._Element) -> PublicKeyTypes | None:
    try:
        whole = key_info.find(_DSIG11 + "DEREncodedKeyValue")
        if whole is not None:
            return serialization.load_der_public_key(decoded(whole))
        modulus = key_info.find(f"{DS}KeyValue/{DS}RSAKeyValue/{DS}Modulus")
        exponent = key_info.find(f"{DS}KeyValue/{DS}RSAKeyValue/{DS}Exponent")
        if modulus is not None and exponent is not None:
            numbers = [int.from_bytes(decoded(one)[:2048]) for one in (exponent, modulus)]
            return rsa.RSAPublicNumbers(*numbers).public_key()
        curve = key_info.find(f"{DS}KeyValue/{_DSIG11}ECKeyValue/{_DSIG11}NamedCurve")
        point = key_info.find(f"{DS}KeyValue/{_DSIG11}ECKeyValue/{_DSIG11}PublicKey")
        if curve is not None and point is not None:
            return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve.get("URI", "")], decoded(point))
    except (*_UNREADABLE, Fault):
        return None
    return None


def choose(
    keys: Keys,
    more: Iterable[x509.Certificate],
    bound: Sequence[tuple[Bound, ...]],
    fits: Callable[[PublicKeyTypes], bool],
) -> Choice:
    """The signer among the certificates. `bound`: what each SigningCertificate names: the first the signer, and no
    other may contradict it. `more`: certificates that came along elsewhere, for a KeyInfo without any."""
    candidates = keys.certificates or list(more)[:MOST_CERTIFICATES]
    if not candidates:
        return Choice(None, fits(keys.bare) if keys.bare is not None else None)
    named = [one for one in candidates if bound and any(each.names(one) for each in bound[0])]
    fitting = [one for one in named or candidates if _fits(one, fits)]
    signer = _leaf(fitting or named or candidates)
    findings = [*_contradictions(signer, bound), *_other_key(signer, keys)]
    digest = next((each.digest for form in bound[:1] for each in form if each.names(signer)), "")
    return Choice(signer, bool(fitting), tuple(findings), digest)


def _contradictions(signer: x509.Certificate, bound: Sequence[tuple[Bound, ...]]) -> list[Finding]:
    for form in bound:
        entry = next((each for each in form if each.names(signer)), None)
        if entry is None:
            return [found("certificate_mismatch", "the signed properties name another")]
        if not entry.agrees(signer):
            return [found("certificate_mismatch", "its serial number or issuer is another than the signed one")]
    return []


def _other_key(signer: x509.Certificate, keys: Keys) -> list[Finding]:
    public = _public(signer)
    if keys.bare is None or public is None or _der(keys.bare) == _der(public):
        return []
    return [found("certificate_mismatch", "the KeyValue beside it is another key")]


def _leaf(candidates: list[x509.Certificate]) -> x509.Certificate:
    """The one that issued none of the others."""
    issuers = {one.issuer.dump() for one in candidates if one.issuer.dump() != one.subject.dump()}
    return next((one for one in candidates if one.subject.dump() not in issuers), candidates[0])


def _fits(one: x509.Certificate, fits: Callable[[PublicKeyTypes], bool]) -> bool:
    public = _public(one)
    return public is not None and fits(public)


def _public(one: x509.Certificate) -> PublicKeyTypes | None:
    try:
        return serialization.load_der_public_key(one.public_key.dump())
    except _UNREADABLE:
        return None


def _der(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
