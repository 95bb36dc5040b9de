"""What every journal promises, whatever keeps it. A further backend joins by a line in `BACKENDS`."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from gateway.store import migrate, queries
from gateway.store.engine import (
    Journal,
    JournalBusy,
    JournalClosed,
    JournalFailed,
    JournalRefused,
    Step,
    StepFailed,
    Taken,
    TooManyRows,
    Unexpected,
    Unit,
)
from gateway.store.sqlite import SqliteJournal

SQL = """
-- name: put
INSERT INTO item (id, twin, body) VALUES (:id, :twin, :body)
-- name: put_twin
INSERT INTO twin (id, body) VALUES (:id, :body)
-- name: take
UPDATE item SET twin = :twin WHERE id = :id RETURNING id, body
-- name: move
UPDATE item SET body = :body WHERE id = :id
-- name: drop
DELETE FROM item WHERE id = :id
-- name: one
SELECT id, twin, body FROM item WHERE id = :id
-- name: all
SELECT id FROM item ORDER BY id
-- name: twins
SELECT id FROM twin ORDER BY id
"""

SCHEMA = """
CREATE TABLE item (id TEXT PRIMARY KEY, twin TEXT NOT NULL, body BLOB) WITHOUT ROWID;
CREATE TABLE twin (id TEXT PRIMARY KEY, body BLOB, CHECK (id <> 'never')) WITHOUT ROWID;
"""

MIGRATIONS = [migrate.migration(1, "items", SCHEMA)]

Build = Callable[..., Journal]


def build_sqlite(directory: Path, **more: object) -> Journal:
    more.setdefault("on_fatal", lambda error: None)
    return SqliteJournal(
        directory,
        queries=queries.parse("sqlite", [("test.sql", SQL)]),
        migrations=MIGRATIONS,
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        **more,  # type: ignore[arg-type]
    )


BACKENDS = {"sqlite": build_sqlite}


@pytest.fixture(params=BACKENDS.values(), ids=BACKENDS.keys())
def build(request: pytest.FixtureRequest) -> Build:
    found: Build = request.param
    return found


@pytest.fixture
async def journal(build: Build, tmp_path: Path) -> AsyncIterator[Journal]:
    one = build(tmp_path, max_waiting=200, max_batch=16, max_rows=50)
    await one.open()
    yield one
    await one.close()


def put(name: str, *, twin: str | None = None) -> Unit:
    return Unit(
        (
            Step("put", {"id": name, "twin": name, "body": b"a"}, rows=1),
            Step("put_twin", {"id": twin or name, "body": b"b"}, rows=1),
        )
    )


async def ids(journal: Journal, query: str = "all") -> list[str]:
    return [str(row[0]) for row in await journal.read(query)]


async def test_a_unit_is_read_back_with_its_columns_in_order(journal: Journal) -> None:
    assert await journal.commit(put("a")) == [[], []]
    assert await journal.read("one", {"id": "a"}) == [("a", "a", b"a")]
    assert await journal.read("one", {"id": "b"}) == []


async def test_a_step_gives_back_what_it_returns(journal: Journal) -> None:
    await journal.commit(put("a"))
    results = await journal.commit(
        Unit((Step("take", {"id": "a", "twin": "t"}, rows=1), Step("one", {"id": "a"}, rows=1), Step("all", {})))
    )
    assert results == [[("a", b"a")], [("a", "t", b"a")], [("a",)]]


async def test_a_sequence_runs_the_query_for_each(journal: Journal) -> None:
    many = [{"id": f"{n}", "body": b""} for n in range(5)]
    await journal.commit(Unit((Step("put_twin", many, rows=5),)))
    assert await ids(journal, "twins") == ["0", "1", "2", "3", "4"]
    await journal.commit(Unit((Step("put_twin", [], rows=0),)))


async def test_an_unexpected_count_rolls_the_whole_unit_back(journal: Journal) -> None:
    unit = Unit((*put("a").steps, Step("move", {"id": "nobody", "body": b""}, rows=1)))
    with pytest.raises(Unexpected) as caught:
        await journal.commit(unit)
    assert (caught.value.query, caught.value.expected, caught.value.got) == ("move", 1, 0)
    assert await ids(journal) == await ids(journal, "twins") == []


async def test_a_taken_key_rolls_the_whole_unit_back(journal: Journal) -> None:
    await journal.commit(put("a"))
    with pytest.raises(Taken) as caught:
        await journal.commit(put("b", twin="a"))
    assert caught.value.query == "put_twin"
    assert await ids(journal) == ["a"]


async def test_a_refused_unit_harms_no_neighbour_in_its_batch(journal: Journal) -> None:
    names = [f"{n:02}" for n in range(40)]
    units = [put(name, twin="same" if name in ("03", "04", "20") else name) for name in names]
    outcomes = await asyncio.gather(*(journal.commit(unit) for unit in units), return_exceptions=True)
    refused = [name for name, outcome in zip(names, outcomes, strict=True) if isinstance(outcome, Taken)]
    assert refused == ["04", "20"]
    assert await ids(journal) == [name for name in names if name not in refused]
    assert len(await ids(journal, "twins")) == 38


@pytest.mark.parametrize(
    ("step", "query"),
    [
        (Step("no_such", {}), "no_such"),
        (Step("put", {"id": "x", "twin": None, "body": b""}), "put"),
        (Step("put_twin", {"id": "never", "body": b""}), "put_twin"),
        (Step("put", {"id": "x"}), "put"),
        (Step("put", {"id": object(), "twin": "t", "body": b""}), "put"),  # type: ignore[dict-item]
        (Step("put", {"id": "lone \ud800", "twin": "t", "body": b""}), "put"),
        (Step("put", {"id": "x", "twin": "t", "body": 1 << 80}), "put"),
    ],
)
async def test_a_mistake_is_named_without_its_values_and_harms_nobody(journal: Journal, step: Step, query: str) -> None:
    outcomes = await asyncio.gather(
        journal.commit(put("a")),
        journal.commit(Unit((*put("secret").steps, step))),
        journal.commit(put("b")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], StepFailed)
    assert outcomes[1].query == query
    assert "secret" not in str(outcomes[1])
    assert await ids(journal) == ["a", "b"]


async def test_a_read_that_is_wrong_fails_alone(journal: Journal) -> None:
    with pytest.raises(StepFailed):
        await journal.read("one", {})
    with pytest.raises(StepFailed):
        await journal.read("no_such")
    assert await ids(journal) == []


async def test_a_reader_cannot_write(journal: Journal) -> None:
    outcome = await asyncio.gather(journal.read("put_twin", {"id": "a", "body": b""}), return_exceptions=True)
    assert isinstance(outcome[0], StepFailed)
    assert await ids(journal, "twins") == []


async def test_more_rows_than_a_read_may_give_are_refused(journal: Journal) -> None:
    for start in (0, 50):
        await journal.commit(
            Unit((Step("put_twin", [{"id": f"{n:03}", "body": b""} for n in range(start, start + 50)]),))
        )
        if start == 0:
            assert len(await ids(journal, "twins")) == 50
    with pytest.raises(TooManyRows) as caught:
        await ids(journal, "twins")
    assert caught.value.limit == 50
    assert await ids(journal) == []


async def test_units_share_transactions(journal: Journal) -> None:
    await asyncio.gather(*(journal.commit(put(f"{n}")) for n in range(32)))
    health = journal.health()
    assert (health.units, health.batches, health.waiting) == (32, 2, 0)


async def test_more_waiters_than_allowed_are_refused(journal: Journal) -> None:
    outcomes = await asyncio.gather(*(journal.commit(put(f"{n}")) for n in range(250)), return_exceptions=True)
    assert sum(isinstance(outcome, JournalBusy) for outcome in outcomes) == 50
    assert sum(outcome == [[], []] for outcome in outcomes) == 200


async def test_a_waiter_that_gave_up_before_its_batch_flew_leaves_nothing(journal: Journal) -> None:
    async with asyncio.TaskGroup() as group:
        gone = group.create_task(journal.commit(put("gone")))
        stays = group.create_task(journal.commit(put("stays")))
        await asyncio.sleep(0)
        gone.cancel()
    assert gone.cancelled()
    assert stays.result() == [[], []]
    assert "stays" in await ids(journal)


async def test_closing_finishes_what_was_asked_and_refuses_the_rest(build: Build, tmp_path: Path) -> None:
    journal = build(tmp_path)
    with pytest.raises(JournalClosed):
        await journal.commit(put("early"))
    await journal.open()
    waiting = [asyncio.ensure_future(journal.commit(put(f"{n}"))) for n in range(600)]
    await asyncio.sleep(0)
    await journal.close()
    assert all(task.result() == [[], []] for task in waiting)
    with pytest.raises(JournalClosed):
        await journal.commit(put("late"))
    with pytest.raises(JournalClosed):
        await journal.read("all")
    again = build(tmp_path)
    await again.open()
    assert len(await ids(again)) == 600
    await again.close()


async def test_housekeeping_is_done_only_when_nobody_waits(journal: Journal) -> None:
    await journal.commit(put("a"))
    assert await journal.checkpoint_idle() is True
    busy = asyncio.ensure_future(journal.commit(put("b")))
    await asyncio.sleep(0)
    assert await journal.checkpoint_idle() is False
    await busy


async def test_what_was_deleted_is_scoured_out_of_the_files(build: Build, tmp_path: Path) -> None:
    journal = build(tmp_path / "journal", max_batch=64)
    await journal.open()
    secret = b"this was a key of somebody" * 4
    await journal.commit(Unit([Step("put", {"id": f"{n}", "twin": "", "body": secret}) for n in range(200)]))
    await journal.commit(Unit([Step("drop", {"id": f"{n}"}, rows=1) for n in range(200)]))
    assert await journal.scour() is True
    assert secret not in b"".join(path.read_bytes() for path in (tmp_path / "journal").iterdir())
    await journal.commit(put("after"))
    assert await ids(journal) == ["after"]
    await journal.close()
    assert await journal.scour() is False


async def test_a_second_holder_is_refused_and_told_what_to_do(build: Build, journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(JournalRefused, match=f"process {os.getpid()}.*stop that gateway first"):
        await build(tmp_path).open()


async def test_a_journal_of_a_newer_program_is_refused_by_name(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = build(tmp_path)
    monkeypatch.setattr(newer, "_migrations", [*MIGRATIONS, migrate.migration(2, "later", "SELECT 1")])
    await newer.open()
    await newer.close()
    with pytest.raises(JournalRefused, match="0002_later"):
        await build(tmp_path).open()


@pytest.mark.parametrize("error", [apsw.IOError("disk"), apsw.FullError("full"), apsw.CorruptError("bad")])
@pytest.mark.parametrize("where", ["journal.before_commit", "journal.after_commit"])
async def test_after_an_io_error_everybody_is_told_and_nothing_is_tried_again(
    build: Build, tmp_path: Path, error: Exception, where: str
) -> None:
    fatal: list[BaseException] = []
    passed: list[str] = []
    armed = False

    def barrier(name: str) -> None:
        passed.append(name)
        if armed and name == where:
            raise error

    journal = build(tmp_path, barrier=barrier, on_fatal=fatal.append, max_batch=4)
    await journal.open()
    await journal.commit(put("good"))
    armed = True
    passed.clear()
    outcomes = await asyncio.gather(*(journal.commit(put(f"{n}")) for n in range(12)), return_exceptions=True)
    assert all(isinstance(outcome, JournalFailed) for outcome in outcomes)
    assert fatal == [error]
    assert passed.count("journal.before_begin") == 1
    with pytest.raises(JournalFailed):
        await journal.commit(put("after"))
    with pytest.raises(JournalFailed):
        await journal.read("all")
    assert journal.health().failed
    await journal.close()
    again = build(tmp_path)
    await again.open()
    assert "good" in await ids(again)
    await again.close()


KILLED = """
import asyncio, os, sys
from pathlib import Path
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("contract", sys.argv[1])
contract = module_from_spec(spec)
sys.modules["contract"] = contract
spec.loader.exec_module(contract)
backend, directory, where, pass_number = sys.argv[2], Path(sys.argv[3]), sys.argv[4], int(sys.argv[5])
passed = 0

