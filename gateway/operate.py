"""What operators see and decide: lanes, quarantine, the log, the key of receipts.

Enters: requests of persons with a role. Leaves: JSON values; for a decision one transaction with its event.
Refuses: to replay, skip or close what is not in quarantine any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from gateway.audit.catalogue import EventName
from gateway.audit.events import EventWriter, event_step, timestamp
from gateway.contract.errors import Refused
from gateway.contract.http import Reply
from gateway.contract.reasons import Reason
from gateway.deliver.outcome import Opened, Outcomes
from gateway.federation import Federation
from gateway.identity import Person
from gateway.message import Work
from gateway.policy import due_in, lane_of
from gateway.signatures.receipt_keys import ReceiptKeys
from gateway.store.engine import Journal, Row, Step, Taken, Unexpected, Unit
from gateway.store.sealing import SealBroken
from gateway.vault import Erased, Vault

SCAN = 1000
SCANS = 50
"""A filtered look at the log reads at most SCAN × SCANS events at once, and says where it stopped."""

_ACTIONS = {"replay": EventName.REPLAYED, "close": EventName.CLOSED, "skip": EventName.SKIPPED}


class Operations:
    """`facts` gives what the process knows of itself."""

    def __init__(
        self,
        *,
        journal: Journal,
        vault: Vault,
        outcomes: Outcomes,
        federation: Federation,
        now_ms: Callable[[], int],
        notify: Callable[[str], None],
        drained: Callable[[], Awaitable[None]],
        facts: Callable[[], Mapping[str, Any]],
        keys: ReceiptKeys,
        events: EventWriter,
    ) -> None:
        self._journal, self._vault, self._outcomes, self._federation = journal, vault, outcomes, federation
        self._keys, self._events, self._rotating = keys, events, asyncio.Lock()
        self._now_ms, self._notify, self._drained, self._facts = now_ms, notify, drained, facts

    async def status(self) -> dict[str, Any]:
        queued = {str(r[0]): (r[1], r[2]) for r in await self._journal.read("count_queue", {"limit": SCAN})}
        leased = {str(r[0]): r[1] for r in await self._journal.read("count_leases", {"limit": SCAN})}
        lanes = []
        for lane in sorted({*queued, *leased}):
            count, due = queued.get(lane, (0, None))
            oldest = timestamp(int(due)) if due else None
            lanes.append({"lane": lane, "queued": count, "leased": leased.get(lane, 0), "oldestDue": oldest})
        rows = await self._journal.read("count_quarantine", {})
        return {**self._facts(), "lanes": lanes, "quarantined": rows[0][0]}

    async def quarantined(self, after: str, limit: int, message: str | None = None) -> dict[str, Any]:
        """A page of what is held, of one message if one is named."""
        page: dict[str, Any] = {"after": after, "limit": max(1, limit)}
        name = "quarantined" if message is None else "quarantined_of_message"
        rows = await self._journal.read(name, page if message is None else {**page, "message": message})
        names = ("id", "messageId", "deliveryId", "recipient", "reason", "detail", "state")
        return {"items": [{**dict(zip(names, r, strict=False)), "at": timestamp(int(r[7] or 0))} for r in rows]}

    async def decide(self, identity: str, action: str, person: Person) -> dict[str, Any]:
        """Replay sends it on its way again; close gives it up; skip lets later ones of its ordering key pass."""
        rows = await self._journal.read("find_quarantined", {"id": identity})
        if not rows or rows[0][6] != "open":
            raise Refused(Reason.NOT_FOUND, "nothing with this id is in quarantine")
        found = await self._journal.read("delivery_work", {"delivery": str(rows[0][2])})
        if not found:
            raise Refused(Reason.NOT_FOUND, "the delivery is not there any more")
        work = Work(*found[0])  # type: ignore[arg-type]
        lane = lane_of(self._federation, work.recipient, work.service, work.kind)
        try:
            await self._journal.commit(self._unit(identity, action, work, lane, person))
        except (Unexpected, Taken) as error:
            raise Refused(Reason.NOT_FOUND, "somebody else has decided in the meantime") from error
        self._notify(lane)
        if action == "close":
            self._notify(f"{work.sender}#receipts")
        return {"id": identity, "state": {"replay": "replayed", "close": "closed", "skip": "skipped"}[action]}

    def _unit(self, identity: str, action: str, work: Work, lane: str, person: Person) -> Unit:
        now = self._now_ms()
        event = self._outcomes.event(_ACTIONS[action], work, actor=person.actor)
        closing: dict[str, Any] = {"id": identity, "at": now, "actor": person.actor}
        if action == "skip":
            # The delivery stays in quarantine, and keeps no order from now on: others have passed it.
            if work.order_key is None:
                raise Refused(Reason.BAD_REQUEST, "this delivery keeps no order; replay or close it")
            leaves = Step("leave_order", {"delivery": work.delivery}, rows=1)
            return Unit([*self._free(work, lane, now), leaves, event_step(event)])
        if action == "close":
            closed = self._outcomes.closed(work, self._open(work), person.actor)
            ended = Step("close_quarantine", {**closing, "state": "closed"}, rows=1)
            return Unit([ended, *closed, *self._free(work, lane, now)])
        # A held delivery may have arrived: whoever can be asked is asked first.
        state = "unsure" if work.state == "held" else "ready"
        reopened = {"delivery": work.delivery, "was": work.state, "state": state}
        return Unit(
            [
                Step("close_quarantine", {**closing, "state": "replayed"}, rows=1),
                Step("reopen_delivery", reopened, rows=1),
                Step("enqueue", {"lane": lane, "due": due_in(lane, now), "delivery": work.delivery}),
                event_step(event),
            ]
        )

    def _open(self, work: Work) -> Opened | None:
        try:
            return self._outcomes.open_to_end(self._vault, work)
        except (Erased, SealBroken):
            return None

    def _free(self, work: Work, lane: str, now: int) -> list[Step]:
        if work.order_key is None:
            return []
        ordered: dict[str, Any] = {"lane": lane, "order_key": work.order_key}
        return [
            Step("end_order", {**ordered, "delivery": work.delivery}, rows=1),
            Step("enqueue_next_of_order", {**ordered, "due": due_in(lane, now)}),
        ]

    async def rotate_key(self, person: Person) -> dict[str, Any]:
        """Receipts are signed by a new key from now on. The event is durable before the first of them."""
        if self._keys.pinned:
            raise Refused(Reason.BAD_REQUEST, "the settings under evidence name the key; change it there")
        async with self._rotating:
            return await self._rotate(person)

    async def _rotate(self, person: Person) -> dict[str, Any]:
        former = self._keys.kid
        staged = await asyncio.to_thread(self._keys.stage, self._now_ms())
        event = self._events.write(EventName.KEY_ROTATED, actor=person.actor, commit_out=staged.thumbprint)
        await self._journal.commit(Unit([event_step(event)]))
        await asyncio.to_thread(self._keys.take, staged)
        return {"kid": self._keys.kid, "former": former}

    async def events(self, after: int, limit: int, filters: Mapping[str, str]) -> Reply:
        """Events after a number, filtered; `next` is where to go on."""
        await self._drained()
        kept: list[bytes] = []
        message = filters.get("message")
        for _ in range(SCANS):
            rows = await self._page_of(message, after, SCAN if filters else max(1, limit))
            for row in rows:
                after = int(row[0] or 0)
                if _fits(row, filters):
                    kept.append(_line(row))
                    if len(kept) >= limit:
                        return _page(kept, after)
            if len(rows) < SCAN:
                break
        return _page(kept, after)

    async def has_events(self, message: str) -> bool:
        return bool(await self._page_of(message, -1, 1))

    async def _page_of(self, message: str | None, after: int, limit: int) -> list[Row]:
        if message is None:
            return await self._journal.read("events_after", {"after": after, "limit": limit})
        query: dict[str, Any] = {"message": message, "after": after, "limit": limit}
        return await self._journal.read("events_of_message_after", query)

    async def tail(self, limit: int, filters: Mapping[str, str]) -> Reply:
        """The last events that fit, oldest first."""
        await self._drained()
        kept: list[bytes] = []
        before, last = 2**53, -1
        for _ in range(SCANS):
            rows = await self._journal.read("events_before", {"before": before, "limit": SCAN})
            for row in rows:
                before = int(row[0] or 0)
                last = max(last, before)
                if len(kept) < limit and _fits(row, filters):
                    kept.append(_line(row))
            if len(kept) >= limit or len(rows) < SCAN:
                break
        return _page(kept[::-1], last)


def _fits(row: Any, filters: Mapping[str, str]) -> bool:
    if not filters:
        return True
    event = orjson.loads(row[1])
    return all(event.get(name) == wanted for name, wanted in filters.items())


def _line(row: Any) -> bytes:
    return b'{"number":%d,"event":%s}' % (int(row[0]), bytes(row[1]))


def _page(lines: list[bytes], after: int) -> Reply:
    body = b'{"events":[' + b",".join(lines) + b'],"next":%d}' % after
    return Reply(200, body, "application/json", {"Cache-Control": "no-store"})
