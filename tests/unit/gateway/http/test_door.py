"""What cannot even be read is a refusal like any other, and is counted."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from tests.unit.gateway.http.face import Face

PATIENCE = 10


async def answer(face: Face, data: bytes) -> tuple[int, dict[str, object]]:
    host, port = face.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    async with asyncio.timeout(PATIENCE):
        whole = await reader.read()
    writer.close()
    head, _, body = whole.partition(b"\r\n\r\n")
    return int(head.split()[1]), orjson.loads(body)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"this is not HTTP\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: x\r\n" * 200 + b"\r\n", 431, "headers_too_large"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "bad_request"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0", 400, "bad_request"),
    ],
)
async def test_broken_http_is_a_problem_of_the_catalogue(face: Face, data: bytes, status: int, code: str) -> None:
    told = await answer(face, data)
    assert (told[0], told[1]["code"]) == (status, code)
    assert "xxx" not in str(told[1])
    await face.bench.refusals.flush()
    [event] = await face.bench.told()
    assert (event["event"], event["reason"], event["sender"]) == ("refusals_counted", code, "127.0.0.0/24")
