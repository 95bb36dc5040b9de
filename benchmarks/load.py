"""The load generator: many connections, one request at a time on each, bounded in number and time.

Enters: an address, a function that makes the n-th request, how many connections, how long, how many at most. Leaves:
`Load`. Refuses: to go on when an answer is not the status that is due: a benchmark of refusals measures nothing.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter_ns
from urllib.parse import urlsplit

from benchmarks.papers import Make

GRACE_SECONDS = 60.0


class WrongAnswer(Exception):
    """An answer had another status than is due; the message holds the start of it."""


@dataclass(frozen=True, slots=True)
class Load:
    """Answers that came, in how many seconds, and each one's latency in nanoseconds."""

    answers: int
    seconds: float
    latencies: list[int]


class _Series:
    """What the connections of one series share."""

    def __init__(self, make: Make, numbers: Iterator[int], status: int, stop_at: int, most: int) -> None:
        self.make, self.numbers, self.stop_at, self.most = make, numbers, stop_at, most
        self.due = b"HTTP/1.1 %d" % status
        self.latencies: list[int] = []
        self.sent = 0


class _Connection(asyncio.Protocol):
    def __init__(self, series: _Series) -> None:
        self._series, self._rest, self._length, self._sent_at = series, b"", -1, 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        series, now = self._series, perf_counter_ns()
        if now >= series.stop_at or series.sent >= series.most:
            self._transport.close()
            if not self.ended.done():
                self.ended.set_result(None)
            return
        series.sent += 1
        request = series.make(next(series.numbers))
        self._sent_at = perf_counter_ns()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if self._length < 0:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            if not data.startswith(self._series.due):
                self._fail(WrongAnswer(data[:600].decode("latin-1")))
                return
            lower = data[:end].lower()
            at = lower.find(b"content-length:") + 15
            stop = lower.find(b"\r\n", at)
            self._length = end + 4 + int(lower[at : stop if stop >= 0 else end])
        if len(data) < self._length:
            self._rest = data
            return
        self._series.latencies.append(perf_counter_ns() - self._sent_at)
        self._rest, self._length = b"", -1
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self._fail(WrongAnswer(f"the connection was closed before the answer ({error})"))

    def _fail(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)
        self._transport.abort()


async def drive(
    address: str, make: Make, *, connections: int, seconds: float, most: int, status: int = 200, first: int = 0
) -> Load:
    """Runs one series. `first` is the number of its first request; no number is used twice in a series."""
    at = urlsplit(address)
    loop = asyncio.get_running_loop()
    started = perf_counter_ns()
    series = _Series(make, itertools.count(first), status, started + int(seconds * 1e9), most)
    made = [
        await loop.create_connection(lambda: _Connection(series), at.hostname or "", at.port or 80)
        for _ in range(connections)
    ]
    async with asyncio.timeout(seconds + GRACE_SECONDS):
        await asyncio.gather(*(protocol.ended for _, protocol in made))
    return Load(len(series.latencies), (perf_counter_ns() - started) / 1e9, series.latencies)
