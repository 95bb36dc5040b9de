"""The authorities of the zoo: a root, an office below it, signers of every fate, a timestamping authority.

Enters: nothing; keys are new in each run, times are fixed. Leaves: certificates, keys, a CRL, a trust folder. Refuses:
nothing. All is judged as of `AT`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AT = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
CRL_URL, OCSP_URL = "http://crl.zoo.invalid/office.crl", "http://ocsp.zoo.invalid/"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate with its key and the certificates between it and the root."""

    certificate: x509.Certificate
    key: Private
    above: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def _key(kind: str) -> Private:
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa")))


def _name(common: str, organisation: str = "Kebun Binatang Tanda Tangan") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def issue(
    common: str,
    issuer: Identity | None = None,
    *,
    kind: str = "rsa2048",
    authority: bool = False,
    begin: datetime = AT - YEAR,
    end: datetime = AT + 9 * YEAR,
    stamping: bool = False,
    responding: bool = False,
    signing: bool = True,
    declared: bool = False,
    organisation: str = "Kebun Binatang Tanda Tangan",
    digest: hashes.HashAlgorithm | None = None,
    uses: Sequence[x509.ObjectIdentifier] = (),
) -> Identity:
    """A new certificate; without an issuer its own. `declared`: it names a CRL and an OCSP responder."""
    key = _key(kind)
    subject = _name(common, organisation)
    by = issuer.certificate.subject if issuer is not None else subject
    signer = issuer.key if issuer is not None else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority and signing, content_commitment=not authority and signing,
                key_encipherment=not authority and not signing, data_encipherment=False, key_agreement=False,
                key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    if stamping:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    if responding:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    if declared:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(CRL_URL)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        access = x509.AccessDescription(
            x509.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(OCSP_URL)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    plain = isinstance(signer, ed25519.Ed25519PrivateKey)
    certificate = builder.sign(signer, None if plain else digest or hashes.SHA256())
    above = (issuer.certificate, *issuer.above) if issuer is not None else ()
    return Identity(certificate, key, above)


def crl(issuer: Identity, revoked: dict[Identity, datetime], *, at: datetime = AT, days: int = 30) -> bytes:
    """A CRL of `issuer` as of `at`, good for `days`, in DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at - DAY)
        .next_update(at + timedelta(days=days))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(7), critical=False)
    )
    for one, when in revoked.items():
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(one.certificate.serial_number)
            .revocation_date(when)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            .build()
        )
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class Pki:
    """Who is who. `office` issues all signers; `stranger` has a root that nobody trusts."""

    root: Identity
    office: Identity
    signer: Identity
    second: Identity
    curved: Identity
    edwards: Identity
    declared: Identity
    expired: Identity
    future: Identity
    revoked: Identity
    short_lived: Identity
    weak: Identity
    stranger: Identity
    encipherer: Identity
    tsa: Identity
    responder: Identity
    foreign_tsa: Identity

    def trust(self, folder: Path, *, with_crl: bool = True) -> Path:
        """A trust folder: the root for both purposes, the office, and its CRL."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "root.pem").write_bytes(self.root.pem)
        (folder / "office.pem").write_bytes(self.office.pem)
        if with_crl:
            (folder / "office.crl").write_bytes(self.office_crl())
        return folder

    def office_crl(self, *, at: datetime = AT, days: int = 30) -> bytes:
        return crl(self.office, {self.revoked: AT - 30 * DAY}, at=at, days=days)


@cache
def pki() -> Pki:
    """The authorities of this run."""
    root = issue("Akar Kebun", authority=True, begin=AT - 10 * YEAR, end=AT + 20 * YEAR)
    office = issue("Kantor Penerbit", root, authority=True, begin=AT - 9 * YEAR, end=AT + 10 * YEAR)
    unknown = issue("Akar Asing", authority=True)
    return Pki(
        root=root,
        office=office,
        signer=issue("Siti Penanda", office, organisation="Dinas Contoh"),
        second=issue("Budi Kedua", office, organisation="Kelurahan Contoh"),
        curved=issue("Kurva", office, kind="ec"),
        edwards=issue("Edwards", office, kind="ed25519"),
        declared=issue("Dengan Alamat CRL", office, declared=True),
        expired=issue("Kedaluwarsa", office, begin=AT - 3 * YEAR, end=AT - YEAR),
        future=issue("Belum Berlaku", office, begin=AT + 30 * DAY, end=AT + YEAR),
        revoked=issue("Dicabut", office, declared=True),
        short_lived=issue("Sebentar", office, begin=AT - 2 * YEAR, end=AT - YEAR, declared=True),
        weak=issue("Lemah", office, kind="rsa1024"),
        stranger=issue("Orang Asing", unknown),
        encipherer=issue("Bukan Penanda", office, signing=False),
        tsa=issue("Penanda Waktu", root, stamping=True, begin=AT - 9 * YEAR, end=AT + 10 * YEAR),
        responder=issue("Penjawab OCSP", office, responding=True),
        foreign_tsa=issue("Waktu Asing", unknown, stamping=True),
    )
