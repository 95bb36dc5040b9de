"""Turns and pace of parts that are arriving, so that no agency's slow senders stand in the way of the others.

Enters: an agency that has a part to send; the part's chunks. Leaves: a turn; the same chunks. Refuses: who gets no turn
in time (`busy`: all turns are taken, or those of its agency), a part that comes slower than the setting (`slow_body`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.contract.errors import Refused, TryLater
from gateway.contract.reasons import Reason
from gateway.settings import Settings

PACE_SECONDS = 10.0
"""Seconds of waiting for a part after which its pace is judged, again and again."""
_AFTER_SECONDS = 2.0


class Uploads:
    """One per process. The number of agencies is that of the federation."""

    def __init__(self, settings: Settings) -> None:
        concurrency = settings.concurrency
        self._share = min(concurrency.uploads_per_agency, concurrency.uploads)
        self._all = asyncio.Semaphore(concurrency.uploads)
        self._of: dict[str, asyncio.Semaphore] = {}
        self._patience = settings.stages.upload_turn
        self._pace = settings.limits.upload_bytes_per_second

    @asynccontextmanager
    async def turn(self, agency: str) -> AsyncIterator[None]:
        """Until the part is there. An agency waits for its own turns first, then for those of all."""
        own = self._of.setdefault(agency, asyncio.Semaphore(self._share))
        try:
            async with asyncio.timeout(self._patience) as patience, own, self._all:
                patience.reschedule(None)
                yield
        except TimeoutError:
            if not patience.expired():
                raise
            detail = f"other parts are arriving: {self._share} at once of one agency, and no more than that of all"
            raise TryLater(Reason.BUSY, detail, after=_AFTER_SECONDS) from None

    async def paced(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The chunks. Only the wait for the sender counts, never that for our own disk."""
        now = asyncio.get_running_loop().time
        waited, came = 0.0, 0
        asked = now()
        async for chunk in chunks:
            waited, came = waited + now() - asked, came + len(chunk)
            if waited >= PACE_SECONDS:
                if came < self._pace * waited:
                    raise Refused(Reason.SLOW_BODY, "the part comes too slowly, in bytes a second", limit=self._pace)
                waited, came = 0.0, 0
            yield chunk
            asked = now()
