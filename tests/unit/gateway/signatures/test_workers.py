"""`gateway/signatures/workers.py`: a verdict within its time and memory, whatever becomes of a worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.signatures import frames
from gateway.signatures.workers import ReadRange, Source, WorkerLimits, Workers, WorkersBusy
from tests.zoo import cms
from tests.zoo.pki import AT

SMALL = WorkerLimits(count=2, small=1000)


@pytest.fixture
async def pool() -> AsyncIterator[Callable[[WorkerLimits], Workers]]:
    every: list[Workers] = []

    def made(limits: WorkerLimits = WorkerLimits(count=2)) -> Workers:
        every.append(Workers(limits))
        return every[-1]

    yield made
    for one in every:
        await one.close()
    assert children() == []


@pytest.fixture(scope="module")
def good() -> bytes:
    return cms.one()


@pytest.fixture(scope="module")
def signature() -> bytes:
    return cms.one(attached=False)


def children() -> list[int]:
    """The workers of this process that live."""
    found = []
    for tasks in Path("/proc/self/task").glob("*/children"):
        for one in tasks.read_text().split():
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{one}/cmdline").read_bytes()
                found += [int(one)] if b"gateway.signatures.worker" in command else []
    return sorted(found)


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[Source]:
    """A file of a tebibyte, of which nothing lies on the disk: to hash it takes half an hour."""
    path = tmp_path / "endless"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    yield Source("endless", path)
    # Others look through the files of a test run.
    path.unlink()


def held(data: bytes, read: ReadRange | None = None, name: str = "surat") -> Source:
    async def ranges(start: int, stop: int) -> bytes:
        return data[start:stop]

    return Source(name, size=len(data), read=read or ranges)


class Stuck:
    """A reader of ranges that never answers."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def __call__(self, start: int, stop: int) -> bytes:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


def codes(told: dict[str, Any]) -> list[str]:
    return [one["code"] for one in told["findings"]]


async def test_by_path_and_by_ranges(pool: Any, good: bytes, zoo_folder: Path, tmp_path: Path) -> None:
    workers = pool()
    path = tmp_path / os.fsdecode(b"surat \xff.p7m")
    path.write_bytes(good)
    for source in (Source(str(path), path), held(good)):
        told = await workers.verify(source, trust=zoo_folder, at=AT)
        assert (told["conclusion"], told["format"], told["at"]) == ("valid", "cms", "2026-06-01T00:00:00Z")
    assert told["file"] == "surat"
    detached = await workers.verify(held(cms.one(attached=False)), held(cms.CONTENT), trust=zoo_folder, at=AT)
    assert detached["conclusion"] == "valid"
    assert len(children()) == 1


async def test_the_trust_folder_is_read_again_when_it_changes(pool: Any, good: bytes, tmp_path: Path) -> None:
    workers = pool()
    folder = tmp_path / "trust"
    assert (await workers.verify(held(good), trust=folder, at=AT))["conclusion"] == "indeterminate"
    cms.pki().trust(folder)
    assert (await workers.verify(held(good), trust=folder, at=AT))["conclusion"] == "valid"
    (folder / "root.pem").unlink()
    assert (await workers.verify(held(good), trust=folder, at=AT))["conclusion"] == "indeterminate"
    assert len(children()) == 1


async def test_what_overruns_its_time_and_its_neighbour(
    pool: Any, good: bytes, signature: bytes, endless: Source, zoo_folder: Path
) -> None:
    workers = pool(WorkerLimits(count=2, seconds=2))
    await asyncio.gather(*(workers.verify(held(good), trust=zoo_folder, at=AT) for _ in range(2)))
    before = children()
    assert len(before) == 2
    begin = time.monotonic()
    costly = asyncio.create_task(workers.verify(held(signature), endless, trust=zoo_folder, at=AT))
    await asyncio.sleep(0)
    neighbour = await workers.verify(held(good), trust=zoo_folder, at=AT)
    assert (neighbour["conclusion"], costly.done()) == ("valid", False)
    told = await costly
    assert (codes(told), told["conclusion"], told["signatures"]) == (["too_costly"], "indeterminate", [])
    assert "2 s and 1024 MiB" in told["findings"][0]["message"]
    assert time.monotonic() - begin < 10
    assert set(children()) < set(before)
    assert (await workers.verify(held(good), trust=zoo_folder, at=AT))["conclusion"] == "valid"


