"""What a refused document says: where, which code, one sentence; never the value.

Enters: a pydantic ValidationError. Leaves: SchemaError. Refuses: to echo input, a hostile field name included.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.scalars import EXPLAIN

# Three digits at the end: the longest that a field of ours has is sha256.
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z_\-]{0,40}[0-9]{0,3}")
#: A refusal lists at most this many errors.
MAX_ERRORS = 50

_MESSAGES = {
    "missing": ("missing", "a required field is absent"),
    "extra_forbidden": ("unknown_field", "the schema has no field of this name; unmapped fields go into raw"),
    "string_type": ("not_text", "text is due; identifiers are text, never numbers"),
    "string_unicode": ("lone_surrogate", "the text holds a lone surrogate"),
    "int_type": ("not_integer", "an integer is due"),
    "bool_type": ("not_boolean", "true or false is due"),
    "tuple_type": ("not_list", "a list is due"),
    "model_type": ("not_object", "an object is due"),
    "model_attributes_type": ("not_object", "an object is due"),
    "dict_type": ("not_object", "an object is due"),
}


class FieldError(NamedTuple):
    """One fault: `path` in wire names joined by dots, a stable `code`, a sentence without the value."""

    path: str
    code: str
    message: str


class SchemaError(ValueError):
    """The document does not fit its schema. Correct the named fields and send it again."""

    def __init__(self, doc_type: str, errors: list[FieldError]) -> None:
        self.doc_type = doc_type
        self.errors = errors
        shown = "; ".join(f"{path or '.'}: {code}" for path, code, _ in errors[:5])
        super().__init__(f"{doc_type} refused: {shown}")


def _explain(error: Any) -> tuple[str, str]:
    kind, ctx = error["type"], error.get("ctx") or {}
    if error["input"] is None and kind not in ("missing", "extra_forbidden"):
        return "null", "null is not taken here; leave the field out if there is nothing to say"
    if kind in _MESSAGES:
        return _MESSAGES[kind]
    if kind == "string_pattern_mismatch":
        pattern = ctx.get("pattern", "")
        named = EXPLAIN.get(pattern)
        found = named(error["input"]) if named is not None and isinstance(error["input"], str) else None
        return found or ("pattern", f"the text does not match {pattern}")
    if kind in ("string_too_long", "too_long"):
        return "too_long", f"at most {ctx.get('max_length')} characters or items"
    if kind in ("string_too_short", "too_short"):
        return "too_short", f"at least {ctx.get('min_length')} characters or items; leave out what is not there"
    if kind == "literal_error":
        return "not_allowed", f"one of {ctx.get('expected')} is due"
    if kind in ("greater_than_equal", "less_than_equal"):
        return "out_of_range", f"the least is {ctx['ge']}" if "ge" in ctx else f"the most is {ctx['le']}"
    if kind == "int_parsing_size":
        return "out_of_range", "the integer is too large"
    # Own refusals carry fixed sentences; a foreign one may quote its input, so only its kind is told.
    return kind, error["msg"] if kind in OWN else "the value is refused"


OWN = {
    "civil_date", "civil_date_type", "instant", "instant_offset", "instant_type",
    "one_of_required", "raw_depth", "raw_value", "raw_size", "draft_number", "batch_count",
}  # fmt: skip


def _step(part: int | str) -> str:
    return str(part) if isinstance(part, int) or _FIELD_NAME.fullmatch(part) else "?"


def refusal(doc_type: str, error: ValidationError) -> SchemaError:
    """Turn pydantic's error into ours."""
    found: list[FieldError] = []
    items = error.errors(include_url=False)[:MAX_ERRORS]
    below = {item["loc"][:depth] for item in items for depth in range(len(item["loc"]))}
    for item in items:
        if item["type"] == "too_short" and item["loc"] in below:
            # A list whose items were refused counts as empty; the items' own faults say it better.
            continue
        code, message = _explain(item)
        path = ".".join(_step(part) for part in item["loc"])
        found.append(FieldError(path, code, message))
    return SchemaError(doc_type, found)
