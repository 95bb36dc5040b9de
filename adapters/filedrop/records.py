"""Delimited text: from bytes to records of cells, one at a time, in flat memory (RFC 4180, as spreadsheets write it).

Enters: pieces of bytes, a codec name, a delimiter. Leaves: cells per record, or a `BadRecord` for one that cannot be
read; reading goes on behind it. Refuses: nothing; a quote that never closes costs its own line only. Pure.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that has no cells: a stable code and one sentence."""

    code: str
    message: str


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
    """Iterates over records. The delimiter is given once the header was seen: see `first`."""

    def __init__(self, source: Iterator[str | None], *, limit: int, most_lines: int) -> None:
        self._source, self._limit, self._most = source, limit, most_lines
        self._again: deque[str | None] = deque()
        self.delimiter = ","

    def first(self) -> str | None:
        """The first line that is not blank, raw; None if there is none or it is too large."""
        for line in self._lines():
            if line is None or line.strip():
                return line
        return None

    def push(self, line: str) -> None:
        self._again.appendleft(line)

    def __iter__(self) -> Iterator[list[str] | BadRecord]:
        for line in self._lines():
            if line is None:
                yield BadRecord(TOO_LARGE, f"a row holds at most {self._limit} bytes")
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

    def _lines(self) -> Iterator[str | None]:
        while True:
            if self._again:
                yield self._again.popleft()
                continue
            try:
                yield next(self._source)
            except StopIteration:
                return

    def _quoted(self, line: str) -> list[str] | BadRecord:
        taken, size = [line], len(line)
        inside = ends_inside(line, self.delimiter, False)
        for more in self._lines() if inside else ():
            if more is None or len(taken) >= self._most or size + len(more) > self._limit:
                return self._unclosed(taken[1:], more)
            taken.append(more)
            size += len(more) + 1
            inside = ends_inside(more, self.delimiter, True)
            if not inside:
                break
        if inside:
            return self._unclosed(taken[1:], "")
        return cells("\n".join(taken), self.delimiter)

    def _unclosed(self, swallowed: list[str], stopped: str | None) -> BadRecord:
        """The lines behind an open quote are read again as rows of their own."""
        self._again.extendleft([stopped, *reversed(swallowed)])
        return BadRecord("unclosed_quote", "a quoted cell never ends")


def ends_inside(line: str, delimiter: str, inside: bool) -> bool:
    """Whether a quoted cell is still open at the end of a line that began `inside` one or not."""
    at = 0
    while True:
        if not inside and line.startswith('"', at):
            inside, at = True, at + 1
        while inside:
            at = line.find('"', at)
            if at < 0:
                return True
            if line.startswith('""', at):
                at += 2
                continue
            inside, at = False, at + 1
        at = line.find(delimiter, at)
        if at < 0:
            return False
        at += len(delimiter)


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
