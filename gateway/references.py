"""Which parts a document names, found by the plan of its schema.

Enters: a document. Leaves: its part references, in schema order. Refuses: nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def named_at(group: Group, paths: Iterable[str]) -> set[str]:
    """The SHA-256 of the parts that the fields at these dotted wire paths name, in hex."""
    return {one.sha256 for path in paths for one in _at((group,), path.split("."))}


def _at(groups: Iterable[Group], steps: list[str]) -> Iterator[PartRef]:
    if not steps:
        yield from (one for group in groups for one in ([group] if isinstance(group, PartRef) else references(group)))
        return
    for group in groups:
        attribute = next((field.attr for field in plan(type(group)) if field.wire == steps[0]), None)
        value = None if attribute is None else getattr(group, attribute)
        below = value if isinstance(value, tuple) else () if value is None else (value,)
        yield from _at((one for one in below if isinstance(one, Group)), steps[1:])
