"""YAML with source marks.

In: the text of one file. Out: `Marked`: plain data (dict, list, str, int, float, bool, None) and the line and column
of every key and value. Refuses, each as a finding: what is not YAML or not UTF-8, anchors, aliases, tags, several
documents, duplicate keys, nesting beyond 32, files beyond 256 KiB.

Only `true`/`false`, `null`/`~`/nothing, and plain decimal numbers are not strings: `no`, `yes`, `12:30`, `0123`,
`1e3` and `2026-01-01` stay what was written. The source text of a number or boolean is kept (`texts`) for findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gateway.federation.findings import Finding, shown

MAX_FILE_BYTES = 256 * 1024
MAX_DEPTH = 32
# Findings per file; one broken generator run must not print a million lines.
MAX_PROBLEMS = 100

Place = tuple[str | int, ...]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,15}\Z")
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, both numbers from 1; (0, 0) is the file as a whole."""

    line: int = 0
    column: int = 0


@dataclass(slots=True)
class Marked:
    """The data of one file and where each piece stands. A `Place` is the path of keys and indexes."""

    file: str
    data: Any = None
    values: dict[Place, Mark] = field(default_factory=dict)
    keys: dict[Place, Mark] = field(default_factory=dict)
    texts: dict[Place, str] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    text: str = ""

    def finding(self, code: str, place: Place, message: str, hint: str = "", *, key: bool = False) -> Finding:
        """A finding at a place; a place that is not in the file falls back to the nearest one around it."""
        mark = self.mark(place, key=key)
        return Finding(self.file, mark.line, mark.column, code, message, hint)

    def mark(self, place: Place, *, key: bool = False) -> Mark:
        for end in range(len(place), -1, -1):
            here = place[:end]
            found = self.keys.get(here) if key and end == len(place) else None
            # A value that is a mapping starts on the line below its key: the key is what a reader looks for.
            found = found or (
                self.values.get(here) if end == len(place) else self.keys.get(here) or self.values.get(here)
            )
            if found is not None:
                return found
        return Mark()


class _Stop(Exception):
    """The file cannot be read further; the finding is already noted."""


class _Builder:
    """Turns the parser's events into data. Works from events, so that an alias is seen before anything is expanded."""

    def __init__(self, marked: Marked, text: str) -> None:
        self._marked = marked
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)

    def run(self) -> None:
        self._next()  # stream start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return
        self._marked.data = self._node(self._next(), ())
        self._next()  # document end
        after = self._next()
        if not isinstance(after, yaml.StreamEndEvent):
            self._stop("C006", after, "a second document in one file is refused")

    def _next(self) -> Any:
        return next(self._events)

    def _note(self, code: str, event: Any, message: str) -> None:
        if len(self._marked.problems) >= MAX_PROBLEMS:
            raise _Stop
        mark = _mark(event)
        self._marked.problems.append(Finding(self._marked.file, mark.line, mark.column, code, message))

    def _stop(self, code: str, event: Any, message: str) -> None:
        self._note(code, event, message)
        raise _Stop

    def _node(self, event: Any, place: Place) -> Any:
        if isinstance(event, yaml.AliasEvent):
            self._note("C006", event, "an alias is refused")
            return None
        if event.anchor is not None:
            self._note("C006", event, "an anchor is refused")
        if event.tag is not None and event.tag != "!":
            self._note("C006", event, "a tag is refused")
        if len(place) > MAX_DEPTH:
            self._stop("C006", event, f"nesting beyond {MAX_DEPTH} is refused")
        self._marked.values[place] = _mark(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        return self._sequence(place) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(place)

    def _scalar(self, event: Any, place: Place) -> Any:
        text: str = event.value
        # The two loaders write plain style differently (None and empty); the four others mean a string.
        if event.style:
            return text
        value = plain(text)
        if not isinstance(value, str) and value is not None:
            self._marked.texts[place] = text
        return value

    def _sequence(self, place: Place) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, (*place, len(items))))
        return items

    def _mapping(self, place: Place) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._stop("C006", event, "a key that is not a plain word is refused")
            if event.anchor is not None or (event.tag is not None and event.tag != "!"):
                self._note("C006", event, "an anchor or a tag on a key is refused")
            name: str = event.value
            here = (*place, name)
            if name in fields:
                first = self._marked.keys[here]
                self._note(
                    "C007", event, f"the key {shown(name)} stands here again; it is first given at line {first.line}"
                )
            else:
                self._marked.keys[here] = _mark(event)
            value = self._node(self._next(), here)
            fields.setdefault(name, value)
        return fields


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def plain(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar: boolean, null and decimal numbers, and otherwise the text itself."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.match(text):
        return int(text)
    if _DECIMAL.match(text):
        return float(text)
    return text


def parse(text: str, file: str) -> Marked:
    """Read one file's text. Never raises for its content: see `problems`; `data` is what could be read."""
    marked = Marked(file, text=text)
    try:
        _Builder(marked, text).run()
    except _Stop:
        marked.data = None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it holds a character that YAML does not allow"
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        marked.data = None
        marked.problems.append(Finding(file, line, column, "C005", f"not well-formed YAML: {shown(problem)}"))
    return marked


def read(path: Path, shown_as: str) -> Marked:
    """Read one regular file. `shown_as` is the name that findings print (relative to the configuration folder)."""
    try:
        if not path.is_file():
            return _unread(shown_as, "C008", "the file does not exist or is not a regular file")
        with path.open("rb") as handle:
            data = handle.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return _unread(shown_as, "C008", f"the file cannot be read ({error.strerror})")
    if len(data) > MAX_FILE_BYTES:
        return _unread(shown_as, "C008", f"the file is larger than {MAX_FILE_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unread(shown_as, "C005", "the file is not UTF-8", line)
    return parse(text, shown_as)


def _unread(file: str, code: str, message: str, line: int = 0) -> Marked:
    return Marked(file, problems=[Finding(file, line, 1 if line else 0, code, message)])
