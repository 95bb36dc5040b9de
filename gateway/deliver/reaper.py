"""The reaper: leases that nobody holds any more, and registrations that did not come.

Enters: the clock, and at start the process epoch. Leaves: deliveries that are on their way again, or held.
Refuses: to call an ended lease a failure: whether bytes left is unknown, so its outcome is ambiguous.

A single node ends its predecessor's leases at once: its epoch is larger than theirs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from gateway.audit.catalogue import EventName
from gateway.audit.events import event_step
from gateway.contract.adapter import Capability
from gateway.contract.reasons import Reason
from gateway.deliver.outcome import Outcomes
from gateway.deliver.worker import FindSink, Worker
from gateway.message import Work
from gateway.settings import Settings
from gateway.store.engine import Journal, Step, Unit, UnitRefused

PAGE = 256


class Reaper:
    """Runs at start and every so often."""

    def __init__(
        self,
        *,
        journal: Journal,
        worker: Worker,
        outcomes: Outcomes,
        find_sink: FindSink,
        settings: Settings,
        node_epoch: Callable[[], int],
        now_ms: Callable[[], int],
        notify: Callable[[str], None],
    ) -> None:
        self._journal, self._worker, self._outcomes, self._find_sink = journal, worker, outcomes, find_sink
        self._settings, self._epoch, self._now_ms, self._notify = settings, node_epoch, now_ms, notify

    async def sweep(self) -> int:
        """Everything that is due now. Returns how many deliveries were moved."""
        return await self._leases() + await self._overdue()

    async def _leases(self) -> int:
        moved = 0
        while True:
            query: dict[str, Any] = {
                "node": self._settings.node,
                "epoch": self._epoch(),
                "now": self._now_ms(),
                "limit": PAGE,
            }
            rows = await self._journal.read("leases_of_others", query)
            for row in rows:
                moved += await self._end_lease(str(row[0]), int(row[2] or 0))
            if len(rows) < PAGE:
                return moved

    async def _end_lease(self, delivery: str, fence: int) -> int:
        rows = await self._journal.read("leased", {"delivery": delivery})
        if not rows:
            return 0
        work = Work(*rows[0])  # type: ignore[arg-type]
        if work.fence != fence:
            return 0
        sink = self._find_sink(work)
        capability = sink.capability if sink is not None else Capability.NEITHER
        try:
            await self._journal.commit(self._worker.unsure(work, capability, "the lease ended without an outcome"))
        except UnitRefused:
            return 0
        self._notify(work.lane)
        return 1

    async def _overdue(self) -> int:
        rows = await self._journal.read("overdue", {"now": self._now_ms(), "limit": PAGE})
        for row in rows:
            await self._mark_overdue(int(row[0] or 0), str(row[1]))
        return len(rows)

    async def _mark_overdue(self, register_by: int, delivery: str) -> None:
        ended = Step("end_registration", {"register_by": register_by, "delivery": delivery})
        rows = await self._journal.read("delivery_work", {"delivery": delivery})
        steps = [ended]
        if rows:
            work = Work(*rows[0])  # type: ignore[arg-type]
            if work.state == "awaiting_registration":
                change: dict[str, Any] = {
                    "delivery": delivery,
                    "state": "overdue",
                    "was": "awaiting_registration",
                    "reason": Reason.TIMED_OUT.value,
                    "ended_at": self._now_ms(),
                    "head": work.head,
                }
                event = self._outcomes.event(EventName.OVERDUE, work, reason=Reason.TIMED_OUT)
                steps += [Step("set_state", change, rows=1), event_step(event)]
        with contextlib.suppress(UnitRefused):
            # It was closed in the meantime, and with it the wait ended.
            await self._journal.commit(Unit(steps))
