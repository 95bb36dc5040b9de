"""Lanes: one loop per recipient, so that a dead recipient never delays another.

Enters: wake-ups (a message was recorded, a schedule came due). Leaves: leased deliveries, handed to the worker.
Refuses: more deliveries at once to one recipient than its lane allows; after a failure only one at a time, with a
growing wait, until the recipient is reachable again.

Lease: dequeue, bump the fence, write the lease and the event `attempt_started` in one unit for a handful of deliveries;
only when that is durable may the first byte leave.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from gateway.audit.catalogue import EventName
from gateway.deliver.outcome import Outcomes
from gateway.deliver.worker import Worker
from gateway.message import Work
from gateway.settings import Settings
from gateway.store.engine import Journal, Step, Unit, UnitRefused

PROBE_CAP_SECONDS = 30.0


class Lane:
    """The loop of one lane."""

    def __init__(self, lanes: Lanes, name: str) -> None:
        self._lanes, self.name = lanes, name
        self.wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._failures, self._round, self._counted = 0, 0, 0
        self._free = asyncio.Event()

    async def run(self) -> None:
        """Until the lanes stop: what is leased by then is carried, and awaited by `drain`."""
        while not self._lanes.stopping.is_set():
            self.wake.clear()
            room = self._room()
            taken = await self._lanes.lease(self.name, room) if room else []
            self._round += 1
            for work in taken:
                task = asyncio.create_task(self._carry(work, self._round))
                self._running.add(task)
                task.add_done_callback(self._done)
            if self._failures and taken:
                await asyncio.wait(self._running)
                await self._pause()
            elif len(taken) < room or not room:
                await self._rest(waiting=not room)

    def _room(self) -> int:
        limit = self._lanes.settings.concurrency.lane
        if self._failures:
            return 0 if self._running else 1
        free = limit - len(self._running)
        # Half a lane at a time: a lease commit for one delivery costs as much as one for eight.
        return free if free * 2 >= limit or not self._running else 0

    async def _carry(self, work: Work, of_round: int) -> None:
        reachable = await self._lanes.worker.carry(work)
        if reachable:
            self._failures = 0
        elif of_round > self._counted:
            # What was under way together fails together: that is one failure, however many deliveries it was.
            self._failures, self._counted = self._failures + 1, self._round

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._room():
            self.wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._lanes.on_error(error)

    async def _pause(self) -> None:
        """The recipient does not answer: wait before the next probe, but let nobody else wait."""
        if not self._failures:
            return
        retry = self._lanes.settings.retry
        seconds = min(retry.first * retry.factor ** min(self._failures - 1, 16), retry.cap, PROBE_CAP_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._lanes.stopping.wait()

    async def _rest(self, *, waiting: bool) -> None:
        """Until woken, or until the next delivery of this lane is due."""
        until = None if waiting else await self._lanes.seconds_to_next(self.name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(until):
                await self.wake.wait()

    async def drain(self) -> None:
        if self._running:
            await asyncio.wait(self._running)


class Lanes:
    """All lanes of this node. Their number is that of the recipients in the federation."""

    def __init__(
        self,
        *,
        journal: Journal,
        worker: Worker,
        outcomes: Outcomes,
        settings: Settings,
        node_epoch: Callable[[], int],
        now_ms: Callable[[], int],
        on_error: Callable[[BaseException], None],
        barrier: Callable[[str], None],
    ) -> None:
        self._journal, self.worker, self._outcomes, self.settings = journal, worker, outcomes, settings
        self._epoch, self._now_ms, self.on_error, self._barrier = node_epoch, now_ms, on_error, barrier
        self._lanes: dict[str, Lane] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.stopping = asyncio.Event()

    async def start(self) -> None:
        """One lane for every recipient that something waits for."""
        for row in await self._journal.read("lanes", {}):
            self.notify(str(row[0]))

    def notify(self, lane: str) -> None:
        """Something was queued for this lane."""
        if lane.endswith("#inbox") or self.stopping.is_set():
            return
        known = self._lanes.get(lane)
        if known is None:
            known = self._lanes[lane] = Lane(self, lane)
            task = self._tasks[lane] = asyncio.create_task(known.run(), name=f"lane {lane}")
            task.add_done_callback(self._ended)
        known.wake.set()

    def notify_all(self, lanes: Iterable[str]) -> None:
        for lane in lanes:
            self.notify(lane)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.on_error(error)

    async def stop(self) -> None:
        """Takes nothing new and waits for what is under way. The caller sets the deadline."""
        self.stopping.set()
        for lane in self._lanes.values():
            lane.wake.set()
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        for lane in self._lanes.values():
            await lane.drain()

    async def lease(self, lane: str, room: int) -> list[Work]:
        """Up to `room` due deliveries, leased and their attempts begun, durably."""
        now = self._now_ms()
        rows = await self._journal.read("due", {"lane": lane, "now": now, "limit": room})
        if not rows:
            return []
        found = [Work(*row) for row in rows]  # type: ignore[arg-type]
        begun = [w._replace(attempts=w.attempts + 1, fence=w.fence + 1, first_at=w.first_at or now) for w in found]
        return await self._begin(begun, now)

    async def _begin(self, begun: list[Work], now: int) -> list[Work]:
        try:
            await self._journal.commit(self._lease_unit(begun, now))
        except UnitRefused:
            # Another node took one of them: take the others one by one.
            taken = []
            for work in begun if len(begun) > 1 else []:
                taken += await self._begin([work], now)
            return taken
        self._barrier("deliver.after_lease")
        return begun

    def _lease_unit(self, begun: list[Work], now: int) -> Unit:
        until, epoch, node = now + int(self.settings.times.lease * 1000), self._epoch(), self.settings.node
        leases: list[dict[str, Any]] = [
            {"delivery": w.delivery, "lane": w.lane, "fence": w.fence, "node": node, "epoch": epoch, "until": until}
            for w in begun
        ]
        events = [self._outcomes.event(EventName.ATTEMPT_STARTED, w) for w in begun]
        return Unit(
            [
                Step(
                    "dequeue", [{"lane": w.lane, "due": w.due, "delivery": w.delivery} for w in begun], rows=len(begun)
                ),
                Step("insert_lease", leases),
                Step(
                    "start_attempt",
                    [{"delivery": w.delivery, "fence": w.fence, "now": now} for w in begun],
                    rows=len(begun),
                ),
                Step("insert_event", [{"id": e.id, "message": e.message, "body": e.body} for e in events]),
            ]
        )

    async def seconds_to_next(self, lane: str) -> float | None:
        rows = await self._journal.read("next_due", {"lane": lane})
        if not rows:
            return None
        return max(0.0, (int(rows[0][0] or 0) - self._now_ms()) / 1000)
