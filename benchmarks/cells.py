"""Arithmetic of what was measured.

Enters: single measurements, each with its round. Leaves: medians over the rounds, ratios to the hop of the same round
and number of connections. Refuses: to compare across rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.load import Load

HOP = "hop"


@dataclass(frozen=True, slots=True)
class Cell:
    """One case with so many connections in one round. CPU in microseconds per request, latencies in milliseconds."""

    case: str
    connections: int
    round: int
    requests: int
    cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float
    drained_after: float = 0.0
    """Seconds from the last answer until the log was whole."""


def cell(case: str, connections: int, number: int, load: Load, cpu_seconds: float, drained_after: float = 0.0) -> Cell:
    latencies = sorted(load.latencies)
    return Cell(
        case=case,
        connections=connections,
        round=number,
        requests=load.answers,
        cpu_us=cpu_seconds / load.answers * 1e6,
        per_second=load.answers / load.seconds,
        p50_ms=quantile(latencies, 0.50) / 1e6,
        p99_ms=quantile(latencies, 0.99) / 1e6,
        drained_after=drained_after,
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ordered values lie: the nearest one, not an interpolation."""
    if not ordered:
        raise ValueError("no values")
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ratios(cells: Iterable[Cell]) -> dict[tuple[str, int, int], float]:
    """CPU of each cell by that of the hop in its round with as many connections, by (case, connections, round)."""
    cells = list(cells)
    unit = {(one.connections, one.round): one.cpu_us for one in cells if one.case == HOP}
    return {
        (one.case, one.connections, one.round): one.cpu_us / unit[one.connections, one.round]
        for one in cells
        if (one.connections, one.round) in unit
    }


def summary(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """One row per case and connections: medians over the rounds, and the least and greatest ratio."""
    cells = list(cells)
    found = ratios(cells)
    rows: list[dict[str, Any]] = []
    for case, connections in dict.fromkeys((one.case, one.connections) for one in cells):
        same = [one for one in cells if (one.case, one.connections) == (case, connections)]
        shares = [found[key] for one in same if (key := (case, connections, one.round)) in found]
        rows.append(
            {
                "case": case,
                "connections": connections,
                "rounds": len(same),
                "requests": sum(one.requests for one in same),
                **{
                    name: median(getattr(one, name) for one in same)
                    for name in ("cpu_us", "per_second", "p50_ms", "p99_ms")
                },
                "ratio": median(shares) if shares else None,
                "ratio_least": min(shares) if shares else None,
                "ratio_greatest": max(shares) if shares else None,
            }
        )
    return rows


def plain(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """Every single measurement, for the JSON."""
    return [asdict(one) for one in cells]
