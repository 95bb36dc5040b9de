"""The bytes that are examined, which may be larger than memory.

Enters: an opened file, or bytes. Leaves: its size, pieces of it, digests in one pass. Refuses: to give more than a
limit at once (`TooLarge`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import IO

from gateway.contract.frozen import frozen

PIECE = 1 << 20


class TooLarge(Exception):
    """More bytes than the limit. `limit` is in bytes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes; the limit is {limit}")
        self.size, self.limit = size, limit


@frozen
class Bounds:
    """How much one examination reads at once: bytes of a PDF, of an XML document, of a CMS, a JWS, one member of a
    container that is read whole; members of a container, their bytes together, signatures, references of one."""

    pdf_bytes: int = 256 << 20
    xml_bytes: int = 32 << 20
    cms_bytes: int = 64 << 20
    jws_bytes: int = 32 << 20
    members: int = 1_000
    member_bytes: int = 6 << 30
    container_bytes: int = 8 << 30
    expansion: int = 200
    signatures: int = 64
    references: int = 1_000
    xml_depth: int = 256
    xml_tags: int = 200_000


class Material:
    """A seekable file; reading moves its position. `name` is what the file is called, for findings and references."""

    def __init__(self, file: IO[bytes], name: str = "") -> None:
        self.file, self.name = file, name
        self.size = file.seek(0, io.SEEK_END)
        self._digests: dict[str, bytes] = {}
        self.touched = False

    @classmethod
    def of(cls, data: bytes, name: str = "") -> Material:
        return cls(io.BytesIO(data), name)

    def head(self, size: int) -> bytes:
        self.file.seek(0)
        return self.file.read(size)

    def whole(self, limit: int) -> bytes:
        """All of it, or `TooLarge`."""
        self.touched = True
        if self.size > limit:
            raise TooLarge(self.size, limit)
        self.file.seek(0)
        return self.file.read(limit)

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        self.touched = True
        self.file.seek(start)
        left = (self.size if stop is None else stop) - start
        while left > 0 and (piece := self.file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece

    def digests(self, names: Iterable[str]) -> dict[str, bytes]:
        """Digests of all of it by name (as in `sha256`), in one pass over what is not known yet."""
        wanted = dict.fromkeys(names)
        states = {name: hashlib.new(name, usedforsecurity=False) for name in wanted if name not in self._digests}
        if states:
            for piece in self.pieces():
                for state in states.values():
                    state.update(piece)
            self._digests.update({name: state.digest() for name, state in states.items()})
        return {name: self._digests[name] for name in wanted}

    def digest(self, name: str) -> bytes:
        return self.digests([name])[name]
