"""Whether somebody still waits for an answer: work that is for nobody else ends when they are gone.

Enters: from the shell, that a caller is gone for good. Leaves: a context that then ends what runs in it, by
`CallerGone`. Refuses: to end anything outside of it, so that nothing is broken off of which custody is being taken.
"""

from __future__ import annotations

import asyncio
from types import TracebackType


class CallerGone(Exception):
    """Nobody is left to hear the answer."""


class Presence:
    """Of one connection; one call at a time waits in it."""

    __slots__ = ("_cancelling", "_ended", "_gone", "_task")

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._gone = self._ended = False

    def left(self) -> None:
        """The caller is gone."""
        self._gone = True
        if self._task is not None and not self._ended:
            self._ended = True
            self._task.cancel()

    def __enter__(self) -> Presence:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can wait for somebody")
        if self._gone:
            raise CallerGone
        self._task, self._cancelling = task, task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        # Whoever else cancelled the task has precedence.
        ours = self._ended and task is not None and task.uncancel() <= self._cancelling
        if ours and kind is asyncio.CancelledError:
            raise CallerGone from error
