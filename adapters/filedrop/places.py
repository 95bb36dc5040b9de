"""Whether folders can do their work: asked before anything is consumed.

Enters: folders by their setting's name. Leaves: sentences, each naming a folder and what to do. Refuses: nothing.
Blocks: run it in a thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.contract.places import reserved


def complaints(places: Mapping[str, Path], together: Sequence[str], state_dir: str) -> list[str]:
    """What would not work, or not as meant. `together` names the folders between which files are renamed."""
    return hindrances(places, together, state_dir) + _overlaps(places)


def hindrances(places: Mapping[str, Path], together: Sequence[str], state_dir: str) -> list[str]:
    """What does not work as it is: nothing may be taken until it does."""
    found = [sentence for name, path in places.items() for sentence in _one(name, path)]
    found = found or trespasses(places, state_dir)
    if found:
        return found
    devices = {name: _standing(places[name]).stat().st_dev for name in together if name in places}
    first = next(iter(devices), None)
    for name, device in devices.items():
        if first is not None and device != devices[first]:
            found.append(
                f"{name} ({places[name]}) is on another file system than {first} ({places[first]}): "
                "files are renamed between them; put them on one file system"
            )
    return found


def trespasses(places: Mapping[str, Path], state_dir: str) -> list[str]:
    """Folders that lead to the gateway's own: files there are not an agency's, whatever link was laid."""
    found = ((name, path, reserved(path, Path(state_dir))) for name, path in places.items())
    return [f"{name} ({path}) {met}; name a folder of its own" for name, path, met in found if met is not None]


def _one(name: str, path: Path) -> list[str]:
    standing = _standing(path)
    try:
        if path.is_symlink():
            return [f"{name} ({path}) is a link; name the folder that it leads to, if that one is meant"]
        if stat.S_ISDIR(standing.stat().st_mode) and os.access(standing, os.R_OK | os.W_OK | os.X_OK):
            return []
        if not stat.S_ISDIR(standing.stat().st_mode):
            return [f"{name} ({standing}) is not a folder; name a folder"]
    except OSError as error:
        return [f"{name} ({path}) cannot be reached ({error.strerror}); let this user pass the folders above it"]
    what = f"{name} ({path})" if standing == path else f"{name} ({path}) cannot be made: {standing}"
    return [
        f"{what} cannot be read and written by this user (id {os.geteuid()}); give it read, write and search rights "
        "there, for instance by its group"
    ]


def _overlaps(places: Mapping[str, Path]) -> list[str]:
    found, seen = [], dict[Path, str]()
    for name, path in places.items():
        real = path.resolve()
        if real in seen:
            found.append(f"{name} and {seen[real]} are the same folder ({path}); give each its own")
        seen.setdefault(real, name)
    return found


def _standing(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists: where it would be made."""
    while path != path.parent:
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            path = path.parent
        except OSError:
            return path
        else:
            return path
    return path
