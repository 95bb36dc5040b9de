"""The disk: the room that is kept free (intake stops while every outcome in flight can still be recorded), and folders
whose new names last.

Enters: a folder, a reserve in bytes, a clock. Leaves: whether more may be taken in. Refuses nothing itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def free_bytes(path: Path) -> int:
    """Room left on the filesystem of `path`, in bytes, for those who are not root."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def sync_folder(folder: Path) -> None:
    """What was created, renamed or removed in a folder lasts. Blocks."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class DiskReserve:
    """Asks the filesystem at most once in `every` seconds of `clock`, which counts seconds and never goes back."""

    def __init__(
        self,
        path: Path,
        reserve_bytes: int,
        clock: Callable[[], float],
        *,
        every: float = 1.0,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._path = path
        self._reserve = reserve_bytes
        self._clock = clock
        self._every = every
        self._free = free
        self._asked: float | None = None
        self._last = 0

    def free_bytes(self) -> int:
        """Room left, as of at most `every` seconds ago."""
        now = self._clock()
        if self._asked is None or now - self._asked >= self._every:
            self._last = self._free(self._path)
            self._asked = now
        return self._last

    def ok(self) -> bool:
        """Whether more may be taken in."""
        return self.free_bytes() >= self._reserve
