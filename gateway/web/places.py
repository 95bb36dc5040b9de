"""Files of strangers while they are on their way, so that who sends slowly takes nothing from others.

Enters: a network and its file, piece by piece. Leaves: the file. Refuses (`busy`): one over the share of its network or
over the whole, and one that comes more slowly than its least pace or takes longer than its time.

What waits for bytes holds a place of its network among those that arrive, and next to no memory; a place among those
that are examined is taken only once the file is here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

from aiohttp import StreamReader

from gateway.contract.errors import TryLater
from gateway.contract.reasons import Reason

AFTER_SECONDS = 5.0
EVERY = 5.0
"""Seconds between two looks at how much has come."""


class Places:
    """`places` in all, `of_network` of them for one network (/24 or /48); the last one is for a network without any."""

    def __init__(self, places: int, of_network: int) -> None:
        self._places, self._of_network = places, of_network
        self._here: Counter[str] = Counter()

    @contextmanager
    def taken(self, network: str) -> Iterator[None]:
        free, has = self._places - self._here.total(), self._here[network]
        if has >= self._of_network or free <= (1 if has else 0):
            raise TryLater(Reason.BUSY, after=AFTER_SECONDS)
        self._here[network] += 1
        try:
            yield
        finally:
            self._here[network] -= 1
            # Of a network that has none nothing is kept.
            self._here += Counter()


async def in_time(coming: Awaitable[bytes], content: StreamReader, *, pace: int, seconds: float) -> bytes:
    """What comes through `content`: `pace` bytes a second at least, looked at `EVERY` few seconds, and in `seconds`."""
    loop, came = asyncio.get_running_loop(), 0
    limit = asyncio.timeout(seconds)
    timer: asyncio.TimerHandle

    def look() -> None:
        nonlocal came, timer
        if limit.expired() or content.is_eof():
            return
        before, came = came, content.total_bytes
        if came - before < pace * EVERY:
            limit.reschedule(loop.time())
        else:
            timer = loop.call_later(EVERY, look)

    timer = loop.call_later(EVERY, look)
    try:
        async with limit:
            return await coming
    except TimeoutError:
        raise TryLater(Reason.BUSY, after=AFTER_SECONDS) from None
    finally:
        timer.cancel()
