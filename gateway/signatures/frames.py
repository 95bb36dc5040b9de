"""The frames between the gateway and a worker: a kind, a length, that many bytes.

Enters: a kind of one byte and its bytes. Leaves: the same on the other side. Refuses: a frame over the limit, and an
end in the middle of one (`FramesBroken`).

A worker asks for the bytes of a file piece by piece (`READ`), so that a plain copy of a sealed part is never on a disk,
nor all of it in memory. It asks for a timestamp (`ASK_STAMP`), for it has no network; the answer is a token (`STAMP`)
or why there is none (`NO_STAMP`). A signed file comes back in pieces (`PIECE`) before `DONE`. The secret of a key has a
frame of its own (`SECRET`), which is read into a buffer that can be wiped.
"""

from __future__ import annotations

import io
import os
import struct
from asyncio import IncompleteReadError, StreamReader
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

JOB, READ, BYTES, DONE, READY = b"J", b"R", b"B", b"D", b"Y"
SIGN, SECRET, ASK_STAMP, STAMP, NO_STAMP, PIECE = b"S", b"K", b"A", b"T", b"N", b"P"
MOST = 16 << 20
_HEAD = struct.Struct(">cI")


class FramesBroken(Exception):
    """The other side ended, or does not speak in frames."""


def packed(kind: bytes, data: bytes) -> bytes:
    return _HEAD.pack(kind, len(data)) + data


def _checked(head: bytes | bytearray) -> tuple[bytes, int]:
    kind, size = _HEAD.unpack(head)
    if size > MOST:
        raise FramesBroken(f"a frame of {size} bytes; the limit is {MOST}")
    return kind, size


def told_path(path: Path) -> str:
    """A path as text that JSON can carry, whatever bytes its name has; `path` makes it one again."""
    return os.fsencode(path.absolute()).decode("latin-1")


def path(told: str) -> Path:
    return Path(os.fsdecode(told.encode("latin-1")))


async def receive(stream: StreamReader) -> tuple[bytes, bytes]:
    """The next frame, in the gateway."""
    try:
        kind, size = _checked(await stream.readexactly(_HEAD.size))
        return kind, await stream.readexactly(size)
    except IncompleteReadError as error:
        raise FramesBroken("the worker has ended") from error


def take(stream: IO[bytes]) -> tuple[bytes, bytearray] | None:
    """The next frame, in the worker; None at the end. From a stream without a buffer no other copy of it is left."""
    head = _exactly(stream, _HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        raise FramesBroken("an end within a frame")
    kind, size = _checked(head)
    data = _exactly(stream, size)
    if len(data) < size:
        raise FramesBroken("an end within a frame")
    return kind, data


def _exactly(stream: Any, size: int) -> bytearray:
    """`size` bytes, or what there is before the end."""
    data, at = bytearray(size), 0
    with memoryview(data) as view:
        while at < size and (got := stream.readinto(view[at:])):
            at += got
    del data[at:]
    return data


class Distant(io.RawIOBase):
    """A file whose bytes are asked for across the frames; `ask(start, stop)` gives them. Reading only, seekable."""

    def __init__(self, size: int, ask: Callable[[int, int], bytes | bytearray]) -> None:
        super().__init__()
        self._size, self._ask, self._at = size, ask, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        stop = min(self._size, self._at + min(len(buffer), 4 << 20))
        if stop <= self._at:
            return 0
        data = self._ask(self._at, stop)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
