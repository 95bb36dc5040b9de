"""Sealed streams: large bytes in chunks that open one by one, from any offset, and only in their place.

Enters: chunks of plain bytes in order. Leaves: a header and sealed chunks. Refuses, by `SealBroken`: a chunk changed,
cut, repeated, moved within the stream or from another, bytes after the end, and a stream that ends too early.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar, CRYPTO 2015) over AES-256-GCM:
- header = "LS" || version[1] || chunk size[4] || salt[16]; the key is HMAC-SHA-256(data key, label || header), so two
  streams of one message never share a key, and a changed header opens nothing;
- chunk i has the nonce zero[7] || i[4] || last[1], where last is 1 for the final chunk only;
- every chunk but the last is full; the last is empty only if the stream is;
- the last chunk is also bound to a `seal` of the caller's, known only at the end (a digest of the whole).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.store.sealing import DataKey, SealBroken

SALT = 16
TAG = 16
HEADER = 2 + 1 + 4 + SALT
_MAGIC = b"LS\x01"
_LABEL = b"lintas stream/1\x00"

SMALLEST_CHUNK = 4 * 1024
LARGEST_CHUNK = 1024 * 1024
"""A header may not ask for more memory than this, in bytes."""


def _aead(key: DataKey, header: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key.expose(), _LABEL + header, "sha256"))


def _nonce(index: int, last: bool) -> bytes:
    return bytes(7) + index.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


@dataclass(frozen=True, slots=True)
class StreamShape:
    """Where things are in a stream of `sealed` bytes (header included), by arithmetic alone. Sizes in bytes."""

    chunk: int
    sealed: int

    def __post_init__(self) -> None:
        body = self.sealed - HEADER
        rest = body % (self.chunk + TAG)
        if body < TAG or 0 < rest < TAG or (rest == TAG and body > TAG):
            raise SealBroken("the stream is cut")

    @property
    def chunks(self) -> int:
        """How many chunks there are; at least one."""
        return -(-(self.sealed - HEADER) // (self.chunk + TAG))

    @property
    def plain(self) -> int:
        """The size of the plain bytes; proven only once the last chunk has opened."""
        return self.sealed - HEADER - TAG * self.chunks

    def span(self, index: int) -> tuple[int, int]:
        """Offset and size of one sealed chunk."""
        offset = HEADER + index * (self.chunk + TAG)
        return offset, min(self.chunk + TAG, self.sealed - offset)


class StreamSealer:
    """Seals chunk after chunk; write `header` first."""

    __slots__ = ("_aad", "_aead", "_index", "chunk", "header")

    def __init__(self, key: DataKey, aad: bytes, salt: bytes, chunk: int) -> None:
        if not SMALLEST_CHUNK <= chunk <= LARGEST_CHUNK or len(salt) != SALT:
            raise ValueError(f"a chunk has {SMALLEST_CHUNK} to {LARGEST_CHUNK} bytes, a salt {SALT}")
        self.header = _MAGIC + chunk.to_bytes(4, "big") + salt
        self.chunk = chunk
        self._aead = _aead(key, self.header)
        self._aad = aad
        self._index = 0

    def seal(self, plain: bytes | memoryview) -> bytes:
        """Seal the next full chunk, which is not the last."""
        if len(plain) != self.chunk:
            raise ValueError("only the last chunk may be short")
        return self._seal(plain, b"", last=False)

    def finish(self, plain: bytes | memoryview, seal: bytes) -> bytes:
        """Seal the last chunk and bind it to `seal`."""
        if len(plain) > self.chunk or (not plain and self._index):
            raise ValueError("the last chunk is not empty and not over-full")
        return self._seal(plain, seal, last=True)

    def _seal(self, plain: bytes | memoryview, seal: bytes, *, last: bool) -> bytes:
        index, self._index = self._index, self._index + 1
        return self._aead.encrypt(_nonce(index, last), plain, self._aad + seal)


class StreamOpener:
    """Opens any chunk of a stream by its index."""

    __slots__ = ("_aad", "_aead", "_seal", "shape")

    def __init__(self, key: DataKey, aad: bytes, seal: bytes, header: bytes, sealed: int) -> None:
        chunk = int.from_bytes(header[3:7], "big")
        if len(header) != HEADER or header[:3] != _MAGIC or not SMALLEST_CHUNK <= chunk <= LARGEST_CHUNK:
            raise SealBroken("this is not a sealed stream")
        self.shape = StreamShape(chunk, sealed)
        self._aead = _aead(key, header)
        self._aad = aad
        self._seal = seal

    def open(self, index: int, sealed: bytes) -> bytes:
        """The plain bytes of chunk `index`."""
        last = index == self.shape.chunks - 1
        try:
            return self._aead.decrypt(_nonce(index, last), sealed, self._aad + (self._seal if last else b""))
        except InvalidTag:
            raise SealBroken(f"chunk {index} of the stream does not open") from None
