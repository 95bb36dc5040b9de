"""Raw connections to a server under test.

Enters: a server, bytes. Leaves: the bytes that come back, or status and problem. Refuses: to wait for ever.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from tests.unit.gateway.bench import Bench
from tests.unit.gateway.http.face import Face, loopback


@asynccontextmanager
async def opened(bench: Bench, **more: Any) -> AsyncIterator[Face]:
    face = Face(bench, loopback(**more))
    await face.open()
    try:
        yield face
    finally:
        await face.close()


async def connected(face: Face) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = face.url.removeprefix("http://").rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def all_of(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def raw(face: Face, *lines: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    """Status and problem of a request with just these lines."""
    reader, writer = await connected(face)
    writer.write("\r\n".join([lines[0], "Host: uji", "Connection: close", *lines[1:], "", ""]).encode() + body)
    head, _, told = (await all_of(reader)).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split(b" ")[1]), orjson.loads(told)


def request(method: str, path: str, *lines: str, body: bytes | None = None, who: str | None = None) -> bytes:
    """One request with just these lines; with a body, its length."""
    head = [f"{method} {path} HTTP/1.1", "Host: uji", *lines]
    head += [f"Authorization: Bearer {who}"] if who else []
    head += [f"Content-Length: {len(body)}"] if body is not None else []
    return "\r\n".join([*head, "", ""]).encode("latin-1") + (body or b"")


def chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"


def taken_apart(data: bytes) -> list[tuple[int, bytes]]:
    """Status and body of every answer on a connection, in order."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1."), head
        status = int(head.split(b" ")[1])
        length = re.search(rb"(?i)content-length: (\d+)", head)
        size = int(length[1]) if length else 0
        if status >= 200:
            found.append((status, data[:size]))
        data = data[size:]
    return found


async def sent(face: Face, writer: asyncio.StreamWriter, *pieces: bytes) -> None:
    """Sends piece by piece, each after the server has read the one before."""
    for number, piece in enumerate(pieces):
        if number:
            # What was there before somebody else asked has been read when that one is answered.
            async with face.ask("GET", "/contract") as answer:
                assert answer.status == 200
        writer.write(piece)


async def one_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The next answer on a connection that stays open."""
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return int(head.split(b" ")[1]), await reader.readexactly(int(length[1]) if length else 0)


async def told(face: Face, *pieces: bytes, ends: bool = True) -> list[tuple[int, bytes]]:
    """All answers to what is sent piece by piece, until the server closes. `ends`: nothing comes after it."""
    reader, writer = await connected(face)
    await sent(face, writer, *pieces)
    if ends:
        writer.write_eof()
    answers = taken_apart(await all_of(reader))
    writer.close()
    return answers
