"""From a model's complaint to findings with a place and a hint.

In: one entry of a marked file and the pydantic model it should satisfy. Out: the validated entry, or the findings,
all of them. Refuses nothing itself. No finding repeats the input: only names of fields and the model's own words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from gateway.federation.findings import Finding, did_you_mean, looks_secret, shown
from gateway.federation.marks import Marked, Place

M = TypeVar("M", bound=BaseModel)
_QUOTED = re.compile(r"'([^']*)'")
_VALUE_ERRORS = frozenset({"value_error", "literal_error", "enum", "union_tag_invalid", "assertion_error"})

# What a person who writes YAML calls the types.
_WANTED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "path_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
}


def validate(model: type[M], data: Any, marked: Marked, place: Place) -> tuple[M | None, list[Finding]]:
    """Validate the entry at `place`; on failure every error becomes a finding.

    It is judged as JSON, strictly, whatever the model allows elsewhere: `"2"` is no number and `2` is no text, but a
    list may become a tuple, and a word a member of an enumeration."""
    try:
        return model.model_validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        problems: Sequence[Any] = error.errors(include_url=False)
    return None, [explain(model, one, marked, place) for one in problems if not _is_echo(one, problems)]


def _is_echo(problem: Any, problems: Sequence[Any]) -> bool:
    """A list is called too short when its only item was refused: the item's own error is the one to mend."""
    loc = problem["loc"]
    return problem["type"] == "too_short" and any(one["loc"][: len(loc)] == loc != one["loc"] for one in problems)


def _spot(marked: Marked, place: Place, loc: Sequence[str | int]) -> Place:
    """The place in the file that an error's location means. A step that is no key there names a branch of a union."""
    spot = place
    for step in loc:
        longer = (*spot, step)
        if longer in marked.values or longer in marked.keys:
            spot = longer
    return spot


def explain(model: type[BaseModel], problem: Any, marked: Marked, place: Place) -> Finding:
    """One error of a pydantic model, as its `errors()` lists it, as a finding."""
    kind: str = problem["type"]
    loc: tuple[str | int, ...] = problem["loc"]
    spot = _spot(marked, place, loc)
    if kind == "extra_forbidden":
        hint = did_you_mean(loc[-1], _fields_at(model, loc[:-1]))
        return marked.finding("C001", spot, f"unknown field {shown(loc[-1])}", hint, key=True)
    if kind == "missing":
        return marked.finding("C002", spot, f"the field {shown(loc[-1])} is missing", key=True)
    message = str(problem["msg"]).removeprefix("Value error, ").replace("Input should", "should")
    if kind in _WANTED:
        message = f"should be {_WANTED[kind]}"
    given = problem["input"]
    number = isinstance(given, bool | int | float)
    if kind in ("string_type", "path_type") and number:
        message += ": put it in quotes"
    if loc and loc[-1] == "[key]":
        return marked.finding("C004", (*spot,), f"not a name that may stand here: {message}", key=True)
    field = _field(spot[len(place) :]) or _field(loc) or "the entry"
    context = problem.get("ctx", {})
    if kind in ("literal_error", "enum"):
        known = _QUOTED.findall(str(context.get("expected", "")))
        message += ", in quotes" if number and _text_of(spot, marked, given) in known else ""
        return marked.finding("C004", spot, f"{field}: {message}", did_you_mean(given, known))
    wrong_type = kind not in _VALUE_ERRORS and (kind.endswith(("_type", "_parsing", "_from_float")))
    if looks_secret(message):
        message = "the value is refused"
    hint = str(context.get("hint", ""))
    return marked.finding("C003" if wrong_type else "C004", spot, f"{field}: {message}", hint)


def _text_of(spot: Place, marked: Marked, given: Any) -> str:
    """What stands in the file: `1.10` is no `1.1` to a model that knows words."""
    return marked.texts.get(spot, str(given))


def _field(loc: Sequence[str | int]) -> str:
    names = [str(step) for step in loc if isinstance(step, str)]
    return shown(names[-1]) if names else ""


def _fields_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The field names, as written in files, of the models that stand at a location."""
    models = {model}
    for step in loc:
        deeper: set[type[BaseModel]] = set()
        for one in models:
            for name, info in one.model_fields.items():
                if step in (name, info.alias):
                    deeper.update(_models_in(info.annotation))
        models = deeper or models
    return [info.alias or name for one in models for name, info in one.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for inner in get_args(annotation):
        yield from _models_in(inner)
