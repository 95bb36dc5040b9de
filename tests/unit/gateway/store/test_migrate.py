from __future__ import annotations

from pathlib import Path

import pytest

from gateway.store import migrate
from gateway.store.migrate import Applied, MigrationRefused, in_dialect, migration, pending

ONE, TWO, THREE = (migration(number, name, f"SELECT {number}") for number, name in ((1, "a"), (2, "b"), (3, "c")))


def applied(*known: migrate.Migration) -> list[Applied]:
    return [Applied(one.number, one.name, one.sha256) for one in known]


def test_what_is_applied_is_not_applied_again() -> None:
    assert pending([ONE, TWO, THREE], []) == [ONE, TWO, THREE]
    assert pending([ONE, TWO, THREE], applied(TWO, ONE)) == [THREE]
    assert pending([ONE], applied(ONE)) == []


def test_a_newer_one_is_refused_by_name() -> None:
    with pytest.raises(MigrationRefused, match=r"0002_b.*newer version"):
        pending([ONE], applied(ONE, TWO))


@pytest.mark.parametrize("other", [migration(1, "a", "SELECT 9"), migration(1, "renamed", "SELECT 1")])
def test_a_changed_one_is_refused_by_name(other: migrate.Migration) -> None:
    with pytest.raises(MigrationRefused, match="0001_"):
        pending([other, TWO], applied(ONE))


def test_a_skipped_one_is_refused_by_name() -> None:
    with pytest.raises(MigrationRefused, match="0001_a was skipped"):
        pending([ONE, TWO], applied(TWO))


def test_line_ends_do_not_change_a_migration() -> None:
    assert migration(1, "a", "x\r\ny\r\n") == migration(1, "a", "x\ny\n")


def test_words_differ_where_databases_do() -> None:
    sql = "CREATE TABLE t (a TEXT PRIMARY KEY, b BLOB, c REAL, d TEXT DEFAULT 'BLOB') WITHOUT ROWID; -- a BLOB"
    assert in_dialect(sql, "sqlite") == sql
    assert in_dialect(sql, "postgresql") == (
        "CREATE TABLE t (a TEXT PRIMARY KEY, b BYTEA, c DOUBLE PRECISION, d TEXT DEFAULT 'BLOB'); -- a BLOB"
    )


def test_files_are_numbered_without_a_gap(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 1")
    (tmp_path / "0002_b.sql").write_text("SELECT 2")
    assert [one.name for one in migrate.load(tmp_path)] == ["a", "b"]
    (tmp_path / "0004_d.sql").write_text("SELECT 4")
    with pytest.raises(MigrationRefused, match="expected number 0003"):
        migrate.load(tmp_path)


def test_a_file_with_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "first.sql").write_text("SELECT 1")
    with pytest.raises(MigrationRefused, match=r"first\.sql"):
        migrate.load(tmp_path)


def test_the_gateways_own_migrations_can_be_read() -> None:
    assert [one.number for one in migrate.load()] == list(range(1, len(migrate.load()) + 1))
