"""Which folders were there before: one of them that is gone is a share that is not mounted, and is not made anew.

Enters: folders by their setting's name. Leaves: sentences about those that are gone, each with what to do. Refuses
(`Gone`): to have a folder made where one was, since what is put there would lie under the share and nobody would find
it. A folder that is gone alone, while one beside it stands, was tidied away and may be made again. One that stands,
and lay on a share that is not mounted now, is the one under the share: it is as good as gone.

What is known lies in the state folder, one file for each folder, so that a look that opens no journal knows it too.
Blocks: run it in a thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
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
        self._noted: dict[Path, str] = {}

    def must_stand(self, places: Mapping[str, Path]) -> None:
        """Raises `Gone`."""
        found = self.gone(places)
        if found:
            raise Gone("; ".join(found))

    def gone(self, places: Mapping[str, Path]) -> list[str]:
        """What was there before and is not, with nothing of ours beside it that is; or is not where it was."""
        standing = {path.parent for path in places.values() if os.path.lexists(path)}
        found = []
        for name, path in places.items():
            mount = self._mount(path)
            if mount and not _mounted(mount, path):
                found.append(
                    f"{name} ({path}) lay on a share at {mount} that is not mounted: mount the share, or remove "
                    f"{self._note(path)} if the folder has moved for good; until then everything waits"
                )
            elif mount is not None and path.parent not in standing and not os.path.lexists(path):
                found.append(
                    f"{name} ({path}) was there before and is gone: mount the share that it lies on, or make the "
                    "folder by hand if it was taken away on purpose; until then everything waits"
                )
        return found

    def note(self, path: Path) -> None:
        """A folder stands. Durable when this returns."""
        self._notes.mkdir(mode=0o700, parents=True, exist_ok=True)
        mount = mount_of(path)
        # Where the notes are, the file system that they lie on is there.
        mount = "" if mount == mount_of(self._notes) else mount
        if self._noted.get(path) == mount:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(self._note(path), flags, 0o600)
        try:
            os.write(fd, json.dumps({"path": str(path), "mount": mount}).encode())
            os.fsync(fd)
        finally:
            os.close(fd)
        folder = os.open(self._notes, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._noted[path] = mount

    def _mount(self, path: Path) -> str | None:
        """The share that a folder lay on, or nothing for none; None if the folder is not known."""
        try:
            return str(json.loads(self._note(path).read_bytes())["mount"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            # A note that the power cut short still says that the folder was there.
            return ""

    def _note(self, path: Path) -> Path:
        return self._notes / hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:32]


def mount_of(path: Path) -> str:
    """Where the file system is mounted that a folder lies on."""
    at = os.path.abspath(path)
    while not os.path.ismount(at):
        at = os.path.dirname(at)
    return at


def _mounted(mount: str, path: Path) -> bool:
    # A share that is mounted when somebody asks for it is asked for by what lies in it.
    with contextlib.suppress(OSError):
        os.stat(f"{path}/.")
    return os.path.ismount(mount)
