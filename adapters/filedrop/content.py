"""What a file holds once it was read, as the codec takes it: a decoded value, an element, a table, or a refusal.

Enters: bytes of a file. Leaves: frozen contents. Refuses (`Refused`): what is not JSON or XML as the gateway takes it.
Pure.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.contract import Reason, Refused
from schemas.document import SchemaError
from schemas.safe_xml import XmlLimits, XmlRefused
from schemas.safe_xml import parse as parse_xml
from schemas.strict_json import JsonLimits, JsonRefused, loads

_JSON_REASONS = {
    "duplicate_key": Reason.DUPLICATE_JSON_KEY,
    "not_a_number": Reason.NOT_A_NUMBER,
    "number_out_of_range": Reason.NOT_A_NUMBER,
    "lone_surrogate": Reason.LONE_SURROGATE,
    "too_many_values": Reason.TOO_MANY_ELEMENTS,
    "too_deep": Reason.TOO_DEEP,
    "too_large": Reason.BODY_TOO_LARGE,
    "wrong_charset": Reason.WRONG_CHARSET,
}
_XML_REASONS = {
    "doctype": Reason.DOCTYPE_REFUSED,
    "not_xml": Reason.NOT_XML,
    "processing_instruction": Reason.NOT_XML,
    "too_deep": Reason.TOO_DEEP,
    "too_large": Reason.BODY_TOO_LARGE,
    "too_many_tags": Reason.TOO_MANY_ELEMENTS,
    "wrong_charset": Reason.WRONG_CHARSET,
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class Broken:
    """A file that can be no message; the codec says so when it is asked."""

    refused: Refused


@dataclass(frozen=True)
class JsonContent:
    """A document as decoded JSON, in wire names."""

    document: Mapping[str, Any]


@dataclass(frozen=True)
class XmlContent:
    """A document as the element of its shared XML form."""

    element: etree._Element


@dataclass(frozen=True)
class TableContent:
    """A table, read once for its digest and encoding; its rows are streamed again by the codec."""

    sha256: str
    encoding: str
    period: str | None = None


def json_value(data: bytes, limit: int, depth: int) -> Any:
    """Decoded JSON. Spreadsheet and shell exports put a byte order mark first: it is taken, UTF-16 with one too."""
    text: bytes | str = data
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise Refused(Reason.WRONG_CHARSET) from None
            break
    try:
        return loads(text, JsonLimits(limit * 2, depth))
    except JsonRefused as error:
        raise Refused(_JSON_REASONS.get(error.code, Reason.NOT_JSON), str(error), limit=error.limit) from None


def xml_element(data: bytes, limit: int, depth: int) -> etree._Element:
    try:
        return parse_xml(data, XmlLimits(limit, depth))
    except XmlRefused as error:
        raise Refused(_XML_REASONS.get(error.code, Reason.NOT_XML), str(error), limit=error.limit) from None


def misfit(error: SchemaError) -> Refused:
    """A schema's refusal in the contract's words."""
    unknown = any(code == "unknown_document" for _, code, _ in error.errors)
    reason = Reason.UNKNOWN_DOCUMENT_TYPE if unknown else Reason.SCHEMA_INVALID
    return Refused(reason, errors=[(e.path, e.code, e.message) for e in error.errors])
