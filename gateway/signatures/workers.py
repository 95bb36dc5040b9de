"""The pool of workers: each examines or signs one file at a time, within a time and a memory of its own.

Enters: files by path, or by size and a reader of ranges. Leaves: a verdict's JSON shape, always; a signed PDF. Refuses:
more waiting jobs than its line holds (`WorkersBusy`); a PDF that cannot be signed (`SigningRefused`).

1. A job waits for a slot. Large files never take the last one, so that small ones do not wait behind them.
2. A worker that overruns its deadline, or ends, is killed and replaced; its file gets the finding `too_costly`, or is
   not signed for that reason.
3. A worker is also replaced after a number of files, for what libraries keep.
4. The secret of a signer's key goes through the pipe to the worker and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import orjson

from gateway.contract.frozen import frozen
from gateway.signatures import frames
from gateway.signatures.constraints import DEFAULT, Constraints
from gateway.signatures.findings import found
from gateway.signatures.material import Bounds
from gateway.signatures.signing import SignedPdf, SigningKeySource, SigningRefused, SigningRequest, TsaUse, told
from gateway.signatures.tsa import stamped
from gateway.signatures.verdict import judged

ReadRange = Callable[[int, int], Awaitable[bytes]]
Done = TypeVar("Done")
_START = 30.0
_GROWTH = 16 << 20
"""Bytes by which a file may grow by being signed: a signature, revocation lists."""
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SOFTHSM2_CONF", "ChrystokiConfigurationPath", "CS_PKCS11_R3_CFG")
"""What of the environment a worker gets: where programs are, the language, where PKCS#11 modules are configured."""


class WorkersBusy(Exception):
    """More files wait for a check than may. `limit` is their number."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} files wait for a check")
        self.limit = limit


@frozen
class Source:
    """One file: by `path`, or by `size` and `read(start, stop)`, which gives exactly these bytes."""

    name: str
    path: Path | None = None
    size: int = 0
    read: ReadRange | None = None


@frozen
class WorkerLimits:
    """`count` workers; `seconds` and `memory` bytes of each check; `waiting` files in line; `small` bytes are small;
    `files` a worker examines before it is replaced."""

    count: int = 2
    seconds: float = 30.0
    memory: int = 1 << 30
    waiting: int = 256
    small: int = 4 << 20
    files: int = 500


class _Worker:
    """One child process and its frames."""

    def __init__(self, process: Process) -> None:
        self._process, self.done = process, 0

    @classmethod
    async def started(cls, limits: WorkerLimits) -> _Worker:
        # Secrets of the gateway's environment are none of its business.
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        kept["PYTHONPATH"] = os.pathsep.join(one for one in sys.path if one)
        command = (sys.executable, "-m", "gateway.signatures.worker", str(limits.memory))
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=kept)
        worker = cls(process)
        try:
            async with asyncio.timeout(_START):
                await worker._next()
        except BaseException:
            await worker.end()
            raise
        return worker

    async def work(self, job: Mapping[str, Any], sources: Sequence[Source]) -> dict[str, Any]:
        await self._send(frames.JOB, orjson.dumps(job))
        while True:
            kind, data = await self._next()
            if kind == frames.DONE:
                self.done += 1
                return _object(data)
            await self._read(kind, data, sources)

    async def sign(
        self, job: Mapping[str, Any], source: Source, secret: str | None, tsa: TsaUse | None
    ) -> tuple[dict[str, Any], bytes]:
        """What is told of the signed file, and the file."""
        await self._send(frames.SIGN, orjson.dumps(job))
        await self._send(frames.SECRET, (secret or "").encode("utf-8", "surrogatepass"))
        signed, most = bytearray(), _size(source) + _GROWTH
        while True:
            kind, data = await self._next()
            if kind == frames.DONE:
                self.done += 1
                return _object(data), bytes(signed)
            if kind == frames.PIECE and len(signed) + len(data) <= most:
                signed += data
            elif kind == frames.ASK_STAMP and tsa is not None:
                await self._send(*await _answered(tsa, data))
            else:
                await self._read(kind, data, [source])

    async def _read(self, kind: bytes, data: bytes, sources: Sequence[Source]) -> None:
        if kind != frames.READ:
            raise frames.FramesBroken("an unknown frame")
        try:
            number, start, stop = (int(one) for one in orjson.loads(data))
            source = sources[number]
        except (ValueError, TypeError, LookupError) as error:
            raise frames.FramesBroken("no range") from error
        if source.read is None or not 0 <= start < stop <= source.size or stop - start > frames.MOST:
            raise frames.FramesBroken("a range that is not there")
        await self._send(frames.BYTES, await source.read(start, stop))

    async def _next(self) -> tuple[bytes, bytes]:
        stream = self._process.stdout
        if stream is None:
            raise frames.FramesBroken("no pipe")
        return await frames.receive(stream)

    async def _send(self, kind: bytes, data: bytes) -> None:
        stream = self._process.stdin
        if stream is None:
            raise frames.FramesBroken("no pipe")
        stream.write(frames.packed(kind, data))
        await stream.drain()

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def end(self) -> None:
        """Killed, and waited for."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


