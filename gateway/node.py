"""One node: every part of a running gateway, started in order, drained in reverse.

Enters: what the composition root built. Leaves: a process that serves until it is told to stop. Refuses: to go on
after a fatal error of the journal or the disk: it ends at once, and the next start reconciles.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from gateway.arrivals import Arrivals
from gateway.attention import Attention
from gateway.audit.catalogue import EventName
from gateway.audit.events import EventWriter, event_step
from gateway.audit.sequencer import Sequencer
from gateway.contract.adapter import Adapter
from gateway.deliver.lanes import Lanes
from gateway.deliver.reaper import Reaper
from gateway.http.client import OutgoingHttp
from gateway.http.server import Server
from gateway.keep import Keeper
from gateway.openings import Openings
from gateway.refuse import Refusals
from gateway.settings import Settings
from gateway.signatures.workers import Workers
from gateway.sources import Poller
from gateway.store.engine import Journal, Step, Unit
from gateway.store.parts import PartStore

log = structlog.get_logger("lintas.node")

MINUTE = 60.0


class Node:
    """Holds what the composition root built. `stopping` is set once it drains."""

    def __init__(
        self,
        *,
        settings: Settings,
        journal: Journal,
        parts: PartStore,
        arrivals: Arrivals,
        http: OutgoingHttp,
        events: EventWriter,
        sequencer: Sequencer,
        lanes: Lanes,
        reaper: Reaper,
        keeper: Keeper,
        refusals: Refusals,
        poller: Poller,
        server: Server,
        adapters: Sequence[tuple[str, Adapter]],
        attention: Attention,
        openings: Openings,
        workers: Sequence[Workers],
        now_ms: Callable[[], int],
    ) -> None:
        self.settings, self.journal, self.parts, self.arrivals = settings, journal, parts, arrivals
        self.http, self.events, self.sequencer, self.lanes = http, events, sequencer, lanes
        self.reaper, self.keeper, self.refusals = reaper, keeper, refusals
        self.poller, self.server = poller, server
        self.adapters, self.attention, self._now_ms = adapters, attention, now_ms
        self.openings, self.workers = openings, workers
        self.epoch = 0
        self.stopping = False
        self._tasks: list[asyncio.Task[Any]] = []
        self._ended = asyncio.Event()
        self._fatal: BaseException | None = None

    def fatal(self, error: BaseException) -> None:
        """Something that makes every further answer untrustworthy."""
        if self._fatal is None:
            self._fatal = error
            log.error("fatal", error=type(error).__name__, advice="start again; the start reconciles")
        self._ended.set()

    def ask_to_stop(self) -> None:
        self._ended.set()

    async def start(self) -> str:
        """Journal first, the network last. Gives the address in use."""
        await self.journal.open()
        rows = await self.journal.commit(
            Unit([Step("start_node", {"node": self.settings.node, "now": self._now_ms()})])
        )
        self.epoch = int(rows[0][0][0] or 0)
        # Before parts are swept: a journal that is older than its log does not know the messages they belong to.
        self.attention.said("log", await self.sequencer.open())
        await self.parts.open()
        await self.parts.sweep(self._known)
        await self.http.open()
        await self.openings.open(self.adapters)
        address = await self.server.listen()
        await self._note(EventName.NODE_STARTED)
        await self.reaper.sweep()
        await self.lanes.start()
        self.poller.start()
        sweep = self.settings.times.sweep
        self._tasks = [
            asyncio.create_task(self._guard(self.sequencer.run), name="sequencer"),
            self._repeat("reaper", sweep, self.reaper.sweep),
            self._repeat("checkpoint", sweep, self.journal.checkpoint_idle),
            self._repeat("refusals", MINUTE, self.refusals.flush),
            self._repeat("keeper", sweep, self.keeper.step),
            asyncio.create_task(self._guard(self._look), name="look"),
        ]
        return address

    async def wait(self) -> None:
        await self._ended.wait()

    async def stop(self) -> int:
        """Drains within the setting and closes. 0, or 1 after a fatal error."""
        self.stopping = True
        if self._fatal is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.settings.stages.drain):
                    await self._drain()
        for task in self._tasks:
            task.cancel()
        self.poller.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._fatal is None:
            await self.refusals.flush()
            await self._note(EventName.NODE_STOPPED)
            await self.sequencer.drain()
        await self.server.close()
        await self.openings.close(self.adapters)
        await self.http.close()
        for pool in self.workers:
            await pool.close()
        await self.parts.close()
        await self.journal.close()
        return 0 if self._fatal is None else 1

    async def _drain(self) -> None:
        await self.poller.stop()
        await self.server.drain()
        await self.lanes.stop()

    async def _known(self, ids: Any) -> set[str]:
        """Which of these messages are recorded, or are a batch under way."""
        known: set[str] = set()
        for one in ids:
            rows = await self.journal.read("known_messages", {"first": one, "last": one})
            known.update(str(row[0]) for row in rows)
        return known

    async def _note(self, event: EventName) -> None:
        await self.journal.commit(Unit([event_step(self.events.write(event, actor="gateway"))]))

    async def _look(self) -> None:
        """At once, and then again and again: what an adapter said holds only until somebody has seen to it."""
        while True:
            await self.attention.look([one for one in self.adapters if self.openings.is_open(one[0])])
            await asyncio.sleep(self.settings.times.look)
            await self.openings.again(self.adapters)

    def _repeat(self, name: str, seconds: float, work: Callable[[], Awaitable[Any]]) -> asyncio.Task[None]:
        async def every() -> None:
            while True:
                await asyncio.sleep(seconds)
                await work()

        return asyncio.create_task(self._guard(every), name=name)

    async def _guard(self, work: Callable[[], Awaitable[Any]]) -> None:
        """A background task that dies takes the node with it: half a gateway is worse than none."""
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self.fatal(error)
