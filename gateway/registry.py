"""Which adapters and further commands are installed.

Enters: entry points of installed distributions, groups `gateway.adapters` and `gateway.commands`. Leaves: adapter
specs by name. Refuses: two adapters of one name, an entry that is no adapter, an adapter under another name than its
own, and another distribution that owns one of our import names. Nothing here names an adapter: installed is not
enabled, the configuration does that.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.contract.adapter import AdapterSpec

ADAPTERS, COMMANDS = "gateway.adapters", "gateway.commands"
DISTRIBUTION = "lintas"
IMPORT_NAMES = ("gateway", "adapters", "schemas")


class RegistryError(Exception):
    """What is installed cannot be used; the message says what and what to do."""


@dataclass(frozen=True)
class Installed:
    """An adapter and the distribution that brings it."""

    spec: AdapterSpec
    distribution: str
    version: str


def adapters() -> Mapping[str, AdapterSpec]:
    """The installed adapters by name; raises RegistryError."""
    return MappingProxyType({name: one.spec for name, one in installed().items()})


def installed(points: Iterable[metadata.EntryPoint] | None = None) -> Mapping[str, Installed]:
    """The installed adapters with their origin, in order of their names; raises RegistryError."""
    found: dict[str, metadata.EntryPoint] = {}
    for point in _points(ADAPTERS) if points is None else points:
        other = found.get(point.name)
        if other is not None and _origin(other) == _origin(point) and other.value == point.value:
            continue
        if other is not None:
            raise RegistryError(
                f"two adapters are called '{point.name}': {other.value} of {_origin(other)[0]} and {point.value} of "
                f"{_origin(point)[0]}; uninstall one of the two"
            )
        found[point.name] = point
    return MappingProxyType({name: _load(found[name]) for name in sorted(found)})


def commands(points: Iterable[metadata.EntryPoint] | None = None) -> Mapping[str, metadata.EntryPoint]:
    """Further commands of `lintas` by name, not loaded: each is a function for typer, or a typer application."""
    return {point.name: point for point in (_points(COMMANDS) if points is None else points)}


def _points(group: str) -> Iterable[metadata.EntryPoint]:
    return metadata.entry_points(group=group)


def _origin(point: metadata.EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist is not None else ("an unknown distribution", "")


def _load(point: metadata.EntryPoint) -> Installed:
    from gateway.contract.adapter import AdapterSpec

    name, version = _origin(point)
    try:
        spec = point.load()
    except Exception as error:  # a stranger's module may raise anything while it is imported
        raise RegistryError(
            f"the adapter '{point.name}' of {name} cannot be loaded ({type(error).__name__}); reinstall or remove it"
        ) from error
    if not isinstance(spec, AdapterSpec):
        raise RegistryError(f"the entry '{point.name}' of {name} is no AdapterSpec; report it to its author")
    if spec.name != point.name:
        raise RegistryError(
            f"the adapter '{spec.name}' of {name} is registered as '{point.name}'; report it to its author"
        )
    return Installed(spec, name, version)


def guard_import_names(owners: Mapping[str, Sequence[str]] | None = None) -> None:
    """Raise RegistryError when `gateway`, `adapters` or `schemas` is not ours alone.

    The names are plain words: another distribution that brings one of them would run in our place, or we in its."""
    owners = metadata.packages_distributions() if owners is None else owners
    for name in IMPORT_NAMES:
        others = sorted({one for one in owners.get(name, ()) if one.lower() != DISTRIBUTION})
        if others:
            raise RegistryError(
                f"the import name '{name}' also belongs to {', '.join(others)}; install {DISTRIBUTION} in an "
                "environment of its own"
            )
    ours = Path(__file__).resolve().parent.parent
    for name in IMPORT_NAMES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or Path(spec.origin).resolve().parent.parent != ours:
            raise RegistryError(
                f"'{name}' is not imported from where {DISTRIBUTION} is; another folder of this name stands before "
                f"it on the import path. Start {DISTRIBUTION} elsewhere, or reinstall it"
            )
