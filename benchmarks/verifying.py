"""Case f: verifications per second on one core, ours beside the raw call of the library, in turns.

Enters: seconds of one series, rounds. Leaves: JSON on standard output, `{"rounds": [{kind: {…}}], "bytes": {…}}`.
Refuses: a document that is not found valid (`NotGood`): a benchmark of refusals measures nothing.

Run as a process of its own, pinned to one core; the pool's only worker is its child and shares the core. Ours and the
raw call take turns in slices of a tenth of the time, so that what else the machine does meets both. Time is CPU
time: of this process, and for the pool of this process and the worker together.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks import raw, signed
from benchmarks.children import cpu_of
from gateway.signatures.material import Material
from gateway.signatures.trust import load
from gateway.signatures.verification import verify
from gateway.signatures.workers import Source, WorkerLimits, Workers
from tests.zoo.pki import AT

SLICES, WARM = 10, 3
Step = Callable[[], Awaitable[None]]


async def rounds(documents: dict[str, bytes], number: int, seconds: float) -> dict[str, Any]:
    """All rounds; `seconds` is the time of each of the three series of one document."""
    calls = raw.Raw().calls()
    measured: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = signed.trust(Path(name) / "trust")
        store = load(folder)
        workers = Workers(WorkerLimits(count=1, files=1_000_000))
        try:
            for turn in range(number):
                one: dict[str, Any] = {}
                for kind, data in documents.items():
                    ours, theirs = _ours(kind, data, store), _theirs(calls[kind], data)
                    pooled = _pooled(workers, kind, data, Path(name), folder)
                    one[kind] = await _measured(ours, theirs, pooled, seconds, turn)
                measured.append(one)
                print(f"round {turn + 1}: f", file=sys.stderr, flush=True)
        finally:
            await workers.close()
    return {"rounds": measured, "bytes": {kind: len(data) for kind, data in documents.items()}}


def _ours(kind: str, data: bytes, store: Any) -> Step:
    async def step() -> None:
        verdict = await verify(Material.of(data, signed.ENDINGS[kind]), None, store, AT)
        if verdict.conclusion != "valid":
            raise raw.NotGood(kind, verdict.findings)

    return step


def _theirs(call: raw.Call, data: bytes) -> Step:
    return lambda: call(data)


def _pooled(workers: Workers, kind: str, data: bytes, folder: Path, trust: Path) -> Step:
    path = folder / f"{list(signed.ENDINGS).index(kind)}-{signed.ENDINGS[kind]}"
    path.write_bytes(data)

    async def step() -> None:
        told = await workers.verify(Source(path.name, path), trust=trust, at=AT)
        if told["conclusion"] != "valid":
            raise raw.NotGood(kind, told)

    return step


async def _measured(ours: Step, theirs: Step, pooled: Step, seconds: float, turn: int) -> dict[str, float]:
    for _ in range(WARM):
        for step in (ours, theirs, pooled):
            await step()
    spent, made = [0.0, 0.0], [0, 0]
    for number in range(SLICES * 2):
        which = (number + turn) % 2
        cpu, count = await _slice((ours, theirs)[which], seconds / SLICES, time.process_time)
        spent[which], made[which] = spent[which] + cpu, made[which] + count
    both, count = await _slice(pooled, seconds, lambda: cpu_of(os.getpid()))
    return {
        "ours_per_s": made[0] / spent[0], "raw_per_s": made[1] / spent[1], "pool_per_s": count / both,
        "ratio": made[0] / spent[0] / (made[1] / spent[1]), "pool_ratio": count / both / (made[1] / spent[1]),
    }  # fmt: skip


async def _slice(step: Step, seconds: float, clock: Callable[[], float]) -> tuple[float, int]:
    """Seconds by the clock, and how often the step was done."""
    start, count = clock(), 0
    while (spent := clock() - start) < seconds:
        await step()
        count += 1
    return spent, count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("core", type=int)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    print(json.dumps(asyncio.run(rounds(signed.small(), given.rounds, given.seconds))))


if __name__ == "__main__":
    main()
