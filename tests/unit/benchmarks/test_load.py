"""The load generator against a small server: it counts answers, keeps to its bounds, and stops at a wrong one."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from benchmarks.load import WrongAnswer, drive

REQUEST = b"POST /x HTTP/1.1\r\nContent-Length: 8\r\n\r\n"


class Echo(asyncio.Protocol):
    """Answers each request in two writes, so that the reader has to put it together."""

    status = b"200 OK"
    seen: list[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.rest = transport, b""

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while len(self.rest) >= len(REQUEST) + 8:
            self.seen.append(self.rest[len(REQUEST) : len(REQUEST) + 8])
            self.rest = self.rest[len(REQUEST) + 8 :]
            self.transport.write(b"HTTP/1.1 " + self.status + b"\r\ncontent-length: 4\r\n")
            self.transport.write(b"\r\nfine")


@pytest.fixture
async def echo() -> AsyncIterator[tuple[str, type[Echo]]]:
    kind = type("OneEcho", (Echo,), {"seen": []})
    server = await asyncio.get_running_loop().create_server(kind, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", kind


def make(number: int) -> bytes:
    return REQUEST + b"%08d" % number


async def test_every_number_is_sent_once(echo: tuple[str, type[Echo]]) -> None:
    address, kind = echo
    load = await drive(address, make, connections=5, seconds=30, most=103, first=7)
    assert load.answers == len(load.latencies) == 103
    assert sorted(map(int, kind.seen)) == list(range(7, 110))


async def test_a_wrong_status_ends_the_series(echo: tuple[str, type[Echo]]) -> None:
    address, kind = echo
    kind.status = b"503 Service Unavailable"
    with pytest.raises(WrongAnswer, match="503"):
        await drive(address, make, connections=2, seconds=30, most=10)
