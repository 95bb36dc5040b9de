from __future__ import annotations

import apsw
import pytest

from gateway.store.engine import Step, StepFailed, Unit
from gateway.store.inserts import Added, Insert, inserts_of
from gateway.store.queries import load, parse


def insert(sql: str) -> Insert | None:
    return Insert.of(parse("sqlite", [("q.sql", f"-- name: q\n{sql}")])["q"])


@pytest.fixture
def cursor() -> apsw.Cursor:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c INTEGER NOT NULL DEFAULT 0)")
    return connection.cursor()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 31, 32, 33, 100])
def test_any_number_of_rows_arrives_once_and_in_order(cursor: apsw.Cursor, count: int) -> None:
    found = insert("INSERT INTO t (a, b, c) VALUES (:a, :b, 7)")
    assert found is not None
    assert found.names == ("a", "b")
    found.run(cursor, [value for a in range(count) for value in (a, f"b{a}")])
    assert cursor.execute("SELECT a, b, c FROM t ORDER BY a").fetchall() == [(a, f"b{a}", 7) for a in range(count)]


def test_a_row_that_is_there_already_may_be_passed_over(cursor: apsw.Cursor) -> None:
    found = insert("INSERT INTO t (a, b) VALUES (:a, :b)\nON CONFLICT DO NOTHING")
    assert found is not None
    found.run(cursor, [1, "x", 1, "y", 2, "z"])
    assert cursor.execute("SELECT a, b FROM t ORDER BY a").fetchall() == [(1, "x"), (2, "z")]


def test_what_fails_takes_the_whole_transaction_with_it(cursor: apsw.Cursor) -> None:
    found = insert("INSERT INTO t (a, b) VALUES (:a, :b)")
    assert found is not None
    cursor.execute("BEGIN IMMEDIATE")
    found.run(cursor, [5, "x"])
    with pytest.raises(apsw.ConstraintError):
        found.run(cursor, [6, "y", 5, "z"])
    assert not cursor.connection.in_transaction
    assert cursor.execute("SELECT COUNT(*) FROM t").fetchall() == [(0,)]


@pytest.mark.parametrize("sql", [
    "INSERT INTO t (a, b) SELECT :a, :b", "INSERT INTO t (a) VALUES (:a) RETURNING a", "DELETE FROM t WHERE a = :a",
    "INSERT INTO t (a) VALUES (:a) ON CONFLICT (a) DO UPDATE SET b = :b", "INSERT INTO t (a) VALUES (max(:a, 1))",
])  # fmt: skip
def test_whatever_does_more_than_add_a_row_is_none(sql: str) -> None:
    assert insert(sql) is None


def test_the_queries_of_the_hot_path_are_among_them() -> None:
    hot = {
        "insert_message",
        "insert_key",
        "insert_delivery",
        "enqueue",
        "insert_event",
        "insert_subject",
        "keep_answer",
    }
    assert hot <= inserts_of(load("sqlite")).keys()


def test_a_unit_that_does_anything_else_is_left_alone() -> None:
    added = Added(inserts_of(load("sqlite")))
    event = {"id": "e", "message": None, "body": b"{}"}
    assert not added.take(Unit([Step("insert_event", event), Step("drop_key", {"key": b"k", "message": "m"})]))
    assert not added.take(Unit([Step("insert_event", event, rows=1)]))
    assert list(added.all()) == []
    assert added.take(Unit([Step("insert_event", [event, event])]))
    assert [(query, values) for query, _, values in added.all()] == [("insert_event", ["e", None, b"{}"] * 2)]


def test_a_missing_value_is_the_fault_of_its_unit() -> None:
    with pytest.raises(StepFailed, match="insert_event"):
        Added(inserts_of(load("sqlite"))).take(Unit([Step("insert_event", {"id": "e"})]))
