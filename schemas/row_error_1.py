"""row-error/1: one row of a batch that could not become a document.

Enters: where and why. Leaves: RowError1. Refuses: row 0. The value is masked before it gets here.
"""

from __future__ import annotations

from typing import Annotated

from schemas.document import Document, Group
from schemas.marks import Maybe, personal, public
from schemas.primitives import Code, RowNumber, ShortText


class RowError(Group):
    """The fields of a row error, also inside a batch."""

    row: Annotated[RowNumber, public("Data row, counting from 1; the header is not counted", "baris")]
    column: Annotated[Maybe[ShortText], public("Name of the column", "kolom")] = None
    code: Annotated[Code, public("Stable code of the fault", "kode galat")]
    text: Annotated[Maybe[ShortText], public("What to correct", "keterangan")] = None
    raw_value: Annotated[Maybe[ShortText], personal("The value, masked", "nilai")] = None


class RowError1(Document, RowError, name="row-error"):
    """A row error as a document of its own."""
