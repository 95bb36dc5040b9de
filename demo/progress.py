"""What goes on, on standard error, while the morning is played.

Enters: sentences, and how many rows have arrived. Leaves: a line a sentence with its time, and a bar where somebody
watches. Refuses: nothing; for machines it is silent.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar

_LOOK = 0.2


class Progress:
    """Silent where told so; a bar only on a terminal."""

    def __init__(self, silent: bool) -> None:
        self._silent, self._began = silent, time.monotonic()
        self._console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self._bar: Bar | None = None
        if not silent and sys.stderr.isatty():
            told = TextColumn("{task.description}", markup=False)
            columns = (SpinnerColumn(), told, BarColumn(), MofNCompleteColumn())
            self._bar = Bar(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("rows of the table", total=None)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def say(self, sentence: str) -> None:
        """One sentence with the seconds since the beginning."""
        if not self._silent:
            self._console.print(f"{time.monotonic() - self._began:6.1f} s  {sentence}", soft_wrap=True)

    async def follow(self, total: int, arrived: Callable[[], int]) -> None:
        """Moves the bar until it is cancelled."""
        while self._bar is not None:
            self._bar.update(self._task, total=total, completed=arrived())
            await asyncio.sleep(_LOOK)
