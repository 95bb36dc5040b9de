"""A thread of our own with an inbox: what one database connection needs.

Enters: a callable. Leaves: a call of `done` in that thread. Refuses nothing: who puts work in bounds it.

An executor makes two futures and takes two locks for every call; on the hot path a plain queue costs a third.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Lane:
    """Runs what it is given, in order, in one thread. The work itself must not raise."""

    def __init__(self, name: str) -> None:
        self._inbox: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.put = self._inbox.put

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """End after what was put in before; returns at once."""
        self._inbox.put(None)

    def join(self) -> None:
        """Wait for the end; blocks."""
        self._thread.join()

    def _run(self) -> None:
        while (work := self._inbox.get()) is not None:
            work()
