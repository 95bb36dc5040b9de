"""What the fields of a model are, once, for privacy, XML and XSD.

Enters: a document or group class. Leaves: FieldPlan tuples, cached. Refuses: a field without a mark or of a kind
that the four faces could not agree on (a TypeError at import, so a test sees it).
"""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from schemas.document import Group
from schemas.marks import Items, Mark, Omittable
from schemas.scalars import Scalar


@dataclass(frozen=True)
class Choice(Scalar):
    """One word of a closed list."""

    words: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True)
class Truth(Scalar):
    """true or false."""

    name: str = "Boolean"


@dataclass(frozen=True)
class FieldPlan:
    """One field: names, presence, repetition, and either the group or the scalar it holds."""

    attr: str
    wire: str
    required: bool
    nullable: bool
    repeated: bool
    group: type[Group] | None
    scalar: Scalar | None
    mark: Mark


@dataclass
class _Found:
    omittable: bool = False
    nulls: int = 0
    tuples: int = 0
    repeated: bool = False
    kinds: list[type[Group] | Scalar] = field(default_factory=list)
    mark: Mark | None = None


def _note(extra: Any, found: _Found) -> None:
    if isinstance(extra, Mark):
        found.mark = extra
    elif isinstance(extra, Omittable):
        found.omittable = True
    elif isinstance(extra, Items):
        found.repeated = True
    elif isinstance(extra, Scalar):
        found.kinds.append(extra)


def _walk(hint: Any, found: _Found) -> None:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *extras = get_args(hint)
        for extra in extras:
            _note(extra, found)
        _walk(inner, found)
    elif origin is Union or origin is types.UnionType:
        for arm in get_args(hint):
            if arm is type(None):
                found.nulls += 1
            else:
                _walk(arm, found)
    elif origin is tuple:
        found.tuples += 1
        for item in get_args(hint):
            if item is not ...:
                _walk(item, found)
    elif origin is Literal:
        found.kinds.append(Choice(get_args(hint)))
    elif hint is bool:
        found.kinds.append(Truth())
    elif isinstance(hint, type) and issubclass(hint, Group):
        found.kinds.append(hint)


def _fault(found: _Found, required: bool, default: Any) -> str | None:
    """Why the four faces could not agree on the field, or None."""
    if found.mark is None:
        return "has no mark"
    if len(found.kinds) != 1:
        return "has no single kind of value"
    kind = found.kinds[0]
    if isinstance(kind, Choice) and not all(isinstance(word, str) for word in kind.words):
        return "chooses among other things than words"
    if found.tuples != found.repeated:
        return "is a list that is not `Many`, or one of lists"
    if found.nulls > 1 or (found.nulls and not found.omittable and (found.repeated or isinstance(kind, type))):
        return "may be null where XML has no nil: in a list, or for a group"
    if required == found.omittable or not (required or default is None):
        return "may be absent without being `Maybe[...] = None`, or the other way round"
    return None


@cache
def plan(model: type[Group]) -> tuple[FieldPlan, ...]:
    """List the fields of a model in wire order; `raw` always comes last."""
    plans = []
    for attr, info in model.model_fields.items():
        found = _Found()
        for extra in info.metadata:
            _note(extra, found)
        _walk(info.annotation, found)
        if (fault := _fault(found, info.is_required(), info.default)) is not None:
            raise TypeError(f"{model.__name__}.{attr} {fault}")
        kind, mark = found.kinds[0], found.mark
        assert mark is not None
        plans.append(
            FieldPlan(
                attr=attr,
                wire=info.alias or attr,
                required=info.is_required(),
                nullable=found.nulls > 0 and not found.omittable,
                repeated=found.repeated,
                group=kind if isinstance(kind, type) else None,
                scalar=None if isinstance(kind, type) else kind,
                mark=mark,
            )
        )
    return tuple(sorted(plans, key=lambda item: item.attr == "raw"))
