"""One process at a time: a lock on a file that the kernel lets go of when the holder dies, however it dies.

Enters: the path of the lock file. Leaves: an open lock. Refuses: a file that another process, or this one, has locked.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gateway.store.engine import JournalRefused


class JournalHeld(JournalRefused):
    """Another process holds the journal."""


class Holder:
    """`flock` on a file that is never deleted: deleting it would let two processes lock two files of one name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def take(self) -> None:
        """Lock, or raise `JournalHeld` at once."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
            os.close(fd)
            who = f"process {holder}" if holder.isdigit() else "another process"
            raise JournalHeld(
                f"the journal in {self._path.parent} is held by {who}: "
                "stop that gateway first, or give this one a state folder of its own"
            ) from error
        # For a person who reads the sentence above; the lock itself does not depend on it.
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        self._fd = fd

    def let_go(self) -> None:
        """Unlock; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
