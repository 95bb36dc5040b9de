"""Row problems of a batch: how they are kept, read back and committed to.

Enters: what is wrong with the rows of a file. Leaves: sealed rows for the journal; the list as it is handed out, and
its digest, which the batch's file-batch/1 states and so its receipt covers. Refuses: nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from gateway.contract.exchange import RowProblem
from gateway.store.engine import Journal, Step
from gateway.store.sealing import DataKey, binding

REPORTED = 10_000
"""Row problems that are handed out and committed to; the counts are of all."""

_PAGE = 1000


def problem_step(message: str, number: int, problem: RowProblem, key: DataKey) -> Step:
    """Keeps one problem, sealed; `number` tells two of one row apart."""
    plain = orjson.dumps([problem.row, problem.column, problem.code, problem.message, problem.value])
    sealed = key.seal(plain, binding(f"row:{problem.row}:{number}", message))
    return Step("insert_row_problem", {"message": message, "row": problem.row, "number": number, "body": sealed})


async def problems_of(journal: Journal, message: str, key: DataKey) -> tuple[RowProblem, ...]:
    """The first `REPORTED` problems of a batch, in the order of their rows."""
    found: list[RowProblem] = []
    after: dict[str, Any] = {"row": 0, "number": 0}
    while len(found) < REPORTED:
        rows = await journal.read("row_problems", {"message": message, **after, "limit": _PAGE})
        for row in rows:
            sealed = row[2] if isinstance(row[2], bytes) else b""
            opened = key.open(sealed, binding(f"row:{row[0]!s}:{row[1]!s}", message))
            found.append(RowProblem(*orjson.loads(opened)))
        if len(rows) < _PAGE:
            break
        # A page may end between two problems of one row.
        after = {"row": rows[-1][0], "number": rows[-1][1]}
    return tuple(found[:REPORTED])


def problem_values(problems: Sequence[RowProblem]) -> list[dict[str, Any]]:
    """The list as it is handed out: `{row, column, code, message, value}` each."""
    return [
        {"row": p.row, "column": p.column, "code": p.code, "message": p.message, "value": p.value} for p in problems
    ]


def problems_sha256(problems: Sequence[RowProblem]) -> str:
    """Hex SHA-256 of that list in canonical form (RFC 8785)."""
    return hashlib.sha256(orjson.dumps(problem_values(problems), option=orjson.OPT_SORT_KEYS)).hexdigest()
