"""A bare aiohttp server around the SOAP endpoint: what the gateway is to a caller, without its rooms.

Enters: real HTTP calls with Basic credentials. Leaves: answers the endpoint encoded; every inbound is kept with its
documents. Refuses: wrong credentials (a fault), what the endpoint refuses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BasicAuth, web

from adapters.soap import ADAPTER, SoapEndpoint
from adapters.soap.config import EndpointConfig
from gateway.contract import (
    Accepted,
    Answered,
    Caller,
    Duplicate,
    Inbound,
    Reason,
    ReceiptCopy,
    Refused,
    Rejected,
    Reply,
    Settlement,
)
from gateway.contract.testing import FakeHost
from schemas.catalogue import SERVICES, canonical, parse_json, to_json
from schemas.document import Document

KEY = "lintas_peer_0123456789abcdef"
COVERAGE = {
    "noKartu": "0001234567891",
    "fullName": "Siti <Aminah> & Rekan",
    "status": "active",
    "careClass": {"code": "1", "name": "Kelas I"},
    "validTo": "2027-12-31",
}


class Call:
    """An aiohttp request as an endpoint sees it."""

    def __init__(self, request: web.Request, host: FakeHost) -> None:
        self._request = request
        self.method, self.path = request.method, request.path
        self.match: Mapping[str, str] = dict(request.match_info)
        self.headers: Mapping[str, str] = request.headers
        self.query: Mapping[str, str] = dict(request.query)
        self.media_type, self.charset = request.content_type, request.charset
        self.caller = Caller("puskesmas-contoh/simpus")
        self.arrival = host.arrive()

    def permit(self, service: str) -> None:
        """Everybody may call everything here."""

    async def read(self, limit: int | None = None) -> bytes:
        body = await self._request.read()
        if limit is not None and len(body) > limit:
            raise Refused(Reason.BODY_TOO_LARGE, limit=limit)
        return body

    async def multipart(self) -> AsyncIterator[Any]:
        raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE)
        yield


@dataclass
class Shell:
    """What has arrived, and where the server is."""

    host: FakeHost
    url: str = ""
    inbounds: list[Inbound] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    keys: dict[tuple[str, str], tuple[bytes, Accepted]] = field(default_factory=dict)
    refuse_with: Rejected | None = None

    def part(self, index: int = -1, number: int = 0) -> bytes:
        inbound = self.inbounds[index]
        part = inbound.parts[number]
        return self.host.disk.parts[(inbound.message_id, part.address)]

    def settle(self, endpoint: SoapEndpoint, inbound: Inbound) -> Settlement:
        (document,) = list(endpoint.codec.to_documents(inbound))
        assert isinstance(document, Document)
        self.inbounds.append(inbound)
        self.documents.append(document)
        if self.refuse_with is not None:
            return Rejected(inbound.message_id, self.refuse_with.error, self.refuse_with.retry_after)
        answer = SERVICES[inbound.service].answer
        if answer is not None:
            said = parse_json(answer, COVERAGE)
            return Answered(inbound.message_id, answer, to_json(said), lambda: said)
        receipts = (ReceiptCopy("accepted", f"eyJhbGciOiJFUzI1NiJ9.{inbound.message_id}.c2ln"),)
        accepted = Accepted(inbound.message_id, receipts)
        if inbound.key is None:
            return accepted
        content, first = self.keys.setdefault((inbound.service, inbound.key), (canonical(document), accepted))
        if content != canonical(document):
            return Rejected(inbound.message_id, Refused(Reason.CONFLICT))
        return accepted if first is accepted else Duplicate(first.message_id, first.receipts)


def _response(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status, body=reply.body, headers={**reply.headers, "Content-Type": reply.media_type}
    )


@asynccontextmanager
async def serve(host: FakeHost | None = None) -> AsyncIterator[Shell]:
    """Run the endpoint on a free port of 127.0.0.1."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    runner = web.AppRunner(app, access_log=None)
    await_start = host or FakeHost()
    shell = Shell(await_start)
    endpoint: list[SoapEndpoint] = []

    async def handle(request: web.Request) -> web.Response:
        call = Call(request, shell.host)
        served = endpoint[0].routes()[0].serve
        if request.method == "GET":
            assert served is not None
            return _response(served(call))
        shell.bodies.append(await request.read())
        shell.types.append(request.headers.get("Content-Type", ""))
        given = request.headers.get("Authorization", "")
        settlement: Settlement
        try:
            if (
                not (given.startswith("Basic ") and BasicAuth.decode(given).password == KEY)
                and given != f"Bearer {KEY}"
            ):
                raise Refused(Reason.NOT_AUTHENTICATED)
            settlement = shell.settle(endpoint[0], await endpoint[0].decode(call))
        except Refused as error:
            settlement = Rejected(call.arrival.message_id, error)
        return _response(endpoint[0].encode(call, settlement))

    app.router.add_route("*", "/soap/{service}", handle)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    shell.url = f"http://127.0.0.1:{port}"
    object.__setattr__(shell.host, "public_url", shell.url)
    made = ADAPTER.make("endpoint", EndpointConfig(), shell.host)
    assert isinstance(made, SoapEndpoint)
    await made.open()
    endpoint.append(made)
    try:
        yield shell
    finally:
        await made.close()
        await runner.cleanup()
