"""Sealed at rest: one data key per message, wrapped by a key that lives outside the journal.

Enters: plain bytes with what they belong to (`binding`). Leaves: bytes that open only there and only whole.
Refuses: anything changed, moved to another message or purpose, or wrapped by a key that is not here (`SealBroken`).

- A small value is nonce[12] || AES-256-GCM. A data key seals few values, so random nonces are safe.
- A data key is wrapped with XAES-256-GCM (C2SP, c2sp.org/XAES-256-GCM): its 24 random bytes of nonce let one wrapping
  key serve more messages than any gateway sees, where GCM alone asks for a new key after 2^32. Its first 12 bytes, from
  which a key is derived, stay the same for 4,096 messages in a row: 12 more random bytes under a key of their own.
- A wrapped key is version[1] || key id[8] || nonce[24] || ciphertext[48]; the key id says which file to use after a
  rotation, and is authenticated with the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.store.entropy import random_bytes
from gateway.store.keyfiles import SECRET_BYTES, secret

Entropy = Callable[[int], bytes]

_NONCE = 12
_TAG = 16
_WIDE_NONCE = 24
_LEAD = 12
_KEY_ID = 8
_VERSION = b"\x01"
_WRAPPED = len(_VERSION) + _KEY_ID + _WIDE_NONCE + SECRET_BYTES + _TAG


WRAPS_PER_LEAD = 4096
"""Data keys wrapped under one derived key: far below 2^32, and one derivation for all of them."""


class SealBroken(Exception):
    """Sealed bytes were changed, cut, moved, or belong to another key. They are not given out, not even in part."""


def binding(purpose: str, message: str) -> bytes:
    """What sealed bytes belong to; opening them under another purpose or message fails."""
    return b"lintas/1\x00" + len(purpose.encode()).to_bytes(2, "big") + purpose.encode() + message.encode()


class DataKey:
    """The key of one message. Losing it is erasing the message."""

    __slots__ = ("_aead", "_raw")

    def __init__(self, raw: bytes) -> None:
        if len(raw) != SECRET_BYTES:
            raise SealBroken("a data key has 32 bytes")
        self._raw = raw
        self._aead: AESGCM | None = None

    @classmethod
    def random(cls, entropy: Entropy = random_bytes) -> DataKey:
        """A new key."""
        return cls(entropy(SECRET_BYTES))

    def seal(self, plaintext: bytes, aad: bytes, *, entropy: Entropy = random_bytes) -> bytes:
        """Seal a value that fits in memory; 28 bytes longer than the plain one."""
        nonce = entropy(_NONCE)
        return nonce + self._cipher().encrypt(nonce, plaintext, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """The plain bytes, or `SealBroken`."""
        if len(sealed) < _NONCE + _TAG:
            raise SealBroken("the sealed value is cut short")
        try:
            return self._cipher().decrypt(sealed[:_NONCE], sealed[_NONCE:], aad)
        except InvalidTag:
            raise SealBroken("the sealed value does not open") from None

    def expose(self) -> bytes:
        """The raw key, for a key ring and for key derivation only."""
        return self._raw

    def _cipher(self) -> AESGCM:
        if self._aead is None:
            self._aead = AESGCM(self._raw)
        return self._aead

    def __repr__(self) -> str:
        return "DataKey()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a data key is not pickled")


class KeyRing(Protocol):
    """Wraps data keys; the wrapping key itself may never leave a device."""

    def wrap(self, data_key: DataKey, aad: bytes) -> bytes:
        """The data key in a form that may be stored."""

    def unwrap(self, wrapped: bytes, aad: bytes) -> DataKey:
        """The data key back, or `SealBroken`."""


class FileKeyRing:
    """Wrapping keys from files: the first wraps, all unwrap."""

    def __init__(self, current: bytes, retired: Iterable[bytes] = (), *, entropy: Entropy = random_bytes) -> None:
        keys = [_WrappingKey(raw) for raw in (current, *retired)]
        self._current = keys[0]
        self._by_id = {key.id: key for key in keys}
        self._entropy = entropy
        self._lead, self._left = b"", 0

    @classmethod
    def load(cls, directory: Path, *, make: bool) -> FileKeyRing:
        """`kek.key` wraps; `kek-<anything>.key` are former keys, kept as long as something is wrapped by them."""
        current = secret(directory / "kek.key", make=make)
        return cls(current, [secret(path, make=False) for path in sorted(directory.glob("kek-*.key"))])

    def wrap(self, data_key: DataKey, aad: bytes) -> bytes:
        key = self._current
        head = _VERSION + key.id
        if not self._left:
            self._lead, self._left = self._entropy(_LEAD), WRAPS_PER_LEAD
        self._left -= 1
        nonce = self._lead + self._entropy(_NONCE)
        return head + nonce + key.seal(nonce, data_key.expose(), head + aad)

    def unwrap(self, wrapped: bytes, aad: bytes) -> DataKey:
        if len(wrapped) != _WRAPPED or wrapped[:1] != _VERSION:
            raise SealBroken("this is not a wrapped key")
        head, nonce, sealed = wrapped[:9], wrapped[9:33], wrapped[33:]
        key = self._by_id.get(head[1:])
        if key is None:
            raise SealBroken(f"wrapped by the key {head[1:].hex()}, which is not in the key folder")
        return DataKey(key.open(nonce, sealed, head + aad))

    def __repr__(self) -> str:
        return f"FileKeyRing({self._current.id.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key ring is not pickled")


class _WrappingKey:
    """XAES-256-GCM under one key. Its two CMAC blocks are computed in one call."""

    __slots__ = ("_blocks", "_known", "_mask", "id")

    def __init__(self, raw: bytes) -> None:
        # The only use of bare AES blocks: the key derivation that C2SP specifies.
        self._blocks = Cipher(algorithms.AES(raw), modes.ECB())  # noqa: S305
        zero = int.from_bytes(self._blocks.encryptor().update(bytes(16)), "big")
        doubled = (zero << 1) & ((1 << 128) - 1)
        subkey = (doubled ^ 0x87 if zero >> 127 else doubled).to_bytes(16, "big")
        self._mask = int.from_bytes(subkey * 2, "big")
        self.id = hashlib.sha256(b"lintas wrapping key id\x00" + raw).digest()[:_KEY_ID]
        self._known: tuple[bytes, AESGCM] | None = None

    def seal(self, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        return self._derived(nonce).encrypt(nonce[12:], plaintext, aad)

    def open(self, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        try:
            return self._derived(nonce).decrypt(nonce[12:], sealed, aad)
        except InvalidTag:
            raise SealBroken("the wrapped key does not open") from None

    def _derived(self, nonce: bytes) -> AESGCM:
        lead, known = nonce[:_LEAD], self._known
        if known is not None and known[0] == lead:
            return known[1]
        blocks = b"\x00\x01X\x00" + lead + b"\x00\x02X\x00" + lead
        masked = (int.from_bytes(blocks, "big") ^ self._mask).to_bytes(32, "big")
        derived = AESGCM(self._blocks.encryptor().update(masked))
        self._known = lead, derived
        return derived
