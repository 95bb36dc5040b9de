"""The seam of the journal: what a backend promises, in words that name no database.

Enters: units, each a few named queries that succeed or fail together. Leaves: their rows, once durable.
Refuses: a unit whose expected row count differs (`Unexpected`), a key that is taken (`Taken`), more waiters than
configured (`JournalBusy`), and everything after the first I/O error (`JournalFailed`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from gateway.contract.frozen import frozen

Value = str | bytes | int | float | None
"""What a column may hold. Booleans are 0 and 1; instants, JSON and identifiers are the caller's own encodings."""

Params = Mapping[str, Value] | Sequence[Mapping[str, Value]]
"""The named parameters of a query; a sequence runs the query once for each, in order."""

Row = tuple[Value, ...]
"""One row, in the order of the columns as the query lists them. No query may use `*`."""


class JournalError(Exception):
    """The journal did not do what was asked. Messages carry names of queries and counts, never values."""


class UnitRefused(JournalError):
    """This unit was rolled back; its neighbours were not harmed."""


class Unexpected(UnitRefused):
    """A query changed another number of rows than expected: a lease was lost, or a row was not there."""

    def __init__(self, query: str, expected: int, got: int) -> None:
        super().__init__(f"{query}: expected {expected} rows, got {got}")
        self.query, self.expected, self.got = query, expected, got


class Taken(UnitRefused):
    """A unique key of this query already exists: somebody else was first."""

    def __init__(self, query: str) -> None:
        super().__init__(f"{query}: the key is taken")
        self.query = query


class StepFailed(UnitRefused):
    """The query itself is wrong, or a value breaks a rule of the schema: a mistake in the program, not of the disk."""

    def __init__(self, query: str, reason: str) -> None:
        super().__init__(f"{query}: {reason}")
        self.query, self.reason = query, reason


class JournalBusy(JournalError):
    """More callers wait than the journal allows. Ask again later."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} callers wait for the journal")
        self.limit = limit


class TooManyRows(JournalError):
    """A read would return more rows than one read may. Ask for a page."""

    def __init__(self, query: str, limit: int) -> None:
        super().__init__(f"{query}: more than {limit} rows")
        self.query, self.limit = query, limit


class JournalFailed(JournalError):
    """The disk or the file failed. Nobody knows what of the last batch is durable: end the process and start again."""


class JournalClosed(JournalError):
    """The journal is not open."""


class JournalRefused(JournalError):
    """The journal cannot be opened; the message says why and what to do."""


class Step(NamedTuple):
    """One named query with its parameters.

    `rows`, if given, is the number of rows it must change (or, for a SELECT, return); otherwise the unit is refused.
    """

    query: str
    params: Params
    rows: int | None = None


class Unit(NamedTuple):
    """Steps that become durable together, or not at all."""

    steps: Sequence[Step]


Results = list[list[Row]]
"""For each step of a unit the rows it returned; an empty list for a query that returns none."""


@frozen
class JournalHealth:
    """A glance at the journal: counts since it was opened, and how long the commit in flight has taken so far."""

    open: bool
    failed: bool
    waiting: int
    units: int
    batches: int
    seconds_in_flight: float = 0.0


class Journal(Protocol):
    """What every backend does. All methods belong to the event loop that opened the journal."""

    async def open(self) -> None:
        """Take the journal for this process and bring its schema up to date, or raise `JournalRefused`."""

    async def close(self) -> None:
        """Finish what was asked for already, refuse what comes now, let go of the journal."""

    async def commit(self, unit: Unit) -> Results:
        """Make one unit durable. It is durable when this returns, and wholly absent when it raises `UnitRefused`.

        After a cancellation the unit may have been committed or not.
        """

    async def read(self, query: str, params: Mapping[str, Value] | None = None) -> list[Row]:
        """Rows of one query, seeing every unit committed before the call."""

    async def checkpoint_idle(self) -> bool:
        """Do the backend's housekeeping if nobody waits; say whether it was done."""

    async def scour(self) -> bool:
        """Leave nothing of what was deleted before in the backend's own files. False: somebody was in the way, or much
        is waiting; ask again."""

    def health(self) -> JournalHealth:
        """A glance, without I/O."""

    def seconds_in_flight(self) -> float:
        """How long the commit in flight has taken so far; 0 if there is none. Asked for before every message."""
