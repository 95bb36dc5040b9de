"""Connections that ask slowly, or never: they are let go, the others are served, and little is written about it."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path
from typing import Any

from tests.e2e.process import Place, until

SYSTEMS: dict[str, Any] = {"pengirim": {"may_use": ["letter.deliver"]}, "tarik": {"channel": {"pull": True}}}
ROUTES = [{"service": "letter.deliver", "to": ["uji/tarik"], "recipients": "named"}]
HEAD = b"GET /health HTTP/1.1\r\nHost: uji\r\nX-Slow: "


async def opened(port: int, count: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connections that have sent half of a head."""
    made = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(count)))
    for _, writer in made:
        writer.write(HEAD)
    return made


async def ended(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_more_half_heads_than_descriptors(tmp_path: Path) -> None:
    place = Place(tmp_path, SYSTEMS, ROUTES, {"stages": {"headers": 1}, "concurrency": {"connections": 344}})
    async with place.running() as gateway:
        # What a system allows that allows little; the process was started when there was more.
        resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (600, 600))
        port = int(gateway.url.rpartition(":")[2])
        made = await opened(port, 900)
        async with asyncio.timeout(30):
            assert set(await asyncio.gather(*(ended(reader) for reader, _ in made))) == {b""}
        for _, writer in made:
            writer.close()
        await gateway.healthy()
    assert "Traceback" not in place.log()
    assert "system resource" not in place.log()


async def test_who_is_beyond_the_bound_is_closed_and_who_asked_before_is_served(tmp_path: Path) -> None:
    place = Place(tmp_path, SYSTEMS, ROUTES, {"stages": {"headers": 30}, "concurrency": {"connections": 40}})
    async with place.running() as gateway:
        await gateway.healthy()
        port = int(gateway.url.rpartition(":")[2])
        made = await opened(port, 400)
        over = [asyncio.create_task(ended(reader)) for reader, _ in made]
        await until(lambda: sum(task.done() for task in over) >= 360, "connections over the bound to be closed")
        # The connection that was there before is still good.
        await gateway.healthy()
        for _, writer in made:
            writer.close()
        await asyncio.gather(*over)
        await until(lambda: _answers(port), "a new connection to be served")
    assert place.log().count("connections_at_limit") == 1
    assert len(place.log()) < 10_000
    assert "Traceback" not in place.log()


async def _answers(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /health HTTP/1.1\r\nHost: uji\r\nConnection: close\r\n\r\n")
    told = await ended(reader)
    writer.close()
    return told.startswith(b"HTTP/1.1 200")
