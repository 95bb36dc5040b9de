"""The connections: how many there are, how long one may take to ask, what is answered when it asks in broken HTTP.

Enters: connections, and aiohttp's own parse errors. Leaves: a problem like any other. Refuses: connections beyond their
number, those that send no whole request head in time or too much of one, and to repeat what was sent.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, ContentEncodingError, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from gateway.contract.errors import Refused, TryLater
from gateway.contract.http import Reply
from gateway.contract.problem import problem
from gateway.contract.reasons import Reason
from gateway.http.strangers import Strangers
from gateway.refuse import Refusals, rejected_of

ACCEPTS = 32
"""Connections taken in one turn of the event loop. One over the bound is closed up to four turns after it was taken."""
SPARE = 256
"""Descriptors that connections leave to everything else, among it four turns of accepting."""
QUIET = 60.0
"""Seconds between two warnings."""
AGAIN = 0.1
"""Seconds between two looks at a connection whose sender has ended and still has answers due."""

log = structlog.get_logger("lintas.http")
Teller = Callable[[str | None, BaseException | None], Reply]


@dataclass(frozen=True, slots=True)
class Bounds:
    """`headers`: seconds until a request's head is whole. `head_bytes`: its size. `connections`: at once."""

    headers: float
    head_bytes: int
    connections: int


class HeadTooLarge(BadHttpMessage):
    """More bytes of one request head than all of its lines may have."""


class Door(RequestHandler):
    """One connection. `told` makes the reply for an error, with the caller's address."""

    __slots__ = ("_counted", "_doors", "_ended", "_head", "_late", "_told")

    def __init__(self, doors: Doors, *, told: Teller, **named: Any) -> None:
        super().__init__(doors, **named)
        self._doors, self._told = doors, told
        self._late: asyncio.TimerHandle | None = None
        self._counted = self._ended = False
        self._head = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._doors.enter():
            cast(asyncio.Transport, transport).abort()
            return
        self._counted = True
        super().connection_made(transport)
        # The keep-alive time, which covers later requests, is too long for somebody who has not asked anything yet.
        self._late = self._loop.call_later(self._doors.bounds.headers, self.force_close)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Who has no more to say may still listen: what was asked is answered. True keeps the connection."""
        if self._ended:
            return True
        if self._close or self._force_close or (self._waiter is not None and not self._waiter.done()):
            return False
        self._ended = True
        # A request that came with the end is not in progress before the tasks that wait have had their turn.
        self._loop.call_soon(self._said_all)
        return True

    def _said_all(self) -> None:
        """Closes behind the last answer that is due; a body that lacks its end is broken off."""
        if self._force_close or self.transport is None:
            return
        if self._messages or (self._request_in_progress and self._current_request is None):
            self._loop.call_later(AGAIN, self._said_all)
        elif self._current_request is not None:
            self._close = True
            body = self._current_request.content
            if not body.is_eof():
                body.set_exception(ConnectionResetError("the body broke off"))
                body.feed_eof()
        else:
            self.force_close()

    @property
    def deaf(self) -> bool:
        """Whether nothing more is read, and the connection ends with the answer."""
        return self._close

    def turn_away(self) -> None:
        """Reads, and inflates, nothing more of what is being sent; it is thrown away until the answer is out."""
        self._close = True

    def connection_lost(self, exc: BaseException | None) -> None:
        self._in_time()
        if self._counted:
            self._counted = False
            self._doors.leave()
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        asked, idle = self._request_count, self._waiter is not None and not self._waiter.done()
        super().data_received(data)
        if self._request_count != asked:
            self._in_time()
            self._head = 0
        elif idle and data and not self._close:
            self._head += len(data)
            if self._head > self._doors.bounds.head_bytes:
                self._too_large()
            elif self._late is None:
                # A head that is in one piece, as nearly all are, needs no timer.
                self._late = self._loop.call_later(self._doors.bounds.headers, self.force_close)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_large(self) -> None:
        """Answers a head that is not at its end, reads no more of it, and closes."""
        self._in_time()
        error = HeadTooLarge("too large")
        self._messages.append((_ErrInfo(status=400, exc=error, message=error.message), EMPTY_PAYLOAD))
        self._close = True
        if self._waiter is not None:
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
        self._warned: float | None = None

    def __call__(self) -> RequestHandler:
        return Door(self, loop=self._loop, told=self._told, **self._kwargs)

    def enter(self) -> bool:
        """Whether one more connection may be open."""
        if self._open < self.bounds.connections:
            self._open += 1
            return True
        now = self._loop.time()
        if self._warned is None or now - self._warned >= QUIET:
            self._warned = now
            log.warning("connections_at_limit", limit=self.bounds.connections)
        return False

    def leave(self) -> None:
        self._open -= 1


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
