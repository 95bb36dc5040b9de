"""Connections that ask slowly, or never: they are let go, the others are served, and little is written about it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import resource
from asyncio import FIRST_COMPLETED
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import FormData

from tests.e2e.process import Gateway, Place, until
from tests.e2e.scenes import letter

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


async def test_uploads_that_never_end_stop_nobody_elses(tmp_path: Path) -> None:
    settings = {"concurrency": {"uploads": 4, "uploads_per_agency": 2}, "stages": {"upload_turn": 0.3, "read_body": 60}}
    place = Place(tmp_path, SYSTEMS, ROUTES, settings)
    _another_agency(place)
    async with place.running() as gateway:
        stuck = [await _upload(gateway, "pengirim") for _ in range(3)]
        # The answer comes at once; the connection lingers for what the sender still sends.
        told, _ = await asyncio.wait(
            [asyncio.create_task(reader.readline()) for reader, _ in stuck], return_when=FIRST_COMPLETED
        )
        assert [task.result() for task in told] == [b"HTTP/1.1 503 Service Unavailable\r\n"]
        submission = letter("L-1")
        submission["envelope"]["recipients"] = ["uji/tarik"]
        status, answer = await gateway.post(submission, "lain")
        assert status == 202, answer
        for _, writer in stuck:
            writer.close()
        status, answer = await gateway.post(submission, "pengirim")
        assert status == 202, answer


@pytest.mark.parametrize(
    ("sent", "length", "bounds"),
    [
        (b"{", 1000, {"inflight": 8, "inflight_per_agency": 4}),
        (b'{"' + b"x" * 700_000, 1_000_000, {"body_bytes": 2 << 20, "body_bytes_per_agency": 1 << 20}),
    ],
    ids=["calls", "bytes"],
)
async def test_bodies_that_never_end_stop_no_other_agency(
    tmp_path: Path, sent: bytes, length: int, bounds: dict[str, int]
) -> None:
    place = Place(tmp_path, SYSTEMS, ROUTES, {"concurrency": bounds, "stages": {"read_body": 60}})
    _another_agency(place)
    async with place.running() as gateway:
        key = place.auth("pengirim")["Authorization"]
        head = f"POST /api/v1/messages HTTP/1.1\r\nHost: uji\r\nAuthorization: {key}\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        port = int(gateway.url.rpartition(":")[2])
        stuck = [await asyncio.open_connection("127.0.0.1", port) for _ in range(9)]
        for _, writer in stuck:
            writer.write(head.encode() + sent)
        # One more than its share is told at once; the others are still being waited for.
        told, waiting = await asyncio.wait(
            [asyncio.create_task(reader.readline()) for reader, _ in stuck], return_when=FIRST_COMPLETED
        )
        assert {task.result() for task in told} == {b"HTTP/1.1 503 Service Unavailable\r\n"}
        # Where all nine grew side by side, each may have been the one too many: nobody is waited for then.
        assert len(told) + len(waiting) == 9
        submission = letter("L-1")
        submission["envelope"]["recipients"] = ["uji/tarik"]
        submission["document"]["body"] = "x" * 70_000
        status, answer = await gateway.post(submission, "lain")
        assert status == 202, answer
        for _, writer in stuck:
            writer.close()


async def test_who_asks_for_parts_and_takes_nothing_is_let_go_and_stops_nobody(tmp_path: Path) -> None:
    """Every reader holds a piece of the part and an open file; what nobody takes is not held for ever."""
    settings = {"concurrency": {"inflight": 6, "downloads_per_agency": 4}, "stages": {"send": 1}}
    place = Place(tmp_path, SYSTEMS, ROUTES, settings)
    _another_agency(place)
    async with place.running() as gateway:
        form = FormData()
        form.add_field("message", json.dumps(_large()), content_type="application/json")
        form.add_field("part-1", bytes(LARGE), filename="surat.pdf", content_type="application/pdf")
        status, answer = await gateway.call("POST", "/api/v1/messages", "pengirim", data=form)
        assert status == 202, answer
        key = place.auth("pengirim")["Authorization"]
        path = f"/api/v1/messages/{answer['messageId']}/parts/1"
        ask = f"GET {path} HTTP/1.1\r\nHost: uji\r\nAuthorization: {key}\r\n\r\n".encode()
        port = int(gateway.url.rpartition(":")[2])
        readers = [await asyncio.open_connection("127.0.0.1", port, limit=1024) for _ in range(8)]
        for _, writer in readers:
            writer.write(ask)
        heads = sorted([(await reader.readline()).split()[1] for reader, _ in readers])
        assert heads == [b"200"] * 4 + [b"503"] * 4
        submission = letter("L-1")
        submission["envelope"]["recipients"] = ["uji/tarik"]
        status, answer = await gateway.post(submission, "lain")
        assert status == 202, answer
        await until(lambda: not _open_parts(gateway), "files of parts that nobody takes to be closed")
        for _, writer in readers:
            writer.transport.abort()
        # The same when the reader hangs up.
        for _ in range(4):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(ask)
            assert b"200" in await reader.readline()
            writer.transport.abort()
        await until(lambda: not _open_parts(gateway), "files of readers that are gone to be closed")
    assert "Traceback" not in place.log()


async def test_a_stranger_who_takes_no_answer_is_let_go(tmp_path: Path) -> None:
    """What is open to all needs no key: whoever asks for it again and again and reads nothing must not stay."""
    place = Place(tmp_path, SYSTEMS, ROUTES, {"stages": {"send": 1}})
    async with place.running() as gateway:
        port = int(gateway.url.rpartition(":")[2])
        made = [await asyncio.open_connection("127.0.0.1", port, limit=1024) for _ in range(5)]
        for _, writer in made:
            writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: uji\r\n\r\n" * 200)
        # Nothing is read of the answers beyond what the system and the reader's buffer hold by themselves.
        await until(lambda: _untaken(gateway) == 5, "answers to wait for their strangers")
        await until(lambda: _untaken(gateway) == 0, "connections of strangers to be ended")
        await gateway.healthy()
        for _, writer in made:
            writer.transport.abort()
    assert "Traceback" not in place.log()


def _untaken(gateway: Gateway) -> int:
    """Connections at the gateway's port with bytes that their peers have not taken."""
    port = int(gateway.url.rpartition(":")[2])
    lines = Path(f"/proc/{gateway.process.pid}/net/tcp").read_text().splitlines()[1:]
    held = [line.split() for line in lines]
    # st 01 is ESTABLISHED; tx_queue is what the peer has not taken.
    return sum(
        one[1].endswith(f":{port:04X}") and one[3] == "01" and not one[4].startswith("00000000:") for one in held
    )


