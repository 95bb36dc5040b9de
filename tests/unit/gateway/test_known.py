"""Rows that were taken before: known by the fields of their route, in one file and the next, whatever ends between."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.contract.errors import TryLater
from gateway.store.engine import Taken
from tests.unit.gateway.bench import FILES, FOLDER, GUDANG, Bench, PlainCodec, running, small_federation
from tests.unit.gateway.test_batch import Died, children, received, row, rows, take

KNOWN = {**FILES, "routes.yaml": FILES["routes.yaml"].replace("order_by: [nik]", "idempotency_fields: [nik]")}


@pytest.fixture
async def by_nik(tmp_path: Path) -> AsyncIterator[Bench]:
    """Rows of this route have their NIK for a key."""
    assert KNOWN != FILES
    async with running(tmp_path / "by-nik", small_federation(tmp_path / "by-nik", KNOWN)) as one:
        yield one


async def test_a_corrected_file_dropped_whole_moves_only_the_corrected_rows(by_nik: Bench) -> None:
    first = await take(by_nik, row(1) + row(2) + b"bad\n" + rows(4, 5, 6))
    again = await take(by_nik, rows(1, 2, 3, 4, 5, 6), message="m-2", key="f-2")
    assert (first.rows, first.accepted, first.rejected, first.rows_known) == (6, 5, 1, True)
    assert (again.rows, again.accepted, again.rejected) == (6, 6, 0)
    assert [parent for _, parent in await children(by_nik)] == ["m-1"] * 5 + ["m-2"]
    assert len(await by_nik.queued(GUDANG)) == 6
    events = await by_nik.told()
    assert [one["event"] for one in events].count("duplicate_answered") == 5
    known = {one["message"] for one in events if one["event"] == "duplicate_answered"}
    assert known == {message for message, parent in await children(by_nik) if parent == "m-1"}


async def test_a_row_with_a_known_key_and_other_content_is_a_problem_of_that_row(by_nik: Bench) -> None:
    await take(by_nik, rows(1, 2))
    data = row(1) + row(2, fullName="Siti Lain") + row(3)
    report = await take(by_nik, data, message="m-2", key="f-2")
    assert (report.rows, report.accepted, report.rejected) == (3, 2, 1)
    (problem,) = report.problems
    assert (problem.row, problem.code) == (2, "conflict")
    assert "same nik" in problem.message
    assert "Lain" not in problem.message
    assert len(await children(by_nik)) == 3
    assert await by_nik.batches.report_of("m-2") == report


@pytest.mark.parametrize("apart", [0, 6])
async def test_identical_rows_of_one_file_move_once_and_contradicting_ones_are_told(by_nik: Bench, apart: int) -> None:
    """In one chunk and in two."""
    between = rows(*range(50, 50 + apart))
    data = row(1) + between + row(1) + row(1, fullName="Siti Lain")
    report = await take(by_nik, data)
    assert (report.rows, report.accepted, report.rejected) == (apart + 3, apart + 2, 1)
    assert [(one.row, one.code) for one in report.problems] == [(apart + 3, "conflict")]
    assert len(await children(by_nik)) == apart + 1


async def test_what_came_by_a_call_is_known_in_a_file_too(by_nik: Bench) -> None:
    content = orjson.loads(row(1))
    await by_nik.record("person.deliver", content, by=FOLDER)
    report = await take(by_nik, rows(1, 2))
    assert (report.accepted, report.rejected) == (2, 0)
    assert len(await children(by_nik)) == 1


async def test_a_row_whose_time_is_over_moves_again(by_nik: Bench) -> None:
    await take(by_nik, rows(1, 2))
    by_nik.clock.advance(31 * 86_400)
    report = await take(by_nik, rows(1, 2), message="m-2", key="f-2")
    assert report.accepted == 2
    assert len(await children(by_nik)) == 4


async def test_rows_without_any_of_the_fields_have_the_key_of_their_file(tmp_path: Path) -> None:
    files = {**FILES, "routes.yaml": FILES["routes.yaml"].replace("order_by: [nik]", "idempotency_fields: [phone]")}
    async with running(tmp_path, small_federation(tmp_path, files)) as bench:
        report = await take(bench, rows(1, 2, 3))
        assert (report.accepted, report.rejected) == (3, 0)
        assert len(await children(bench)) == 3


@pytest.mark.parametrize("point", ["batch.before_chunk", "batch.after_chunk", "batch.before_parent"])
@pytest.mark.parametrize("time", [1, 2])
async def test_a_restart_among_known_rows_counts_and_moves_each_once(by_nik: Bench, point: str, time: int) -> None:
    await take(by_nik, rows(1, 2, 3, 4, 5, 6))
    data = rows(1, 2) + row(3, fullName="Siti Lain") + rows(7, 4, 5, 8, 8)
    left = time

    def die() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            by_nik.barriers.clear()
            raise Died

    by_nik.barriers[point] = die
    with contextlib.suppress(Died):
        await by_nik.batches.take(received(by_nik, data, "m-2", key="f-2"), PlainCodec())
    report = await take(by_nik, data, message="m-2", key="f-2")
    assert (report.rows, report.accepted, report.rejected) == (8, 7, 1)
    assert [(one.row, one.code) for one in report.problems] == [(3, "conflict")]
    assert len(await children(by_nik)) == 8
    assert (await by_nik.names()).count("duplicate_answered") == 5


async def test_a_chunk_with_known_rows_is_one_unit(by_nik: Bench) -> None:
    """Ended at the commit, nothing of it is there: neither its new rows nor what it says of the known ones."""
    await take(by_nik, rows(1))
    before, known = await by_nik.names(), await children(by_nik)
    journal = by_nik.journal
    commits = 0

    class Dies:
        read = journal.read

        async def commit(self, unit: Any) -> Any:
            nonlocal commits
            if any(step.query == "advance_batch" for step in unit.steps):
                commits += 1
                if commits == 2:
                    raise Died
            return await journal.commit(unit)

    by_nik.batches._journal = Dies()  # type: ignore[assignment]
    with pytest.raises(Died):
        await by_nik.batches.take(received(by_nik, rows(1, 2, 3), "m-2", key="f-2"), PlainCodec())
    assert (await by_nik.names(), await children(by_nik)) == (before, known)


async def test_keys_that_others_take_all_the_time_give_the_file_back(
    by_nik: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(unit: Any) -> Any:
        if any(step.query == "advance_batch" for step in unit.steps):
            raise Taken("insert_key")
        return await commit(unit)

    commit = by_nik.journal.commit
    monkeypatch.setattr(by_nik.journal, "commit", never)
    with pytest.raises(TryLater):
        await by_nik.batches.take(received(by_nik, rows(1, 2)), PlainCodec())
