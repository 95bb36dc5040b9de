"""The one JSON reader: strict, bounded, quick.

Enters: UTF-8 bytes (or text). Leaves: Python values. Refuses, by code: `wrong_charset` (not UTF-8, or a byte order
mark), `duplicate_key`, `not_a_number` (NaN, Infinity), `number_out_of_range`, `lone_surrogate`, `too_deep`,
`too_many_values`, `too_large`, `not_json`. A refusal never quotes its input.

How duplicates are found without a slow parse: the parser keeps the last of two equal keys, so the text then holds more
`name : value` pairs than what was parsed. Written out again, equal bytes prove it at once; otherwise the colons outside
strings are counted in both. Text with escapes goes through the standard library's pair hook.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson


@dataclass(frozen=True)
class JsonLimits:
    """Limits in bytes, levels of nesting, and values: each costs some hundred times its own bytes."""

    max_bytes: int = 1 << 20
    max_depth: int = 32
    max_values: int = 65_536


DEFAULT = JsonLimits()

_MESSAGES = {
    "wrong_charset": "JSON is UTF-8 without a byte order mark",
    "duplicate_key": "an object names a key twice",
    "not_a_number": "NaN and Infinity are no JSON",
    "number_out_of_range": "a number is too large to be kept exactly; send it as text",
    "lone_surrogate": "a text holds half of a surrogate pair",
    "too_deep": "the nesting exceeds the limit",
    "too_large": "the size exceeds the limit",
    "too_many_values": "the number of values exceeds the limit",
    "not_json": "this is not JSON",
}


class JsonRefused(ValueError):
    """The bytes are not JSON as we take it. `code` says why; `limit` is set where a limit was exceeded."""

    def __init__(self, code: str, limit: int | None = None) -> None:
        self.code = code
        self.limit = limit
        super().__init__(_MESSAGES[code] + (f" ({limit})" if limit is not None else ""))


_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
# 19 digits in a row may not fit 64 bits; an exponent of three digits may not fit a double.
_SUSPECT_NUMBER = re.compile(rb"[0-9]{19}|[eE][+\-]?[0-9]{3}")


class _Duplicate(ValueError):
    pass


class _Constant(ValueError):
    pass


class _Range(ValueError):
    pass


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Duplicate
    return found


def _constant(_: str) -> NoReturn:
    raise _Constant


def _integer(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= (number := int(text)) < 2**64:
        raise _Range
    return number


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Range
    return number


def _slow(data: bytes, limits: JsonLimits) -> Any:
    """Parse with the standard library, which can say what is wrong."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise JsonRefused("wrong_charset") from None
    if text.startswith("\ufeff"):
        raise JsonRefused("wrong_charset")
    try:
        return json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except _Duplicate:
        raise JsonRefused("duplicate_key") from None
    except _Constant:
        raise JsonRefused("not_a_number") from None
    except _Range:
        raise JsonRefused("number_out_of_range") from None
    except RecursionError:
        raise JsonRefused("too_deep", limits.max_depth) from None
    except ValueError:
        raise JsonRefused("not_json") from None


def _outside(data: bytes) -> bytes:
    """What stands outside strings, for text without escapes."""
    return b"".join(data.split(b'"')[::2])


def _values(data: bytes) -> int:
    """At most so many values are in it, strings left out or not."""
    return data.count(b",") + data.count(b"[") + data.count(b"{") + 1


def _check_depth(data: bytes, limit: int) -> None:
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        if bracket in b"[{":
            depth += 1
            if depth > limit:
                raise JsonRefused("too_deep", limit)
        else:
            depth -= 1


def loads(data: bytes | bytearray | memoryview | str, limits: JsonLimits = DEFAULT) -> Any:
    """Read strict JSON; raise JsonRefused."""
    if isinstance(data, str):
        try:
            data = data.encode("utf-8")
        except UnicodeEncodeError:
            raise JsonRefused("lone_surrogate") from None
    elif not isinstance(data, bytes):
        data = bytes(data)
    if len(data) > limits.max_bytes:
        raise JsonRefused("too_large", limits.max_bytes)
    if _values(data) > limits.max_values and _values(_STRING.sub(b"", data)) > limits.max_values:
        _check_depth(data, limits.max_depth)
        raise JsonRefused("too_many_values", limits.max_values)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        _slow(data, limits)
        # Only orjson refuses it: half a surrogate pair, or nesting beyond its own bound.
        if data.count(b"[") + data.count(b"{") > limits.max_depth:
            _check_depth(data, limits.max_depth)
        raise JsonRefused("lone_surrogate" if b"\\u" in data else "not_json") from None
    if data.count(b"[") + data.count(b"{") > limits.max_depth:
        _check_depth(data, limits.max_depth)
    again = orjson.dumps(value)
    if again == data:
        # What was parsed writes out as it came in: no key was lost, no number rounded.
        return value
    if b"\\" in data or b"\\" in again:
        return _slow(data, limits)
    bare = _outside(data)
    if _SUSPECT_NUMBER.search(bare) is not None:
        return _slow(data, limits)
    if bare.count(b":") != _outside(again).count(b":"):
        raise JsonRefused("duplicate_key")
    return value
