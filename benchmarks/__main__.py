"""`python -m benchmarks`: measures, prints a table, writes JSON.

Enters: which cases, rounds, seconds. Leaves: a table on standard output, and a JSON file if one is named. Refuses: a
machine without /proc; fewer than two cores only with a word of warning.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import big, cells, report, rooms, rounds, signatures

CASES = "abcdefgh"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed, as ratios to a bare aiohttp hop.")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds [3]")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds of one series [5]")
    parser.add_argument("--connections", default="1,32,128", help="numbers of connections [1,32,128]")
    parser.add_argument("--backlog", type=int, default=10_000, help="messages of case d [10000]")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the part of case e [1024]")
    parser.add_argument("--container", type=int, default=500, help="MiB of the container of case g [500]")
    parser.add_argument("--letter", type=int, default=50, help="MiB of a letter of case h [50]")
    parser.add_argument("--cases", default="a,b,c,d,e,f,g,h", help="cases [a,b,c,d,e,f,g,h]")
    parser.add_argument(
        "--signatures", dest="cases", action="store_const", const="f,g,h", help="cases f, g and h alone"
    )
    parser.add_argument("--profile", action=argparse.BooleanOptionalAction, default=True, help="a profile by room")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured here")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where state is written; a real disk [temporary]")
    given = parser.parse_args()
    given.cases = "".join(one for one in given.cases if one in CASES)
    given.connections = [int(one) for one in given.connections.split(",")]
    if given.rounds < 1 or given.seconds <= 0 or not given.connections or min(given.connections) < 1:
        parser.error("rounds, seconds and connections are above zero")
    return given


def main() -> None:
    given = _arguments()
    console = Console(stderr=True)
    available = sorted(os.sched_getaffinity(0))
    cores = (available[0], available[-1])
    if cores[0] == cores[1]:
        console.print("one core only: the load generator takes its time from the gateway; read the ratios, not req/s")
    os.sched_setaffinity(0, {cores[1]})
    with (
        tempfile.TemporaryDirectory(prefix="lintas-bench-", dir=given.folder) as name,
        Progress(
            TextColumn("{task.description:50}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, auto_refresh=False, redirect_stdout=False,
        ) as bar,
    ):  # fmt: skip
        result = _measure(given, cores, Path(name), bar)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")
    report.show(result, Console(file=sys.stdout, width=None if sys.stdout.isatty() else 140))


def _measure(given: argparse.Namespace, cores: tuple[int, int], folder: Path, bar: Progress) -> dict[str, Any]:
    small = any(one in "abcd" for one in given.cases)
    task = bar.add_task("starting")

    def done(said: str) -> None:
        # Drawn between the series only: the load generator is this process.
        bar.update(task, advance=1, description=said)
        if bar.console.is_terminal:
            bar.refresh()
        else:
            print(said, file=sys.stderr, flush=True)

    plan = rounds.Plan(
        given.cases, given.rounds, given.seconds, given.connections, given.backlog, cores, folder, done
    )  # fmt: skip
    profiled = [one for one in "ac" if one in given.cases] if given.profile else []
    whole = sum({"e": given.rounds, "f": 1, "g": 1, "h": given.rounds}.get(one, 0) for one in given.cases)
    steps = (plan.steps() if small else 0) + whole + len(profiled)
    bar.update(task, total=steps)
    bar.refresh()
    result: dict[str, Any] = {"machine": rounds.machine(), "rounds": given.rounds, "seconds": given.seconds}
    if small:
        measured = rounds.run(plan)
        result |= {"summary": cells.summary(measured), "cells": cells.plain(measured)}
    if "e" in given.cases:
        result["big"] = big.run(folder, given.size, given.rounds, cores, done)
    result |= signatures.run(plan, given.container, given.letter)
    if profiled:
        result["profile"] = {}
        for one in profiled:
            result["profile"][rounds.LETTERS[one]] = rooms.profile(plan, rounds.LETTERS[one])
            done(f"profile of {rounds.LETTERS[one]}")
    return result


if __name__ == "__main__":
    main()
