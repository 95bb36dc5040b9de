"""Polling: one loop per source; what it finds walks like anything else.

Enters: items that a source has claimed. Leaves: settled items. Refuses: to poll while the disk reserve is reached or
the gateway is stopping; a source whose folder is broken is reported and looked at again later, the others go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from gateway.contract.adapter import Source
from gateway.contract.errors import NeedsOperator
from gateway.contract.exchange import Caller, Inbound, Rejected
from gateway.contract.reasons import Reason
from gateway.store.engine import JournalClosed, JournalFailed
from gateway.walk import Walk

INTERVAL_SECONDS = 0.5
TROUBLE_SECONDS = 10.0
MOST_SECONDS = 60.0
MANY = 4
"""Rounds that gave back what they found, and did nothing else, before a person is told."""
GIVEN_BACK = "what it finds cannot be taken now, again and again; `lintas log --event refused` tells why"
ITEMS = 32


@dataclass(frozen=True, slots=True)
class Polled:
    """A source with the system it belongs to."""

    name: str
    system: str
    source: Source


class Poller:
    """Runs the loops. `admits` gives a reason not to take anything now; `on_trouble` tells a person; a source that is
    not `is_open` is not polled."""

    def __init__(
        self,
        walk: Walk,
        sources: list[Polled],
        *,
        admits: Callable[[], Reason | None],
        on_trouble: Callable[[str, BaseException], None],
        on_well: Callable[[str], None] = lambda name: None,
        is_open: Callable[[str], bool] = lambda name: True,
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._walk, self._sources, self._admits = walk, sources, admits
        self._on_trouble, self._on_well, self._on_fatal = on_trouble, on_well, on_fatal
        self._is_open = is_open
        self._tasks: list[asyncio.Task[None]] = []
        self._given_back: dict[str, int] = {}
        self._stopping = asyncio.Event()

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._loop(one), name=f"source {one.name}") for one in self._sources]

    async def stop(self) -> None:
        """Finishes the items at hand. The caller sets the deadline."""
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _loop(self, polled: Polled) -> None:
        while not self._stopping.is_set():
            pause = INTERVAL_SECONDS
            try:
                if self._admits() is None and self._is_open(polled.name):
                    pause = self._pause(polled, *await self._round(polled))
            except (JournalFailed, JournalClosed) as error:
                self._on_fatal(error)
                raise
            except Exception as error:
                # One agency's folder must not stop the others' traffic, whatever lies in it.
                self._on_trouble(polled.name, error)
                pause = TROUBLE_SECONDS
            if pause:
                await self._rest(pause)

    async def _rest(self, pause: float) -> None:
        try:
            async with asyncio.timeout(pause):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _pause(self, polled: Polled, settled: int, released: int) -> float:
        """Seconds until the next round. What was given back is asked for again later each time, while nothing else
        goes on: each try is an event, and costs what the first did."""
        if not released:
            self._given_back.pop(polled.name, None)
            self._on_well(polled.name)
            return 0.0 if settled else INTERVAL_SECONDS
        rounds = self._given_back[polled.name] = 1 if settled else self._given_back.get(polled.name, 0) + 1
        if rounds >= MANY:
            self._on_trouble(polled.name, NeedsOperator(GIVEN_BACK))
        return min(INTERVAL_SECONDS * 2.0 ** min(rounds, 30), MOST_SECONDS)

    async def _round(self, polled: Polled) -> tuple[int, int]:
        settled = released = 0
        async for inbound in polled.source.poll(ITEMS):
            if await self._item(polled, inbound):
                settled += 1
            else:
                released += 1
            if self._stopping.is_set():
                break
        return settled, released

    async def _item(self, polled: Polled, inbound: Inbound) -> bool:
        """Whether it was settled; else it was given back, to come again."""
        caller = Caller(polled.system, "source", polled.name)
        settlement = await self._walk.take(inbound, caller, polled.source.codec)
        if isinstance(settlement, Rejected) and settlement.retry_after is not None:
            await polled.source.release(inbound)
            return False
        await polled.source.settle(inbound, settlement)
        return True
