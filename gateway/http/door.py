"""The connections: how many there are, how long one may take to ask, what is answered when it asks in broken HTTP.

Enters: connections, and aiohttp's own parse errors. Leaves: a problem like any other. Refuses: connections beyond their
number, those that send no whole request head in time or too much of one, to guess where a request ends that its parser
has lost, and to repeat what was sent.
"""

from __future__ import annotations

import asyncio
import resource
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import structlog
from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.hdrs import CONTENT_LENGTH, SERVER
from aiohttp.http_exceptions import BadHttpMessage, ContentEncodingError, HttpProcessingError, LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from gateway.contract.errors import Refused, TryLater
from gateway.contract.http import Reply
from gateway.contract.problem import problem
from gateway.contract.reasons import Reason
from gateway.http.strangers import Strangers
from gateway.presence import Presence
from gateway.refuse import Refusals, rejected_of

ACCEPTS = 32
"""Connections taken in one turn of the event loop. One over the bound is closed up to four turns after it was taken."""
SPARE = 256
"""Descriptors that connections leave to everything else, among it four turns of accepting."""
QUIET = 60.0
"""Seconds between two warnings."""
AGAIN = 0.1
"""Seconds between two looks at a connection whose sender has ended and still has answers due."""
_BLANK = b"\r\n\r\n"
"""Ends a head, and a body in chunks. It ends whatever head it is put into, and between requests it is passed over."""

log = structlog.get_logger("lintas.http")
Teller = Callable[[str | None, BaseException | None], Reply]


@dataclass(frozen=True, slots=True)
class Bounds:
    """`headers`: seconds until a request's head is whole. `head_bytes`: its size. `connections`: at once, and
    `of_address` of them from one address. `send`: seconds in which a caller takes something of what it is sent."""

    headers: float
    head_bytes: int
    connections: int
    of_address: int
    send: float


NAME = "lintas"
"""What answers say of their server: nothing that tells which known holes to try."""


class HeadTooLarge(BadHttpMessage):
    """More bytes of one request head than all of its lines may have."""


