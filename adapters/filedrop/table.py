"""Tables: rows to documents. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.filedrop.config import Csv
from gateway.contract import RowProblem
from schemas.document import Document


def documents_of(
    pieces: Iterator[bytes], config: Csv, document_type: str, encoding: str, *, row_bytes: int, rows: int
) -> Iterator[Document | RowProblem]:
    raise NotImplementedError
    yield
