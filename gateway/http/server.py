"""The door to the network: one handler for every request.

Enters: requests. Leaves: replies. Refuses: paths nobody owns, unknown callers, and new work while the disk reserve is
reached, the gateway is stopping, or too much is in flight; each with a reason and, where waiting helps, Retry-After.
Headers over their limit, or that say two things where one is meant, are refused before anybody asks whose they are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from aiohttp import HttpVersion11, web
from aiohttp.hdrs import TRANSFER_ENCODING

from gateway.arrivals import Arrivals
from gateway.contract.adapter import Endpoint
from gateway.contract.errors import Refused, TryLater
from gateway.contract.exchange import Accepted, Caller, Duplicate, Rejected, Settlement
from gateway.contract.http import HttpRoute, Reply
from gateway.contract.problem import problem
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.http.call import RequestCall
from gateway.http.door import ACCEPTS, Bounds, Door, Doors, connections_within, lengthen, teller
from gateway.http.framing import framed
from gateway.http.owners import OURS, AddressTaken, routes_of
from gateway.http.pieces import PIECE, send_reply
from gateway.http.router import PathTaken, Router
from gateway.http.shares import Shares
from gateway.http.strangers import Strangers
from gateway.identity import Person, Presented, Principal, Scheme, authenticate
from gateway.refuse import Refusals, rejected_of
from gateway.settings import Settings
from gateway.store.engine import JournalClosed, JournalFailed
from gateway.walk import Walk

Handler = Callable[[web.BaseRequest, Mapping[str, str], Principal | None], Awaitable[Reply | web.StreamResponse]]

SHUT = "this address is not served yet; the operator of the gateway has been told why"
_SINGLE = ("Authorization", "Idempotency-Key")


@dataclass(frozen=True, slots=True)
class Mounted:
    """An endpoint's route, or a handler of the gateway's own; `long` ones have a share of another kind."""

    endpoint: Endpoint | None
    route: HttpRoute | None
    handler: Handler | None
    open: bool = False
    name: str = OURS
    long: bool = False


class PortTaken(Exception):
    """The address cannot be listened on; the message says what to do."""


class Server:
    """Listens, dispatches, drains."""

    def __init__(
        self,
        *,
        settings: Settings,
        federation: Federation,
        schemes: Sequence[Scheme],
        walk: Walk,
        arrivals: Arrivals,
        refusals: Refusals,
        new_id: Callable[[], str],
        admits: Callable[[], Reason | None],
        on_unforeseen: Callable[[BaseException, str], None],
        monotonic: Callable[[], float] = time.monotonic,
        is_open: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self._settings, self._federation, self._schemes = settings, federation, schemes
        self._walk, self._arrivals, self._refusals = walk, arrivals, refusals
        self._new_id, self._admits, self._on_unforeseen = new_id, admits, on_unforeseen
        self._is_open = is_open
        self.router: Router[Mounted] = Router()
        self._most_headers = settings.limits.header_bytes
        self._strangers = Strangers(settings.limits.refused_per_minute, monotonic)
        concurrency = settings.concurrency
        self._bodies = Shares("bytes of large bodies", concurrency.body_bytes, concurrency.body_bytes_per_agency)
        self.downloads = Shares("downloads", concurrency.downloads, concurrency.downloads_per_agency)
        answers, share = concurrency.answer_bytes, concurrency.answer_bytes_per_agency
        self._answers = Shares("bytes of large answers", answers, share)
        self._calls = Shares("calls", concurrency.inflight, concurrency.inflight_per_agency)
        self._inflight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.public_url = settings.public_url

    def mount(self, endpoint: Endpoint, name: str = "") -> None:
        """`name` is that of its use. Raises `AddressTaken`, `RoutesUnknown`."""
        for route in routes_of(name, endpoint):
            self._own(route.method, route.path, Mounted(endpoint, route, None, name=name))

    def add(self, method: str, path: str, handler: Handler, *, public: bool = False, long: bool = False) -> None:
        """A handler of the gateway's own. `public`: open to all, without a caller. `long`: it has its own bounds."""
        self._own(method, path, Mounted(None, None, handler, public, long=long))

    def _own(self, method: str, path: str, mounted: Mounted) -> None:
        try:
            self.router.add(method, path, mounted)
        except PathTaken as error:
            other = error.owner.name if isinstance(error.owner, Mounted) else ""
            raise AddressTaken(f"{method} {path}", other, mounted.name) from error

    async def listen(self) -> str:
        """Starts to accept; gives the address in use."""
        http, limits = self._settings.http, self._settings.limits
        connections = connections_within(self._settings.concurrency.connections)
        server = Doors(
            self._handle,
            teller(
                self._refusals,
                self._strangers,
                self._new_id,
                lambda: self.public_url,
                limits.header_line_bytes,
                limits.header_bytes,
            ),
            # The request line stands before the headers.
            Bounds(
                self._settings.stages.headers,
                limits.header_bytes + limits.header_line_bytes,
                connections,
                # However few there are, some are left to others.
                min(self._settings.concurrency.connections_per_address, connections - connections // 4),
                self._settings.stages.send,
            ),
            access_log=None,
            max_line_size=limits.header_line_bytes,
            max_field_size=limits.header_line_bytes,
            max_headers=max(16, limits.header_bytes // 256),
            keepalive_timeout=75.0,
            lingering_time=5.0,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, http.host, http.port, backlog=ACCEPTS)
        try:
            await site.start()
            lengthen(site)
        except OSError as error:
            await self._runner.cleanup()
            raise PortTaken(
                f"port {http.port} on {http.host} cannot be used ({error.strerror or error}); end the program that "
                f"holds it, or choose another with --port or LINTAS_HTTP__PORT"
            ) from error
        host, port = self._runner.addresses[0][:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if self._settings.http.public_url is None:
            self.public_url = address
        return address

    async def drain(self) -> None:
        """Accepts no new connection and waits for what is in flight. The caller sets the deadline."""
        for site in list(self._runner.sites):
            await site.stop()
        await self._idle.wait()

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._inflight += 1
        self._idle.clear()
        try:
            found = self._dispatch(request)
            answer = found if isinstance(found, Reply) else await found
        except (JournalFailed, JournalClosed):
            # What is durable is unknown: the connection ends without an answer, so that the caller asks again.
            if request.transport is not None:
                request.transport.abort()
            raise asyncio.CancelledError from None
        except ConnectionError:
            # The caller is gone, in the middle of its answer: nobody is left to be told anything.
            raise
        except Exception as error:
            answer = self.refused(error, "arrive")
        finally:
            self._inflight -= 1
            if not self._inflight:
                self._idle.set()
        if isinstance(answer, Reply):
            made = web.Response(
                body=answer.body, status=answer.status, headers={**answer.headers, "Content-Type": answer.media_type}
            )
            if isinstance(request.protocol, Door) and request.protocol.deaf:
                made.force_close()
            return made
        return answer

    def _dispatch(self, request: web.BaseRequest) -> Reply | Awaitable[Reply | web.StreamResponse]:
        self._check_head(request)
        found = self.router.find(request.method, request.path)
        if found is None and request.method == "HEAD":
            # The same answer without its body (RFC 9110, section 9.3.2); what writes the answer leaves the body out.
            found = self.router.find("GET", request.path)
        if found is None:
            return self._unowned(request)
        mounted, match = found
        if mounted.endpoint is not None and not self._is_open(mounted.name):
            return self.refused(TryLater(Reason.BUSY, SHUT, after=30.0), "arrive")
        if mounted.route is not None and mounted.route.serve is not None:
            return mounted.route.serve(self.call(request, match, Caller("")))
        if mounted.open and mounted.handler is not None:
            return mounted.handler(request, match, None)
        principal = authenticate(self._schemes, Presented(request.headers))
        if principal is None:
            return self._unknown(request, mounted)
        if mounted.handler is not None:
            return self._operate(mounted, request, match, principal)
        assert mounted.endpoint is not None
        if isinstance(principal, Person):
            return self._no_system(request, match, principal, mounted.endpoint)
        return self._message(request, match, principal, mounted.endpoint)

    async def _no_system(
        self, request: web.BaseRequest, match: Mapping[str, str], person: Person, endpoint: Endpoint
    ) -> Reply:
        refused = Refused(Reason.NO_RIGHT, "messages are sent by systems; this key belongs to a person")
        rejected = await self._refusals.note_call(self._new_id(), person, refused, "arrive")
        return self._told(endpoint, self.call(request, match, Caller("")), rejected)

    async def _operate(
        self, mounted: Mounted, request: web.BaseRequest, match: Mapping[str, str], principal: Principal
    ) -> Reply | web.StreamResponse:
        assert mounted.handler is not None
        agency = principal.agency if isinstance(principal, Caller) else ""
        taken = False
        try:
            if not mounted.long:
                self._calls.take(agency)
                taken = True
            reply = await mounted.handler(request, match, principal)
            if isinstance(reply, Reply) and len(reply.body) > PIECE:
                return await self._large(request, reply, agency)
            return reply
        except (JournalFailed, JournalClosed, ConnectionError):
            raise
        except Exception as error:
            return await self._refused(error, principal, "operate")
        finally:
            if taken:
                self._calls.give_back(agency)

    async def _large(self, request: web.BaseRequest, reply: Reply, agency: str) -> web.StreamResponse:
        """An answer that lies in memory until it was taken, within the share of who asked."""
        size = len(reply.body)
        self._answers.take(agency, size)
        try:
            return await send_reply(request, reply, self._settings.stages.send)
        finally:
            self._answers.give_back(agency, size)

    async def _refused(self, error: Exception, principal: Principal, stage: str) -> Reply:
        """Any error of a known caller's call that is no message: an event, and a problem."""
        message_id = self._new_id()
        rejected = await self._refusals.note_call(message_id, principal, error, stage)
        if rejected.error.reason is Reason.INTERNAL:
            self._on_unforeseen(error, message_id)
        return problem(rejected, self.public_url)

    def refused(self, error: Exception, stage: str) -> Reply:
        """Any error of a call that did not become a message, as a problem."""
        message_id = self._new_id()
        rejected = replace(rejected_of(message_id, error), stage=stage)
        if rejected.error.reason is Reason.INTERNAL:
            self._on_unforeseen(error, message_id)
        return problem(rejected, self.public_url)

    def _check_head(self, request: web.BaseRequest) -> None:
        """Refuses headers whose lines are over the limit together, and two different values where one is meant."""
        lines = request.raw_headers
        refused: Refused | None = None
        # A line has a colon, a space and its end besides.
        if sum(map(len, chain.from_iterable(lines))) + 4 * len(lines) > self._most_headers:
            most = self._most_headers
            refused = Refused(Reason.HEADERS_TOO_LARGE, "the headers together are over the limit", limit=most)
        if request.version != HttpVersion11 or TRANSFER_ENCODING in request.headers:
            refused = refused or framed(request)
        for name in _SINGLE:
            sent = request.headers.getall(name, ())
            if len(sent) > 1 and len(set(sent)) > 1:
                refused = refused or Refused(Reason.BAD_REQUEST, f"{name} is sent twice, with different values")
        if refused is not None:
            self.turn_away(request, refused.reason)
            raise refused

    def turn_away(self, request: web.BaseRequest, reason: Reason) -> None:
        """Counts a refusal of somebody unknown, and reads no more of what is being sent.

        Raises `TryLater` for a network of which there were too many."""
        if isinstance(request.protocol, Door) and not request.content.is_eof():
            request.protocol.turn_away()
        wait = self._strangers.wait(request.remote)
        self._refusals.count(request.remote, reason if wait is None else Reason.RATE_LIMITED)
        if wait is not None:
            raise TryLater(Reason.RATE_LIMITED, after=wait)

    async def body(self, request: web.BaseRequest, match: Mapping[str, str], caller: Caller, limit: int) -> bytes:
        """The body of a request to a handler of the gateway's own, read as an endpoint's is."""
        call = self.call(request, match, caller)
        try:
            return await call.read(limit)
        finally:
            call.release()

    async def _message(
        self, request: web.BaseRequest, match: Mapping[str, str], caller: Caller, endpoint: Endpoint
    ) -> Reply:
        call = self.call(request, match, caller)
        taken = False
        try:
            try:
                if (reason := self._admits()) is not None:
                    raise TryLater(reason, after=2.0)
                if not self._federation.may_anything(caller.system):
                    # Nothing that it could send would be taken: not a byte of it is read.
                    raise Refused(Reason.NO_RIGHT, f"{caller.system} has no right to any service")
                self._calls.take(caller.agency)
                taken = True
                inbound = await endpoint.decode(call)
            except Exception as error:
                settlement = await self._walk.refuse(call.arrival.message_id, caller, None, error, "arrive")
                await self._arrivals.discard(call.arrival.message_id)
                return self._told(endpoint, call, settlement)
            presence = request.protocol.presence if isinstance(request.protocol, Door) else None
            return self._told(endpoint, call, await self._walk.take(inbound, caller, endpoint.codec, presence))
        finally:
            call.release()
            if taken:
                self._calls.give_back(caller.agency)

    def _told(self, endpoint: Endpoint, call: RequestCall, settlement: Settlement) -> Reply:
        """What came of a call, in the words of its endpoint. What is recorded is named when those fail."""
        try:
            return endpoint.encode(call, settlement)
        except Exception as error:
            self._on_unforeseen(error, settlement.message_id)
            kept = isinstance(settlement, Accepted | Duplicate)
            detail = "the message is recorded under this id and goes on; only the answer to this call failed"
            internal = Refused(Reason.INTERNAL, detail if kept else "")
            return problem(Rejected(settlement.message_id, internal, stage="arrive"), self.public_url)

    def call(self, request: web.BaseRequest, match: Mapping[str, str], caller: Caller) -> RequestCall:
        arrival = self._arrivals.begin(caller.agency)
        return RequestCall(request, match, caller, arrival, self._settings, self._permit, self._bodies)

    def _permit(self, system: str, service: str) -> None:
        if not self._federation.may_use(system, service):
            raise Refused(Reason.NO_RIGHT, f"{system} has no right to this service")

    def _unowned(self, request: web.BaseRequest) -> Reply:
        allowed = self.router.allowed(request.path)
        if "GET" in allowed:
            allowed = sorted({*allowed, "HEAD"})
        if request.method == "OPTIONS" and allowed:
            return Reply(204, b"", "text/plain", {"Allow": ", ".join([*allowed, "OPTIONS"])})
        reason = Reason.METHOD_NOT_ALLOWED if allowed else Reason.NOT_FOUND
        self.turn_away(request, reason)
        reply = self.refused(Refused(reason, self._elsewhere(request.path, allowed)), "arrive")
        if not allowed:
            return reply
        return Reply(reply.status, reply.body, reply.media_type, {**reply.headers, "Allow": ", ".join(allowed)})

    def _elsewhere(self, path: str, allowed: Sequence[str]) -> str:
        """Where to go instead, in words that repeat nothing of what was sent."""
        if allowed:
            return f"this address takes {' and '.join(allowed)}"
        near = self.router.near(path)
        meant = f"; {' or '.join(near)} may be meant" if near else ""
        return f"nothing is at this address{meant}. /docs lists all there are"

    def _unknown(self, request: web.BaseRequest, mounted: Mounted) -> Reply:
        # Over the bound it is told by us, in the fewest steps, whatever protocol it speaks.
        self.turn_away(request, Reason.NOT_AUTHENTICATED)
        refused = Refused(Reason.NOT_AUTHENTICATED, "no valid credentials were sent")
        rejected = replace(rejected_of(self._new_id(), refused), stage="arrive")
        reply = problem(rejected, self.public_url)
        if mounted.endpoint is None:
            return reply
        call = self.call(request, {}, Caller(""))
        told = mounted.endpoint.encode(call, rejected)
        return Reply(told.status, told.body, told.media_type, {**reply.headers, **told.headers})
