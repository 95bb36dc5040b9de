"""Whom a document is about, and how much of it may be seen.

Enters: a document. Leaves: its subjects, a copy safe for logs, or a document narrowed to a release list. Refuses: a
release list that names what the schema lacks or leaves out what the schema requires, so that a narrowed document is
always a whole one of its type. Everything here obeys the marks of the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from schemas.document import Document, Group
from schemas.fields import FieldPlan, plan
from schemas.marks import Privacy
from schemas.scalars import instant_text

Subject = tuple[str, str]
_Collect = Callable[[Any, list[Subject]], None]
MASK = "***"


def _leaf(attr: str, scheme: str) -> _Collect:
    if scheme.startswith("@"):
        sibling = scheme[1:]

        def collect_named(values: Any, out: list[Subject]) -> None:
            value = values[attr]
            if value is not None:
                out.append((values[sibling], value))

        return collect_named

    def collect(values: Any, out: list[Subject]) -> None:
        value = values[attr]
        if value is not None:
            out.append((scheme, value))

    return collect


def _below(attr: str, repeated: bool, steps: tuple[_Collect, ...]) -> _Collect:
    def collect(values: Any, out: list[Subject]) -> None:
        value = values[attr]
        if value is None:
            return
        for item in value if repeated else (value,):
            inner = item.__dict__
            for step in steps:
                step(inner, out)

    return collect


@cache
def _collectors(model: type[Group]) -> tuple[_Collect, ...]:
    steps: list[_Collect] = []
    for field in plan(model):
        if field.mark.subject is not None:
            steps.append(_leaf(field.attr, field.mark.subject))
        elif field.group is not None and (inner := _collectors(field.group)):
            steps.append(_below(field.attr, field.repeated, inner))
    return tuple(steps)


def subjects(document: Document) -> list[Subject]:
    """List (scheme, value) of everything that identifies a person, in schema order, each once."""
    found: list[Subject] = []
    values = document.__dict__
    for collect in _collectors(type(document)):
        collect(values, found)
    return found if len(found) < 2 else list(dict.fromkeys(found))


def mask(document: Group, highest: Privacy = Privacy.public) -> dict[str, Any]:
    """Copy what was set, by wire names, with every value above the class `highest` replaced by `***`."""
    return _mask(document, highest, Privacy.public)


def _mask(document: Group, highest: Privacy, floor: Privacy) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field in plan(type(document)):
        if field.attr not in document.model_fields_set:
            continue
        value = getattr(document, field.attr)
        # A container is as private as it says, or as what it holds, whichever is more.
        privacy = max(floor, field.mark.privacy)
        if field.group is not None and value is not None:
            masked = [_mask(item, highest, privacy) for item in (value if field.repeated else (value,))]
            out[field.wire] = masked if field.repeated else masked[0]
        elif value is None:
            out[field.wire] = None
        elif privacy > highest:
            out[field.wire] = MASK
        else:
            out[field.wire] = _plain(value)
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "utcoffset"):
        return instant_text(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


class ReleaseRefused(ValueError):
    """A release list does not fit its schema. `faults` are wire paths: unknown ones, and required ones left out."""

    def __init__(self, doc_type: str, unknown: Iterable[str], missing: Iterable[str]) -> None:
        self.unknown = sorted(unknown)
        self.missing = sorted(missing)
        super().__init__(f"release list of {doc_type}: unknown {self.unknown}, required but left out {self.missing}")


def _tree(fields: Iterable[str]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for path in fields:
        node = root
        for name in path.split("."):
            node = node.setdefault(name, {})
    return root


def _faults(
    model: type[Group], tree: dict[str, Any], prefix: str, whole: frozenset[str], unknown: list[str], missing: list[str]
) -> None:
    fields = {field.wire: field for field in plan(model)}
    unknown += [prefix + name for name in tree if name not in fields]
    for name, field in fields.items():
        path = prefix + name
        if name not in tree:
            if field.required:
                missing.append(path)
        elif field.group is None:
            unknown += [f"{path}.{below}" for below in tree[name]]
        elif tree[name]:
            # Where the container is listed whole, only names that do not exist are faults.
            needed = list[str]() if path in whole else missing
            _faults(field.group, tree[name], path + ".", whole, unknown, needed)
    # ONE_OF is a rule over values: the list must keep at least one of them, and release() checks the document.
    one_of = _one_of(model)
    if one_of and not any(name in tree for name in one_of):
        missing.append(prefix + "|".join(one_of))


def _one_of(model: type[Group]) -> list[str]:
    return [field.wire for field in plan(model) if field.attr in model.ONE_OF]


@cache
def _checked(doc_type: type[Document], fields: frozenset[str]) -> dict[str, Any]:
    tree, unknown, missing = _tree(fields), list[str](), list[str]()
    _faults(doc_type, tree, "", fields, unknown, missing)
    if unknown or missing:
        raise ReleaseRefused(doc_type.TYPE, unknown, missing)
    return tree


def check_release(doc_type: type[Document], fields: Iterable[str]) -> None:
    """Raise ReleaseRefused unless the list fits the schema; call it when configuration is read."""
    _checked(doc_type, frozenset(fields))


def release(document: Document, fields: Iterable[str]) -> Document:
    """Narrow a document to the listed wire paths (`nik`, `patient.nik`; a container's path releases all of it).

    The result is a document of the same type that has only the listed fields set. Required fields must be listed.
    """
    listed = frozenset(fields)
    tree = _checked(type(document), listed)
    lost: set[str] = set()
    narrowed: Document = _narrow(document, tree, "", listed, lost)
    if lost:
        raise ReleaseRefused(document.TYPE, (), lost)
    return narrowed


def _narrow(document: Group, tree: dict[str, Any], prefix: str, whole: frozenset[str], lost: set[str]) -> Any:
    model = type(document)
    kept: dict[str, Any] = {}
    for field in plan(model):
        if field.wire not in tree or field.attr not in document.model_fields_set:
            continue
        value, path = getattr(document, field.attr), prefix + field.wire
        if field.group is not None and value is not None and path not in whole:
            value = _narrow_field(field, value, tree[field.wire], path + ".", whole, lost)
        kept[field.attr] = value
    if model.ONE_OF and kept.keys().isdisjoint(model.ONE_OF):
        lost.add(prefix + "|".join(_one_of(model)))
    return model.model_construct(_fields_set=set(kept), **kept)


def _narrow_field(
    field: FieldPlan, value: Any, tree: dict[str, Any], prefix: str, whole: frozenset[str], lost: set[str]
) -> Any:
    if field.repeated:
        return tuple(_narrow(item, tree, prefix, whole, lost) for item in value)
    return _narrow(value, tree, prefix, whole, lost)