class Asked(web.BaseRequest):
    """A request, whose answer names no program that we are built with."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        response.headers[SERVER] = NAME


class Door(RequestHandler):
    """One connection. `told` makes the reply for an error, with the caller's address."""

    __slots__ = (
        "_address",
        "_body",
        "_counted",
        "_doors",
        "_ended",
        "_head",
        "_late",
        "_rest",
        "_told",
        "_upgrade",
        "presence",
    )

    def __init__(self, doors: Doors, *, told: Teller, **named: Any) -> None:
        super().__init__(doors, **named)
        self._doors, self._told = doors, told
        self.presence = Presence()
        self._late: asyncio.TimerHandle | None = None
        self._counted = self._ended = self._upgrade = False
        self._head = 0
        # The body of the last request, and how many bytes of it are due; None where only the parser can tell.
        self._body: StreamReader = EMPTY_PAYLOAD
        self._rest: int | None = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._doors.enter(self._address):
            cast(asyncio.Transport, transport).abort()
            return
        self._counted = True
        _bound_silence(transport, self._doors.bounds.send)
        super().connection_made(transport)
        # The keep-alive time, which covers later requests, is too long for somebody who has not asked anything yet.
        self._late = self._loop.call_later(self._doors.bounds.headers, self._overdue)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Who has no more to say may still listen: what was asked is answered. True keeps the connection."""
        if self._ended:
            return True
        if self._force_close or (self._close and not self._request_in_progress):
            return False
        if self._idle:
            # Who has asked nothing more goes; who has begun to is told.
            self._ended = self._half_head()
            if self._ended:
                self._answer(BadHttpMessage("the head broke off"))
            return self._ended
        self._ended = True
        # A request that came with the end is not in progress before the tasks that wait have had their turn.
        self._loop.call_soon(self._said_all)
        return True

    def _said_all(self) -> None:
        """Closes behind the last answer that is due; a body or a head that lacks its end is broken off."""
        if self._force_close or self.transport is None:
            return
        current = self._current_request
        if self._messages or (current is None and not self._idle):
            self._loop.call_later(AGAIN, self._said_all)
        elif current is not None and not current.content.is_eof():
            self._close = True
            current.content.set_exception(ConnectionResetError("the body broke off"))
            current.content.feed_eof()
        elif not self._close and self._half_head():
            self._answer(BadHttpMessage("the head broke off"))
        elif current is not None:
            self._close = True
            self._loop.call_later(AGAIN, self._knock, current, AGAIN)
        else:
            self.force_close()

    def _knock(self, asked: web.BaseRequest, since: float) -> None:
        """Says to a caller who has ended its side that it is heard, which any client passes over (RFC 9110, section
        15.2). Who is gone for good looks the same from here until then: its system ends the connection for it."""
        if self._current_request is asked and self.transport is not None and not asked.writer.output_size:
            if asked.version >= HttpVersion11:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._loop.call_later(since, self._knock, asked, 2 * since)

    @property
    def _idle(self) -> bool:
        """Whether nothing is being answered, and nothing waits to be."""
        return self._waiter is not None and not self._waiter.done()

    def _half_head(self) -> bool:
        """Whether the parser stands in the middle of a head. Only for a body that has ended, and for a connection that
        takes nothing more if so: the head is ended by this. Between requests it changes nothing."""
        if self._parser is None:
            return False
        try:
            messages, _, _ = self._parser.feed_data(_BLANK)
        except HttpProcessingError:
            return True
        return bool(messages)

    @property
    def deaf(self) -> bool:
        """Whether nothing more is read, and the connection ends with the answer."""
        return self._close

    def turn_away(self) -> None:
        """Reads, and inflates, nothing more of what is being sent; it is thrown away until the answer is out."""
        self._close = True

    def connection_lost(self, exc: BaseException | None) -> None:
        self._in_time()
        self.presence.left()
        if self._counted:
            self._counted = False
            self._doors.leave(self._address)
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        asked, whole = self._request_count, self._body.is_eof()
        super().data_received(data)
        if self._close or self._force_close:
            return
        if self._request_count != asked:
            self._in_time()
            self._head = 0
            self._asked(data, self._request_count - asked)
        elif not whole:
            self._rest = None if self._rest is None else self._rest - len(data)
        elif data:
            self._begins(len(data))
            return
        if not self._body.is_eof() or self._rest == 0:
            return
        if self._upgrade and not self._upgraded:
            # What came behind a request that asks for another protocol, the parser has thrown away, or may have.
            if self._rest is None and len(self._messages) < 2:
                self._close = True
            else:
                self._answer(BadHttpMessage("what came behind the request is lost"))
        elif not data.endswith(_BLANK):
            # A head that ended with it would be whole.
            self._begins(-(self._rest or 0))

    def _asked(self, data: bytes, count: int) -> None:
        """Notes where the last of `count` requests in `data` ends."""
        message, self._body = self._messages[-1]
        self._rest, self._upgrade = None, False
        if isinstance(message, _ErrInfo):
            self._rest = 0
            return
        self._upgrade = message.upgrade
        end = data.find(_BLANK) + len(_BLANK)
        if count == 1 and end >= len(_BLANK) and not message.chunked:
            length = 0 if self._body is EMPTY_PAYLOAD else int(message.headers.get(CONTENT_LENGTH, 0))
            self._rest = end + length - len(data)

    def _begins(self, count: int) -> None:
        """The next head has begun, or may have: it has its time from here. `count` bytes of it have come, at least."""
        self._head += count
        if self._idle and self._head > self._doors.bounds.head_bytes:
            self._in_time()
            self._close = True
            self._answer(HeadTooLarge("too large"))
        elif self._late is None:
            # A head that is in one piece, as nearly all are, needs no timer.
            self._late = self._loop.call_later(self._doors.bounds.headers, self._overdue)

    def _overdue(self) -> None:
        """Ends a connection whose next head has begun and is not whole, with the answer that is due, if one is."""
        self._late = None
        if not self._request_count:
            self.force_close()
            return
        current = self._current_request
        if self._messages or self._upgraded or self._reading_paused or (current is None and not self._idle):
            # We are behind, not the sender.
            self._late = self._loop.call_later(self._doors.bounds.headers, self._overdue)
        elif (current is None or current.content.is_eof()) and self._half_head():
            if current is None:
                self.force_close()
            else:
                self._close = True

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _answer(self, error: BadHttpMessage) -> None:
        """Answers what is no request, behind all that were asked; the connection ends with it."""
        self._messages.append((_ErrInfo(status=400, exc=error, message=error.message), EMPTY_PAYLOAD))
        if self._idle and self._waiter is not None:
            self._waiter.set_result(None)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        reply = self._told(request.remote, exc if status != 500 else None)
        answer = web.Response(
            body=reply.body, status=reply.status, headers={**reply.headers, "Content-Type": reply.media_type}
        )
        answer.force_close()
        return answer


class Doors(web.Server):
    """Makes a `Door` per connection, and counts those that are open."""

    def __init__(self, handler: Any, told: Teller, bounds: Bounds, **named: Any) -> None:
        super().__init__(handler, **named)
        self._told, self.bounds = told, bounds
        self._open = 0
        self._of: Counter[str] = Counter()
        self._warned: float | None = None

    def __call__(self) -> RequestHandler:
        return Door(self, loop=self._loop, told=self._told, **self._kwargs)

    def _make_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        return Asked(message, payload, protocol, writer, task, self._loop)

    def enter(self, address: str) -> bool:
        """Whether one more connection may be open."""
        if self._open < self.bounds.connections and self._of[address] < self.bounds.of_address:
            self._open += 1
            self._of[address] += 1
            return True
        now = self._loop.time()
        if self._warned is None or now - self._warned >= QUIET:
            self._warned = now
            log.warning("connections_at_limit", limit=self.bounds.connections)
        return False

    def leave(self, address: str) -> None:
        self._open -= 1
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]


def _bound_silence(transport: asyncio.BaseTransport, seconds: float) -> None:
    """Has the system end a connection whose peer takes nothing of what it is sent for so long (tcp(7)): no answer, not
    even one that is open to all, is held for ever."""
    found = transport.get_extra_info("socket")
    if found is not None and found.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_USER_TIMEOUT"):
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def connections_within(wanted: int) -> int:
    """How many connections the process has descriptors for, at most `wanted`; raises its own limit where it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Calls out need descriptors as well, about as many.
    if soft != resource.RLIM_INFINITY and soft < 2 * wanted + SPARE:
        most = 2 * wanted + SPARE if hard == resource.RLIM_INFINITY else hard
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
        except (OSError, ValueError):
            log.warning("descriptors_limited", limit=soft)
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - SPARE))


