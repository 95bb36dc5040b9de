"""Cases f to h, each where it must run, and what is told of them.

Enters: the plan, how large a container and a letter are. Leaves: what was measured, with medians over the rounds.
Refuses: nothing. f and g run in processes of their own, on the core of the gateway, for they load the libraries.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from statistics import median
from typing import Any

from benchmarks.children import HOUSE, python
from benchmarks.rounds import Plan

MOST_CONNECTIONS = 32
"""Of case h: past it the queries wait for each other."""
SERIES_SHARE = 0.4
"""Of the seconds of a series, for each of the three of one document in case f."""


def run(plan: Plan, container: int, letter: int) -> dict[str, Any]:
    """The cases of the plan among f, g and h."""
    result: dict[str, Any] = {}
    if "f" in plan.cases:
        result["verifying"] = verifying(plan)
        plan.done("f verifications")
    if "g" in plan.cases:
        result["contained"] = contained(plan, container)
        plan.done(f"g a container of {container} MiB")
    if "h" in plan.cases:
        from benchmarks import hot

        few = [each for each in plan.connections if each <= MOST_CONNECTIONS] or plan.connections[:1]
        result["hot"] = hot.run(replace(plan, connections=few), letter, plan.done)
    return result


def verifying(plan: Plan) -> dict[str, Any]:
    found = _child("benchmarks.verifying", plan.rounds, plan.seconds * SERIES_SHARE, plan.cores[0])
    found["median"] = {kind: _medians([one[kind] for one in found["rounds"]]) for kind in found["bytes"]}
    return found


def contained(plan: Plan, mib: int) -> dict[str, Any]:
    found = _child("benchmarks.contained", plan.rounds, mib, plan.cores[0], plan.folder)
    return {**found, "median": _medians(found["rounds"])}


def _child(module: str, *arguments: object) -> dict[str, Any]:
    command = python(module, *map(str, arguments))
    done = subprocess.run(command, cwd=HOUSE, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: median(one[name] for one in rows) for name in rows[0]}