class Workers:
    """All workers of one gateway; started when they are first needed."""

    def __init__(self, limits: WorkerLimits = WorkerLimits(), bounds: Bounds = Bounds()) -> None:
        self._limits, self._bounds = limits, bounds
        self._idle: list[_Worker] = []
        self._slots = asyncio.Semaphore(limits.count)
        self._large = asyncio.Semaphore(max(1, limits.count - 1))
        self._waiting = 0
        self._closed = False

    async def verify(
        self,
        source: Source,
        beside: Source | None = None,
        *,
        trust: Path,
        at: datetime | None = None,
        constraints: Constraints = DEFAULT,
    ) -> dict[str, Any]:
        """The verdict on one file as `Verdict.told` gives it. `at`: the time to judge for, now if None."""
        if self._waiting >= self._limits.waiting:
            raise WorkersBusy(self._limits.waiting)
        moment = at or datetime.now(UTC)
        sources = [source] if beside is None else [source, beside]
        self._waiting += 1
        try:
            async with self._turn(sources):
                job = {**self._job(sources, trust, moment), "strength": constraints.told()}
                verdict = await self._ran(partial(_Worker.work, job=job, sources=sources))
        finally:
            self._waiting -= 1
        if verdict is None:
            return judged("unknown", "", moment, about_file=[found("too_costly", self._bound())]).told(source.name)
        return verdict

    async def sign(
        self,
        source: Source,
        request: SigningRequest,
        key: SigningKeySource,
        *,
        secret: str | None = None,
        tsa: TsaUse | None = None,
        trust: Path,
    ) -> SignedPdf:
        """`source` with one more signature. `secret`: the key's passphrase or PIN. `trust`: the folder against which
        the result is verified, with the revocation data for B-LT. Raises `SigningRefused` and `WorkersBusy`."""
        if self._waiting >= self._limits.waiting:
            raise WorkersBusy(self._limits.waiting)
        job = {**self._job([source], trust, None), **told(request, key), "stamps": tsa is not None}
        self._waiting += 1
        try:
            async with self._turn([source]):
                done = await self._ran(partial(_Worker.sign, job=job, source=source, secret=secret, tsa=tsa))
        finally:
            self._waiting -= 1
        about, data = done or ({"refused": "too_costly"}, b"")
        if (code := about.get("refused")) is not None:
            message = about.get("message") or f"the document could not be signed: {self._bound()}"
            raise SigningRefused(code, message, about.get("advice") or "Give a smaller or simpler document.")
        return SignedPdf(data=data, **about)

    @contextlib.asynccontextmanager
    async def _turn(self, sources: Sequence[Source]) -> Any:
        large = sum(_size(one) for one in sources) > self._limits.small
        async with contextlib.AsyncExitStack() as stack:
            if large:
                await stack.enter_async_context(self._large)
            await stack.enter_async_context(self._slots)
            yield

    async def _ran(self, ask: Callable[[_Worker], Awaitable[Done]]) -> Done | None:
        """What a worker answers; None if it had to be killed."""
        worker: _Worker | None = None
        try:
            worker = self._rested() or await _Worker.started(self._limits)
            async with asyncio.timeout(self._limits.seconds):
                done = await ask(worker)
        except (frames.FramesBroken, TimeoutError, BrokenPipeError, ConnectionResetError):
            if worker is not None:
                await worker.end()
            return None
        except BaseException:
            if worker is not None:
                await asyncio.shield(worker.end())
            raise
        if self._closed or worker.done >= self._limits.files:
            await worker.end()
        else:
            self._idle.append(worker)
        return done

    def _rested(self) -> _Worker | None:
        """An idle worker that still lives: one that the system killed meanwhile spoils no file."""
        while self._idle:
            if (worker := self._idle.pop()).alive:
                return worker
        return None

    def _job(self, sources: Sequence[Source], trust: Path, at: datetime | None) -> dict[str, Any]:
        return {
            "name": _shown(sources[0].name),
            "at": None if at is None else at.isoformat(),
            "trust": frames.told_path(trust),
            "bounds": asdict(self._bounds),
            "files": [_told(one) for one in sources],
        }

    def _bound(self) -> str:
        return f"it may have {self._limits.seconds:g} s and {self._limits.memory >> 20} MiB"

    async def close(self) -> None:
        """No worker is left; a check under way ends its own."""
        self._closed = True
        while self._idle:
            await self._idle.pop().end()


def _size(one: Source) -> int:
    if one.path is None:
        return one.size
    try:
        return one.path.stat().st_size
    except OSError:
        return 0


async def _answered(tsa: TsaUse, request: bytes) -> tuple[bytes, bytes]:
    """The frame that answers a worker's wish for a timestamp."""
    try:
        return frames.STAMP, await stamped(tsa, request)
    except SigningRefused as error:
        return frames.NO_STAMP, orjson.dumps([str(error), error.advice])


def _object(data: bytes) -> dict[str, Any]:
    """What a worker answered, which may have been taken over by a file."""
    try:
        return dict(orjson.loads(data))
    except (ValueError, TypeError) as error:
        raise frames.FramesBroken("no answer") from error


def _told(one: Source) -> dict[str, Any]:
    path = None if one.path is None else frames.told_path(one.path)
    return {"name": _shown(one.name), "path": path, "size": one.size}


def _shown(name: str) -> str:
    """A name as JSON can carry it: the name of a file may hold bytes that are no text."""
    return name.encode("utf-8", "replace").decode()
