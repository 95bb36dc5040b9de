"""The key that signs evidence containers, with its certificate: CAdES baseline B, detached.

Enters: the state folder and the names of two files; bytes to sign, the time. Leaves: CMS SignedData in DER. Refuses: a
key that others can read, that is too weak, or that does not fit its certificate (`EvidenceKeyRefused`).

The embedded default is made at the first start: a P-256 key and a certificate that nobody stands behind. An
organisation puts its own key and certificate in their place, or names other files in the settings.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from gateway.store.disk import sync_folder

_YEARS = 20
_LEAST_BITS = 2048
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class EvidenceKeyRefused(Exception):
    """The key of evidence cannot be used; the message says why and what to do."""


class EvidenceKey:
    """One key with its certificate and those above it."""

    def __init__(self, key: Private, certificates: list[x509.Certificate]) -> None:
        self._key = key
        self._chain = [asn1.Certificate.load(one.public_bytes(serialization.Encoding.DER)) for one in certificates]

    @classmethod
    def load(cls, key_file: Path, certificate_file: Path, *, name: str, now: datetime.datetime) -> EvidenceKey:
        """Both from their files; made, for a holder of this name, if neither is there."""
        if not key_file.exists():
            if certificate_file.exists():
                raise EvidenceKeyRefused(f"{certificate_file.name} has lost its key {key_file.name}: bring it back")
            _make(key_file, certificate_file, name, now)
        key = _private(key_file)
        try:
            certificates = x509.load_pem_x509_certificates(certificate_file.read_bytes())
        except FileNotFoundError:
            _write(certificate_file, _self_signed(key, name, now))
            certificates = x509.load_pem_x509_certificates(certificate_file.read_bytes())
        except ValueError as error:
            raise EvidenceKeyRefused(f"{certificate_file.name} holds no certificate in PEM form") from error
        if _public(certificates[0].public_key()) != _public(key.public_key()):
            raise EvidenceKeyRefused(f"{certificate_file.name} is not the certificate of the key in {key_file.name}")
        return cls(key, certificates)

    def sign(self, content: bytes, at: datetime.datetime) -> bytes:
        """CAdES-B-B over the content, which is not within (ETSI EN 319 122-1, section 6.3)."""
        attributes = cms.CMSAttributes(
            [
                _attribute("content_type", "data"),
                _attribute("message_digest", hashlib.sha256(content).digest()),
                _attribute("signing_time", cms.Time({"utc_time": at.astimezone(datetime.UTC).replace(microsecond=0)})),
                _attribute("signing_certificate_v2", self._named()),
            ]
        )
        elliptic = isinstance(self._key, ec.EllipticCurvePrivateKey)
        own = self._chain[0]
        info = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                            {"issuer": own.issuer, "serial_number": own.serial_number}
                        )
                    }
                ),
                "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa" if elliptic else "sha256_rsa"},
                "signature": self._signature(attributes.dump()),
            }
        )
        signed = cms.SignedData(
            {
                "version": "v1",
                "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
                "encap_content_info": {"content_type": "data"},
                "certificates": self._chain,
                "signer_infos": [info],
            }
        )
        return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())

    def _named(self) -> Any:
        own = self._chain[0]
        return tsp.SigningCertificateV2(
            {"certs": [tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(own.dump()).digest()})]}
        )

    def _signature(self, data: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    def __repr__(self) -> str:
        return f"EvidenceKey({self._chain[0].serial_number:x})"


def _attribute(kind: str, value: Any) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


def _private(path: Path) -> Private:
    if path.stat().st_mode & 0o077:
        raise EvidenceKeyRefused(f"{path.name} can be read by others; run: chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise EvidenceKeyRefused(f"{path.name} holds no usable private key in PEM form") from error
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size >= 256:
        return key
    raise EvidenceKeyRefused(f"{path.name} must be RSA of {_LEAST_BITS} bits or EC of 256 bits, or better")


def _public(key: Any) -> bytes:
    return bytes(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def _make(key_file: Path, certificate_file: Path, name: str, now: datetime.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    # The key goes first: after a crash in between, its certificate is made at the next start.
    _write(key_file, pem)
    _write(certificate_file, _self_signed(key, name, now))


def _self_signed(key: Private, name: str, now: datetime.datetime) -> bytes:
    holder = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lintas")]
    )
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    begin = now.replace(microsecond=0) - datetime.timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(holder)
        .issuer_name(holder)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".tmp-{path.name}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_folder(path.parent)
