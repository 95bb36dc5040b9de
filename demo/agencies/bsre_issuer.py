"""Simulated issuers behind the signing service: a root, the office that certifies persons, a timestamping authority.

Enters: names of persons, a time to begin. Leaves: certificates and keys for pyHanko, a trust folder with revocation
lists. Refuses: nothing. All names say that they are simulated; the keys are made anew and good for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

ROOT, OFFICE = "Akar BSrE (simulasi)", "OSD LU Kelas 2 (simulasi)"
STAMPER = "Timestamp Authority Badan Siber dan Sandi Negara (simulasi)"
_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    def for_pyhanko(self) -> tuple[asn1.Certificate, keys.PrivateKeyInfo]:
        key = self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return loaded(self.certificate), keys.PrivateKeyInfo.load(key)


def loaded(certificate: x509.Certificate) -> asn1.Certificate:
    return asn1.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


class Issuer:
    """All of them. `now` is the time of every signature and timestamp."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now, self._begin = now, now() - timedelta(days=30)
        self.root = self._issued(ROOT, None, authority=True, years=20)
        self.office = self._issued(OFFICE, self.root, authority=True, years=10)
        self.stamping = self._issued(STAMPER, self.root, stamping=True, years=10)

    def person(self, name: str) -> Holder:
        return self._issued(name, self.office)

    def signer(self, who: Holder) -> SimpleSigner:
        certificate, key = who.for_pyhanko()
        above = SimpleCertificateStore.from_certs([loaded(self.office.certificate), loaded(self.root.certificate)])
        return SimpleSigner(certificate, key, above)

    def stamper(self) -> DummyTimeStamper:
        certificate, key = self.stamping.for_pyhanko()
        above = SimpleCertificateStore.from_certs([loaded(self.root.certificate)])
        return DummyTimeStamper(certificate, key, above, fixed_dt=self.now())

    def trust(self, folder: Path) -> Path:
        """What a verifier needs: the root, the office, and what both have revoked: nothing."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, one in (("akar-simulasi", self.root), ("kantor-simulasi", self.office)):
            (folder / f"{name}.pem").write_bytes(one.certificate.public_bytes(serialization.Encoding.PEM))
            (folder / f"{name}.crl").write_bytes(self._crl(one))
        return folder

    def _issued(
        self, name: str, by: Holder | None, *, authority: bool = False, stamping: bool = False, years: int = 2
    ) -> Holder:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = _name(name)
        parent = by.certificate.subject if by is not None else subject
        parent_key = by.key if by is not None else key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(parent)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._begin)
            .not_valid_after(self._begin + years * _YEAR)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(parent_key.public_key()), critical=False)
            .add_extension(_usage(authority), critical=True)
        )
        if stamping:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return Holder(builder.sign(parent_key, hashes.SHA256()), key)

    def _crl(self, issuer: Holder) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(self._begin)
            .next_update(self._begin + 2 * _YEAR)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lembaga Sandi Negara (simulasi)"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, content_commitment=not authority, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
