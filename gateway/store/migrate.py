"""Numbered migrations: one schema, written once, for every database.

Enters: files `NNNN_name.sql`, numbered from 1 without a gap, and what a database says it has applied.
Leaves: those still to apply, in order. Refuses: a file that changed after it was applied, and a database that has
one this program does not know (a newer program wrote it).

A file is written as SQLite reads it. Where PostgreSQL differs, these words are replaced for it, and no other:

| written         | PostgreSQL       | for                                                              |
|-----------------|------------------|------------------------------------------------------------------|
| `TEXT`          | the same         | text, identifiers, JSON                                          |
| `BLOB`          | BYTEA            | bytes                                                            |
| `BIGINT`        | the same         | whole numbers, instants                                          |
| `INTEGER`       | the same         | small whole numbers (32 bits there), 0 and 1                     |
| `REAL`          | DOUBLE PRECISION | measured numbers                                                 |
| `INTEGER PRIMARY KEY` | BIGINT PRIMARY KEY | a number that is the table's own order                   |
| `WITHOUT ROWID` | (nothing)        | a table that is its primary key: one tree to write instead of two |
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.store.engine import JournalRefused
from gateway.store.queries import Dialect

MIGRATIONS = Path(__file__).parent / "sql" / "migrations"
"""The gateway's own migrations."""

LEDGER = (
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL)"
)
"""Where a database keeps what was applied; `applied_at` is an RFC 3339 instant in UTC."""

_POSTGRESQL = {"blob": "BYTEA", "real": "DOUBLE PRECISION", "integer primary key": "BIGINT PRIMARY KEY"}

_FILE = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.sql\Z")

# Texts, quoted names and comments are matched first, and left as they are.
_WORD = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\b(?P<type>BLOB|REAL|INTEGER\ PRIMARY\ KEY)\b
    |(?P<keyed>\s*\bWITHOUT\s+ROWID\b)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


class MigrationRefused(JournalRefused):
    """The schema of this database and this program do not belong together."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `sha256` is of the file as written, so it is the same everywhere."""

    number: int
    name: str
    text: str
    sha256: str

    def sql(self, dialect: Dialect) -> str:
        """The statements for one database."""
        return in_dialect(self.text, dialect)


@dataclass(frozen=True, slots=True)
class Applied:
    """One row of a database's own list."""

    number: int
    name: str
    sha256: str


def in_dialect(text: str, dialect: Dialect) -> str:
    """Replace the words of the table above."""
    if dialect == "sqlite":
        return text

    def replace(match: re.Match[str]) -> str:
        if match["type"]:
            return _POSTGRESQL[match["type"].lower()]
        return "" if match["keyed"] else match[0]

    return _WORD.sub(replace, text)


def migration(number: int, name: str, text: str) -> Migration:
    """A migration from its text; line ends do not count."""
    text = text.replace("\r\n", "\n")
    return Migration(number, name, text, hashlib.sha256(text.encode()).hexdigest())


def load(directory: Path = MIGRATIONS) -> Sequence[Migration]:
    """The migrations of a directory, in order."""
    found: list[Migration] = []
    for file in sorted(directory.glob("*.sql")):
        match = _FILE.match(file.name)
        if match is None:
            raise MigrationRefused(f"{file.name}: a migration is named NNNN_name.sql")
        found.append(migration(int(match["number"]), match["name"], file.read_text(encoding="utf-8")))
    for expected, one in enumerate(found, 1):
        if one.number != expected:
            raise MigrationRefused(f"{one.number:04}_{one.name}: expected number {expected:04}")
    return found


def pending(known: Sequence[Migration], applied: Iterable[Applied]) -> Sequence[Migration]:
    """What is still to apply, or a refusal that names the migration which does not fit."""
    by_number = {one.number: one for one in known}
    done: set[int] = set()
    for row in sorted(applied, key=lambda row: row.number):
        one = by_number.get(row.number)
        label = f"{row.number:04}_{row.name}"
        if one is None:
            raise MigrationRefused(
                f"the journal has migration {label}, which this program does not know: "
                "a newer version wrote it; start that version or a later one"
            )
        if one.sha256 != row.sha256 or one.name != row.name:
            raise MigrationRefused(
                f"migration {label} changed after it was applied to this journal: "
                "restore the file as it was released, and put the change in a new migration"
            )
        done.add(row.number)
    waiting = [one for one in known if one.number not in done]
    if waiting and done and waiting[0].number < max(done):
        raise MigrationRefused(f"migration {waiting[0].number:04}_{waiting[0].name} was skipped in this journal")
    return waiting
