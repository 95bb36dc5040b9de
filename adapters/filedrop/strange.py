"""Folders in `work` that are not as we left them, or never were ours: left alone, and named to a person.

Enters: a folder's name and what went wrong with it. Leaves: one sentence for all of them. Refuses: nothing. Pure.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from adapters.filedrop.arrive import data_name
from adapters.filedrop.workroom import Damaged

_FOREIGN = (errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.ELOOP)
"""What the system says of a folder in `work` in which somebody else has put something."""

_NAMED = 3
"""Strange folders that a sentence names."""


def of_one_room(error: BaseException) -> bool:
    """Whether what went wrong is about one folder in `work` and says nothing of the others."""
    return isinstance(error, Damaged) or (isinstance(error, OSError) and error.errno in _FOREIGN)


class Strange:
    """What was set aside, by the folder's name, until it is gone."""

    def __init__(self) -> None:
        self._rooms: dict[str, str] = {}

    def __contains__(self, room: str) -> bool:
        return room in self._rooms

    def __bool__(self) -> bool:
        return bool(self._rooms)

    def aside(self, room: str, error: BaseException) -> None:
        self._rooms[room] = (error.strerror or "") if isinstance(error, OSError) else str(error)

    def look(self, there: Callable[[str], bool]) -> None:
        """Forgets what somebody has put right."""
        self._rooms = {room: why for room, why in self._rooms.items() if there(room)}

    def sentence(self, work: Path) -> str:
        named = sorted(self._rooms.items())
        told = ", ".join(f"{data_name(room)} ({why})" for room, why in named[:_NAMED])
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        return (
            f"the work folder ({work}) was changed by somebody else: {told}{more} cannot be read as ours; move it out "
            "of there, and what it holds of the agency's files back to the inbox; all other files are taken"
        )
