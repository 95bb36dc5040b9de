"""What a command says: tables and sentences for a person, JSON for a machine.

Enters: rows, sentences, JSON values, failures. Leaves: results on standard output, remarks and progress on standard
error. Refuses: to pass on control characters of somebody else's data: a file name could rewrite the terminal.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gateway.commands.exits import Failure

if TYPE_CHECKING:
    from rich.console import Console

Advance = Callable[[int], None]

# Where nobody watches, a table is not folded to a screen: identifiers stay whole for grep.
_WIDE = 220
_ROOMY = 150


def clean(value: Any) -> str:
    """Text as it may be printed: one line, what is invisible written as an escape; nothing for None."""
    text = "" if value is None else str(value)
    return text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


_NAMES = "run|demo|check|send|status|replay|log|verify|trust|letter|receipt|evidence|adapters|schemas|key"
_COMMAND = re.compile(rf"(?<![\w./-])lintas(?= (?:{_NAMES}|--\w+)\b)")


def as_called(text: str) -> str:
    """A sentence that says to run `lintas` says it as it can be typed here: by its path, where no search finds it."""
    return _COMMAND.sub(lambda _: _own_name(), text) if "lintas" in text else text


def _own_name() -> str:
    if shutil.which("lintas") is not None or os.path.basename(sys.argv[0]) != "lintas":
        return "lintas"
    return shlex.quote(sys.argv[0])


def _json(value: Any, **layout: Any) -> str:
    """JSON in its own letters, or in ASCII when one of them would move the cursor or cannot be encoded."""
    text = json.dumps(value, ensure_ascii=False, default=str, **layout)
    if text.replace("\n", "").isprintable():
        return text
    return json.dumps(value, ensure_ascii=True, default=str, **layout)


class Face:
    """The two streams of one command. With `machine`, standard output carries JSON and nothing else."""

    def __init__(self, machine: bool) -> None:
        self.machine = machine

    @cached_property
    def _out(self) -> Console:
        from rich.console import Console

        return Console(width=None if sys.stdout.isatty() else _WIDE, markup=False, highlight=False, emoji=False)

    def say(self, text: str) -> None:
        """One sentence of the result; not for machines."""
        if not self.machine:
            print(clean(as_called(text)), flush=True)

    def note(self, text: str) -> None:
        """A remark beside the result."""
        print(clean(as_called(text)), file=sys.stderr, flush=True)

    def value(self, value: Any) -> None:
        """The result for a machine: one JSON value, indented."""
        print(_json(value, indent=2), flush=True)

    def line(self, value: Any) -> None:
        """One of many results for a machine: JSON on one line."""
        print(_json(value, separators=(",", ":")), flush=True)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table a person can read. The first column is never cut."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for index, column in enumerate(columns):
            table.add_column(column, no_wrap=index == 0, overflow="fold")
        for row in rows:
            table.add_row(*(Text(clean(cell)) for cell in row))
        self._out.print(table)

    def short(self, system: str) -> str:
        """The name of a system; without its agency where a terminal is too narrow for both."""
        return system if self._out.width >= _ROOMY else system.rpartition("/")[2]

    def facts(self, title: str, pairs: Iterable[tuple[str, Any]]) -> None:
        """Names with values, the absent ones left out."""
        self.say(title)
        shown = [(name, clean(value)) for name, value in pairs if value is not None]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            self.say(f"  {name:<{width}}  {value}")

    def failure(self, failure: Failure) -> None:
        """Say why, what to do, and under which message id to ask."""
        if self.machine:
            self.value({"error": failure.to_dict()})
            return
        self.note(f"{failure.code}: {failure.detail}")
        for error in failure.errors:
            self.note(f"  {error.get('path') or '(whole)'}: {error.get('message', '')} [{error.get('code', '')}]")
        if failure.advice:
            self.note(f"What to do: {failure.advice}")
        if failure.message_id:
            self.note(f"Message: {failure.message_id}")

    @contextmanager
    def progress(self, title: str, total: int, *, sizes: bool = False) -> Iterator[Advance]:
        """A bar on standard error while something takes long; silent where nobody watches. `sizes`: count bytes."""
        if self.machine or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        count = DownloadColumn() if sizes else MofNCompleteColumn()
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), count, TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(clean(title), total=total)
            yield lambda step: bar.advance(task, step)
