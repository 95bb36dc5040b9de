"""Delimited text: from bytes to records of cells, one at a time, in flat memory (RFC 4180, as spreadsheets write it).

Enters: pieces of bytes, a codec name, a delimiter. Leaves: cells per record, or a `BadRecord` for one that cannot be
read; reading goes on behind it. Refuses: nothing. A quote that never closes costs its own line only; the lines that it
would have swallowed are named, and read as rows or counted as bad ones: every line is in some record. Pure.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that has no cells: a stable code and one sentence. `cell` is the place of the cell at fault, from 0."""

    code: str
    message: str
    cell: int | None = None


TOO_LARGE = "row_too_large"


def texts(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Decoded text without its byte order mark; bytes that are not of the encoding become lone surrogates."""
    errors = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    first = True
    for piece in pieces:
        text = decoder.decode(piece)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        if text:
            yield text
    try:
        rest = decoder.decode(b"", True)
    except UnicodeDecodeError:
        rest = "\udc00"
    if rest:
        yield rest


def lines(parts: Iterable[str], limit: int) -> Iterator[str | None]:
    """Lines without their ends (LF, CR LF or CR); None stands for a line of more than `limit` bytes in UTF-8."""
    held, skipping = "", False
    for part in parts:
        text = held + part
        carry = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(carry)].replace("\r\n", "\n").replace("\r", "\n")
        *whole, held = text.split("\n")
        for line in whole:
            yield None if skipping or _longer(line, limit) else line
            skipping = False
        if len(held) > limit:
            held, skipping = "", True
        held += carry
    if held.endswith("\r"):
        held = held[:-1]
    if held or skipping:
        yield None if skipping or _longer(held, limit) else held


class Records:
    """Iterates over records. Delimiter and width (cells per row; 0: any) are given once the header was seen: see
    `first`."""

    def __init__(self, source: Iterator[str | None], *, limit: int, most_lines: int) -> None:
        self._source, self._limit, self._most = source, limit, most_lines
        self._again: deque[str | None] = deque()
        self._doomed: deque[BadRecord] = deque()
        self._at = 0
        self.delimiter = ","
        self.width = 0

    def first(self) -> str | BadRecord | None:
        """The first line that is not blank, raw; None if there is none."""
        for line in self._lines():
            if line is None:
                return self._too_large()
            if line.strip():
                return line
        return None

    def _too_large(self) -> BadRecord:
        return BadRecord(TOO_LARGE, f"a row holds at most {self._limit} bytes")

    def __iter__(self) -> Iterator[list[str] | BadRecord]:
        for line in self._lines():
            if line is None:
                yield self._too_large()
            elif not line.strip() and self.delimiter not in line:
                continue
            elif '"' not in line:
                yield (
                    BadRecord("wrong_charset", "bytes of another encoding")
                    if damaged(line)
                    else line.split(self.delimiter)
                )
            else:
                yield self._quoted(line)
                while self._doomed:
                    yield self._doomed.popleft()

    def _lines(self) -> Iterator[str | None]:
        """Lines, of the file or again; `_at` is the number of the last one in the file, from 1."""
        while True:
            if self._again:
                self._at += 1
                yield self._again.popleft()
                continue
            try:
                line = next(self._source)
            except StopIteration:
                return
            self._at += 1
            yield line

    def _quoted(self, line: str) -> list[str] | BadRecord:
        taken, size, first = [line], len(line), self._at
        inside = ends_inside(line, self.delimiter, False)
        for more in self._lines() if inside else ():
            if more is None or len(taken) >= self._most or size + len(more) > self._limit:
                return self._unclosed(line, [*taken[1:], more], first)
            taken.append(more)
            size += len(more) + 1
            if not _closes_well(more, self.delimiter):
                return self._unclosed(line, taken[1:], first)
            inside = ends_inside(more, self.delimiter, True)
            if not inside:
                break
        if inside:
            return self._unclosed(line, taken[1:], first)
        found = cells("\n".join(taken), self.delimiter)
        return self._closed(found, taken, first) if len(taken) > 1 else found

    def _unclosed(self, line: str, swallowed: Sequence[str | None], first: int) -> BadRecord:
        """The lines behind an open quote are read again as rows of their own."""
        said = f"a quoted cell never ends: lines {first} to {self._at}"
        if swallowed:
            said += f"; only line {first} is lost, those behind it were read as rows of their own"
        self._again.extendleft(reversed(swallowed))
        self._at -= len(swallowed)
        return BadRecord("unclosed_quote", said, opened(line, self.delimiter))

    def _closed(self, found: list[str] | BadRecord, taken: list[str], first: int) -> list[str] | BadRecord:
        """A quote of one row can be closed by that of a later one. Then the lines are too many cells or too few for one
        row, or each by itself is as wide as a row. None of them can be trusted to be a row: each counts as a bad one.
        """
        if not self.width and not isinstance(found, BadRecord):
            return found
        rows = self.width > 2 and all(line.count(self.delimiter) == self.width - 1 for line in taken)
        if not isinstance(found, BadRecord) and len(found) == self.width and not rows:
            return found
        bad = BadRecord(
            "unclosed_quote",
            f"a quoted cell runs on over lines {first} to {self._at}, which are no single row; none was taken",
            opened(taken[0], self.delimiter),
        )
        self._doomed.extend([bad] * (len(taken) - 1))
        return bad


def ends_inside(line: str, delimiter: str, inside: bool) -> bool:
    """Whether a quoted cell is still open at the end of a line that began `inside` one or not."""
    return _scanned(line, delimiter, inside)[0]


def opened(line: str, delimiter: str) -> int:
    """The place, from 0, of the cell that is still open at the end of a line."""
    return _scanned(line, delimiter, False)[1]


def _scanned(line: str, delimiter: str, inside: bool) -> tuple[bool, int]:
    """Whether a cell is open at the end, and which cell of the line is its last."""
    at = place = 0
    while True:
        if not inside and line.startswith('"', at):
            inside, at = True, at + 1
        while inside:
            at = line.find('"', at)
            if at < 0:
                return True, place
            if line.startswith('""', at):
                at += 2
                continue
            inside, at = False, at + 1
        at = line.find(delimiter, at)
        if at < 0:
            return False, place
        at += len(delimiter)
        place += 1


def _closes_well(line: str, delimiter: str) -> bool:
    """Whether the quote that ends a cell begun on an earlier line, if any does, stands at the end of the cell."""
    behind = line.replace('""', "").partition('"')[2].lstrip(" ")
    return not behind or behind.startswith(delimiter)


def cells(record: str, delimiter: str) -> list[str] | BadRecord:
    """The cells of one whole record."""
    if damaged(record):
        return BadRecord("wrong_charset", "bytes of another encoding")
    if '"' not in record:
        return record.split(delimiter)
    try:
        found = list(csv.reader([record], delimiter=delimiter))
    except csv.Error:
        return BadRecord("unreadable_row", "the row cannot be taken apart into cells")
    return found[0] if len(found) == 1 else BadRecord("unreadable_row", "the row cannot be taken apart into cells")


def damaged(text: str) -> bool:
    """Whether the text holds what was not of its encoding."""
    return not text.isascii() and _HALF.search(text) is not None


def _longer(line: str, limit: int) -> bool:
    if len(line) * 4 <= limit:
        return False
    return len(line) > limit or len(line.encode("utf-8", "surrogatepass")) > limit
