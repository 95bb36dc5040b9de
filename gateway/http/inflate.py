"""Compressed bodies that end before their end: aiohttp takes a gzip body whose last bytes are missing for a whole one.

Enters: importing this module, once, before anything listens or calls; it completes the class of aiohttp that inflates
bodies, since its parser makes it itself. Leaves: the body as before. Refuses: one whose compressed form breaks off, by
`BrokenOff` on the next read of it.
"""

from __future__ import annotations

from typing import Any

from aiohttp import ClientPayloadError, http_parser
from aiohttp.compression_utils import ZLibDecompressor
from aiohttp.http_parser import DeflateBuffer
from aiohttp.web_protocol import RequestPayloadError


class BrokenOff(ClientPayloadError, RequestPayloadError):
    """The compressed body ends before its end marker."""


class _Member:
    """One compressed stream, and whether any of it has come."""

    __slots__ = ("_inner", "begun")

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.begun = False

    def decompress(self, data: Any, max_length: int = 0) -> bytes:
        self.begun = self.begun or len(data) > 0
        inflated: bytes = self._inner.decompress(data, max_length)
        return inflated

    def flush(self, *length: int) -> bytes:
        left: bytes = self._inner.flush(*length)
        return left

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    @property
    def unconsumed_tail(self) -> bytes:
        return bytes(self._inner.unconsumed_tail)


class Inflater(ZLibDecompressor):
    """Knows whether the stream that it began last has ended."""

    def _new_decompressor(self) -> _Member:
        self._member = _Member(super()._new_decompressor())
        return self._member

    @property
    def ended(self) -> bool:
        return self._member.eof or not self._member.begun


def _feed_eof(buffer: DeflateBuffer) -> None:
    inflater = buffer.decompressor
    if isinstance(inflater, Inflater) and not inflater.ended:
        buffer.out.set_exception(BrokenOff("the compressed body broke off"))
    buffer.out.feed_eof()


http_parser.ZLibDecompressor = Inflater  # type: ignore[attr-defined]
DeflateBuffer.feed_eof = _feed_eof  # type: ignore[method-assign, assignment]
