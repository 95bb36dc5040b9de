"""One folder, held open by its descriptor: every name is resolved inside it, never through a path.

Enters: plain names. Leaves: sightings, open files, files written whole. Refuses: links, devices, pipes, files with a
second name (`Unsafe`), one that may not be read (`Unreadable`), a file that is not the one that was seen (`Changed`), a
name that is taken (`Taken`). All calls block: run them in a thread. What is written is on the disk before its name can
be seen.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from adapters.filedrop.naming import TEMP_PREFIX
from adapters.filedrop.readiness import Sighting

CHUNK = 1024 * 1024
"""Bytes read or compared at a time."""

_NOREPLACE = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_RENAMEAT2 = getattr(_LIBC, "renameat2", None)
_NO_SUCH_CALL = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}

Barrier = Callable[[str], None]


def no_barrier(point: str) -> None:
    """Where a test may end the process; here nothing happens."""


class Unsafe(Exception):
    """Not a regular file with a single name."""


class Unreadable(Exception):
    """A file that its owner lets nobody read."""


class Changed(Exception):
    """The bytes under this name are not, or no longer, those that were seen."""


class Taken(Exception):
    """The name belongs to something else."""


def sighting(name: str, found: os.stat_result) -> Sighting:
    return Sighting(
        name, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_nlink
    )  # fmt: skip


class Folder:
    """A directory by descriptor; a link to one is refused, because who may write beside it could lead it anywhere.
    `close` is idempotent. One that nobody closes is closed with its last user, so that no thread finds its number given
    to another folder."""

    def __init__(self, path: Path, fd: int | None = None, barrier: Barrier = no_barrier) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        self.path, self.barrier, self._fd = path, barrier, -1
        self._fd = os.open(path, flags) if fd is None else fd

    def __del__(self) -> None:
        self.close()

    @property
    def fd(self) -> int:
        return self._fd

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def stands_at_its_path(self) -> bool:
        """Whether the path still leads here, and not to another folder or to none."""
        try:
            there, here = os.stat(self.path, follow_symlinks=False), os.fstat(self._fd)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def names(self) -> Iterator[str]:
        """All names in it, in no order, without holding them."""
        with os.scandir(self._fd) as entries:
            for entry in entries:
                yield entry.name

    def see(self, name: str) -> Sighting | None:
        """What `lstat` says, or None if nothing has this name."""
        try:
            return sighting(name, os.stat(name, dir_fd=self._fd, follow_symlinks=False))
        except FileNotFoundError:
            return None

    def inside(self, name: str, create: bool = False) -> Folder:
        """A folder in this one; a link is refused. Raises FileNotFoundError."""
        if create:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=self._fd)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        return Folder(self.path / name, os.open(name, flags, dir_fd=self._fd), self.barrier)

    def open(self, name: str) -> tuple[int, Sighting]:
        """A descriptor for reading, and what it points to. Raises `Unsafe`, `Unreadable`; never waits for a writer."""
        before = os.stat(name, dir_fd=self._fd, follow_symlinks=False)
        if not stat.S_ISREG(before.st_mode) or before.st_nlink != 1:
            raise Unsafe
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._fd)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENXIO}:
                raise Unsafe from None
            if error.errno in {errno.EACCES, errno.EPERM}:
                raise Unreadable from None
            raise
        seen = sighting(name, os.fstat(fd))
        if not seen.plain:
            os.close(fd)
            raise Unsafe
        return fd, seen

    def read(self, name: str, limit: int) -> bytes:
        """A small file, whole; at most `limit` bytes."""
        fd, _ = self.open(name)
        with os.fdopen(fd, "rb") as file:
            return file.read(limit)

    def move(self, name: str, to: Folder, new: str) -> None:
        """Renames without replacing. Done before counts as done. Raises `Taken`, FileNotFoundError."""
        mine = os.stat(name, dir_fd=self._fd, follow_symlinks=False)
        there = to.see(new)
        if there is not None and (there.device, there.inode) == (mine.st_dev, mine.st_ino) and mine.st_nlink > 1:
            os.unlink(name, dir_fd=self._fd)
            return
        _rename(self._fd, name, to.fd, new)

    def write(self, name: str, data: bytes, token: str) -> None:
        """A new file, whole and durable before its name exists. The same bytes again are success; `Taken` otherwise."""
        with Draft(self, token) as draft:
            draft.write(data)
            draft.publish(name)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._fd)

    def remove_folder(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(name, dir_fd=self._fd)

    def sync(self) -> None:
        os.fsync(self._fd)


class Draft:
    """A file being written under a temporary name in its own folder. `token` makes the name; a redo overwrites it."""

    def __init__(self, folder: Folder, token: str) -> None:
        self._folder, self._name, self._there = folder, TEMP_PREFIX + token, True
        try:
            self._fd = self._made()
        except FileExistsError:
            folder.remove(self._name)
            self._fd = self._made()

    def _made(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self._name, flags, 0o640, dir_fd=self._folder.fd)

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self.discard()

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def publish(self, name: str) -> None:
        """Gives the file its name. Raises `Taken` if the name holds other bytes."""
        self._folder.barrier("draft.written")
        os.fsync(self._fd)
        self._folder.barrier("draft.synced")
        try:
            _rename(self._folder.fd, self._name, self._folder.fd, name)
            self._there = False
        except Taken:
            if not self._same_as(name):
                raise
        self._folder.barrier("draft.renamed")
        self._folder.sync()

    def discard(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
            if self._there:
                self._folder.remove(self._name)

    def _same_as(self, name: str) -> bool:
        try:
            fd, seen = self._folder.open(name)
        except (Unsafe, Unreadable, FileNotFoundError):
            return False
        with os.fdopen(fd, "rb") as other:
            if seen.size != os.fstat(self._fd).st_size:
                return False
            at = 0
            while piece := other.read(CHUNK):
                if os.pread(self._fd, len(piece), at) != piece:
                    return False
                at += len(piece)
        return True


def make(path: Path) -> None:
    """A folder, and those above it that are missing, for its owner alone: who else may use it is decided by hand."""
    if not path.parent.exists():
        make(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)


def chunks(fd: int, seen: Sighting, size: int = CHUNK) -> Iterator[bytes]:
    """The bytes of an open file. Raises `Changed` if they are not as many as were seen, or the file was touched."""
    total = 0
    while piece := os.read(fd, size):
        total += len(piece)
        if total > seen.size:
            raise Changed
        yield piece
    if total != seen.size or sighting(seen.name, os.fstat(fd)) != seen:
        raise Changed


def _rename(from_fd: int, name: str, to_fd: int, new: str) -> None:
    if _RENAMEAT2 is not None:
        result = _RENAMEAT2(from_fd, os.fsencode(name), to_fd, os.fsencode(new), _NOREPLACE)
        if result == 0:
            return
        code = ctypes.get_errno()
        if code == errno.EEXIST:
            raise Taken
        if code not in _NO_SUCH_CALL:
            raise OSError(code, os.strerror(code))
    _link_over(from_fd, name, to_fd, new)


def _link_over(from_fd: int, name: str, to_fd: int, new: str) -> None:
    """For file systems without a rename that refuses to replace."""
    try:
        os.link(name, new, src_dir_fd=from_fd, dst_dir_fd=to_fd, follow_symlinks=False)
    except FileExistsError:
        raise Taken from None
    os.unlink(name, dir_fd=from_fd)
