"""Which folders were there before: one of them that is gone is a share that is not mounted, and is not made anew.

Enters: folders by their setting's name. Leaves: sentences about those that are gone, each with what to do. Refuses
(`Gone`): to have a folder made where one was, since what is put there would lie under the share and nobody would find
it. A folder that is gone alone, while one beside it stands, was tidied away and may be made again.

What is known lies in the state folder, one file for each folder, so that a look that opens no journal knows it too.
Blocks: run it in a thread.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

NAME = "folders"
"""The folder of what is known, in the state folder."""


class Gone(Exception):
    """A folder that was there before is not."""


class Known:
    """What one adapter knows, and tells others that use the same folders."""

    def __init__(self, state_dir: str) -> None:
        self._notes = Path(state_dir) / NAME
        self._noted: set[Path] = set()

    def must_stand(self, places: Mapping[str, Path]) -> None:
        """Raises `Gone`."""
        found = self.gone(places)
        if found:
            raise Gone("; ".join(found))

    def gone(self, places: Mapping[str, Path]) -> list[str]:
        """What was there before, is not, and has nothing of ours beside it that is."""
        standing = {path.parent for path in places.values() if os.path.lexists(path)}
        return [
            f"{name} ({path}) was there before and is gone: mount the share that it lies on, or make the folder by "
            "hand if it was taken away on purpose; until then everything waits"
            for name, path in places.items()
            if path.parent not in standing and self._knows(path) and not os.path.lexists(path)
        ]

    def note(self, path: Path) -> None:
        """A folder stands. Durable when this returns."""
        if path in self._noted:
            return
        self._notes.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(self._note(path), flags, 0o600)
        try:
            os.write(fd, os.fsencode(path) + b"\n")
            os.fsync(fd)
        finally:
            os.close(fd)
        folder = os.open(self._notes, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._noted.add(path)

    def _knows(self, path: Path) -> bool:
        return path in self._noted or self._note(path).exists()

    def _note(self, path: Path) -> Path:
        return self._notes / hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:32]