async def test_what_needs_more_memory_than_it_may_have(
    pool: Any, good: bytes, zoo_folder: Path, tmp_path: Path
) -> None:
    workers = pool(WorkerLimits(count=1, memory=400 << 20))
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(240 << 20)
    told = await workers.verify(Source("large.pdf", path), trust=zoo_folder, at=AT)
    path.unlink()
    assert codes(told) == ["too_costly"]
    assert (await workers.verify(held(good), trust=zoo_folder, at=AT))["conclusion"] == "valid"


async def test_a_worker_that_is_killed_in_the_middle(pool: Any, good: bytes, zoo_folder: Path) -> None:
    workers = pool()
    asked = asyncio.Event()

    async def killing(start: int, stop: int) -> bytes:
        os.kill(children()[0], signal.SIGKILL)
        asked.set()
        return good[start:stop]

    told = await workers.verify(held(good, killing), trust=zoo_folder, at=AT)
    assert (asked.is_set(), codes(told)) == (True, ["too_costly"])
    assert (await workers.verify(held(good), trust=zoo_folder, at=AT))["conclusion"] == "valid"


async def test_a_worker_that_is_killed_while_idle_spoils_no_file(pool: Any, good: bytes, zoo_folder: Path) -> None:
    workers = pool()
    await workers.verify(held(good), trust=zoo_folder, at=AT)
    (process,) = children()
    os.kill(process, signal.SIGKILL)
    await until(lambda: not children())
    await asyncio.sleep(0.05)
    assert (await workers.verify(held(good), trust=zoo_folder, at=AT))["conclusion"] == "valid"


async def test_a_worker_is_replaced_after_so_many_files(pool: Any, good: bytes, zoo_folder: Path) -> None:
    workers = pool(WorkerLimits(count=1, files=2))
    seen = []
    for _ in range(3):
        assert (await workers.verify(held(good), trust=zoo_folder, at=AT))["conclusion"] == "valid"
        seen.append(children())
    assert len(seen[0]) == 1
    assert seen[1] == []
    assert len(seen[2]) == 1


async def test_large_files_never_take_the_last_slot(pool: Any, good: bytes, zoo_folder: Path) -> None:
    workers, first, second = pool(SMALL), Stuck(), Stuck()
    large = [asyncio.create_task(workers.verify(held(good, one), trust=zoo_folder, at=AT)) for one in (first, second)]
    await first.asked.wait()
    small = held(b"Surat")
    for _ in range(3):
        assert codes(await workers.verify(small, trust=zoo_folder, at=AT)) == ["format_unknown"]
    assert not second.asked.is_set()
    for one in large:
        one.cancel()
    await asyncio.gather(*large, return_exceptions=True)


async def test_more_files_than_may_wait(pool: Any, good: bytes, zoo_folder: Path) -> None:
    workers, stuck = pool(WorkerLimits(count=1, waiting=2)), Stuck()
    jobs = [asyncio.create_task(workers.verify(held(good, stuck), trust=zoo_folder, at=AT)) for _ in range(2)]
    await stuck.asked.wait()
    with pytest.raises(WorkersBusy) as error:
        await workers.verify(held(good), trust=zoo_folder, at=AT)
    assert error.value.limit == 2
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    # All room is given back.
    assert (await workers.verify(held(good), trust=zoo_folder, at=AT))["conclusion"] == "valid"


async def test_what_is_cancelled_leaves_no_process(pool: Any, good: bytes, zoo_folder: Path) -> None:
    workers, stuck = pool(WorkerLimits(count=1)), Stuck()
    running = asyncio.create_task(workers.verify(held(good, stuck), trust=zoo_folder, at=AT))
    await stuck.asked.wait()
    waiting = asyncio.create_task(workers.verify(held(good), trust=zoo_folder, at=AT))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(children()) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert children() == []
    starting = asyncio.create_task(workers.verify(held(good), trust=zoo_folder, at=AT))
    await until(children)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert children() == []
    assert (await workers.verify(held(good), trust=zoo_folder, at=AT))["conclusion"] == "valid"


