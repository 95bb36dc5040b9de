"""Compact JWS with ES256 (RFC 7515, RFC 7518 section 3.4), made without a library's per-message overhead.

Enters: a payload and a P-256 key from a file. Leaves: compact JWS text. Refuses: another curve, and a key file that
others on the machine can read. The independent judge of its output is joserfc, in the tests.
"""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any, Protocol

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


class SigningKeyRefused(Exception):
    """The signing key cannot be used; the message says why and what to do."""


class SignsReceipts(Protocol):
    """Whatever signs a receipt: one key, or several of which one is current."""

    def sign(self, payload: bytes) -> str: ...


class HoldsKey(SignsReceipts, Protocol):
    """One key, wherever its private part lies."""

    kid: str

    def public_jwk(self) -> dict[str, Any]: ...


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class PublicKey:
    """The public part of a P-256 key (coordinates of 32 bytes), its id, and the header of what it signs, encoded."""

    def __init__(self, x: bytes, y: bytes) -> None:
        self._named = {"crv": "P-256", "kty": "EC", "x": b64url(x), "y": b64url(y)}
        self.kid = b64url(hashlib.sha256(orjson.dumps(self._named, option=orjson.OPT_SORT_KEYS)).digest())
        header = {"alg": "ES256", "kid": self.kid, "typ": "lintas-receipt+jws"}
        self.header = b64url(orjson.dumps(header, option=orjson.OPT_SORT_KEYS)).encode()

    def jwk(self) -> dict[str, Any]:
        """For a JWK set (RFC 7517)."""
        return {**self._named, "alg": "ES256", "use": "sig", "kid": self.kid}


class SigningKey:
    """A P-256 private key with its key id, the RFC 7638 thumbprint."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        if not isinstance(private.curve, ec.SECP256R1):
            raise SigningKeyRefused("receipts are signed with a P-256 key; this key is on another curve")
        numbers = private.public_key().public_numbers()
        self._private = private
        self._public = PublicKey(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
        self.kid, self._header = self._public.kid, self._public.header
        self._algorithm = ec.ECDSA(hashes.SHA256())

    def sign(self, payload: bytes) -> str:
        """The payload as compact JWS: header, payload and the raw 64-byte signature."""
        signed = self._header + b"." + urlsafe_b64encode(payload).rstrip(b"=")
        r, s = decode_dss_signature(self._private.sign(signed, self._algorithm))
        return signed.decode() + "." + b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def public_jwk(self) -> dict[str, Any]:
        return self._public.jwk()

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid})"


def load_or_create(path: Path) -> SigningKey:
    """The key of a PEM file; made, readable by its owner only and synced, if the file is not there."""
    if not path.exists():
        _create(path)
    if path.stat().st_mode & 0o077:
        raise SigningKeyRefused(f"{path.name} can be read by others; run: chmod 600 {path}")
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningKeyRefused(f"{path.name} holds no usable private key in PEM form") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise SigningKeyRefused(f"{path.name} holds a key that is not an EC key")
    return SigningKey(private)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    temporary = path.with_name(f".tmp-{path.name}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, pem)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
