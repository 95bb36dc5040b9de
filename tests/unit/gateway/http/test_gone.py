"""Callers who end their side, close, or reset: who may still listen is answered, who is gone holds nothing up."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import orjson
import pytest

from gateway.presence import Presence
from tests.unit.gateway.bench import GUDANG, QUERY, SIMPUS, VCLAIM, Bench, coverage, organisation
from tests.unit.gateway.http.face import Face
from tests.unit.gateway.http.wire import all_of, connected, request, taken_apart

PATIENCE = 20


class Slow:
    """A recipient that answers when it may."""

    def __init__(self, bench: Bench) -> None:
        self.begun, self.gate = asyncio.Event(), asyncio.Event()
        self.broken_off = asyncio.Event()
        bench.sink(VCLAIM).says = [self]

    async def __call__(self, outbound: object) -> Any:
        self.begun.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.broken_off.set()
            raise
        return coverage()


def question(*lines: str) -> bytes:
    body = orjson.dumps(QUERY)
    return request("POST", "/in/coverage.lookup", "Content-Type: application/json", *lines, body=body, who=SIMPUS)


def leave(writer: asyncio.StreamWriter, how: str) -> None:
    """`close`: both directions, in order. `reset`: at once. `half`: nothing more is said, and all is heard."""
    if how == "reset":
        own = writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif how == "close":
        writer.close()
    else:
        writer.write_eof()


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_question_of_a_caller_who_is_gone_ends(face: Face, how: str) -> None:
    slow = Slow(face.bench)
    _, writer = await connected(face)
    writer.write(question())
    async with asyncio.timeout(PATIENCE):
        await slow.begun.wait()
        leave(writer, how)
        await slow.broken_off.wait()
        await face.server._idle.wait()
    events = [(one["event"], one["reason"]) for one in await face.bench.told()]
    assert events == [("asked", None), ("answered", "caller_gone")]
    assert face.unforeseen == face.bench.unforeseen == []


async def test_a_caller_who_only_ended_its_side_is_answered(face: Face) -> None:
    slow = Slow(face.bench)
    reader, writer = await connected(face)
    writer.write(question())
    async with asyncio.timeout(PATIENCE):
        await slow.begun.wait()
        leave(writer, "half")
        # More than one sign that it is heard, so that one who was gone would have been found to be.
        for _ in range(3):
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        slow.gate.set()
        [(status, body)] = taken_apart(await all_of(reader))
    writer.close()
    assert (status, orjson.loads(body)["status"]) == (200, "active")


async def test_an_old_client_hears_nothing_but_the_answer(face: Face) -> None:
    slow, known = Slow(face.bench), Slow(face.bench)
    face.bench.sink(VCLAIM).says = [slow, known]
    (old, writer), (new, other) = await connected(face), await connected(face)
    writer.write(question().replace(b"HTTP/1.1", b"HTTP/1.0"))
    async with asyncio.timeout(PATIENCE):
        await slow.begun.wait()
        leave(writer, "half")
        other.write(question())
        await known.begun.wait()
        leave(other, "half")
        # The other was silent for no longer than this one.
        await new.readuntil(b"\r\n\r\n")
        slow.gate.set()
        known.gate.set()
        assert (await all_of(old)).startswith(b"HTTP/1.0 200")
        await all_of(new)
    writer.close()
    other.close()


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_question_with_a_key_is_answered_for_its_repeat(
    face: Face, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, gone, left = Slow(face.bench), asyncio.Event(), Presence.left

    def leaves(presence: Presence) -> None:
        left(presence)
        gone.set()

    monkeypatch.setattr(Presence, "left", leaves)
    _, writer = await connected(face)
    writer.write(question("Idempotency-Key: k"))
    async with asyncio.timeout(PATIENCE):
        await slow.begun.wait()
        leave(writer, how)
        await gone.wait()
        assert not slow.broken_off.is_set()
        slow.gate.set()
        await face.server._idle.wait()
    status, _ = await face.value("POST", "/in/coverage.lookup", SIMPUS, json=QUERY, headers={"Idempotency-Key": "k"})
    assert status == 200
    assert await face.bench.names() == ["asked", "answered", "duplicate_answered"]


@pytest.mark.parametrize("how", ["close", "reset", "half"])
async def test_custody_that_is_being_taken_is_taken(face: Face, how: str) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()
    record = face.bench.recorder.record

    async def slow(verified: Any) -> Any:
        begun.set()
        await gate.wait()
        return await record(verified)

    face.bench.recorder.record = slow  # type: ignore[method-assign, assignment]
    body = orjson.dumps(organisation())
    line = "Content-Type: application/json"
    reader, writer = await connected(face)
    writer.write(request("POST", "/in/organisation.deliver", line, body=body, who=SIMPUS))
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        leave(writer, how)
        if how == "half":
            await reader.readuntil(b"\r\n\r\n")
        gate.set()
        await face.server._idle.wait()
    writer.close()
    assert len(await face.bench.queued(GUDANG)) == 1
    assert (await face.bench.names())[:1] == ["accepted"]
