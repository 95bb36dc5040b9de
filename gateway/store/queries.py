"""Named queries: SQL lives in files, callers know names.

Enters: `.sql` files in which `-- name: insert_message` opens a query with `:named` parameters; a heading
`-- name: insert_message (sqlite)` is the same query for one dialect only and wins there.
Leaves: a mapping of names to queries. Refuses: a name given twice, a query without a name, two statements in one,
an override of nothing, and parameters written in another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Dialect = Literal["sqlite", "postgresql"]

QUERIES = Path(__file__).parent / "sql" / "queries"
"""The gateway's own queries."""

_HEADING = re.compile(r"^--\s*name:\s*(?P<name>\S+)(?:\s+\((?P<dialect>\w+)\))?\s*$")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")

# In SQL a colon also opens a cast, and may stand in a text, a quoted name or a comment: those are matched first.
_TOKEN = re.compile(
    r"""
      '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | --[^\n]*
    | /\*.*?\*/
    | ::
    | :(?P<param>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<foreign>[?$][0-9A-Za-z_]*|@[A-Za-z_]\w*)
    | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)


class QueryBroken(Exception):
    """A query file cannot be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Query:
    """One statement with `:named` parameters; `params` are their names, each once, in order of appearance."""

    name: str
    sql: str
    params: tuple[str, ...]


def load(dialect: Dialect, directory: Path = QUERIES) -> Mapping[str, Query]:
    """Every query of every `.sql` file of a directory, for one dialect."""
    files = sorted(directory.glob("*.sql"))
    return parse(dialect, ((file.name, file.read_text(encoding="utf-8")) for file in files))


def parse(dialect: Dialect, files: Iterable[tuple[str, str]]) -> Mapping[str, Query]:
    """The queries of (file name, text) pairs, for one dialect."""
    common: dict[str, Query] = {}
    special: dict[str, Query] = {}
    overridden: dict[str, str] = {}
    seen: set[tuple[str, str | None]] = set()
    for file, text in files:
        for name, only, line, sql in _sections(file, text):
            if (name, only) in seen:
                raise QueryBroken(f"{file}:{line}: the query {name} is there twice")
            seen.add((name, only))
            query = _query(f"{file}:{line}", name, sql)
            if only is None:
                common[name] = query
            elif only in ("sqlite", "postgresql"):
                overridden[name] = f"{file}:{line}"
                if only == dialect:
                    special[name] = query
            else:
                raise QueryBroken(f"{file}:{line}: unknown dialect {only}")
    for name, where in overridden.items():
        both = (name, "sqlite") in seen and (name, "postgresql") in seen
        if name not in common and not both:
            raise QueryBroken(f"{where}: {name} is written for one dialect only")
    return {**common, **special}


def to_dollar(sql: str) -> tuple[str, tuple[str, ...]]:
    """`:name` parameters as PostgreSQL's `$1`, with the names in the order of their numbers.

    A name used twice keeps its number. Texts, quoted names, comments and `::` casts are left as they are.
    """
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        name = match["param"]
        if name is None:
            return match[0]
        return f"${numbers.setdefault(name, len(numbers) + 1)}"

    return _TOKEN.sub(number, sql), tuple(numbers)


def _sections(file: str, text: str) -> Iterable[tuple[str, str | None, int, str]]:
    heading: tuple[str, str | None, int] | None = None
    body: list[str] = []
    for line_number, line in enumerate(text.splitlines(), 1):
        match = _HEADING.match(line)
        if match is None:
            if heading is None and line.strip() and not line.lstrip().startswith("--"):
                raise QueryBroken(f"{file}:{line_number}: a query without a name")
            body.append(line)
            continue
        if heading is not None:
            yield (*heading, "\n".join(body))
        if not _NAME.match(match["name"]):
            raise QueryBroken(f"{file}:{line_number}: {match['name']!r} is not a name: lower case, digits, underscores")
        heading, body = (match["name"], match["dialect"], line_number), []
    if heading is not None:
        yield (*heading, "\n".join(body))


def _query(where: str, name: str, sql: str) -> Query:
    sql = sql.strip()
    while sql.endswith(";"):
        sql = sql[:-1].rstrip()
    params: dict[str, None] = {}
    for match in _TOKEN.finditer(sql):
        if match["foreign"]:
            raise QueryBroken(f"{where}: {name}: parameters are written :name, not {match['foreign']}")
        if match["end"]:
            raise QueryBroken(f"{where}: {name}: one query is one statement")
        if match["param"]:
            params[match["param"]] = None
    if not re.sub(r"--[^\n]*|/\*.*?\*/", "", sql, flags=re.DOTALL).strip():
        raise QueryBroken(f"{where}: {name}: no statement")
    return Query(name=name, sql=sql, params=tuple(params))
