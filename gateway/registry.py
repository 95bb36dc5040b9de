"""Which adapters and further commands are installed.

Enters: entry points of installed distributions, groups `gateway.adapters` and `gateway.commands`. Leaves: adapter
specs by name, and what is broken with its cause: an adapter that cannot be loaded, two of one name, an entry that is no
adapter or stands under another name than its own. Refuses: another distribution that owns one of our import names.
Nothing here names an adapter: installed is not enabled, the configuration does that.
"""

from __future__ import annotations

import importlib.util
import traceback
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


@dataclass(frozen=True)
class Broken:
    """An adapter that is installed and cannot be used, and why, in one sentence."""

    distribution: str
    version: str
    cause: str


@dataclass(frozen=True)
class Found:
    """What is installed, by name and in order of the names. What is broken stops only those who name it."""

    adapters: Mapping[str, Installed]
    broken: Mapping[str, Broken]


def adapters() -> Mapping[str, AdapterSpec]:
    """The installed adapters that can be used, by name."""
    return MappingProxyType({name: one.spec for name, one in installed().adapters.items()})


def installed(points: Iterable[metadata.EntryPoint] | None = None) -> Found:
    """Every installed adapter with its origin; one that cannot be loaded is told, and not raised."""
    found: dict[str, metadata.EntryPoint] = {}
    loaded: dict[str, Installed | Broken] = {}
    for point in _points(ADAPTERS) if points is None else points:
        other = found.setdefault(point.name, point)
        if _origin(other) != _origin(point) or other.value != point.value:
            # Nobody can tell which of them is meant.
            loaded[point.name] = Broken(
                *_origin(point),
                f"two adapters are called '{point.name}': {other.value} of {_origin(other)[0]} and {point.value} of "
                f"{_origin(point)[0]}; uninstall one of the two",
            )
    for name in sorted(found):
        loaded[name] = loaded.get(name) or _load(found[name])
    names = sorted(loaded)
    return Found(
        MappingProxyType({name: one for name in names if isinstance(one := loaded[name], Installed)}),
        MappingProxyType({name: one for name in names if isinstance(one := loaded[name], Broken)}),
    )


def commands(points: Iterable[metadata.EntryPoint] | None = None) -> Mapping[str, metadata.EntryPoint]:
    """Further commands of `lintas` by name, not loaded: each is a function for typer, or a typer application."""
    return {point.name: point for point in (_points(COMMANDS) if points is None else points)}


def _points(group: str) -> Iterable[metadata.EntryPoint]:
    return metadata.entry_points(group=group)


def _origin(point: metadata.EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist is not None else ("an unknown distribution", "")


def _load(point: metadata.EntryPoint) -> Installed | Broken:
    from gateway.contract.adapter import AdapterSpec

    name, version = _origin(point)
    try:
        spec = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a stranger's module may raise anything while it is imported
        return Broken(
            name,
            version,
            f"the adapter '{point.name}' of {name} cannot be loaded ({_cause(point, error)}); reinstall or remove it",
        )
    if not isinstance(spec, AdapterSpec):
        return Broken(name, version, f"the entry '{point.name}' of {name} is no AdapterSpec; report it to its author")
    if spec.name != point.name:
        told = f"the adapter '{spec.name}' of {name} is registered as '{point.name}'; report it to its author"
        return Broken(name, version, told)
    return Installed(spec, name, version)


def _cause(point: metadata.EntryPoint, error: BaseException) -> str:
    """What was raised and where, without its text: that may hold anything."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"SyntaxError at {error.filename}:{error.lineno}"
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [one for one in frames if one[0] != __file__ and "importlib" not in one[0]]
    place = f" at {own[-1][0]}:{own[-1][1]}" if own else ""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"the module '{error.name}' is missing{place}"
    return f"{type(error).__name__}{place or f': {point.value} is not there'}"


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
