"""What was measured, as tables for a person. `python -m benchmarks.report FILE.json` writes them as Markdown.

Enters: the result as it goes into JSON. Leaves: tables on a console, or Markdown. Refuses: to call anything good
or bad; the aims stand beside it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.report_signatures import signature_tables

AIMS = {"a query REST-REST": "≤ 2.5", "b query SOAP-REST": "≤ 3.5", "c accept": "≤ 1.6", "d drain": "≤ 2.0"}


def show(result: dict[str, Any], console: Console) -> None:
    machine = result["machine"]
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}, "
        f"{machine['system']}, load before {machine['load_before'][0]:.2f}"
    )
    for table in _tables(result):
        console.print(table)


def _tables(result: dict[str, Any]) -> Iterator[Table]:
    if "summary" in result:
        yield _small(result)
    if "big" in result:
        yield _big(result["big"])
    yield from signature_tables(result)
    for case, found in result.get("profile", {}).items():
        yield _rooms(case, found)


def markdown(result: dict[str, Any]) -> str:
    """The same tables for a README."""
    lines: list[str] = []
    for table in _tables(result):
        rows = zip(*(column.cells for column in table.columns), strict=True)
        rule = ["--:" if column.justify == "right" else "---" for column in table.columns]
        lines += [f"**{table.title}**", "", _row(column.header for column in table.columns), _row(rule)]
        lines += [*map(_row, rows), ""]
    return "\n".join(lines)


def _row(cells: Any) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _small(result: dict[str, Any]) -> Table:
    table = Table(title=f"Medians of {result['rounds']} rounds; ratio: CPU to that of the hop in the same round")
    for name in ("case", "connections", "requests", "CPU µs/request", "requests/s", "p50 ms", "p99 ms", "ratio",
                 "least-greatest", "aim"):  # fmt: skip
        table.add_column(name, justify="left" if name == "case" else "right")
    for row in result["summary"]:
        drain = row["case"].startswith("d ")
        spread = "" if row["ratio"] is None else f"{row['ratio_least']:.2f}-{row['ratio_greatest']:.2f}"
        table.add_row(
            row["case"],
            "backlog" if drain else str(row["connections"]),
            str(row["requests"]),
            f"{row['cpu_us']:.0f}",
            f"{row['per_second']:.0f}",
            "" if drain else f"{row['p50_ms']:.2f}",
            "" if drain else f"{row['p99_ms']:.2f}",
            "" if row["ratio"] is None else f"{row['ratio']:.2f}",
            spread,
            AIMS.get(row["case"], ""),
        )
    return table


def _big(big: dict[str, Any]) -> Table:
    found = big["median"]
    table = Table(title=f"e: one part of {big['bytes'] // 2**20} MiB; medians of {len(big['rounds'])} rounds")
    for name in ("", "MB/s", "of nginx", "CPU s", "peak over idle MiB"):
        table.add_column(name, justify="left" if not name else "right")
    for way, word in (("in", "multipart POST, sealed, digest, fsync"), ("out", "GET of the part")):
        nginx = found.get(f"nginx_{way}_mb_s")
        table.add_row(
            f"gateway {way}: {word}",
            f"{found[f'gateway_{way}_mb_s']:.0f}",
            "" if nginx is None else f"{found[f'gateway_{way}_mb_s'] / nginx:.2f}",
            f"{found[f'gateway_{way}_cpu_s']:.2f}",
            f"{found[f'{way}_over_idle_mib']:.0f}",
        )
        word = "DAV PUT" if way == "in" else "GET"
        table.add_row(f"nginx {way}: {word}", "nginx is not installed" if nginx is None else f"{nginx:.0f}", "", "", "")
    return table


def _rooms(case: str, found: dict[str, Any]) -> Table:
    table = Table(
        title=f"{case} by room: {found['samples']} samples, {found['cpu_us']:.0f} µs a request with the sampler, "
        f"{found['loop_share']:.0%} of it in the event loop's thread"
    )
    for name in ("room", "own %", "µs", "with what it calls %"):
        table.add_column(name, justify="left" if name == "room" else "right")
    for row in found["rooms"]:
        if row["own"] >= 0.3:
            own = f"{row['own'] / 100 * found['cpu_us']:.0f}"
            table.add_row(row["room"], f"{row['own']:.1f}", own, f"{row['within']:.1f}")
    return table


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))
