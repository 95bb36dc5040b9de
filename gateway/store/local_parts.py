"""Parts in a local folder: `<root>/<2 hex of SHA-256 of the message id>/<message id>/<address>`.

Enters and leaves: see `parts`. Refuses, besides: a message id or address that is not a plain name.

How a part becomes durable; the order is the point:
1. Bytes are hashed, sealed and written to `.<token>.tmp` in the message's folder, one chunk at a time, in a thread.
2. fdatasync of the file. It is never tried again on the same file: after a failure nobody knows what was lost.
3. Rename to the address. A rename within one folder is whole or not at all.
4. fsync of the message's folder, so that the name lasts, and of the folder above, so that this folder does.
5. Only now is the part answered for.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from gateway.store.disk import sync_folder
from gateway.store.hmac_keys import HmacKeys
from gateway.store.parts import (
    DiskFull,
    PartError,
    PartMissing,
    PartsBusy,
    PartsFailed,
    PartStore,
    PartTooLarge,
    PartUnreadable,
    PartWriter,
    StoredPart,
)
from gateway.store.sealing import DataKey, binding
from gateway.store.streams import HEADER, SALT, StreamOpener, StreamSealer

T = TypeVar("T")

_MESSAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z")
_ADDRESS = re.compile(r"[0-9a-f]{64}\Z")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SWEEP = 1000


class LocalParts(PartStore):
    """`barrier` is called in a worker thread at `part.before_fsync`, `part.before_rename` and `part.after_rename`."""

    def __init__(
        self,
        root: Path,
        keys: HmacKeys,
        *,
        on_fatal: Callable[[BaseException], None],
        barrier: Callable[[str], None] = lambda name: None,
        chunk_bytes: int = 256 * 1024,
        workers: int = 4,
        max_writers: int = 256,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._root = root
        self._keys = keys
        self._on_fatal = on_fatal
        self._barrier = barrier
        self._chunk = chunk_bytes
        self._workers = workers
        self._max_writers = max_writers
        self._entropy = entropy
        self._writers: set[LocalWriter] = set()
        self._failed = False

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="parts")
        await self._run(self._make_folders)

    async def close(self) -> None:
        for writer in list(self._writers):
            await writer.abort()
        await self._loop.run_in_executor(None, self._pool.shutdown)

    async def open_writer(self, message: str, data_key: DataKey, agency: str, limit_bytes: int) -> PartWriter:
        if len(self._writers) >= self._max_writers:
            raise PartsBusy(self._max_writers)
        folder = self._folder(message)
        sealer = StreamSealer(data_key, binding("part", message), self._entropy(SALT), self._chunk)
        writer = LocalWriter(self, folder, self._entropy(8).hex(), sealer, agency, limit_bytes)
        self._writers.add(writer)
        return writer

    async def read(
        self, message: str, address: str, data_key: DataKey, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        if not _ADDRESS.match(address):
            raise PartMissing("there is no such part")
        path = self._folder(message) / address
        found = self._loop.run_in_executor(self._pool, _open_part, path, binding("part", message), address, data_key)
        try:
            file, opener, tail = await found
        except OSError as error:
            raise _unread(error) from None
        stop = opener.shape.plain if stop is None else min(stop, opener.shape.plain)
        return self._pieces(file, opener, tail, max(start, 0), stop)

    async def delete_message(self, message: str) -> None:
        await self._run(self._delete, self._folder(message))

    async def sweep(self, keep: Callable[[Set[str]], Awaitable[Set[str]]]) -> int:
        if self._writers:
            raise RuntimeError("the part store is swept before anything is written")
        removed = 0
        folders = self._message_folders()
        while batch := await self._run(_clean_next, folders):
            kept = await keep(set(batch))
            for message, folder in batch.items():
                if message not in kept:
                    await self._run(self._delete, folder)
                    removed += 1
        return removed

    def free_bytes(self) -> int:
        found = os.statvfs(self._root)
        return found.f_bavail * found.f_frsize

    # Between the loop and the threads.

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        if self._failed:
            raise PartsFailed("the disk failed; end the process and start again")
        try:
            return await self._loop.run_in_executor(self._pool, work, *args)
        except OSError as error:
            raise self._named(error) from None

    def _named(self, error: OSError) -> PartError:
        if error.errno in _FULL:
            return DiskFull("there is no room for this part")
        if error.errno in (errno.EMFILE, errno.ENFILE):
            return PartsBusy(self._max_writers)
        if not self._failed:
            self._failed = True
            self._on_fatal(error)
        return PartsFailed(f"the disk failed ({errno.errorcode.get(error.errno or 0, 'unknown')})")

    async def _pieces(
        self, file: BinaryIO, opener: StreamOpener, tail: bytes, start: int, stop: int
    ) -> AsyncGenerator[bytes, None]:
        shape = opener.shape
        if start >= stop:
            file.close()
            return
        ahead: asyncio.Future[bytes] | None = None
        try:
            first, last = start // shape.chunk, (stop - 1) // shape.chunk
            for index in range(first, last + 1):
                if index == shape.chunks - 1:
                    piece = tail
                else:
                    piece = await (ahead or self._chunk_ahead(file, opener, index))
                    following = index + 1 <= last and index + 1 < shape.chunks - 1
                    ahead = self._chunk_ahead(file, opener, index + 1) if following else None
                offset = index * shape.chunk
                if offset < start or offset + len(piece) > stop:
                    piece = piece[max(start - offset, 0) : stop - offset]
                yield piece
        except OSError as error:
            raise _unread(error) from None
        finally:
            if ahead is not None:
                # The thread still reads from the file; it is closed after.
                await asyncio.wait([ahead])
                ahead.cancelled() or ahead.exception()
            file.close()

    def _chunk_ahead(self, file: BinaryIO, opener: StreamOpener, index: int) -> asyncio.Future[bytes]:
        return self._loop.run_in_executor(self._pool, _read_chunk, file, opener, index)

    # Names.

    def _folder(self, message: str) -> Path:
        if not _MESSAGE.match(message):
            raise ValueError("a message id has letters, digits, - and _ only")
        return self._root / hashlib.sha256(message.encode()).hexdigest()[:2] / message

    # In a thread.

    def _make_folders(self) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(256):
            (self._root / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
        sync_folder(self._root)

    def _delete(self, folder: Path) -> None:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        sync_folder(folder.parent)

    def _message_folders(self) -> Iterator[Path]:
        for number in range(256):
            with os.scandir(self._root / f"{number:02x}") as found:
                for entry in found:
                    if entry.is_dir(follow_symlinks=False):
                        yield Path(entry.path)


class LocalWriter(PartWriter):
    """One chunk is in a thread while the next one gathers: at most three chunks in memory."""

    def __init__(
        self, store: LocalParts, folder: Path, token: str, sealer: StreamSealer, agency: str, limit: int
    ) -> None:
        self._store = store
        self._folder = folder
        self._temporary = folder / f".{token}.tmp"
        self._sealer = sealer
        self._agency = agency
        self._limit = limit
        self._size = 0
        self._gathered = bytearray()
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._work: asyncio.Task[None] | asyncio.Task[StoredPart] | None = None
        self._ended = False

    async def write(self, chunk: bytes) -> None:
        self._check()
        self._size += len(chunk)
        if self._size > self._limit:
            await self.abort()
            raise PartTooLarge(self._limit)
        view = memoryview(chunk)
        # The last chunk is sealed differently, so a full one waits here until a byte follows it.
        while len(self._gathered) + len(view) > self._sealer.chunk:
            take = self._sealer.chunk - len(self._gathered)
            self._gathered += view[:take]
            view = view[take:]
            await self._settled()
            full, self._gathered = self._gathered, bytearray()
            self._work = asyncio.ensure_future(self._store._run(self._put, full))
        self._gathered += view

    async def finish(self) -> StoredPart:
        self._check()
        await self._settled()
        finishing = asyncio.ensure_future(self._store._run(self._finish))
        self._work = finishing
        try:
            part = await asyncio.shield(finishing)
        except BaseException:
            await self.abort()
            raise
        self._ended = True
        self._store._writers.discard(self)
        return part

    async def abort(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._store._writers.discard(self)
        if self._work is not None:
            await asyncio.wait([self._work])
            self._work.cancelled() or self._work.exception()
        self._gathered = bytearray()
        # Not through the store's guard: after a failure of the disk the descriptor is still given back.
        await self._store._loop.run_in_executor(self._store._pool, self._discard)

    def _check(self) -> None:
        if self._ended:
            raise PartError("the part has ended")

    async def _settled(self) -> None:
        work, self._work = self._work, None
        if work is None:
            return
        try:
            await asyncio.shield(work)
        except BaseException:
            self._work = work
            await self.abort()
            raise

    # In a thread, never two at once for one writer.

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = os.fdopen(self._create(), "wb", buffering=0)
            _write_all(self._file, self._sealer.header)
        return self._file

    def _create(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        while True:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            try:
                return os.open(self._temporary, flags, 0o600)
            except FileNotFoundError:
                # Another writer of this message gave up just now and took the empty folder with it.
                continue

    def _put(self, full: bytearray) -> None:
        file = self._opened()
        self._hash.update(full)
        _write_all(file, self._sealer.seal(memoryview(full)))

    def _finish(self) -> StoredPart:
        file, store = self._opened(), self._store
        self._hash.update(self._gathered)
        digest = self._hash.digest()
        address = store._keys.part_address(self._agency, digest)
        _write_all(file, self._sealer.finish(memoryview(self._gathered), bytes.fromhex(address)))
        store._barrier("part.before_fsync")
        os.fdatasync(file.fileno())
        file.close()
        store._barrier("part.before_rename")
        os.rename(self._temporary, self._folder / address)
        store._barrier("part.after_rename")
        sync_folder(self._folder)
        sync_folder(self._folder.parent)
        return StoredPart(address, digest, self._size)

    def _discard(self) -> None:
        if self._file is None:
            return
        try:
            self._file.close()
            self._temporary.unlink(missing_ok=True)
            # Another part of the message may be there; then the folder stays.
            self._folder.rmdir()
        except OSError:
            return


def _unread(error: OSError) -> PartError:
    if error.errno == errno.ENOENT:
        return PartMissing("there is no such part")
    # One file that cannot be read is no reason to stop the others: nothing is lost that was not lost before.
    return PartUnreadable(f"the part cannot be read ({errno.errorcode.get(error.errno or 0, 'unknown')})")


def _write_all(file: BinaryIO, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _open_part(path: Path, aad: bytes, address: str, data_key: DataKey) -> tuple[BinaryIO, StreamOpener, bytes]:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    file = os.fdopen(fd, "rb", buffering=0)
    try:
        sealed = os.fstat(fd).st_size
        header = os.pread(fd, HEADER, 0)
        opener = StreamOpener(data_key, aad, bytes.fromhex(address), header, sealed)
        tail = _read_chunk(file, opener, opener.shape.chunks - 1)
    except BaseException:
        file.close()
        raise
    return file, opener, tail


def _read_chunk(file: BinaryIO, opener: StreamOpener, index: int) -> bytes:
    offset, size = opener.shape.span(index)
    return opener.open(index, os.pread(file.fileno(), size, offset))


def _clean_next(folders: Iterator[Path]) -> dict[str, Path]:
    batch = {folder.name: folder for folder in islice(folders, _SWEEP)}
    for folder in batch.values():
        for temporary in folder.glob(".*.tmp"):
            temporary.unlink(missing_ok=True)
    return batch
