"""Rows that many units add to the same table, added by one statement.

Enters: named queries, and units of a batch. Leaves: for each query that only adds a row, the values of all rows and a
statement for many of them. Refuses (by `take` saying no): a unit that does anything else, or wants its rows counted.

A statement of 32 rows lets go of the interpreter lock once, where 32 statements do it 32 times, each time in the way of
the event loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import apsw

from gateway.store.engine import Params, StepFailed, Unit, Value
from gateway.store.queries import Query

STATEMENTS = 400
"""Statements that a connection keeps prepared: every query, and each insert in its sizes."""

_INSERT = re.compile(
    r"(?P<head>INSERT INTO \w+ \([^()]*\)\s+VALUES) (?P<row>\([^()]*\))(?P<tail>\s+ON CONFLICT DO NOTHING)?", re.DOTALL
)
_PARAM = re.compile(r":(\w+)")
_SIZES = (32, 8, 4, 2, 1)


class Insert:
    """A query that adds one row and does nothing else, for many rows.

    What fails ends the whole transaction: the batch is begun anew then, and SQLite keeps no copy of every page in order
    to undo one statement alone.
    """

    def __init__(self, head: str, row: str, tail: str, names: tuple[str, ...]) -> None:
        self.names = names
        head, row = head.replace("INSERT INTO", "INSERT OR ROLLBACK INTO", 1), _PARAM.sub("?", row)
        self._sql = {size: f"{head} {', '.join([row] * size)}{tail}" for size in _SIZES}

    @classmethod
    def of(cls, query: Query) -> Insert | None:
        """None if the query is anything else."""
        found = _INSERT.fullmatch(query.sql)
        if found is None:
            return None
        return cls(found["head"], found["row"], found["tail"] or "", tuple(_PARAM.findall(found["row"])))

    def run(self, cursor: apsw.Cursor, values: list[Value]) -> None:
        """`values` are those of all rows, one row after the other."""
        width, at = len(self.names), 0
        left = len(values) // width
        for size in _SIZES:
            while left >= size:
                cursor.execute(self._sql[size], values[at : at + size * width])
                at, left = at + size * width, left - size


def inserts_of(queries: Mapping[str, Query]) -> Mapping[str, Insert]:
    """The queries that only add a row, by name."""
    return {name: found for name, query in queries.items() if (found := Insert.of(query)) is not None}


class Added:
    """The rows of one batch."""

    def __init__(self, inserts: Mapping[str, Insert]) -> None:
        self._inserts = inserts
        self._values: dict[str, list[Value]] = {}

    def take(self, unit: Unit) -> bool:
        """Takes over a unit that only adds rows; False leaves it to be run by itself."""
        inserts = self._inserts
        for step in unit.steps:
            if step.query not in inserts or step.rows is not None:
                return False
        for step in unit.steps:
            names, values = inserts[step.query].names, self._values.setdefault(step.query, [])
            for row in _rows(step.params):
                try:
                    values += [row[name] for name in names]
                except KeyError:
                    raise StepFailed(step.query, "a value is missing") from None
        return True

    def all(self) -> Iterator[tuple[str, Insert, list[Value]]]:
        """Each query with its rows, in the order they were first asked for."""
        for query, values in self._values.items():
            yield query, self._inserts[query], values


def _rows(params: Params) -> tuple[Mapping[str, Value], ...]:
    return (params,) if isinstance(params, Mapping) else tuple(params)