LARGE = 40 * 1024 * 1024


def _large() -> dict[str, Any]:
    submission = letter("L-0")
    submission["envelope"]["recipients"] = ["uji/tarik"]
    del submission["parts"]
    digest = hashlib.sha256(bytes(LARGE)).hexdigest()
    submission["document"]["mainFile"] |= {"sha256": digest, "size": LARGE}
    return submission


def _open_parts(gateway: Gateway) -> list[str]:
    """Files of parts that the process has open."""
    found = []
    for descriptor in Path(f"/proc/{gateway.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found += [target for target in (os.readlink(descriptor),) if "/parts/" in target]
    return found


def _another_agency(place: Place) -> None:
    other = {"name": "lain", "credentials": {"api_keys": [{"file": "keys/lain.key"}]}, "may_use": ["letter.deliver"]}
    agency = {"agency": "lain", "name": "Lain (simulasi)", "systems": {"pengirim": other}}
    (place.config / "agencies" / "lain.yaml").write_text(yaml.safe_dump(agency), encoding="utf-8")


async def _upload(gateway: Gateway, system: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A letter whose file begins and does not end."""
    submission = letter("U-1")
    submission["envelope"]["recipients"] = ["uji/tarik"]
    del submission["parts"]
    submission["document"]["mainFile"]["size"] = 2_000_000
    body = (
        b'--B\r\nContent-Disposition: form-data; name="message"\r\nContent-Type: application/json\r\n\r\n'
        + json.dumps(submission).encode()
        + b'\r\n--B\r\nContent-Disposition: form-data; name="part-1"; filename="surat.pdf"\r\n'
        b"Content-Type: application/pdf\r\n\r\n%PDF-1.7" + bytes(1_000_000)
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    key = gateway.place.auth(system)["Authorization"]
    head = (
        f"POST /api/v1/messages HTTP/1.1\r\nHost: uji\r\nAuthorization: {key}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {len(body) + 1_000_000}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    return reader, writer
