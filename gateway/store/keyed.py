"""HMAC-SHA-256 (RFC 2104) for short messages, out of two plain digests.

Enters: a key of at most 64 bytes and a message. Leaves: 32 bytes. Refuses: longer keys.

The library's own HMAC lets go of the interpreter lock at every call, so that a thread that commits gets in between five
times a request; two digests of short bytes do not. A test compares with the library.
"""

from __future__ import annotations

from hashlib import sha256

_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The code of a message under a key."""
    return Keyed(key).digest(message)


class Keyed:
    """A key made ready: worth it for one that is used more than once."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            raise ValueError("a key has at most 64 bytes")
        padded = key.ljust(_BLOCK, b"\0")
        self._inner, self._outer = padded.translate(_INNER), padded.translate(_OUTER)

    def digest(self, message: bytes) -> bytes:
        return sha256(self._outer + sha256(self._inner + message).digest()).digest()

    def __repr__(self) -> str:
        return "Keyed()"
