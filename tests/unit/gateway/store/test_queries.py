from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store import queries
from gateway.store.queries import QueryBroken, parse, to_dollar

TWO = """-- What this file is about.

-- name: first
SELECT a FROM t WHERE b = :b;
-- name: second
-- Why it is so; said with a semicolon and a :colon.
UPDATE t SET a = :a, c = :c WHERE a <> :a

-- name: second (postgresql)
UPDATE t SET a = :a::text
"""


def test_a_file_gives_its_queries_by_name() -> None:
    found = parse("sqlite", [("x.sql", TWO)])
    assert set(found) == {"first", "second"}
    assert found["first"].sql == "SELECT a FROM t WHERE b = :b"
    assert found["second"].params == ("a", "c")


def test_an_override_wins_in_its_dialect_only() -> None:
    assert parse("postgresql", [("x.sql", TWO)])["second"].sql == "UPDATE t SET a = :a::text"
    assert "WHERE" in parse("sqlite", [("x.sql", TWO)])["second"].sql


def test_a_query_may_be_written_once_for_each_dialect() -> None:
    text = "-- name: x (sqlite)\nSELECT 1\n-- name: x (postgresql)\nSELECT 2\n"
    assert parse("sqlite", [("x.sql", text)])["x"].sql == "SELECT 1"
    assert parse("postgresql", [("x.sql", text)])["x"].sql == "SELECT 2"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1", "x.sql:1: a query without a name"),
        ("-- name: x\nSELECT 1\n-- name: x\nSELECT 2", "x.sql:3: the query x is there twice"),
        ("-- name: Bad-Name\nSELECT 1", "is not a name"),
        ("-- name: x\n-- nothing\n", "no statement"),
        ("-- name: x\nSELECT 1; SELECT 2", "one query is one statement"),
        ("-- name: x\nSELECT ?", "parameters are written :name"),
        ("-- name: x\nSELECT $1", "parameters are written :name"),
        ("-- name: x (oracle)\nSELECT 1", "unknown dialect oracle"),
        ("-- name: x (sqlite)\nSELECT 1", "for one dialect only"),
    ],
)
def test_a_broken_file_is_refused_where_it_is_broken(text: str, why: str) -> None:
    with pytest.raises(QueryBroken) as caught:
        parse("sqlite", [("x.sql", text)])
    assert why in str(caught.value)


def test_one_name_in_two_files_is_refused() -> None:
    with pytest.raises(QueryBroken, match=r"b\.sql"):
        parse("sqlite", [("a.sql", "-- name: x\nSELECT 1"), ("b.sql", "-- name: x\nSELECT 1")])


@pytest.mark.parametrize(
    ("sql", "dollar", "names"),
    [
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT :a::text, b::int", "SELECT $1::text, b::int", ("a",)),
        ("SELECT ':a', 'it''s :b', :c", "SELECT ':a', 'it''s :b', $1", ("c",)),
        ('SELECT ":a" FROM t', 'SELECT ":a" FROM t', ()),
        ("SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ("b",)),
        ("SELECT /* :a \n :c */ :b", "SELECT /* :a \n :c */ $1", ("b",)),
        ("VALUES(:a,:a_2,:b)", "VALUES($1,$2,$3)", ("a", "a_2", "b")),
    ],
)
def test_named_parameters_become_numbers(sql: str, dollar: str, names: tuple[str, ...]) -> None:
    assert to_dollar(sql) == (dollar, names)


NAME = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["'x :no'", '"y :no"', "z::no", "-- :no\n", "/* :no */", ","]), NAME)))
def test_every_number_leads_back_to_its_name(pieces: list[tuple[str, str]]) -> None:
    sql = " ".join(f"{noise} :{name}" for noise, name in pieces)
    dollar, names = to_dollar(sql)
    assert len(set(names)) == len(names)
    for number in range(len(names), 0, -1):
        dollar = dollar.replace(f"${number}", f":{names[number - 1]}")
    assert dollar == sql


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_gateways_own_queries_can_be_read(dialect: queries.Dialect) -> None:
    for query in queries.load(dialect).values():
        assert set(to_dollar(query.sql)[1]) == set(query.params)
