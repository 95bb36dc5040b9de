"""Our calls to others: what was certainly not sent may be tried later; anything else is ambiguous."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.contract.errors import Ambiguous, Refused, TryLater
from gateway.contract.exchange import Native, PartRef
from gateway.contract.reasons import Reason
from gateway.contract.testing import Disk, FakeParts
from gateway.http.client import OutgoingHttp, _base64

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Peer:
    """A recipient on a loopback port, and our client."""

    def __init__(self) -> None:
        self.seen: list[tuple[web.Request, bytes]] = []
        self.handler: Handler | None = None
        self.parts = FakeParts(Disk())
        self.client = OutgoingHttp(self.parts, answer_bytes=1000, per_host=4)
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request, await request.read()))
        return await self.handler(request) if self.handler else web.json_response({"ok": True})

    async def send(self, native: Native | None = None, **more: Any) -> Any:
        more.setdefault("timeout", 10)
        return await self.client.send(more.pop("method", "POST"), more.pop("url", self.url), native=native, **more)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    one = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", one.handle)
    async with TestServer(app) as server:
        one.url = str(server.make_url("/letters"))
        await one.client.open()
        yield one
        await one.client.close()


async def test_a_body_goes_as_it_is_and_the_answer_comes_back(peer: Peer) -> None:
    reply = await peer.send(Native((b'{"a":', b"1}"), "application/json", {"X-One": "1"}), headers={"X-Two": "2"})
    [(request, body)] = peer.seen
    assert (body, request.content_type) == (b'{"a":1}', "application/json")
    assert (request.headers["X-One"], request.headers["X-Two"]) == ("1", "2")
    assert "User-Agent" not in request.headers
    assert (reply.status, reply.body, reply.media_type) == (200, b'{"ok": true}', "application/json")


async def test_parts_are_streamed_with_their_length(peer: Peer) -> None:
    data = bytes(range(256)) * 1000
    part = peer.parts.put("m", data)
    native = Native((b"<", PartRef(part), b"|", PartRef(part, "base64"), b">"), "text/xml")
    await peer.send(native, message_id="m")
    [(request, body)] = peer.seen
    assert hashlib.sha256(body).digest() == hashlib.sha256(b"<" + data + b"|" + base64.b64encode(data) + b">").digest()
    assert request.content_length == len(body)


@settings(max_examples=50)
@given(pieces=st.lists(st.binary(max_size=10), max_size=10))
def test_base64_of_a_stream_is_that_of_the_whole(pieces: list[bytes]) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def joined() -> bytes:
        return b"".join([piece async for piece in _base64(stream())])

    assert asyncio.run(joined()) == base64.b64encode(b"".join(pieces))


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_status_is_returned_not_followed(peer: Peer, status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere", "Set-Cookie": "a=b"})

    peer.handler = answer
    assert (await peer.send()).status == status
    await peer.send()
    assert len(peer.seen) == 2
    assert "Cookie" not in peer.seen[1][0].headers


async def test_an_answer_over_its_limit_is_ambiguous(peer: Peer) -> None:
    async def much(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 500)

    peer.handler = much
    assert len((await peer.send()).body) == 500
    with pytest.raises(Ambiguous) as caught:
        await peer.send(limit=499)
    assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID


@pytest.mark.parametrize(("status", "taken"), [(200, True), (202, True), (404, False), (500, False), (302, False)])
async def test_an_answer_that_may_be_cut_comes_without_its_body(peer: Peer, status: int, taken: bool) -> None:
    async def much(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 500, status=status)

    peer.handler = much
    whole = await peer.send(limit=500, cut=True)
    assert (whole.status, len(whole.body), whole.cut) == (status, 500, False)
    if taken:
        reply = await peer.send(limit=499, cut=True)
        assert (reply.status, reply.body, reply.cut) == (status, b"", True)
    else:
        with pytest.raises(Ambiguous):
            await peer.send(limit=499, cut=True)


async def test_a_compressed_answer_is_limited_by_what_it_becomes(peer: Peer) -> None:
    async def bomb(request: web.Request) -> web.Response:
        answer = web.Response(body=b"0" * 1_000_000)
        answer.enable_compression(web.ContentCoding.gzip)
        return answer

    peer.handler = bomb
    with pytest.raises(Ambiguous):
        await peer.send()


async def test_silence_is_ambiguous(peer: Peer) -> None:
    gone = asyncio.Event()

    async def never(request: web.Request) -> web.Response:
        await gone.wait()
        return web.Response()

    peer.handler = never
    with pytest.raises(Ambiguous) as caught:
        await peer.send(timeout=0.05)
    gone.set()
    assert caught.value.reason is Reason.TIMED_OUT


async def test_a_connection_that_breaks_is_ambiguous(peer: Peer) -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    peer.handler = cut
    with pytest.raises(Ambiguous) as caught:
        await peer.send()
    assert caught.value.reason is Reason.RECIPIENT_DOWN


async def test_nobody_there_means_later(peer: Peer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(TryLater) as caught:
            await peer.send(url=f"http://127.0.0.1:{port}/")
    assert caught.value.reason is Reason.RECIPIENT_DOWN


async def test_tls_that_is_none_means_later(peer: Peer) -> None:
    with pytest.raises(TryLater):
        await peer.send(url=peer.url.replace("http:", "https:"))
    assert peer.seen == []


async def test_a_closed_gateway_calls_nobody() -> None:
    client = OutgoingHttp(FakeParts(Disk()), answer_bytes=1, per_host=1)
    with pytest.raises(TryLater):
        await client.send("GET", "http://127.0.0.1:1/", timeout=1)
    await client.close()


async def test_a_status_is_judged_as_the_contract_says(peer: Peer) -> None:
    async def no(request: web.Request) -> web.Response:
        return web.Response(status=422, body=b"why")

    peer.handler = no
    with pytest.raises(Refused) as caught:
        peer.client.judge(await peer.send())
    assert caught.value.answer == b"why"


async def test_proxies_of_the_environment_are_not_used(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert (await peer.send()).status == 200
