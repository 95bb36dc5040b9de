"""Who reads what: messages for their parties, deliveries for their recipient, the inbox for the system that pulls.

Enters: a principal and an identifier. Leaves: JSON values, parts. Refuses: everything else as `not_found`, so that a
stranger does not learn what exists. Auditors see events, never bodies; every read by a person is an event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Literal

import orjson

from gateway.audit.catalogue import EventName
from gateway.audit.events import EventWriter, event_step, timestamp
from gateway.contract.errors import Refused
from gateway.contract.exchange import Caller, Part
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.identity import Person, Principal
from gateway.message import Body, Work
from gateway.outbound import Unreleasable, part_urls, released_body
from gateway.record import Recorder
from gateway.rows import problem_values, problems_of
from gateway.store.engine import Journal, Row, Step, Unexpected, Unit
from gateway.vault import Erased, Vault

LIMIT = 1000
UNBOUNDED = 2**53
Side = Literal["sender", "recipient", "person"]


class Reader:
    """Reads for faces. `drained` makes sure that every committed event is in the log before a timeline is told;
    `expire` ends what nobody picked up in time, `set_aside` takes out of an inbox what cannot be shown."""

    def __init__(
        self,
        *,
        journal: Journal,
        vault: Vault,
        recorder: Recorder,
        federation: Federation,
        events: EventWriter,
        drained: Callable[[], Awaitable[None]],
        expire: Callable[[Work], Awaitable[None]],
        set_aside: Callable[[Work, Exception], Awaitable[None]],
        now_ms: Callable[[], int],
    ) -> None:
        self._journal, self._vault, self._recorder = journal, vault, recorder
        self._federation, self._events, self._drained = federation, events, drained
        self._expire, self._set_aside, self._now_ms = expire, set_aside, now_ms

    async def message(self, message: str, who: Principal | None, *, every_event: bool = False) -> dict[str, Any]:
        """State and timeline. A recipient sees only its own deliveries. A question is known by its events alone.
        A timeline has the first `LIMIT` events, unless every one is asked for."""
        rows = await self._journal.read("find_message", {"id": message})
        if not rows:
            return await self._question(message, who)
        row, side = rows[0], await self._side(rows[0], who)
        await self._was_read(message, who)
        deliveries = [one for one in await self._deliveries(message) if side != "recipient" or one[2] == _name(who)]
        held = await self._held(message, deliveries) if side == "person" else {}
        body = None if side == "person" else self._body(row, message)
        shown = self._shown(row, body, side)
        told: dict[str, Any] = {
            "messageId": message,
            "kind": row[1],
            "sender": row[3],
            "service": row[4],
            "schema": row[5],
            "purpose": row[8],
            "createdAt": timestamp(int(row[11] or 0)),
            "bytes": row[10] if shown is body or shown is None else _size(shown),
            "parts": [part_value(part) for part in (shown.parts if shown else ())],
            "deliveries": [_delivery(one) | held.get(str(one[0]), {}) for one in deliveries],
            "timeline": await self._timeline(message, {str(one[0]) for one in deliveries}, side, every_event),
        }
        if body is not None and body.verdicts:
            seen = {part.number for part in (shown.parts if shown else ())}
            told["verdicts"] = [one for one in body.verdicts if one["part"] in seen]
        if row[14] is None:
            told["erased"] = True
        if row[2] is not None:
            told["batch"] = row[2]
        if row[6] is not None:
            told["conversationId"] = body.envelope.get("conversationId", row[6]) if body else row[6]
        if row[12] is not None:
            told["expiresAt"] = timestamp(int(row[12]))
        return told

    async def receipts(self, message: str, who: Principal | None) -> dict[str, Any]:
        """The receipts that are the caller's, and the documents that they commit to."""
        row, side = await self._seen(message, who)
        if side == "person":
            raise Refused(Reason.NOT_FOUND, "receipts belong to the parties of a message")
        deliveries = [one for one in await self._deliveries(message) if one[1] == "document"]
        own = {str(one[0]) for one in deliveries if side == "sender" or one[2] == _name(who)}
        copies = await self._receipts(message)
        body = self._body(row, message)
        if body is None:
            raise Refused(Reason.ERASED)
        released = self._shown(row, body, "recipient")
        # The receipt of the whole message names all its recipients and commits to all of it: a recipient sees it if it
        # is the only one and nothing was withheld from it, or it could try what was withheld until it fits.
        whole = side == "sender" or (len(own) == len(deliveries) and released is body)
        told: dict[str, Any] = {
            "messageId": message,
            "receipts": [
                {"kind": c.kind, "delivery": c.delivery, "jws": c.jws}
                | ({"registrationNumber": c.registration} if c.registration else {})
                for c in copies
                if (whole if c.delivery is None else c.delivery in own)
            ],
        }
        if whole:
            told["document"] = orjson.loads(body.document)
        if released is not None and released.document and not (whole and released.document == body.document):
            told["released"] = orjson.loads(released.document)
        if row[1] == "batch":
            key = self._vault.unwrap(_bytes(row[14]), message)
            told["errors"] = problem_values(await problems_of(self._journal, message, key))
        return told

    async def part(self, message: str, number: int, who: Principal | None) -> Part:
        row, side = await self._seen(message, who)
        if side == "person":
            raise Refused(Reason.NOT_FOUND, "parts belong to the parties of a message")
        body = self._body(row, message)
        if body is None:
            raise Refused(Reason.ERASED)
        shown = self._shown(row, body, side)
        for part in shown.parts if shown else ():
            if part.number == number:
                return part
        raise Refused(Reason.NOT_FOUND, "the message has no such part")

    async def inbox(self, system: str, limit: int, public_url: str, most: int = UNBOUNDED) -> list[bytes]:
        """What waits for a system that pulls, oldest first, each as JSON of envelope, document and parts: at most
        `limit` of them, and `most` bytes together unless the first alone has more."""
        query: dict[str, Any] = {"lane": f"{system}#inbox", "limit": max(1, limit), "bytes": most}
        rows = await self._journal.read("pickup", query)
        told: list[bytes] = []
        shown: list[Work] = []
        for row in rows:
            work = Work(*row)  # type: ignore[arg-type]
            try:
                if work.expires_at is not None and work.expires_at <= self._now_ms():
                    await self._expire(work)
                    continue
                piece = self._waiting(work, public_url)
            except Exception as error:
                # One that cannot be shown must not hide the others.
                await self._set_aside(work, error)
                continue
            most -= len(piece)
            if told and most < 0:
                break
            told.append(piece)
            shown.append(work)
            # A large document takes its time to unseal: everybody else has a turn before the next.
            await asyncio.sleep(0)
        await self._handed_out([work for work in shown if work.first_at is None], system)
        return told

    async def _handed_out(self, works: list[Work], system: str) -> None:
        """Whoever fetches a document has it, whether or not it ever says so: an event each, the first time."""
        if not works:
            return
        try:
            await self._journal.commit(self._first_of(works, system))
        except Unexpected:
            # Another look into the inbox showed one of them at the same time: whoever was first has written it.
            for work in works if len(works) > 1 else []:
                await self._handed_out([work], system)

    def _first_of(self, works: list[Work], system: str) -> Unit:
        now = self._now_ms()
        events = [
            self._events.write(
                EventName.ATTEMPT_STARTED,
                message=work.message,
                delivery=work.delivery,
                attempt=1,
                conversation=work.conversation,
                sender=work.sender,
                recipient=work.recipient,
                actor=f"system:{system}",
                service=work.service,
                document=work.document_type,
                route=work.route,
                purpose=work.purpose,
                trace=work.trace,
            )
            for work in works
        ]
        handed: list[dict[str, Any]] = [{"delivery": work.delivery, "now": now} for work in works]
        first = Step("first_handed_out", handed, rows=len(works))
        return Unit([first, *(event_step(event) for event in events)])

    def _waiting(self, work: Work, public_url: str) -> bytes:
        key = self._vault.unwrap(work.sealed_key, work.message)
        whole = self._vault.open_body(key, work.message, work.body)
        route = self._federation.route_for(work.service, work.sender)
        body = released_body(work.document_type, whole, route, work.recipient == work.sender)
        urls = part_urls(public_url, work.message, body.parts)
        return orjson.dumps(
            {
                "envelope": {**body.envelope, "recipients": [work.recipient], "deliveryId": work.delivery},
                "document": orjson.Fragment(body.document),
                "parts": [{**part_value(part), "href": url} for part, url in zip(body.parts, urls, strict=True)],
            }
        )

    async def delivery_state(self, delivery: str) -> dict[str, Any]:
        rows = await self._journal.read("find_delivery", {"id": delivery})
        return {"deliveryId": delivery, "state": rows[0][4] if rows else "unknown"}

    async def _question(self, message: str, who: Principal | None) -> dict[str, Any]:
        """What became of a question, for both its sides. Nothing of it is kept but its events."""
        timeline = await self._events_of(message)
        asked = next((one["event"] for one in timeline if one["event"].get("event") == EventName.ASKED), None)
        if asked is None:
            return await self._refusal(message, timeline, who)
        if not (self._person(who) or self._asked_or_was_asked(asked, who)):
            raise Refused(Reason.NOT_FOUND)
        await self._was_read(message, who)
        answered = next((one["event"] for one in timeline if one["event"].get("event") == EventName.ANSWERED), None)
        delivery = {"deliveryId": f"{message}.1", "recipient": asked["recipient"], "kind": "query", "attempts": 1}
        delivery["state"] = "asked" if answered is None else "unanswered" if answered["reason"] else "answered"
        if answered is not None:
            delivery |= {"endedAt": answered["time"]} | ({"reason": answered["reason"]} if answered["reason"] else {})
        # Its conversation is in its events, keyed: as it was sent, only its parties have it.
        return {
            "messageId": message,
            "kind": "query",
            "sender": asked["sender"],
            "service": asked["service"],
            "schema": asked["document"],
            "purpose": asked["purpose"],
            "createdAt": asked["time"],
            "bytes": None,
            "parts": [],
            "deliveries": [delivery],
            "timeline": timeline,
        }

    async def _refusal(self, message: str, timeline: list[dict[str, Any]], who: Principal | None) -> dict[str, Any]:
        """Why something was not taken, for its sender; what was only counted, as one of many, is not here."""
        refused = timeline[0]["event"] if timeline else {}
        own = isinstance(who, Caller) and self._federation.may_read(who.system, str(refused.get("sender")))
        if refused.get("event") != EventName.REFUSED or not (self._person(who) or own):
            raise Refused(Reason.NOT_FOUND)
        await self._was_read(message, who)
        return {
            "messageId": message,
            "kind": "refusal",
            "sender": refused["sender"],
            "service": refused["service"],
            "schema": refused["document"],
            "purpose": None,
            "createdAt": refused["time"],
            "bytes": refused["bytes"],
            "parts": [],
            "deliveries": [],
            "timeline": timeline,
        }

    def _asked_or_was_asked(self, asked: dict[str, Any], who: Principal | None) -> bool:
        return isinstance(who, Caller) and (
            self._federation.may_read(who.system, str(asked["sender"])) or who.system == asked["recipient"]
        )

    @staticmethod
    def _person(who: Principal | None) -> bool:
        return isinstance(who, Person) and bool(who.roles & {"operator", "auditor"})

    async def _seen(self, message: str, who: Principal | None) -> tuple[Row, Side]:
        rows = await self._journal.read("find_message", {"id": message})
        if not rows:
            raise Refused(Reason.NOT_FOUND)
        return rows[0], await self._side(rows[0], who)

    async def _side(self, row: Row, who: Principal | None) -> Side:
        if self._person(who):
            return "person"
        if isinstance(who, Caller):
            if self._federation.may_read(who.system, str(row[3])):
                return "sender"
            deliveries = await self._deliveries(str(row[0]))
            if any(one[2] == who.system and one[1] == "document" for one in deliveries):
                return "recipient"
        raise Refused(Reason.NOT_FOUND)

    async def _was_read(self, message: str, who: Principal | None) -> None:
        """Who looked is an event, once it is clear that there was something to see."""
        if isinstance(who, Person):
            event = self._events.write(EventName.READ, message=message, actor=who.actor)
            await self._journal.commit(Unit([event_step(event)]))

    async def _deliveries(self, message: str) -> list[Row]:
        query: dict[str, Any] = {"first": f"{message}.", "last": f"{message}/", "limit": LIMIT}
        return await self._journal.read("deliveries_of_message", query)

    async def _held(self, message: str, deliveries: list[Row]) -> dict[str, dict[str, Any]]:
        """By delivery its item in quarantine, for who may decide about it."""
        if not any(one[3] in ("held", "quarantined") for one in deliveries):
            return {}
        rows = await self._journal.read("quarantined_of_message", {"message": message, "after": "", "limit": LIMIT})
        return {str(row[2]): {"quarantine": row[0]} for row in rows}

    async def _timeline(self, message: str, own: set[str], side: Side, every: bool) -> list[dict[str, Any]]:
        timeline = await self._events_of(message, every)
        if side != "recipient":
            return timeline
        return [one for one in timeline if one["event"].get("delivery") in own]

    async def _events_of(self, message: str, every: bool = False) -> list[dict[str, Any]]:
        await self._drained()
        rows = page = await self._journal.read("events_of_message", {"message": message, "limit": LIMIT})
        while every and len(page) == LIMIT:
            further: dict[str, Any] = {"message": message, "after": rows[-1][0], "limit": LIMIT}
            page = await self._journal.read("events_of_message_after", further)
            rows = [*rows, *page]
        return [{"number": row[0], "event": orjson.loads(_bytes(row[1]) or b"{}")} for row in rows]

    async def _receipts(self, message: str) -> list[Any]:
        try:
            return await self._recorder.receipts_of(message)
        except Erased as error:
            raise Refused(Reason.ERASED) from error

    def _shown(self, row: Row, body: Body | None, side: Side) -> Body | None:
        """What this side may see of a body: a recipient what is released to it, and nothing if nothing can be."""
        if body is None or side != "recipient":
            return body
        route = self._federation.route_for(str(row[4]), str(row[3]))
        try:
            return released_body(str(row[5]), body, route, same_system=False)
        except Unreleasable:
            return replace(body, document=b"", parts=())

    def _body(self, row: Row, message: str) -> Body | None:
        try:
            key = self._vault.unwrap(_bytes(row[14]), message)
            return self._vault.open_body(key, message, _bytes(row[15]))
        except Erased:
            return None


def _size(body: Body) -> int:
    return len(body.document) + sum(part.size for part in body.parts)


def part_value(part: Part) -> dict[str, Any]:
    """A part as the API tells it."""
    return {
        "number": part.number,
        "name": part.name,
        "mediaType": part.media_type,
        "size": part.size,
        "sha256": part.sha256,
    }


def _delivery(row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {
        "deliveryId": row[0],
        "recipient": row[2],
        "kind": row[1],
        "state": row[3],
        "attempts": row[4],
    }
    if row[6] is not None:
        told["reason"] = row[6]
    if row[9] is not None:
        told["endedAt"] = timestamp(int(row[9]))
    if row[10] is not None:
        told["registerBy"] = timestamp(int(row[10]))
    return told


def _name(who: Principal | None) -> str | None:
    return who.system if isinstance(who, Caller) else None


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
