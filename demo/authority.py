"""A test authority of this state folder's own: a root, an office that certifies persons, a timestamping authority.

Enters: a folder, the files where the gateway looks for its signer's key, a time. Leaves: keys and certificates there,
made once and used again as long as they hold; a trust folder with fresh lists of what was revoked: nothing. Refuses
(`NotOurs`): to write over a signer's key that it did not make.

It is good for nothing else: every name says that it is simulated, and no key leaves the state folder.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT, OFFICE, STAMPER = "Akar Uji Lintas (simulasi)", "Penerbit Uji Lintas (simulasi)", "Penanda Waktu Uji (simulasi)"
AUTHORITY = "Otoritas Uji Lintas (simulasi)"
_YEAR, _SPARE = timedelta(days=365), timedelta(days=60)
_PEM = serialization.Encoding.PEM


class NotOurs(Exception):
    """Where the signer's key is to be, lies one that somebody else made."""


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(_PEM)

    def key_pem(self, passphrase: str | None = None) -> bytes:
        lock = serialization.NoEncryption() if passphrase is None else locked(passphrase)
        return self.key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, lock)


def locked(passphrase: str) -> serialization.KeySerializationEncryption:
    return serialization.BestAvailableEncryption(passphrase.encode())


@dataclass(frozen=True)
class SignerFiles:
    """Where the gateway looks for the key and the certificate of one signer."""

    key: Path
    certificate: Path


class Authority:
    """All of it, below one folder; `trust` and `passphrase` are its files for others."""

    def __init__(self, folder: Path, now: datetime | None = None) -> None:
        self._folder, self._now = folder, now or datetime.now(UTC)
        self.trust = folder / "trust"
        self.passphrase_file = folder / "kepala-dinas.passphrase"
        _private_folder(folder)
        self.root = self._holder("akar", ROOT, AUTHORITY, None, authority=True)
        self.office = self._holder("penerbit", OFFICE, AUTHORITY, self.root, authority=True)
        self.stamper = self._holder("penanda-waktu", STAMPER, AUTHORITY, self.root, stamping=True)
        self._trusted()

    def person(self, file: str, name: str, organisation: str) -> Holder:
        """Somebody who signs at home, with the key in a file of this folder."""
        return self._holder(file, name, organisation, self.office)

    @property
    def passphrase(self) -> str:
        """That of the signer whose key the gateway uses."""
        if not self.passphrase_file.exists():
            _write(self.passphrase_file, f"{secrets.token_hex(8)}\n".encode())
        return self.passphrase_file.read_text(encoding="ascii").strip()

    def equip(self, files: SignerFiles, name: str, organisation: str) -> None:
        """Key, under the passphrase, and certificates, where the gateway looks for them. Raises NotOurs."""
        holder = self._holder("kepala-dinas", name, organisation, self.office)
        chain = holder.pem + self.office.pem
        if files.key.exists() and not self._made(files):
            raise NotOurs(f"{files.key} is a signer's key that the demonstration did not make, and it leaves it alone")
        if files.certificate.exists() and files.certificate.read_bytes() == chain and files.key.exists():
            return
        _private_folder(files.key.parent)
        _write(files.certificate, chain)
        _write(files.key, holder.key_pem(self.passphrase))

    def _made(self, files: SignerFiles) -> bool:
        """Whether the key there opens with our passphrase: then we made it, perhaps for an earlier certificate."""
        try:
            serialization.load_pem_private_key(files.key.read_bytes(), self.passphrase.encode())
        except (OSError, ValueError, TypeError):
            return False
        return True

    def _holder(
        self, file: str, name: str, organisation: str, by: Holder | None, *, authority: bool = False,
        stamping: bool = False,
    ) -> Holder:  # fmt: skip
        """From its file while it holds and its issuer is the same; else made anew."""
        path = self._folder / f"{file}.pem"
        found = _read(path)
        if found is not None and self._holds(found, by):
            return found
        made = self._issued(name, organisation, by, authority=authority, stamping=stamping)
        _write(path, made.key_pem() + made.pem)
        return made

    def _holds(self, one: Holder, by: Holder | None) -> bool:
        until = one.certificate.not_valid_after_utc
        try:
            one.certificate.verify_directly_issued_by(by.certificate if by is not None else one.certificate)
        except Exception:  # whatever is wrong with it, a new one is made
            return False
        return one.certificate.not_valid_before_utc <= self._now < until - _SPARE

    def _issued(self, name: str, organisation: str, by: Holder | None, *, authority: bool, stamping: bool) -> Holder:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = _name(name, organisation)
        parent, parent_key = (subject, key) if by is None else (by.certificate.subject, by.key)
        begin = self._now - timedelta(hours=1)
        # What is issued never outlives who issued it.
        end = begin + 10 * _YEAR if by is None else min(begin + 3 * _YEAR, by.certificate.not_valid_after_utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(parent)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(parent_key.public_key()), critical=False)
            .add_extension(_usage(authority), critical=True)
        )
        if stamping:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return Holder(builder.sign(parent_key, hashes.SHA256()), key)

    def _trusted(self) -> None:
        """The trust folder as of now."""
        self.trust.mkdir(exist_ok=True)
        for name, one in (("akar", self.root), ("penerbit", self.office)):
            _write(self.trust / f"{name}.pem", one.pem)
            _write(self.trust / f"{name}.crl", self._nothing_revoked(one))

    def trust_also(self, name: str, certificate: Path) -> None:
        """One more certificate counts, for the evidence that it signed: the gateway's own."""
        folder = self.trust / "gateways"
        folder.mkdir(exist_ok=True)
        _write(folder / name, certificate.read_bytes())

    def _nothing_revoked(self, issuer: Holder) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(self._now - timedelta(minutes=5))
            .next_update(self._now + timedelta(days=30))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(int(self._now.timestamp())), critical=False)
        )
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, content_commitment=not authority, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _read(path: Path) -> Holder | None:
    try:
        data = path.read_bytes()
        key = serialization.load_pem_private_key(data, None)
        certificate = x509.load_pem_x509_certificate(data)
    except (OSError, ValueError, TypeError):
        return None
    fits = isinstance(key, rsa.RSAPrivateKey) and certificate.public_key() == key.public_key()
    return Holder(certificate, key) if isinstance(key, rsa.RSAPrivateKey) and fits else None


def _private_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and for nobody else to read."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    temporary.replace(path)
