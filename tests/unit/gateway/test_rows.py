"""Row problems: sealed, in the order of their rows, and committed to as they are handed out."""

from __future__ import annotations

import hashlib

import pytest
import rfc8785

from gateway import rows
from gateway.contract.exchange import RowProblem
from gateway.rows import problem_step, problem_values, problems_of, problems_sha256
from gateway.store.engine import Unit
from gateway.store.sealing import DataKey
from tests.unit.gateway.bench import Bench

ONE = RowProblem(2, "nik", "bad_cell", "no NIK \u2014 sixteen digits", "3**")
TWO = RowProblem(2, None, "row_length", "too few cells")


async def test_problems_come_back_by_row_and_number(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    key = DataKey.random()
    many = [RowProblem(row, f"c{number}", "bad_cell", "bad") for row in range(1, 8) for number in range(3)]
    steps = [problem_step("m-1", number, problem, key) for number, problem in enumerate(many)]
    await bench.journal.commit(Unit(steps[::-1]))
    monkeypatch.setattr(rows, "_PAGE", 4)
    assert list(await problems_of(bench.journal, "m-1", key)) == many
    monkeypatch.setattr(rows, "REPORTED", 6)
    assert list(await problems_of(bench.journal, "m-1", key)) == many[:6]
    assert await problems_of(bench.journal, "m-2", key) == ()


def test_nothing_of_a_problem_can_be_read_without_the_key() -> None:
    step = problem_step("m-1", 1, ONE, DataKey.random())
    assert isinstance(step.params, dict)
    body = step.params["body"]
    assert isinstance(body, bytes)
    assert b"nik" not in body
    assert b"sixteen" not in body


def test_the_digest_is_over_the_canonical_list() -> None:
    canonical = rfc8785.dumps(problem_values([ONE, TWO]))  # type: ignore[arg-type]
    assert problems_sha256([ONE, TWO]) == hashlib.sha256(canonical).hexdigest()
    assert problems_sha256([TWO, ONE]) != problems_sha256([ONE, TWO])
    assert problems_sha256([]) == hashlib.sha256(b"[]").hexdigest()
