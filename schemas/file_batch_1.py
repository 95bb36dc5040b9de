"""file-batch/1: what became of a file of many rows.

Enters: identity of the file and counts. Leaves: FileBatch1. Refuses: more rows accepted and rejected than there are.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.document import Document
from schemas.marks import Many, Maybe, personal, public
from schemas.primitives import Code, Count, DocumentName, Identifier, Instant, Sha256, ShortText, Size, SystemName
from schemas.row_error_1 import RowError


class FileBatch1(Document, name="file-batch"):
    """A file whose rows became documents. Its identity is digest and period, not its name."""

    batch_id: Annotated[Maybe[Identifier], public("Identifier of the parent message")] = None
    sha256: Annotated[Sha256, public("SHA-256 of the file")]
    source: Annotated[SystemName, public("System that dropped it")]
    period: Annotated[Maybe[Code], public("Period the rows are about, such as 2026-01", "periode")] = None
    format: Annotated[Code, public("Format, such as csv or json")]
    encoding: Annotated[Maybe[Code], public("Character encoding found")] = None
    document: Annotated[Maybe[DocumentName], public("Type of the documents in the rows")] = None
    file_name: Annotated[Maybe[ShortText], personal("Name of the file, data only", "nama berkas")] = None
    size: Annotated[Maybe[Size], public("Size in bytes")] = None
    received_at: Annotated[Maybe[Instant], public("When it was claimed")] = None
    rows: Annotated[Count, public("Data rows in the file", "jumlah baris")]
    accepted: Annotated[Count, public("Rows that became documents", "diterima")]
    rejected: Annotated[Count, public("Rows that did not", "ditolak")]
    errors_sha256: Annotated[
        Maybe[Sha256], public("SHA-256 of the list of row errors as handed out, in canonical form (RFC 8785)")
    ] = None
    errors: Annotated[Maybe[Many[RowError]], public("The first row errors", "galat")] = None

    @model_validator(mode="after")
    def _counted(self) -> FileBatch1:
        if self.accepted + self.rejected > self.rows:
            raise PydanticCustomError("batch_count", "accepted and rejected rows together exceed the rows")
        return self
