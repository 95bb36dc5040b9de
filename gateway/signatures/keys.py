"""The signer's key: a PEM file with a passphrase, or a PKCS#11 token with a PIN.

Enters: where key and certificates are, the secret. Leaves: a pyHanko signer, for as long as a `with` lasts. Refuses
(`SigningRefused`): a wrong passphrase or PIN, a key that does not fit its certificate or is not there, a certificate
that is not valid at the time or not meant for signatures.

The secret is wiped by who gave it. What a library copied of it (python-pkcs11 wants a `str`) is freed, not wiped.

The home of python-pkcs11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pkcs11
from asn1crypto import pem, x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from pkcs11.exceptions import PinIncorrect, PinInvalid, PinLenRange, PKCS11Error
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from gateway.signatures.signing import SigningKeySource, SigningRefused

MOST_FILE = 1 << 20
_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_USES = {"digital_signature", "non_repudiation"}
_ADVICE = "See the signer's key and certificates in the configuration of its agency."
_RENEW = "Ask the authority for a new certificate and name it in the configuration."


@contextmanager
def opened(source: SigningKeySource, secret: bytearray | None, at: datetime) -> Iterator[Signer]:
    """A signer whose certificate is valid at `at`. Its `signing_cert` is the first certificate that was named."""
    chain = certificates(source.certificates)
    _valid(chain[0], at)
    if source.kind == "file":
        yield _from_file(source, secret, chain)
        return
    with _session(source, secret) as session:
        # Every token signs a digest with an EC key; not every one can hash as well.
        raw = chain[0].public_key.algorithm == "ec"
        yield PKCS11Signer(
            session, signing_cert=chain[0], ca_chain=chain[1:], key_label=source.label, use_raw_mechanism=raw
        )


def certificates(paths: tuple[Path, ...]) -> list[x509.Certificate]:
    """All certificates of the files, PEM or DER, in their order."""
    found = []
    for path in paths:
        data = _read(path)
        try:
            ders = [der for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
            for der in ders:
                one = x509.Certificate.load(der, strict=True)
                one.native  # noqa: B018 - it is read lazily: a damaged one must be found here
                found.append(one)
        except (ValueError, TypeError, KeyError) as error:
            raise _refused("a file of certificates cannot be read") from error
    if not found:
        raise _refused("no certificate is named for the signer")
    return found


def digest_for(certificate: x509.Certificate) -> str:
    """The digest that fits the strength of the key (ETSI TS 119 312, section 6; RFC 8419 for Ed25519)."""
    kind: str = certificate.public_key.algorithm
    if kind == "ec":
        bits = int(certificate.public_key.bit_size)
        return "sha256" if bits <= 256 else "sha384" if bits <= 384 else "sha512"
    return "sha512" if kind in ("ed25519", "ed448") else "sha256"


def _valid(certificate: x509.Certificate, at: datetime) -> None:
    if at < certificate.not_valid_before:
        raise _refused("the signer's certificate is not valid yet", _RENEW)
    if at > certificate.not_valid_after:
        raise SigningRefused("certificate_expired", "the signer's certificate has expired", _RENEW)
    usage = certificate.key_usage_value
    if usage is not None and not _USES & usage.native:
        raise _refused("the signer's certificate is not meant for signatures", _RENEW)


def _from_file(source: SigningKeySource, secret: bytearray | None, chain: list[x509.Certificate]) -> Signer:
    if source.key_file is None:
        raise _refused("no key file is named for the signer")
    key = _private(_read(source.key_file), secret)
    if not _fits(key, chain[0]):
        raise _refused("the key does not belong to the certificate")
    return _KeySigner(key, chain)


class _KeySigner(Signer):
    """Signs with a key in memory, which is loaded once and never written out again."""

    def __init__(self, key: PrivateKeyTypes, chain: list[x509.Certificate]) -> None:
        store: Any = SimpleCertificateStore
        super().__init__(signing_cert=chain[0], cert_registry=store.from_certs(chain))
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        key = self._key
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), _HASHES[digest_algorithm]())
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(_HASHES[digest_algorithm]()))
        if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
            return key.sign(data)
        raise _refused("the key is of a kind that is not known here")


def _private(data: bytes, secret: bytearray | None) -> PrivateKeyTypes:
    try:
        # The library takes any buffer; its stubs say bytes.
        return serialization.load_pem_private_key(data, secret or None)  # type: ignore[arg-type]
    except TypeError as error:
        if secret:
            # The key is not encrypted: a passphrase that is not needed is no fault.
            return _private(data, None)
        raise SigningRefused("passphrase_wrong", "the key needs a passphrase", "Give the passphrase.") from error
    except ValueError as error:
        if secret and b"ENCRYPTED" in data:
            raise SigningRefused("passphrase_wrong", "the passphrase is wrong", "Give the right one.") from error
        raise _refused("the key file cannot be read") from error
    except UnsupportedAlgorithm as error:
        raise _refused("the key is of a kind that is not known here") from error


def _fits(key: PrivateKeyTypes, certificate: x509.Certificate) -> bool:
    """Compared as keys: the same one may be encoded in two ways."""
    try:
        public = serialization.load_der_public_key(certificate.public_key.dump())
    except (ValueError, UnsupportedAlgorithm):
        return False
    return key.public_key() == public


@contextmanager
def _session(source: SigningKeySource, secret: bytearray | None) -> Iterator[pkcs11.Session]:
    if source.module is None or source.token is None or source.label is None:
        raise _refused("module, token and label of the signer's key must be named")
    try:
        pin = secret.decode() if secret else None
        session = open_pkcs11_session(str(source.module), token_criteria=TokenCriteria(source.token), user_pin=pin)
    except (PinIncorrect, PinInvalid, PinLenRange, UnicodeDecodeError) as error:
        raise SigningRefused(
            "passphrase_wrong", "the PIN is wrong", "Give the right one before it is locked."
        ) from error
    except (PKCS11Error, OSError, RuntimeError) as error:
        raise _refused(f"the key store cannot be used ({type(error).__name__})") from error
    with session:
        try:
            session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=source.label)
            yield session
        except PKCS11Error as error:
            raise _refused(f"the key store did not sign ({type(error).__name__})") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_FILE)
    except OSError as error:
        raise _refused(f"a file of the signer's key cannot be read: {error.strerror}") from error


def _refused(message: str, advice: str = _ADVICE) -> SigningRefused:
    return SigningRefused("key_refused", message, advice)
