"""What the fields of a model are, once, for privacy, XML and XSD.

Enters: a document or group class. Leaves: FieldPlan tuples, cached. Refuses: a field without a mark or of a kind
that the four faces could not agree on (a TypeError at import, so a test sees it).
"""

from __future__ import annotations

import types
from dataclasses import dataclass
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
    nullable: bool = False
    repeated: bool = False
    group: type[Group] | None = None
    scalar: Scalar | None = None
    mark: Mark | None = None


def _note(extra: Any, found: _Found) -> None:
    if isinstance(extra, Mark):
        found.mark = extra
    elif isinstance(extra, Omittable):
        found.omittable = True
    elif isinstance(extra, Items):
        found.repeated = True
    elif isinstance(extra, Scalar):
        found.scalar = extra


def _walk(hint: Any, found: _Found) -> None:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *extras = get_args(hint)
        for extra in extras:
            _note(extra, found)
        _walk(inner, found)
    elif origin is Union or origin is types.UnionType:
        found.nullable = True
        for arm in get_args(hint):
            if arm is not type(None):
                _walk(arm, found)
    elif origin is tuple:
        _walk(get_args(hint)[0], found)
    elif origin is Literal:
        found.scalar = Choice(get_args(hint))
    elif hint is bool:
        found.scalar = Truth()
    elif isinstance(hint, type) and issubclass(hint, Group):
        found.group = hint


@cache
def plan(model: type[Group]) -> tuple[FieldPlan, ...]:
    """List the fields of a model in wire order; `raw` always comes last."""
    plans = []
    for attr, info in model.model_fields.items():
        found = _Found()
        for extra in info.metadata:
            _note(extra, found)
        _walk(info.annotation, found)
        if found.mark is None or (found.group is None) == (found.scalar is None):
            raise TypeError(f"{model.__name__}.{attr} has no mark, or no single kind of value")
        plans.append(
            FieldPlan(
                attr=attr,
                wire=info.alias or attr,
                required=info.is_required(),
                nullable=found.nullable and not found.omittable,
                repeated=found.repeated,
                group=found.group,
                scalar=found.scalar,
                mark=found.mark,
            )
        )
    return tuple(sorted(plans, key=lambda item: item.attr == "raw"))
