"""Many deadlines on few timers.

Enters: seconds. Leaves: a context that ends what runs in it by `TimeoutError`, at most `TICK` later than asked.
Refuses: nothing.

It does what `asyncio.timeout` does. That makes a timer for each use, and a question has two, nearly all of which are
cancelled before they ring; here everything that ends within the same tick shares one.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

TICK = 0.05
"""Seconds."""


class Deadlines:
    """Belongs to one event loop, the one in which it is first used."""

    __slots__ = ("_loop", "_ticks")

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticks: dict[int, set[Deadline]] = {}

    def within(self, seconds: float) -> Deadline:
        """A context for a task; entered once."""
        return Deadline(self, seconds)

    def enter(self, deadline: Deadline, seconds: float) -> set[Deadline]:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        tick = int((loop.time() + seconds) / TICK) + 1
        waiting = self._ticks.get(tick)
        if waiting is None:
            waiting = self._ticks[tick] = set()
            loop.call_at(tick * TICK, self._ring, tick)
        waiting.add(deadline)
        return waiting

    def _ring(self, tick: int) -> None:
        for deadline in list(self._ticks.pop(tick)):
            deadline.end()


class Deadline:
    """One use. It ends the task that entered it, and no other cancellation is taken for its own."""

    __slots__ = ("_cancelling", "_deadlines", "_ended", "_seconds", "_task", "_waiting")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines, self._seconds = deadlines, seconds
        self._ended = False

    def __enter__(self) -> Deadline:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is for a task")
        self._task, self._cancelling = task, task.cancelling()
        self._waiting = self._deadlines.enter(self, self._seconds)
        return self

    def end(self) -> None:
        """Time is up."""
        self._ended = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.discard(self)
        # Whoever else cancelled the task has precedence.
        if self._ended and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
