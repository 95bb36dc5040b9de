"""The gateway's own API: what parties, operators and auditors read, and what pull systems and operators do.

Enters: authenticated requests. Leaves: JSON, part bytes. Refuses: anything that is not the caller's to see, as 404; a
change without an operator's credential. Every read by a person is an event.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import orjson
from aiohttp import web

from gateway.audit.catalogue import EventName
from gateway.contract.errors import Refused
from gateway.contract.exchange import Caller
from gateway.contract.http import Reply
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.hosting import HostParts
from gateway.http.pieces import send
from gateway.http.server import Server
from gateway.http.turns import Turns
from gateway.identity import Person, Principal
from gateway.looks import Looks
from gateway.operate import Operations
from gateway.reading import Reader
from gateway.register import Registrar
from gateway.settings import Settings
from schemas.strict_json import JsonLimits, JsonRefused, loads

JSON = "application/json"
CONTAINER = "application/vnd.etsi.asic-e+zip"
PAGE, MOST = 100, 1000
"""Items of a page, and the most that can be asked for; an inbox gives whole documents, so PAGE is its most."""
_NUMBER = re.compile(r"-?[0-9]{1,17}\Z")
_CLOSED = {"event": frozenset(EventName), "reason": frozenset(Reason)}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")
_ID = re.compile(r"[0-9a-z.\-]{1,80}\Z")


class Api:
    """Handlers; `mount` puts them on a server."""

    def __init__(
        self,
        *,
        reader: Reader,
        operations: Operations,
        registrar: Registrar,
        looks: Looks,
        parts: HostParts,
        federation: Federation,
        settings: Settings,
    ) -> None:
        self._reader, self._operations, self._registrar, self._looks = reader, operations, registrar, looks
        self._parts, self._federation, self._settings = parts, federation, settings
        self._inboxes = Turns("a page of this inbox")
        self._receipts = Turns("an answer with receipts")

    def mount(self, server: Server) -> None:
        self._server = server
        base = "/api/v1"
        server.add("GET", f"{base}/messages/{{id}}", self.message)
        server.add("GET", f"{base}/messages/{{id}}/receipts", self.receipts)
        server.add("GET", f"{base}/messages/{{id}}/parts/{{n}}", self.part, long=True)
        server.add("GET", f"{base}/inbox", self.inbox)
        server.add("POST", f"{base}/inbox/{{id}}/ack", self.ack)
        server.add("GET", f"{base}/status", self.status)
        server.add("GET", f"{base}/quarantine", self.quarantine)
        for action in ("replay", "close", "skip"):
            server.add("POST", f"{base}/quarantine/{{id}}/{action}", self.decide)
        server.add("GET", f"{base}/events", self.events)
        server.add("POST", f"{base}/keys/rotate", self.rotate_key)

    async def message(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        return told(await self._reader.message(id_of(match), who))

    async def receipts(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        # Those of a batch are many rows to unseal.
        async with self._receipts.turn(who.system if isinstance(who, Caller) else ""):
            return told(await self._reader.receipts(id_of(match), who))

    async def part(
        self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None
    ) -> Reply | web.StreamResponse:
        number = match["n"]
        if not number.isascii() or not number.isdigit() or len(number) > 6:
            raise Refused(Reason.NOT_FOUND)
        message = id_of(match)
        part = await self._reader.part(message, int(number), who)
        # Whoever may read a part may know its digest, which is beside it in every answer: it is the strong validator.
        etag = f'"{part.sha256}"'
        start, stop, status = _range(_range_asked(request, etag), part.size)
        if status == 416:
            refused = Refused(Reason.RANGE_UNSATISFIABLE, "the part has fewer bytes", limit=part.size)
            told = self._server.refused(refused, "operate")
            return Reply(
                told.status, told.body, told.media_type, {**told.headers, "Content-Range": f"bytes */{part.size}"}
            )
        headers = {
            "Content-Type": part.media_type,
            "Content-Length": str(max(0, stop - start)),
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Content-Disposition": "attachment",
            "Repr-Digest": f"sha-256=:{_b64(part.sha256)}:",
            "ETag": etag,
        }
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{part.size}"
        answer = web.StreamResponse(status=status, headers=headers)
        answer.content_length = max(0, stop - start)
        agency = who.agency if isinstance(who, Caller) else ""
        self._server.downloads.take(agency)
        try:
            # Closed at once when the caller hangs up: the open file would otherwise wait for the collector.
            async with aclosing(self._parts.read(message, part, start, stop)) as chunks:
                first = await _first(chunks)
                await answer.prepare(request)
                if request.method != "HEAD" and stop > start:
                    await send(request, answer, first, self._settings.stages.send)
                    async for chunk in chunks:
                        await send(request, answer, chunk, self._settings.stages.send)
            await answer.write_eof()
        finally:
            self._server.downloads.give_back(agency)
        return answer

    async def inbox(
        self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None
    ) -> web.StreamResponse:
        """One page per system is in hand until it was taken: pages are whole documents, and lie in memory."""
        system = system_of(who).system
        limit = _number(request.query.get("limit"), 20, 1, PAGE)
        async with self._inboxes.turn(system):
            most = self._settings.limits.inbox_page_bytes
            pieces = await self._reader.inbox(system, limit, self._server.public_url, most)
            answer = web.StreamResponse(headers={"Content-Type": JSON, **_PRIVATE})
            answer.content_length = len(_INBOX) + sum(map(len, pieces)) + max(0, len(pieces) - 1) + len(_INBOX_END)
            await answer.prepare(request)
            if request.method != "HEAD":
                await send(request, answer, _INBOX, self._settings.stages.send)
                for number, piece in enumerate(pieces):
                    await send(request, answer, b"," + piece if number else piece, self._settings.stages.send)
                await send(request, answer, _INBOX_END, self._settings.stages.send)
            await answer.write_eof()
        return answer

    async def ack(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        caller = system_of(who)
        body = await object_of(self._server, self._settings, request, match, caller)
        outcome, number = body.get("outcome"), line(body, "registrationNumber", 255)
        if outcome not in ("delivered", "refused") or set(body) - _ACK:
            raise Refused(Reason.BAD_REQUEST, _ACK_SHAPE)
        words = line(body, "reason", 500)
        if words is not None and outcome != "refused":
            raise Refused(Reason.BAD_REQUEST, "only what is refused has a reason")
        number = number if outcome == "delivered" else None
        await self._registrar.pick_up(id_of(match), caller.system, outcome, number, (words or "").encode())
        return told(await self._reader.delivery_state(id_of(match)))

    async def status(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        person = _person(who, "operator", "auditor")
        value = await self._operations.status()
        await self._looks.looked(person)
        return told(value)

    async def quarantine(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        person = _person(who, "operator", "auditor")
        limit = _number(request.query.get("limit"), PAGE, 1, MOST)
        after, message = request.query.get("after", ""), request.query.get("message")
        page = await self._operations.quarantined(after, limit, message)
        await self._looks.looked(person, message if page["items"] else None)
        return told(page)

    async def decide(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        person = _person(who, "operator")
        action = request.path.rpartition("/")[2]
        return told(await self._operations.decide(id_of(match), action, person))

    async def rotate_key(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        return told(await self._operations.rotate_key(_person(who, "operator")))

    async def events(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        person = _person(who, "operator", "auditor")
        query = request.query
        filters = {name: query[name] for name in ("message", "event", "reason", "sender", "recipient") if name in query}
        for name, known in _CLOSED.items():
            # A slip in a name would read as "there is none".
            if name in filters and filters[name] not in known:
                raise Refused(Reason.BAD_REQUEST, f"no {name} has this name; /openapi.json lists them")
        after, limit = _number(query.get("after"), -1, -1, 2**53), _number(query.get("limit"), PAGE, 1, MOST)
        if "tail" in query:
            page = await self._operations.tail(_number(query["tail"], PAGE, 1, MOST), filters)
        else:
            page = await self._operations.events(after, limit, filters)
        # A name that is none of a message's does not get into the log.
        message = filters.get("message")
        await self._looks.looked(person, message if message and await self._operations.has_events(message) else None)
        return page


_PRIVATE = {"Cache-Control": "no-store"}
_INBOX, _INBOX_END = b'{"deliveries":[', b"]}"
_ACK = frozenset({"outcome", "registrationNumber", "reason"})
_ACK_SHAPE = 'send {"outcome": "delivered" or "refused", "registrationNumber"?, "reason"?}, as /docs shows'


def told(value: Any) -> Reply:
    return Reply(200, orjson.dumps(value), JSON, _PRIVATE)


async def object_of(
    server: Server, settings: Settings, request: web.BaseRequest, match: Mapping[str, str], caller: Caller
) -> dict[str, Any]:
    """The body of a small call as a JSON object."""
    limit = min(settings.limits.body_bytes, 64 * 1024)
    data = await server.body(request, match, caller, limit)
    if not data.strip():
        raise Refused(Reason.NOT_JSON, "the body is empty; a JSON object is due")
    try:
        value = loads(data, JsonLimits(limit, 8))
    except JsonRefused as error:
        raise Refused(Reason.NOT_JSON, f"the body is no JSON we take: {error.code}") from error
    if not isinstance(value, dict):
        raise Refused(Reason.NOT_JSON, "the body is not a JSON object")
    return value


def id_of(match: Mapping[str, str]) -> str:
    if not _ID.match(match["id"]):
        raise Refused(Reason.NOT_FOUND)
    return match["id"]


def system_of(who: Principal | None) -> Caller:
    if not isinstance(who, Caller):
        raise Refused(Reason.NO_RIGHT, "an inbox belongs to a system; this key belongs to a person")
    return who


def _person(who: Principal | None, *roles: str) -> Person:
    if not isinstance(who, Person) or not who.roles & set(roles):
        raise Refused(Reason.NO_RIGHT, f"this needs the role {' or '.join(roles)}")
    return who


def line(body: Mapping[str, Any], name: str, most: int) -> str | None:
    """One line of text from a small body, or None where there is none."""
    value = body.get(name)
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable()):
        raise Refused(Reason.BAD_REQUEST, f"{name} is 1 to {most} printable characters", limit=most)
    return value


def _number(text: str | None, default: int, least: int, most: int) -> int:
    if text is None:
        return default
    if not _NUMBER.match(text):
        raise Refused(Reason.BAD_REQUEST, "a number in the query is not a number")
    number = int(text)
    if number > most:
        raise Refused(Reason.BAD_REQUEST, f"a number in the query is over {most}", limit=most)
    if number < least:
        raise Refused(Reason.BAD_REQUEST, f"a number in the query is below {least}")
    return number


def _range_asked(request: web.BaseRequest, etag: str) -> str | None:
    """The range, unless it is of another state of the part (RFC 9110, sections 13.1.5 and 14.2).

    A date or a weak tag cannot say that bytes are the same, so that the whole part is given.
    """
    condition = request.headers.get("If-Range")
    fits = request.method == "GET" and (condition is None or condition.strip() == etag)
    return request.headers.get("Range") if fits else None


def _range(header: str | None, size: int) -> tuple[int, int, int]:
    """One byte range (RFC 9110 section 14): start, end after the last byte, status."""
    match = _RANGE.match(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return 0, size, 200
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return (size - length, size, 206) if length else (0, 0, 416)
    start, stop = int(first), min(int(last) + 1, size) if last else size
    return (start, stop, 206) if start < stop else (0, 0, 416)


def _b64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


async def _first(chunks: AsyncIterator[bytes]) -> bytes:
    """The first bytes before the status line: what cannot be read is still a refusal then."""
    async for chunk in chunks:
        return chunk
    return b""
