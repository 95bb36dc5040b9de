"""Which parts a document names, found by the plan of its schema.

Enters: a document. Leaves: its part references, in schema order. Refuses: nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from schemas.document import Group
from schemas.fields import plan
from schemas.references import PartRef


@cache
def _paths(model: type[Group]) -> tuple[tuple[str, bool], ...]:
    """The attributes of a model that are part references, or groups in which there are some; True for the latter."""
    paths: list[tuple[str, bool]] = []
    for field in plan(model):
        if field.group is PartRef:
            paths.append((field.attr, False))
        elif field.group is not None and _paths(field.group):
            paths.append((field.attr, True))
    return tuple(paths)


def names_parts(model: type[Group]) -> bool:
    """Whether documents of this type can name parts."""
    return bool(_paths(model))


def references(group: Group) -> Iterator[PartRef]:
    """Every part that a document names, wherever in it."""
    for name, deeper in _paths(type(group)):
        value = getattr(group, name)
        for item in value if isinstance(value, tuple) else () if value is None else (value,):
            if deeper:
                yield from references(item)
            else:
                yield item
