"""Lengths of time as people write them.

In: `250ms`, `10s`, `5m`, `24h`, `14d`. Out: `datetime.timedelta`. Refuses: a bare number (seconds? days?), fractions,
signs, spaces, zero, and anything beyond 100 years.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_SHAPE = re.compile(r"([0-9]{1,10})(ms|s|m|h|d)\Z")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LONGEST = timedelta(days=36_525)


def parse_duration(value: object) -> timedelta:
    """The length of time that `value` writes; ValueError otherwise."""
    if isinstance(value, timedelta):
        return value
    match = _SHAPE.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration is a whole number and a unit: 250ms, 10s, 5m, 24h or 14d")
    length = int(match[1]) * _UNITS[match[2]]
    if not timedelta(0) < length <= _LONGEST:
        raise ValueError("a duration is longer than zero and at most 36525d")
    return length


def _seconds(value: timedelta) -> str:
    milliseconds = value // timedelta(milliseconds=1)
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(_seconds, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,10}(ms|s|m|h|d)$"}),
]
