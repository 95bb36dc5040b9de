"""The files of the log, which an auditor reads: one line per event, `{"number": N, "event": {…}}`.

Enters: numbers and canonical events; a folder with what is in it at a start. Leaves: files of `EVENTS_PER_FILE` lines,
durable, for their owner alone; and what was found in each. Refuses: to follow links.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.store.disk import sync_folder

EVENTS_PER_FILE = 100_000

_TAIL = 64 * 1024
_NUMBER = re.compile(rb'\{"number":([0-9]{1,16}),')
_NAME = re.compile(r"events-([0-9]{12})\.jsonl")


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it lies there. `count`: whole lines, if their numbers follow each other from `first`; None if not.
    `ends`: its first and its last whole line. `reaches`: the number after the highest that it can hold and does."""

    first: int
    path: Path
    count: int | None
    ends: tuple[bytes, bytes] | None
    reaches: int


def line(number: int, body: Any) -> bytes:
    return b'{"number":%d,"event":%s}\n' % (number, body)


def log_file(folder: Path, number: int) -> Path:
    """The file that holds the event with this number."""
    return folder / f"events-{number // EVENTS_PER_FILE * EVENTS_PER_FILE:012d}.jsonl"


def append(folder: Path, first: int, lines: list[bytes]) -> None:
    at = 0
    while at < len(lines):
        number = first + at
        room = EVENTS_PER_FILE - number % EVENTS_PER_FILE
        some = lines[at : at + room]
        path = log_file(folder, number)
        new = not path.exists()
        with open(path, "ab", opener=_private) as file:
            file.write(b"".join(some))
            file.flush()
            os.fdatasync(file.fileno())
        if new:
            sync_folder(folder)
        at += len(some)


def survey(folder: Path) -> list[Found]:
    """Every file in order. The last is read whole, since it is written on; of the others the first and last lines."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    return [*map(_looked_at, names[:-1]), *map(_read, names[-1:])]


def cut(found: Found) -> None:
    """Takes a torn last line off."""
    with open(found.path, "r+b", opener=_private) as file:
        end = 0
        for one in file:
            end += len(one) if one.endswith(b"\n") else 0
        if end != os.fstat(file.fileno()).st_size:
            file.truncate(end)
            os.fdatasync(file.fileno())


def set_aside(path: Path) -> Path:
    """Keeps a file beside its place, under a name that no file of the log has."""
    number = 1
    while (kept := path.with_name(f"{path.name}.kept-{number}")).exists():
        number += 1
    os.rename(path, kept)
    sync_folder(path.parent)
    return kept


def kept(folder: Path) -> list[str]:
    """The names of what was set aside and still lies there."""
    return sorted(path.name for path in folder.glob("events-*.jsonl.kept-*"))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)


def _first_of(path: Path) -> int:
    return int(path.name[7:19])


def _number(one: bytes) -> int:
    match = _NUMBER.match(one)
    return int(match[1]) if match else -1


def _reaches(first: int, number: int) -> int:
    """A number that belongs into another file says nothing of how far this one goes."""
    return number + 1 if first <= number < first + EVENTS_PER_FILE else first


def _read(path: Path) -> Found:
    first = _first_of(path)
    count: int | None = 0
    reaches, start, last = first, b"", b""
    with open(path, "rb", opener=_private) as file:
        for one in file:
            if not one.endswith(b"\n"):
                break
            number, start, last = _number(one), start or one, one
            reaches = max(reaches, _reaches(first, number))
            if count is not None:
                count = count + 1 if number == first + count else None
    return Found(first, path, count, (start, last) if last else None, reaches)


def _looked_at(path: Path) -> Found:
    """A file that should be full: its first line and its last."""
    first = _first_of(path)
    with open(path, "rb", opener=_private) as file:
        start = file.readline(_TAIL)
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
        *_, last = file.read().splitlines(keepends=True) or [b""]
    number = _number(last)
    full = (_number(start), number) == (first, first + EVENTS_PER_FILE - 1) and last.endswith(b"\n")
    return Found(first, path, EVENTS_PER_FILE if full else None, (start, last), _reaches(first, number))
