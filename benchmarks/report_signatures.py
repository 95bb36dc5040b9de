"""The tables of cases f to h.

Enters: the result as it goes into JSON. Leaves: a table for each case that was measured. Refuses: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table


def signature_tables(result: dict[str, Any]) -> Iterator[Table]:
    for name, table in (("verifying", _verifying), ("contained", _contained), ("hot", _hot)):
        if name in result:
            yield table(result[name])


def _verifying(found: dict[str, Any]) -> Table:
    title = f"f: verifications per second of CPU time; medians of {len(found['rounds'])} rounds, aim ≥ 0.8 of raw"
    table = _table(title, "document", "bytes", "raw/s", "ours/s", "of raw", "least-greatest", "by the pool/s", "of raw")
    for kind, one in found["median"].items():
        ratios = [each[kind]["ratio"] for each in found["rounds"]]
        table.add_row(
            kind, str(found["bytes"][kind]), f"{one['raw_per_s']:.0f}", f"{one['ours_per_s']:.0f}",
            f"{one['ratio']:.2f}", f"{min(ratios):.2f}-{max(ratios):.2f}", f"{one['pool_per_s']:.0f}",
            f"{one['pool_ratio']:.2f}",
        )  # fmt: skip
    return table


def _contained(found: dict[str, Any]) -> Table:
    one = found["median"]
    title = f"g: an ASiC-E of {found['bytes'] / 1e6:.0f} MB; medians of {len(found['rounds'])} rounds, aim ≤ 150 MiB"
    table = _table(title, "", "s", "worker's CPU s", "worker idle MiB", "peak over idle MiB")
    for way, words in (("path", "pool, by path"), ("range", "pool, piece by piece as in a gateway")):
        numbers = (one[f"{way}_{name}"] for name in ("s", "worker_cpu_s", "idle_mib", "over_idle_mib"))
        table.add_row(words, *(f"{each:.1f}" for each in numbers))
    table.add_row("`lintas verify`, with its start", f"{one['command_s']:.1f}", "", "", "")
    return table


def _hot(found: dict[str, Any]) -> Table:
    rounds = found["rounds"]
    title = f"h: the query of case a while 8 letters of {found['bytes'] / 1e6:.0f} MB are verified, aim p99 ≤ 2 × alone"
    table = _table(title, "connections", "alone p50 ms", "p99 ms", "/s", "beside p50 ms", "p99 ms", "/s",
                   "p99 of alone", "least-greatest", "still waiting at the end")  # fmt: skip
    for one in found["median"]:
        ratios = [each["ratio"] for each in rounds if each["connections"] == one["connections"]]
        table.add_row(
            f"{one['connections']:.0f}", f"{one['alone_p50_ms']:.2f}", f"{one['alone_p99_ms']:.2f}",
            f"{one['alone_per_s']:.0f}", f"{one['beside_p50_ms']:.2f}", f"{one['beside_p99_ms']:.2f}",
            f"{one['beside_per_s']:.0f}", f"{one['ratio']:.2f}", f"{min(ratios):.2f}-{max(ratios):.2f}",
            f"{one['waiting']:.0f}",
        )  # fmt: skip
    return table


def _table(title: str, *names: str) -> Table:
    table = Table(title=title)
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left")
    return table
