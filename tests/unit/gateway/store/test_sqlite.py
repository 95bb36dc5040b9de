"""What is SQLite's own; what every journal promises is in the contract tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from gateway.store import migrate, queries
from gateway.store.engine import JournalFailed, JournalRefused, Step, Unit
from gateway.store.holder import Holder
from gateway.store.sqlite import SqliteJournal, check_version

SCHEMA = [migrate.migration(1, "t", "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB)")]
SQL = "-- name: put\nINSERT INTO t (b) VALUES (:b)\n-- name: count\nSELECT COUNT(id) FROM t\n"


def build(
    directory: Path, sql: str = SQL, schema: list[migrate.Migration] | None = None, **more: object
) -> SqliteJournal:
    more.setdefault("on_fatal", lambda error: None)
    return SqliteJournal(
        directory,
        queries=queries.parse("sqlite", [("t.sql", sql)]),
        migrations=SCHEMA if schema is None else schema,
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        **more,  # type: ignore[arg-type]
    )


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir()}


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    one = build(tmp_path)
    await one.open()
    yield one
    await one.close()


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2"])
def test_an_sqlite_that_loses_data_is_refused(version: str) -> None:
    with pytest.raises(JournalRefused, match=rf"SQLite {version} can lose committed data; 3\.51\.3"):
        check_version(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "4.0.0"])
def test_a_later_sqlite_is_taken(version: str) -> None:
    check_version(version)


async def test_a_commit_is_synced(journal: SqliteJournal) -> None:
    assert journal._db.pragma("journal_mode") == "wal"
    assert journal._db.pragma("synchronous") == 2


async def test_nobody_else_may_read_the_files(journal: SqliteJournal, tmp_path: Path) -> None:
    await journal.commit(Unit((Step("put", {"b": b"x"}),)))
    assert modes(tmp_path) == dict.fromkeys(["journal.db", "journal.db-wal", "journal.db-shm", "journal.lock"], 0)


async def test_the_ledger_says_what_was_applied_and_when(journal: SqliteJournal) -> None:
    rows = journal._db.execute("SELECT number, name, sha256, applied_at FROM schema_migrations").fetchall()
    assert rows == [(1, "t", SCHEMA[0].sha256, "2026-01-01T00:00:00+00:00")]


@pytest.mark.parametrize(
    ("sql", "schema", "why"),
    [
        ("-- name: bad\nSELECT nothing FROM t", SCHEMA, "the query bad does not fit the schema"),
        (SQL, [migrate.migration(1, "t", "CREATE TABLE t (a); CREATE NONSENSE")], "migration 0001_t"),
    ],
)
async def test_a_mistake_in_the_sql_is_found_at_the_start_and_leaves_the_journal_free(
    tmp_path: Path, sql: str, schema: list[migrate.Migration], why: str
) -> None:
    with pytest.raises(JournalRefused, match=why):
        await build(tmp_path, sql, schema).open()
    good = build(tmp_path)
    await good.open()
    assert await good.read("count") == [(0,)]
    await good.close()


async def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(JournalRefused, match="cannot be opened"):
        await build(tmp_path).open()


async def test_the_wal_is_carried_over_once_it_has_grown(tmp_path: Path) -> None:
    journal = build(tmp_path, wal_pages=8)
    await journal.open()
    for _ in range(100):
        await journal.commit(Unit((Step("put", {"b": bytes(4000)}),)))
    assert await journal.read("count") == [(100,)]
    assert (tmp_path / "journal.db").stat().st_size > 300_000
    assert (tmp_path / "journal.db-wal").stat().st_size < 100_000
    await journal.close()


async def test_a_reader_in_the_way_of_scouring_is_not_waited_for(tmp_path: Path) -> None:
    journal = build(tmp_path)
    await journal.open()
    await journal.commit(Unit((Step("put", {"b": b"a"}),)))
    reader = apsw.Connection(str(tmp_path / "journal.db"), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM t").fetchall() == [(1,)]
    await journal.commit(Unit((Step("put", {"b": b"b"}),)))
    assert await journal.scour() is False
    await journal.commit(Unit((Step("put", {"b": b"c"}),)))
    reader.close()
    assert await journal.scour() is True
    assert (tmp_path / "journal.db-wal").stat().st_size == 0
    assert await journal.read("count") == [(3,)]
    await journal.close()


async def test_a_checkpoint_that_fails_is_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fatal: list[BaseException] = []
    journal = build(tmp_path, on_fatal=fatal.append)
    await journal.open()
    await journal.commit(Unit((Step("put", {"b": b"acknowledged"}),)))

    def broken() -> None:
        raise apsw.IOError("disk")

    monkeypatch.setattr(journal._thread, "checkpoint", broken)
    assert await journal.checkpoint_idle() is False
    assert [type(error) for error in fatal] == [apsw.IOError]
    with pytest.raises(JournalFailed):
        await journal.commit(Unit((Step("put", {"b": b"x"}),)))
    await journal.close()
    again = build(tmp_path)
    await again.open()
    assert await again.read("count") == [(1,)]
    await again.close()


def test_another_process_that_holds_the_lock_is_named(tmp_path: Path) -> None:
    holder = Holder(tmp_path / "journal.lock")
    holder.take()
    code = (
        "import sys; from pathlib import Path; from gateway.store.holder import Holder, JournalHeld\n"
        "try: Holder(Path(sys.argv[1])).take()\n"
        "except JournalHeld as error: print(error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "journal.lock")]
    root = Path(__file__).parents[4]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    assert "is held by process" in said
    holder.let_go()
    assert subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout == ""
