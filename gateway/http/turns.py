"""One thing at a time for each system: others of the same system wait for their turn.

Enters: a system. Leaves: its turn, as a context. Refuses (`busy`): who waits for longer than a while, and more that
wait at once than a few.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.contract.errors import TryLater
from gateway.contract.reasons import Reason
from gateway.http.shares import AFTER_SECONDS

WAITING = 16
"""Those of one system that have or wait for a turn."""
SECONDS = 10.0
"""How long one waits."""


class Turns:
    """The number of systems is that of the federation."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._locks: dict[str, asyncio.Lock] = {}
        self._here: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, system: str) -> AsyncIterator[None]:
        lock, here = self._locks.setdefault(system, asyncio.Lock()), self._here.get(system, 0)
        if here >= WAITING:
            raise self._busy()
        self._here[system] = here + 1
        try:
            try:
                async with asyncio.timeout(SECONDS):
                    await lock.acquire()
            except TimeoutError:
                raise self._busy() from None
            try:
                yield
            finally:
                lock.release()
        finally:
            self._here[system] -= 1

    def _busy(self) -> TryLater:
        return TryLater(Reason.BUSY, f"{self._what} is still on its way; fetch one at a time", after=AFTER_SECONDS)
