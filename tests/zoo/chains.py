"""Certificates above and around a signer that are unusual, and what tells of revocation.

Enters: identities of `pki`. Leaves: certificates, OCSP answers, junk. Refuses: nothing.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from tests.zoo.cms_maker import raw
from tests.zoo.pki import AT, DAY, YEAR, Identity, Private, _key, _name, issue

Good, Revoked = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED


def read(who: Identity) -> asn1.Certificate:
    return asn1.Certificate.load(who.der)


def above(who: Identity) -> tuple[asn1.Certificate, ...]:
    """All between it and its root, as it would come along."""
    return tuple(asn1.Certificate.load(one.public_bytes(serialization.Encoding.DER)) for one in who.above)


def authority(
    common: str,
    issuer: Identity,
    *,
    key: Private | None = None,
    length: int | None = None,
    only_below: str | None = None,
    serial: int | None = None,
) -> Identity:
    """An authority. `length`: its path length; `only_below`: the one DNS name below which it may name anything;
    `key`: that of another, so that the certificate crosses."""
    key = key or _key("ec")
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(AT - 5 * YEAR)
        .not_valid_after(AT + 5 * YEAR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if only_below is not None:
        permitted = x509.NameConstraints([x509.DirectoryName(_name(only_below, "Dinas Lain"))], None)
        builder = builder.add_extension(permitted, critical=True)
    made = builder.sign(issuer.key, hashes.SHA256())
    return Identity(made, key, (issuer.certificate, *issuer.above))


@cache
def of_one_name() -> Identity:
    """An authority that nobody trusts, below which `junk` leads in circles."""
    return issue("Sampah", kind="ec", authority=True)


def junk(number: int, like: Identity, by: Identity) -> tuple[asn1.Certificate, ...]:
    """Certificates over the name and key of `like`, by `by`: where both are one, every way through them is a path."""
    common = like.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return tuple(read(authority(str(common), by, key=like.key)) for _ in range(number))


def by_sha1(who: Identity, issuer: Identity) -> Identity:
    """The certificate of `who`, signed by its issuer over SHA-1."""
    made = read(who).copy()
    made["tbs_certificate"]["signature"] = made["signature_algorithm"] = {"algorithm": "sha1_rsa"}
    made["signature_value"] = raw(issuer, made["tbs_certificate"].dump(), "sha1")
    return Identity(x509.load_der_x509_certificate(made.dump()), who.key, who.above)


def answer(
    who: Identity,
    by: Identity,
    *,
    revoked: datetime | None = None,
    at: datetime = AT,
    until: datetime | None = None,
) -> bytes:
    """An OCSP answer on one certificate by the responder `by`, in DER."""
    status = Good if revoked is None else Revoked
    reason = None if revoked is None else x509.ReasonFlags.key_compromise
    issuer = who.above[0]
    built = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            who.certificate, issuer, hashes.SHA256(), status, at - DAY, until or at + DAY, revoked, reason
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
        .certificates([by.certificate])
    )  # fmt: skip
    return built.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
