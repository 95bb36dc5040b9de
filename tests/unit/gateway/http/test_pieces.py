"""Large answers go out in pieces; who does not take them is let go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import ClientSession, web

from gateway.contract.http import Reply
from gateway.http.pieces import PIECE, send_reply
from gateway.http.shares import Shares
from tests.unit.gateway.bench import SIMPUS, organisation
from tests.unit.gateway.http.face import Face

Serve = Callable[[Reply, float], Awaitable[tuple[str, asyncio.Future[BaseException]]]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves one reply at an address; what it raised is told."""
    runners: list[web.ServerRunner] = []

    async def begin(reply: Reply, seconds: float) -> tuple[str, asyncio.Future[BaseException]]:
        raised: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            try:
                return await send_reply(request, reply, seconds)
            except ConnectionError as error:
                raised.set_result(error)
                raise

        runner = web.ServerRunner(web.Server(handle))
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/", raised

    yield begin
    for one in runners:
        await one.cleanup()


async def test_all_of_it_arrives_and_none_of_it_for_head(serve: Serve) -> None:
    body = bytes(range(256)) * (PIECE // 64) + b"end"
    url, _ = await serve(Reply(200, body, "application/json", {"X-One": "1"}), 10)
    async with ClientSession() as session:
        async with session.get(url) as answer:
            assert (answer.status, answer.headers["X-One"], answer.content_type) == (200, "1", "application/json")
            assert await answer.read() == body
        async with session.head(url) as answer:
            assert (answer.headers["Content-Length"], await answer.read()) == (str(len(body)), b"")


async def test_who_takes_nothing_is_let_go(serve: Serve) -> None:
    url, raised = await serve(Reply(200, b"x" * (64 << 20), "text/plain"), 0.05)
    with socket.create_connection(("127.0.0.1", int(url.rstrip("/").rpartition(":")[2]))) as quiet:
        quiet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        quiet.sendall(b"GET / HTTP/1.1\r\nHost: uji\r\n\r\n")
        assert isinstance(await asyncio.wait_for(raised, 10), ConnectionResetError)


async def test_a_large_answer_counts_against_the_share_of_who_asked(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, told = await face.value("POST", "/in/organisation.deliver", SIMPUS, json=organisation())
    path = f"/api/v1/messages/{told['messageId']}/receipts"
    large = {"receipts": ["x" * 200_000]}

    async def receipts(message: str, who: object) -> object:
        return large

    monkeypatch.setattr(face.bench.reader, "receipts", receipts)
    assert await face.value("GET", path, SIMPUS) == (200, large)
    monkeypatch.setattr(face.server, "_answers", Shares("bytes of large answers", 150_000, 150_000))
    assert await face.code("GET", path, SIMPUS) == (503, "busy")
    large["receipts"] = ["x" * 100_000]
    for _ in range(3):
        assert await face.value("GET", path, SIMPUS) == (200, large)
