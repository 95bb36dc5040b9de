"""Between files and documents: JSON, XML, a PDF's metadata, tables in; JSON or XML out. Pure.

Enters: an `Inbound` whose content this adapter made; an `Outbound`. Leaves: documents and row problems; the metadata
file of a delivery. Refuses (`Refused`): what fits no schema, by path and code, never by value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import orjson

from adapters.filedrop.config import Csv
from adapters.filedrop.content import Broken, JsonContent, TableContent, XmlContent, json_value, misfit
from adapters.filedrop.naming import part_file
from adapters.filedrop.table import documents_of
from gateway.contract import Inbound, Native, Outbound, Reason, Refused, RowProblem
from schemas.catalogue import parse_json
from schemas.document import Document, SchemaError
from schemas.xml import from_xml, to_xml_bytes


class FileCodec:
    """`csv` says what the columns of a table mean; `form` in which form documents are written."""

    def __init__(
        self,
        csv: Csv | None = None,
        form: Literal["json", "xml"] = "json",
        *,
        row_bytes: int = 64 * 1024,
        rows: int = 1_000_000,
    ) -> None:
        self._csv, self._form, self._row_bytes, self._rows = csv or Csv(), form, row_bytes, rows

    def to_documents(self, inbound: Inbound) -> Iterator[Document | RowProblem]:
        """One document, or one item per data row of a table. Raises `Refused`."""
        content = inbound.content
        if isinstance(content, Broken):
            raise content.refused
        if isinstance(content, TableContent):
            if inbound.stream is None:
                raise Refused(Reason.INTERNAL, "a table came without its rows")
            yield from documents_of(
                inbound.stream(),
                self._csv,
                inbound.document_type,
                content.encoding,
                row_bytes=self._row_bytes,
                rows=self._rows,
            )
            return
        try:
            if isinstance(content, XmlContent):
                yield from_xml(content.element)
            elif isinstance(content, JsonContent):
                yield parse_json(inbound.document_type, content.document)
            else:
                raise Refused(Reason.FORMAT_UNKNOWN)
        except SchemaError as error:
            raise misfit(error) from None

    def from_document(self, outbound: Outbound) -> Native:
        """The metadata file: the document in XML, or envelope, document and parts in JSON."""
        if self._form == "xml":
            return Native((to_xml_bytes(outbound.load()),), "application/xml")
        body = b'{"envelope":%b,"document":%b,"parts":%b}\n'
        envelope = orjson.dumps(dict(outbound.envelope))
        return Native(
            (body % (envelope, outbound.document_json, orjson.dumps(parts_of(outbound))),), "application/json"
        )

    def to_answer(self, reply: Native, document_type: str) -> Document:
        """A folder answers no queries, but a file can hold an answer: the document alone, in JSON."""
        body = reply.whole()
        try:
            return parse_json(document_type, json_value(body, len(body), 32))
        except SchemaError as error:
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, errors=misfit(error).errors) from None
        except Refused as refused:
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, refused.detail) from None


def parts_of(outbound: Outbound) -> list[dict[str, Any]]:
    """The parts as the metadata file lists them; `file` is the name of the file beside it."""
    return [
        {
            "number": part.number,
            "name": part.name,
            "file": part_file(outbound.delivery_id, part.number, part.name),
            "mediaType": part.media_type,
            "size": part.size,
            "sha256": part.sha256,
        }
        for part in outbound.parts
    ]
