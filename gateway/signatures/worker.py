"""A worker: a process of its own that examines or signs one file after the other and may be killed at any moment.

Enters: frames on standard input (`frames`). Leaves: frames on standard output. Refuses: to outlive its parent, to take
more memory than it was given, to write files (of a PKCS#11 module's notes a little), to reach the network.

What it prints goes to standard error and from there nowhere: a library's message may quote a document.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import io
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

from gateway.signatures import frames
from gateway.signatures.constraints import read
from gateway.signatures.findings import found
from gateway.signatures.material import Bounds, Material, TooLarge
from gateway.signatures.signing import SignedPdf, SigningRefused, heard
from gateway.signatures.trust import TrustStore, load
from gateway.signatures.verdict import judged

_PIECE = 4 << 20
_PR_SET_PDEATHSIG = 1
_NOTES = 1 << 20
_NICE, _SLICE = 5, 20_000_000
"""Below the gateway's own loop: a verification of one message never slows the delivery of another. A long slice (in
nanoseconds) is one that whoever asks for shorter ones need not wait for (Linux 6.12 and later)."""
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}


class _Work:
    """One worker's life. `inward` and `outward` are its frames."""

    def __init__(self, inward: IO[bytes], outward: IO[bytes]) -> None:
        self._inward, self._outward = inward, outward
        self._trust: tuple[object, TrustStore] | None = None

    def run(self) -> None:
        self._send(frames.READY, b"")
        while (frame := frames.take(self._inward)) is not None:
            kind, data = frame
            if kind == frames.JOB:
                self._send(frames.DONE, orjson.dumps(self._done(orjson.loads(data))))
            elif kind == frames.SIGN:
                self._send(frames.DONE, orjson.dumps(self._sign(orjson.loads(data))))

    def _done(self, job: Mapping[str, Any]) -> dict[str, Any]:
        from gateway.signatures.verification import verify

        at = datetime.fromisoformat(job["at"])
        bounds = Bounds(**job["bounds"])
        with contextlib.ExitStack() as stack:
            try:
                files = [self._opened(number, one, stack) for number, one in enumerate(job["files"])]
                beside, trust = files[1] if len(files) > 1 else None, self._known(frames.path(job["trust"]))
                verdict = asyncio.run(verify(files[0], beside, trust, at, bounds, read(job["strength"])))
                content = {} if beside is None else {"contentSha256": beside.digest("sha256").hex()}
                return {**verdict.told(str(job["name"])), **content}
            except (MemoryError, RecursionError):
                verdict = judged("unknown", "", at, about_file=[found("too_costly")])
            except OSError:
                verdict = judged("unknown", "", at, about_file=[found("unreadable")])
        return verdict.told(str(job["name"]))

    def _sign(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The signed file goes out in pieces; what is told is about it, or why it was not signed."""
        secret = self._secret()
        try:
            signed = asyncio.run(self._signed(job, secret))
        except SigningRefused as error:
            return {"refused": error.code, "message": str(error), "advice": error.advice}
        except (MemoryError, RecursionError):
            return {"refused": "too_costly"}
        except frames.FramesBroken:
            raise
        except Exception:  # whatever a library meets in a file: the caller gets an answer, and never a signature
            return {"refused": "not_a_pdf", "message": "the file cannot be signed", "advice": "Give another PDF."}
        finally:
            secret[:] = bytes(len(secret))
        for start in range(0, len(signed.data), _PIECE):
            self._send(frames.PIECE, signed.data[start : start + _PIECE])
        return {name: value for name, value in asdict(signed).items() if name != "data"}

    async def _signed(self, job: Mapping[str, Any], secret: bytearray) -> SignedPdf:
        from gateway.signatures.sign_pdf import sign

        request, key = heard(job)
        with contextlib.ExitStack() as stack:
            try:
                data = self._opened(0, job["files"][0], stack).whole(Bounds(**job["bounds"]).pdf_bytes)
            except TooLarge as error:
                raise SigningRefused("too_large", str(error), "Give a smaller document.") from error
            except OSError as error:
                raise SigningRefused("not_a_pdf", "the file cannot be read", "Give a PDF.") from error
        stamp = self._stamp if job["stamps"] else None
        with _notes(key.kind):
            return await sign(data, request, key, secret or None, self._known(frames.path(job["trust"])), stamp)

    def _secret(self) -> bytearray:
        frame = frames.take(self._inward)
        if frame is None or frame[0] != frames.SECRET:
            raise frames.FramesBroken("no frame for the secret")
        return frame[1]

    def _stamp(self, request: bytes) -> bytes:
        self._send(frames.ASK_STAMP, request)
        frame = frames.take(self._inward)
        if frame is None:
            raise frames.FramesBroken("an end instead of a timestamp")
        kind, data = frame
        if kind != frames.STAMP:
            raise SigningRefused("timestamp_failed", *orjson.loads(data))
        return bytes(data)

    def _opened(self, number: int, one: Mapping[str, Any], stack: contextlib.ExitStack) -> Material:
        if one.get("path") is not None:
            return Material(stack.enter_context(frames.path(one["path"]).open("rb")), one["name"])
        raw = frames.Distant(one["size"], lambda start, stop: self._bytes(number, start, stop))
        return Material(stack.enter_context(io.BufferedReader(raw, 1 << 20)), one["name"])

    def _bytes(self, number: int, start: int, stop: int) -> bytearray:
        self._send(frames.READ, orjson.dumps([number, start, stop]))
        frame = frames.take(self._inward)
        if frame is None or frame[0] != frames.BYTES or len(frame[1]) != stop - start:
            raise OSError("the file ended early")
        return frame[1]

    def _known(self, folder: Path) -> TrustStore:
        """The trust folder, read again only when something in it has changed."""
        print_ = _print_of(folder)
        if self._trust is None or self._trust[0] != print_:
            self._trust = print_, load(folder)
        return self._trust[1]

    def _send(self, kind: bytes, data: bytes) -> None:
        self._outward.write(frames.packed(kind, data))
        self._outward.flush()


def _print_of(folder: Path) -> object:
    """Changes whenever a file of the folder does."""
    found_here = [str(folder)]
    for base, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            with contextlib.suppress(OSError):
                stat = os.stat(os.path.join(base, name))
                found_here.append(f"{base}/{name} {stat.st_mtime_ns} {stat.st_size} {stat.st_ino}")
    return tuple(found_here)


def _ends_with_its_parent() -> None:
    """Killed when the parent is, in the middle of a job too (Linux alone knows how; else it ends after the job)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _bounded(memory: int) -> None:
    """What the process may have: address space in bytes, no file to write, no dump of its memory."""
    bounds = (resource.RLIMIT_AS, memory, memory), (resource.RLIMIT_FSIZE, 0, _NOTES), (resource.RLIMIT_CORE, 0, 0)
    for what, now, most in bounds:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (now, most))
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    _gives_way()


