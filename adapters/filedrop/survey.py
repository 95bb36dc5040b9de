"""The first reading of a table: its digest, its encoding for certain, whether it has too many rows. Flat memory.

Enters: the bytes of the file in pieces. Leaves: a `Found`. Refuses (`Refused`): bytes that are not in the declared
encoding where no other is allowed, and more rows than the limit where that is certain already.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass

from adapters.filedrop.config import Csv
from gateway.contract import Reason, Refused

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


_LETTER = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|\xc2[\xa0-\xbf]|[\xe1-\xef][\x80-\xbf]{2}")
"""A character of two or three bytes in UTF-8; in an older encoding this would be two odd signs side by side."""


@dataclass(frozen=True)
class Found:
    """`encoding` is a name of Python's codec registry, without its byte order mark."""

    sha256: str
    encoding: str


class Survey:
    """Fed piece by piece."""

    def __init__(self, config: Csv) -> None:
        self._config = config
        self._digest = hashlib.sha256()
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._is_utf8 = True
        self._some_utf8, self._edge = False, b""
        self._head = b""
        self._lines = self._quotes = 0
        self._last = b""

    def feed(self, piece: bytes) -> None:
        self._digest.update(piece)
        if len(self._head) < 4:
            self._head = (self._head + piece[:4])[:4]
        self._lines += piece.count(b"\n")
        self._quotes += piece.count(b'"')
        self._last = piece[-1:] or self._last
        if not self._some_utf8 and not piece.isascii():
            self._some_utf8 = _LETTER.search(self._edge + piece) is not None
            self._edge = piece[-3:]
        if self._is_utf8:
            try:
                self._utf8.decode(piece)
            except UnicodeDecodeError:
                self._is_utf8 = False

    def result(self, most_rows: int) -> Found:
        if not self._quotes and self._lines + (self._last != b"\n") - 1 > most_rows and not self._wide:
            raise Refused(Reason.TOO_MANY_ROWS, limit=most_rows)
        return Found(self._digest.hexdigest(), self._encoding())

    @property
    def _marked(self) -> str | None:
        return next((name for mark, name in _MARKS if self._head.startswith(mark)), None)

    @property
    def _wide(self) -> bool:
        return (self._marked or self._config.encoding).startswith("utf-16")

    def _encoding(self) -> str:
        if self._marked is not None:
            return self._marked
        if self._config.encoding != "auto":
            return {"utf-16": "utf-16-le"}.get(self._config.encoding, self._config.encoding)
        if self._is_utf8 and self._ends_whole():
            return "utf-8"
        if self._some_utf8:
            # To read all of it in another encoding would spoil every name in it: rows that are not UTF-8 come back.
            return "utf-8"
        if self._config.fallback == "refuse":
            raise Refused(Reason.WRONG_CHARSET, "the file is not UTF-8")
        return self._config.fallback

    def _ends_whole(self) -> bool:
        return not self._utf8.getstate()[0]
