"""The kinds of value a document field may hold, each with one meaning in Python, JSON, JSON Schema and XSD.

Enters: text, integers, dates and instants. Leaves: str, int, date, aware datetime. Refuses: a number where text or a
date is due, naive or impossible times, and text that XML 1.0 cannot carry.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

#: Characters outside XML 1.0's `Char`. Lone surrogates never get this far: no decoder lets them in.
_NO_XML = r"\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF"
#: Unicode's white space, and the two that have no width.
_BLANK = r" \t\n\r\u0085\u00A0\u1680\u2000-\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF"
XML_PATTERN = f"^[^{_NO_XML}]*$"
#: The same with something to see in it. Each class but the last excludes the next: no engine has to go back.
FILLED_PATTERN = f"^[{_BLANK}]*[^{_BLANK}{_NO_XML}][^{_NO_XML}]*$"
MAX_INTEGER = 2**53 - 1
CIVIL_DATE_PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
INSTANT_PATTERN = (
    r"^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+\-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))$"
)
_INSTANT = re.compile(INSTANT_PATTERN[1:-1])
_MAX_OFFSET = timedelta(hours=14)

#: Pattern -> what explains a mismatch: given the text, (code, message). Filled by the types that have named refusals.
EXPLAIN: dict[str, Callable[[str], tuple[str, str] | None]] = {}

_NO_TEXT = ("xml_text", "the text holds a character that XML 1.0 cannot carry")
_ONLY_BLANKS = re.compile(f"[{_BLANK}]*")
EXPLAIN[XML_PATTERN] = lambda text: _NO_TEXT
EXPLAIN[FILLED_PATTERN] = lambda text: (
    ("blank", "something to read is due; blanks alone are none") if _ONLY_BLANKS.fullmatch(text) else _NO_TEXT
)


class Scalar:
    """Base of the value kinds; `name` becomes the name of the XSD simple type."""

    name: str


@dataclass(frozen=True)
class Text(Scalar):
    """Text of `least` to `most` characters (code points). `pattern` stays within what XSD and ECMA-262 share; `filled`
    text, which has no pattern of its own, does not consist of blanks alone."""

    name: str
    most: int
    least: int = 0
    pattern: str | None = None
    filled: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if self.pattern is not None and self.least == self.most:
            # The pattern fixes the length too; alone it gives every fault the named explanation of its type.
            return core_schema.str_schema(strict=True, pattern=self.pattern)
        pattern = self.pattern or (FILLED_PATTERN if self.filled else XML_PATTERN)
        return core_schema.str_schema(strict=True, min_length=self.least, max_length=self.most, pattern=pattern)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        out = dict(handler(schema))
        out["maxLength"] = self.most
        if self.least:
            out["minLength"] = self.least
        return out


@dataclass(frozen=True)
class Whole(Scalar):
    """An integer from `least` to `most`; never a float, never a boolean."""

    name: str
    least: int = 0
    most: int = MAX_INTEGER

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.int_schema(strict=True, ge=self.least, le=self.most)


def civil_date(value: object) -> date:
    """Take a `yyyy-MM-dd` text or a date (no datetime); raise PydanticCustomError otherwise."""
    if type(value) is str:
        # Of the forms that `fromisoformat` takes, only yyyy-MM-dd has ten characters and a dash in these places.
        if len(value) == 10 and value[4] == value[7] == "-":
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        raise PydanticCustomError("civil_date", "a civil date is written yyyy-MM-dd and exists in the calendar")
    if type(value) is date:
        return value
    raise PydanticCustomError("civil_date_type", "a civil date is text, yyyy-MM-dd; no number and no time of day")


def instant(value: object) -> datetime:
    """Take RFC 3339 text with an offset, or an aware datetime; keep its offset; raise PydanticCustomError otherwise."""
    if type(value) is str:
        if _INSTANT.fullmatch(value):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
        raise PydanticCustomError(
            "instant",
            "an instant is RFC 3339 with an offset, at most microseconds, years 1900 to 2999, no leap second, no 24:00",
        )
    if type(value) is datetime:
        offset = value.utcoffset()
        if offset is None or offset.seconds % 60 or offset.microseconds or abs(offset) > _MAX_OFFSET:
            raise PydanticCustomError("instant_offset", "an instant carries an offset in whole minutes, at most 14:00")
        if not 1900 <= value.year <= 2999:
            raise PydanticCustomError("instant", "an instant lies in the years 1900 to 2999")
        return value
    raise PydanticCustomError("instant_type", "an instant is text (RFC 3339); epoch numbers stay in their codec")


def instant_text(value: datetime) -> str:
    """Write an instant canonically: `Z` for offset zero, the fraction only if it is not zero."""
    text = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


@dataclass(frozen=True)
class CivilDateScalar(Scalar):
    """A day of the calendar, without time and zone."""

    name: str = "CivilDate"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            civil_date, serialization=core_schema.plain_serializer_function_ser_schema(date.isoformat, when_used="json")
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "date", "pattern": CIVIL_DATE_PATTERN, "maxLength": 10}


@dataclass(frozen=True)
class InstantScalar(Scalar):
    """A point in time whose offset is kept."""

    name: str = "Instant"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            instant, serialization=core_schema.plain_serializer_function_ser_schema(instant_text, when_used="json")
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN, "maxLength": 32}
