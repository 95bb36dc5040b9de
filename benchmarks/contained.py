"""Case g: one large signed container, verified by a worker of the pool and by `lintas verify`.

Enters: the MiB of the file within, rounds, a core. Leaves: JSON on standard output: seconds, CPU seconds, and the
worker's highest memory over what it had when idle. Refuses: a container that is not found valid (`NotGood`).

Run as a process of its own, pinned to one core; the worker shares it. Idle is the same worker after a small container:
what is loaded at first use is not the cost of a large file. `by range` is how a gateway verifies: the file stays where
it is and is given to the worker piece by piece.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import raw, signed
from benchmarks.children import cpu_of, family, forget_peak, memory_mib
from gateway.signatures.workers import Source, WorkerLimits, Workers
from tests.zoo.pki import AT

SECONDS = 300.0


async def rounds(folder: Path, number: int) -> list[dict[str, float]]:
    """All rounds; `folder` holds `small.asice`, `large.asice` and `trust`."""
    measured = []
    for turn in range(number):
        workers = Workers(WorkerLimits(count=1, seconds=SECONDS))
        try:
            one: dict[str, float] = {}
            for way in ("path", "range"):
                await _verified(workers, _source(folder / "small.asice", way), folder)
                found = await _measured(workers, _source(folder / "large.asice", way), folder)
                one |= {f"{way}_{name}": value for name, value in found.items()}
        finally:
            await workers.close()
        measured.append(one | _by_command(folder))
        print(f"round {turn + 1}: g", file=sys.stderr, flush=True)
    return measured


def _source(path: Path, way: str) -> Source:
    if way == "path":
        return Source(path.name, path)

    async def read(start: int, stop: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)

    return Source(path.name, size=path.stat().st_size, read=read)


async def _verified(workers: Workers, source: Source, folder: Path) -> None:
    told = await workers.verify(source, trust=folder / "trust", at=AT)
    if told["conclusion"] != "valid":
        raise raw.NotGood(told)


async def _measured(workers: Workers, source: Source, folder: Path) -> dict[str, float]:
    (worker,) = family(os.getpid())[1:]
    idle, cpu, started = memory_mib(worker, "VmRSS"), cpu_of(worker), time.perf_counter()
    forget_peak(worker)
    await _verified(workers, source, folder)
    seconds = time.perf_counter() - started
    return {
        "s": seconds, "worker_cpu_s": cpu_of(worker) - cpu, "idle_mib": idle,
        "over_idle_mib": memory_mib(worker, "VmHWM") - idle,
    }  # fmt: skip


def _by_command(folder: Path) -> dict[str, float]:
    """`lintas verify`, from its start to its end."""
    command = [sys.executable, "-m", "gateway.cli", "verify", str(folder / "large.asice"), "--json"]
    command += ["--trust", str(folder / "trust"), "--at", AT.isoformat()]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise raw.NotGood(done.stdout[-500:], done.stderr[-500:])
    return {"command_s": time.perf_counter() - started}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int)
    parser.add_argument("mib", type=int)
    parser.add_argument("core", type=int)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        signed.trust(folder / "trust")
        signed.container(folder / "small.asice", 1)
        signed.container(folder / "large.asice", given.mib)
        size = (folder / "large.asice").stat().st_size
        found: dict[str, Any] = {"bytes": size, "rounds": asyncio.run(rounds(folder, given.rounds))}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