async def test_after_close_no_worker_is_left(pool: Any, good: bytes, zoo_folder: Path) -> None:
    workers, stuck = pool(), Stuck()
    await workers.verify(held(good), trust=zoo_folder, at=AT)
    gate = asyncio.Event()

    async def late(start: int, stop: int) -> bytes:
        stuck.asked.set()
        await gate.wait()
        return good[start:stop]

    job = asyncio.create_task(workers.verify(held(good, late), trust=zoo_folder, at=AT))
    await stuck.asked.wait()
    await workers.close()
    assert len(children()) == 1
    gate.set()
    assert (await job)["conclusion"] == "valid"
    assert children() == []


async def test_a_reader_that_raises_is_the_callers_own_affair(pool: Any, good: bytes, zoo_folder: Path) -> None:
    workers = pool()

    async def gone(start: int, stop: int) -> bytes:
        raise LookupError("the part is gone")

    with pytest.raises(LookupError, match="the part is gone"):
        await workers.verify(held(good, gone), trust=zoo_folder, at=AT)
    assert children() == []
    assert (await workers.verify(held(good), trust=zoo_folder, at=AT))["conclusion"] == "valid"


async def test_what_cannot_be_read_is_told_so(pool: Any, good: bytes, zoo_folder: Path, tmp_path: Path) -> None:
    workers = pool()
    assert codes(await workers.verify(Source("x", tmp_path / "none"), trust=zoo_folder, at=AT)) == ["unreadable"]

    async def short(start: int, stop: int) -> bytes:
        return good[start : stop - 1]

    assert codes(await workers.verify(held(good, short), trust=zoo_folder, at=AT)) == ["unreadable"]
    assert len(children()) == 1


@pytest.mark.parametrize(
    "frame",
    [(frames.READ, b"[0,0,9999999]"), (frames.READ, b"[-2,0,1]"), (frames.READ, b"{"), (frames.READ, b"[0,null,1]"),
     (frames.DONE, b"[1"), (frames.DONE, b"7"), (frames.PIECE, b"x"), (b"?", b"")],
)  # fmt: skip
async def test_a_worker_that_was_taken_over_gets_nothing(
    frame: tuple[bytes, bytes], pool: Any, good: bytes, zoo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another program in the worker's place.
    stand_in = (
        "import sys; from gateway.signatures import frames; o = sys.stdout.buffer;"
        f"o.write(frames.packed(frames.READY, b'')); o.flush(); frames.take(sys.stdin.buffer);"
        f"o.write(frames.packed(*{frame!r})); o.flush(); sys.stdin.read()"
    )
    spawn = asyncio.create_subprocess_exec

    async def other(*_: str, **named: Any) -> Any:
        return await spawn(sys.executable, "-c", stand_in, **named)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", other)
    told = await pool().verify(held(good), trust=zoo_folder, at=AT)
    assert codes(told) == ["too_costly"]


async def test_a_killed_parent_takes_its_worker_along(
    signature: bytes, endless: Source, zoo_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "signature").write_bytes(signature)
    program = (
        "import asyncio, sys; from pathlib import Path; from gateway.signatures.workers import *;"
        "a = [Path(one) for one in sys.argv[1:]];"
        "asyncio.run(Workers().verify(Source('s', a[0]), Source('e', a[1]), trust=a[2]))"
    )
    command = [sys.executable, "-c", program, tmp_path / "signature", endless.path, zoo_folder]
    parent = subprocess.Popen(command, cwd=Path(__file__).parents[4])  # noqa: ASYNC220
    try:
        listed = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        child = await until(lambda: listed.read_text().split())
        process = Path(f"/proc/{child[0]}")
        await until(lambda: str(endless.path) in opened(process))
    finally:
        parent.kill()
        parent.wait()
    await until(lambda: str(endless.path) not in opened(process))


def opened(process: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return [os.readlink(one) for one in (process / "fd").iterdir()]
    return []


async def until(ready: Callable[[], Any]) -> Any:
    async with asyncio.timeout(20):
        while not (found := ready()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return found
