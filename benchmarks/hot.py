"""Case h: do questions of others wait while large documents are verified?

Enters: seconds of one series, numbers of connections, rounds. Leaves: p50 and p99 of the query of case a, alone and
while signed letters are verified. Refuses: a letter that is not taken (`WrongTransfer`).

The letters go to the same gateway, on a route that wants them signed, with every setting at its default; its workers
share its core. The series begins when all bytes of all letters are sent, so that it measures what a verification costs
others, not what an upload does. `waiting` is how many letters still had no answer when the series ended: where that is
0, the end of the series was a quiet one.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from statistics import median
from typing import Any

from benchmarks import federation, signed
from benchmarks.big import upload
from benchmarks.cells import quantile
from benchmarks.children import Child, python
from benchmarks.rounds import QUERY, Plan, Round, Site, opened

LETTERS = 8
_SENT_SECONDS = 120.0


def run(plan: Plan, mib: int, done: Callable[[str], None]) -> dict[str, Any]:
    """All rounds, each on a fresh gateway. `mib` is the size of a letter."""
    letter = signed.heavy(mib)
    measured: list[dict[str, float]] = []
    for number in range(plan.rounds):
        folder = plan.folder / f"hot-{number}"
        signed.trust(folder / "config" / "trust", with_crl=False)
        with opened(folder, plan.cores) as site:
            with Child(python("benchmarks.hop", f"{site.peer}/answer"), plan.cores[0]) as hop:
                hop.wait_ready()
                one = Round(plan, number, site, hop)
                one.warm([QUERY])
                _sent(site, letter, 1, "warm")[0].result()
                measured += [_measured(one, site, letter, each, plan.seconds) for each in plan.connections]
        done(f"round {number + 1}: h {LETTERS} letters of {len(letter) >> 20} MiB")
    return {"bytes": len(letter), "median": _medians(measured, plan.connections), "rounds": measured}


def _measured(one: Round, site: Site, letter: bytes, connections: int, seconds: float) -> dict[str, float]:
    alone = _latencies(one, connections, seconds)
    site.settle()
    waiting = _sent(site, letter, LETTERS, f"{connections}")
    beside = _latencies(one, connections, seconds)
    left = sum(not each.done() for each in waiting)
    took = [each.result() for each in waiting]
    site.settle()
    return {
        "connections": connections, "alone_p50_ms": alone[0], "alone_p99_ms": alone[1], "beside_p50_ms": beside[0],
        "beside_p99_ms": beside[1], "ratio": beside[1] / alone[1], "waiting": left, "last_letter_s": max(took),
        "alone_per_s": alone[2], "beside_per_s": beside[2],
    }  # fmt: skip


def _latencies(one: Round, connections: int, seconds: float) -> tuple[float, float, float]:
    """p50 and p99 in milliseconds, answers per second."""
    load = one.series(QUERY, connections, seconds)
    ordered = sorted(load.latencies)
    return quantile(ordered, 0.5) / 1e6, quantile(ordered, 0.99) / 1e6, load.answers / load.seconds


def _sent(site: Site, letter: bytes, count: int, name: str) -> list[Future[float]]:
    """The letters, when all of their bytes are sent; each gives the seconds until it was taken."""
    digest, sent = hashlib.sha256(letter).hexdigest(), threading.Semaphore(0)
    pool = ThreadPoolExecutor(count)

    def post(number: int) -> float:
        try:
            return upload(site, letter, 1, digest, f"{name}-{number}", federation.SIGNER, sent.release)[0]
        except BaseException:
            sent.release()
            raise

    waiting = [pool.submit(post, number) for number in range(count)]
    pool.shutdown(wait=False)
    for _ in range(count):
        sent.acquire(timeout=_SENT_SECONDS)
    return waiting


def _medians(measured: Sequence[dict[str, float]], connections: Sequence[int]) -> list[dict[str, float]]:
    rows = []
    for each in connections:
        same = [one for one in measured if one["connections"] == each]
        rows.append({name: median(one[name] for one in same) for name in same[0]})
    return rows
