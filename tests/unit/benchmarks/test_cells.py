"""Medians, ratios and quantiles of the benchmark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cells import HOP, Cell, cell, quantile, ratios, summary
from benchmarks.load import Load


def one(case: str, connections: int, number: int, cpu: float) -> Cell:
    return Cell(case, connections, number, 100, cpu, 1000.0, 1.0, 2.0)


def test_cpu_and_rate_are_per_answer() -> None:
    found = cell("a", 2, 0, Load(4, 2.0, [4_000_000, 1_000_000, 3_000_000, 2_000_000]), 0.001)
    assert (found.cpu_us, found.per_second) == (pytest.approx(250.0), 2.0)
    assert (found.p50_ms, found.p99_ms) == (3.0, 4.0)


def test_a_ratio_is_to_the_hop_of_the_same_round_and_connections() -> None:
    cells = [one(HOP, 1, 0, 100), one(HOP, 1, 1, 200), one(HOP, 32, 0, 50), one("a", 1, 0, 300), one("a", 1, 1, 400)]
    found = ratios(cells)
    assert (found["a", 1, 0], found["a", 1, 1]) == (3.0, 2.0)


def test_without_a_hop_there_is_no_ratio() -> None:
    rows = summary([one("a", 1, 0, 300)])
    assert rows[0]["ratio"] is None


def test_a_summary_holds_the_median_of_the_rounds_and_the_spread_of_the_ratio() -> None:
    cells = [one(HOP, 1, number, 100) for number in range(3)]
    cells += [one("a", 1, number, cpu) for number, cpu in enumerate((310, 900, 290))]
    row = summary(cells)[1]
    assert (row["cpu_us"], row["ratio"], row["ratio_least"], row["ratio_greatest"]) == (310, 3.1, 2.9, 9.0)
    assert (row["rounds"], row["requests"]) == (3, 300)


@given(st.lists(st.integers(0, 10**9), min_size=1), st.floats(0, 1))
def test_a_quantile_is_one_of_the_values_and_grows(values: list[int], share: float) -> None:
    ordered = sorted(values)
    assert quantile(ordered, share) in ordered
    assert quantile(ordered, share) <= quantile(ordered, 1.0) == ordered[-1]


def test_there_is_no_quantile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)
