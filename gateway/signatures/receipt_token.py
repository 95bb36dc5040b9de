"""A key of receipts that never leaves its token (PKCS#11): an HSM, a smart card, SoftHSM.

Enters: a module, the labels of a token and of a P-256 key pair, the file of its PIN. Leaves: compact JWS. Refuses: a
token or key that cannot be used (`SigningKeyRefused` at the start, `TokenFailed` later).

Signing happens where it is asked for: the token must answer within a few milliseconds, or it slows what is recorded.
A session that broke is opened once more before a failure is told.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pkcs11
from asn1crypto import core

from gateway.signatures.jws import PublicKey, SigningKeyRefused, b64url


class TokenFailed(Exception):
    """The token did not sign. Look whether it is there and unlocked; nothing was recorded."""


class TokenKey:
    """One key pair in one token."""

    def __init__(self, module: Path, token: str, label: str, pin_file: Path) -> None:
        self._module, self._token, self._label, self._pin_file = module, token, label, pin_file
        try:
            self._private = self._opened()
            self._public = self._published()
        except pkcs11.PKCS11Error as error:
            raise SigningKeyRefused(f"the token '{token}' cannot be used ({_said(error)})") from None
        except RuntimeError as error:
            raise SigningKeyRefused(f"the module {module} is no PKCS#11 module that can be loaded") from error
        self.kid = self._public.kid

    def sign(self, payload: bytes) -> str:
        """The payload as compact JWS (ES256)."""
        signed = self._public.header + b"." + urlsafe_b64encode(payload).rstrip(b"=")
        digest = hashlib.sha256(signed).digest()
        try:
            raw = self._signature(digest)
        except pkcs11.PKCS11Error:
            raw = self._again(digest)
        return signed.decode() + "." + b64url(raw)

    def public_jwk(self) -> dict[str, Any]:
        return self._public.jwk()

    def __repr__(self) -> str:
        return f"TokenKey(kid={self.kid})"

    def _signature(self, digest: bytes) -> bytes:
        raw = bytes(self._private.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
        if len(raw) != 64:
            raise TokenFailed("the token gave a signature of another form")
        return raw

    def _again(self, digest: bytes) -> bytes:
        try:
            self._private = self._opened()
            return self._signature(digest)
        except pkcs11.PKCS11Error as error:
            raise TokenFailed(f"the token '{self._token}' does not sign ({_said(error)})") from None

    def _opened(self) -> Any:
        token = pkcs11.lib(str(self._module)).get_token(token_label=self._token)
        try:
            self._session = token.open(user_pin=self._pin())
        except pkcs11.UserAlreadyLoggedIn:
            # A process logs in to a token once; its further sessions are logged in (PKCS #11 v3.0, section 5.6.8).
            self._session = token.open()
        return self._session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self._label)

    def _published(self) -> PublicKey:
        public = self._session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=self._label)
        if public.key_type is not pkcs11.KeyType.EC:
            raise SigningKeyRefused("receipts are signed with a P-256 key; the key in the token is of another kind")
        try:
            point = bytes(core.OctetString.load(public[pkcs11.Attribute.EC_POINT]).native)
        except ValueError:
            point = b""
        if len(point) != 65 or point[0] != 4:
            raise SigningKeyRefused("receipts are signed with a P-256 key; the key in the token is on another curve")
        return PublicKey(point[1:33], point[33:])

    def _pin(self) -> str:
        try:
            if self._pin_file.stat().st_mode & 0o077:
                raise SigningKeyRefused(f"{self._pin_file.name} can be read by others; run: chmod 600 it")
            return self._pin_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SigningKeyRefused(f"the file of the PIN cannot be read ({error.strerror})") from None


def _said(error: Exception) -> str:
    """The library's exceptions are named for what is wrong; their texts may be empty."""
    return type(error).__name__