def teller(
    refusals: Refusals,
    strangers: Strangers,
    new_id: Callable[[], str],
    public_url: Callable[[], str],
    line_limit: int,
    head_limit: int,
) -> Teller:
    """The replies of a server whose connections fail: counted, since nobody knows who called."""

    def told(address: str | None, error: BaseException | None) -> Reply:
        if error is None:
            refused = Refused(Reason.INTERNAL)
        elif isinstance(error, LineTooLong):
            refused = Refused(Reason.HEADERS_TOO_LARGE, "a header line is over the limit", limit=line_limit)
        elif isinstance(error, HeadTooLarge) or "too large" in str(error).lower() or "too many" in str(error).lower():
            refused = Refused(Reason.HEADERS_TOO_LARGE, "the headers together are over the limit", limit=head_limit)
        elif isinstance(error, ContentEncodingError):
            refused = Refused(Reason.UNSUPPORTED_MEDIA_TYPE, "a body is sent as it is, or as gzip or deflate")
        else:
            refused = Refused(Reason.BAD_REQUEST, "this is not well-formed HTTP")
        wait = None if error is None else strangers.wait(address)
        if wait is not None:
            later = TryLater(Reason.RATE_LIMITED, after=wait)
            refusals.count(address, later.reason)
            return problem(replace(rejected_of(new_id(), later), stage="arrive"), public_url())
        refusals.count(address, refused.reason)
        return problem(replace(rejected_of(new_id(), refused), stage="arrive"), public_url())

    return told


_WAITING = 1024
"""Connections that the system holds until they are accepted."""


def lengthen(site: web.TCPSite) -> None:
    """Gives the queue before a listening socket its length; the event loop takes that to be its own step as well."""
    server = site._server
    for listening in getattr(server, "sockets", ()):
        with listening.dup() as same:
            same.listen(_WAITING)