class _Schedule(ctypes.Structure):
    """struct sched_attr of sched_setattr(2), its first version."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    )


def _gives_way() -> None:
    """Whoever wakes up with a shorter slice runs at once. Else each message would wait, at each of its steps, until the
    slice of a verification on its core has ended: milliseconds. A kernel that knows no such thing changes nothing."""
    number = _SCHED_SETATTR.get(os.uname().machine)
    if sys.platform == "linux" and number is not None:
        size = ctypes.sizeof(_Schedule)
        wanted = _Schedule(size=size, nice=os.getpriority(os.PRIO_PROCESS, 0), runtime=_SLICE)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).syscall(number, 0, ctypes.byref(wanted), 0)


@contextlib.contextmanager
def _notes(kind: str) -> Iterator[None]:
    """A PKCS#11 module may keep its notes (locks, counters) in files, while it is used."""
    if kind != "pkcs11":
        yield
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (_NOTES, _NOTES))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, _NOTES))


def _no_network(*arguments: Any, **named: Any) -> Any:
    raise OSError("a worker has no network")


def _alone() -> None:
    """No name is resolved and no connection made, whatever a library finds in a file."""
    socket.getaddrinfo = _no_network
    socket.create_connection = _no_network
    socket.socket.connect = _no_network  # type: ignore[method-assign]
    socket.socket.connect_ex = _no_network  # type: ignore[method-assign]


def main() -> None:
    memory = int(sys.argv[1])
    inward, outward = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    from gateway.signatures import verification  # noqa: F401 - what a job needs is there before it comes

    _alone()
    _ends_with_its_parent()
    _bounded(memory)
    with contextlib.suppress(frames.FramesBroken, BrokenPipeError):
        _Work(inward, outward).run()


if __name__ == "__main__":
    main()