def barrier(name):
    global passed
    passed += name == where
    if name == where and passed == pass_number:
        os.write(1, b"barrier\\n")
        sys.stdin.buffer.read()

async def work(journal, worker):
    for n in range(1000):
        name = f"{worker}-{n:04}"
        await journal.commit(contract.put(name))
        os.write(1, name.encode() + b"\\n")

async def main():
    journal = contract.BACKENDS[backend](directory, barrier=barrier, max_batch=5)
    await journal.open()
    await asyncio.gather(*(work(journal, worker) for worker in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("pass_number", [1, 7])
@pytest.mark.parametrize("where", ["journal.before_begin", "journal.before_commit", "journal.after_commit"])
@pytest.mark.parametrize("backend", BACKENDS.keys())
async def test_a_kill_loses_nothing_acknowledged_and_leaves_nothing_half(
    backend: str, tmp_path: Path, where: str, pass_number: int
) -> None:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", KILLED, __file__, backend, str(tmp_path / "j"), where, str(pass_number)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    told: list[str] = []
    for line in process.stdout:
        if line == b"barrier\n":
            process.send_signal(signal.SIGKILL)
            break
        told.append(line.decode().strip())
    told += [line.decode().strip() for line in process.stdout]
    assert process.wait() == -signal.SIGKILL
    process.stdin.close()
    process.stdout.close()

    journal = BACKENDS[backend](tmp_path / "j")
    await journal.open()
    kept, twins = await ids(journal), await ids(journal, "twins")
    assert kept == twins
    assert set(told) <= set(kept)
    committed_batches = pass_number if where == "journal.after_commit" else pass_number - 1
    assert (len(kept) > 0) == (committed_batches > 0)
    await journal.commit(put("afterwards"))
    await journal.close()
