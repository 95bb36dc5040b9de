"""What the journal's threads do with their connection, and nothing about who waits.

Enters: a batch of units for the one writer, a query for a reader. Leaves: an outcome for each, in their order.
Refuses: as an outcome, what is one unit's own fault (`UnitRefused`, `TooManyRows`); by raising, everything else, and
then the file cannot be trusted any more.

The life of a batch:
1. BEGIN IMMEDIATE.
2. Every unit's steps, one after the other, without savepoints: most batches have no unit that is refused. Units that
   only add rows come last, and all of them together (see `inserts`): whoever waits in one batch asked at the same time,
   so any order of them is a true one.
3. If one was refused: ROLLBACK of the whole, BEGIN again, and the same units again, each inside its own SAVEPOINT, so
   that the refused are undone alone. Nothing was committed in between, so nothing can be done twice.
4. COMMIT. When it returns, the units are durable; only then does anyone hear of it.
5. If the WAL has grown enough, a checkpoint, while the answers are already on their way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice

import apsw

from gateway.store.engine import (
    Results,
    Row,
    Step,
    StepFailed,
    Taken,
    TooManyRows,
    Unexpected,
    Unit,
    UnitRefused,
    Value,
)
from gateway.store.inserts import Added, inserts_of
from gateway.store.queries import Query

# Mistakes of a query or of a value. Every other error of SQLite means that the file cannot be trusted any more.
_OWN_FAULT = (
    apsw.SQLError,
    apsw.ConstraintError,
    apsw.BindingsError,
    apsw.MismatchError,
    apsw.TooBigError,
    apsw.RangeError,
    TypeError,
    ValueError,
    OverflowError,
    KeyError,
)

_TAKEN = (
    apsw.SQLITE_CONSTRAINT_UNIQUE,
    apsw.SQLITE_CONSTRAINT_PRIMARYKEY,
    apsw.SQLITE_CONSTRAINT_ROWID,
)


class Writer:
    """The one connection that writes; used by one thread at a time."""

    def __init__(
        self,
        connection: apsw.Connection,
        queries: Mapping[str, Query],
        barrier: Callable[[str], None],
        wal_pages: int,
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._sql = {name: query.sql for name, query in queries.items()}
        self._inserts = inserts_of(queries)
        self._barrier = barrier
        self._most_pages = wal_pages
        self._pages = 0
        # This also turns off SQLite's own checkpoints, which keep an I/O error to themselves.
        connection.set_wal_hook(self._committed)

    def run(self, units: list[Unit]) -> list[Results | Exception]:
        """One transaction; what it raises is fatal."""
        execute = self._cursor.execute
        self._barrier("journal.before_begin")
        execute("BEGIN IMMEDIATE")
        outcomes: list[Results | Exception]
        try:
            outcomes = self._run_together(units) if len(units) > 1 else [self._run_unit(units[0])]
        except UnitRefused as refused:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            if len(units) == 1:
                return [refused]
            execute("BEGIN IMMEDIATE")
            outcomes = [self._run_guarded(unit) for unit in units]
        self._barrier("journal.before_commit")
        execute("COMMIT")
        self._barrier("journal.after_commit")
        return outcomes

    def checkpoint(self) -> bool:
        """Carry the WAL into the file as far as no reader is in the way."""
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return True

    def scour(self, patience_ms: int, usual_ms: int) -> bool:
        """Carry all of the WAL into the file and empty it: it holds earlier versions of pages, deleted rows and all.
        Whoever commits waits meanwhile, so a reader that is in the way is not waited for long."""
        self._connection.set_busy_timeout(patience_ms)
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            return False
        finally:
            self._connection.set_busy_timeout(usual_ms)
        return True

    def checkpoint_if_due(self) -> None:
        """The same, once the WAL has grown enough; to be called when the batch was answered."""
        if self._pages >= self._most_pages:
            self.checkpoint()

    def _committed(self, connection: apsw.Connection, database: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _run_together(self, units: list[Unit]) -> list[Results | Exception]:
        """All units; the rows that several of them add to one table go in together, after what the others do."""
        added = Added(self._inserts)
        outcomes: list[Results | Exception] = [
            [[] for _ in unit.steps] if added.take(unit) else self._run_unit(unit) for unit in units
        ]
        for query, insert, values in added.all():
            try:
                insert.run(self._cursor, values)
            except _OWN_FAULT as error:
                raise StepFailed(query, f"not all rows could be added ({type(error).__name__})") from None
        return outcomes

    def _run_guarded(self, unit: Unit) -> Results | Exception:
        execute = self._cursor.execute
        execute("SAVEPOINT unit")
        try:
            results = self._run_unit(unit)
        except UnitRefused as refused:
            execute("ROLLBACK TO unit")
            execute("RELEASE unit")
            return refused
        execute("RELEASE unit")
        return results

    def _run_unit(self, unit: Unit) -> Results:
        cursor, sql, changes = self._cursor, self._sql, self._connection.total_changes
        results: Results = []
        for step in unit.steps:
            params = step.params
            before = changes()
            try:
                if isinstance(params, Mapping):
                    rows = cursor.execute(sql[step.query], params).fetchall()
                else:
                    rows = cursor.executemany(sql[step.query], params).fetchall()
            except _OWN_FAULT as error:
                raise self._own_fault(step, error) from None
            if step.rows is not None and (got := len(rows) or changes() - before) != step.rows:
                raise Unexpected(step.query, step.rows, got)
            results.append(rows)
        return results

    def _own_fault(self, step: Step, error: Exception) -> UnitRefused:
        if not self._connection.in_transaction:
            # SQLite gave the transaction up by itself: whatever it was, it is not this unit's affair alone.
            raise error
        if isinstance(error, apsw.ConstraintError) and _extended(error) in _TAKEN:
            return Taken(step.query)
        return _named(step.query, error, self._sql)


class Reader:
    """A connection that only reads; used by one thread at a time."""

    def __init__(self, connection: apsw.Connection, queries: Mapping[str, Query], max_rows: int) -> None:
        self._connection = connection
        self._sql = {name: query.sql for name, query in queries.items()}
        self._max_rows = max_rows

    def run(self, query: str, params: Mapping[str, Value]) -> list[Row] | Exception:
        """One query; what it raises is fatal."""
        try:
            cursor = self._connection.execute(self._sql[query], params)
            rows: list[Row] = list(islice(cursor, self._max_rows + 1))
        except (*_OWN_FAULT, apsw.ReadOnlyError) as error:
            return _named(query, error, self._sql)
        if len(rows) > self._max_rows:
            # An unfinished read would keep the WAL from being used anew.
            cursor.close(True)
            return TooManyRows(query, self._max_rows)
        return rows


def _extended(error: apsw.Error) -> int:
    return int(getattr(error, "extendedresult", 0))


def _named(query: str, error: Exception, known: Mapping[str, str]) -> StepFailed:
    # Only names leave: SQLite's own message may quote what was bound.
    if query not in known:
        return StepFailed(query, "no such query")
    if isinstance(error, apsw.ConstraintError):
        return StepFailed(query, f"a rule of the schema is broken (SQLite {_extended(error)})")
    return StepFailed(query, f"the query or a value is wrong ({type(error).__name__})")
