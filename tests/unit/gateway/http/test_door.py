"""Connections: their number, their first request's time and size, and headers that are refused before the caller is."""

from __future__ import annotations

import asyncio
import gzip
import resource
from typing import Any

import orjson
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from gateway.contract.reasons import Reason
from gateway.http.door import SPARE, Bounds, Doors, connections_within
from gateway.settings import Concurrency, Limits, Stages
from tests.unit.gateway.bench import SIMPUS, Bench, organisation
from tests.unit.gateway.http.face import Face
from tests.unit.gateway.http.wire import all_of, connected, opened, raw, request

SENDER = "bpjs/vclaim"

PATIENCE = 10


@pytest.mark.parametrize("sent", [b"", b"GET /contract HTTP/1.1\r\nHost: uji\r\nX-A: ", b"GET"])
async def test_who_does_not_ask_in_time_is_let_go(bench: Bench, sent: bytes) -> None:
    async with opened(bench, stages=Stages(headers=0.05)) as face:
        reader, writer = await connected(face)
        writer.write(sent)
        assert await all_of(reader) == b""
        writer.close()


async def test_who_has_asked_may_wait_before_the_next_and_not_in_the_middle_of_it(bench: Bench) -> None:
    async with opened(bench, stages=Stages(headers=0.05)) as face:
        reader, writer = await connected(face)
        ask = b"GET /contract HTTP/1.1\r\nHost: uji\r\n\r\n"
        for _ in range(2):
            slow, other = await connected(face)
            writer.write(ask)
            assert b"open to all" in await asyncio.wait_for(reader.readuntil(b"open to all"), 20)
            # As long as it takes until one that has not asked is let go.
            assert await all_of(slow) == b""
            other.close()
        writer.write(ask[:9])
        assert await all_of(reader) == b""
        writer.close()


@pytest.mark.parametrize("ended", [True, False])
async def test_who_has_said_all_still_gets_the_answer(face: Face, ended: bool) -> None:
    data = orjson.dumps(organisation())
    reader, writer = await connected(face)
    head = (
        f"POST /in/organisation.deliver HTTP/1.1\r\nHost: uji\r\nAuthorization: Bearer {SIMPUS}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data)
    if ended:
        writer.write_eof()
        told = await all_of(reader)
    else:
        told = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert told.startswith(b"HTTP/1.1 202")
    writer.close()


async def test_a_body_that_ends_early_is_no_body(face: Face) -> None:
    reader, writer = await connected(face)
    writer.write(
        f"POST /in/organisation.deliver HTTP/1.1\r\nHost: uji\r\nAuthorization: Bearer {SIMPUS}\r\n"
        'Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"half":'.encode()
    )
    writer.write_eof()
    assert (await all_of(reader)).startswith(b"HTTP/1.1 400")
    assert [one["event"] for one in await face.bench.told() if one["event"] == "accepted"] == []
    writer.close()


async def test_nothing_more_is_read_of_somebody_unknown(face: Face) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    reader, writer = await connected(face)
    writer.write(
        "POST /in/organisation.deliver HTTP/1.1\r\nHost: uji\r\nAuthorization: Bearer wrong\r\n"
        f"Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
        + bomb[:100]
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert head.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in head.lower()
    await all_of(reader)
    writer.close()


async def test_connections_beyond_their_number_are_closed_at_once_and_told_of_once(bench: Bench) -> None:
    async with opened(bench, concurrency=Concurrency(connections=2)) as face:
        with capture_logs() as logs:
            kept = [await connected(face) for _ in range(2)]
            for _ in range(5):
                reader, writer = await connected(face)
                assert await all_of(reader) == b""
                writer.close()
        assert [(one["event"], one["limit"]) for one in logs] == [("connections_at_limit", 2)]
        for _, writer in kept:
            writer.write(b"GET /contract HTTP/1.1\r\nHost: uji\r\nConnection: close\r\n\r\n")
        for reader, writer in kept:
            assert b"open to all" in await all_of(reader)
            writer.close()
        assert (await raw(face, "GET /nowhere HTTP/1.1"))[0] == 404


async def test_a_head_without_an_end_is_refused_when_it_is_over_the_limit(bench: Bench) -> None:
    async with opened(bench, limits=Limits(header_bytes=4096, header_line_bytes=2048)) as face:
        reader, writer = await connected(face)
        start = b"GET /contract HTTP/1.1\r\nHost: uji\r\n" + (b"X-A: " + b"a" * 1000 + b"\r\n") * 6
        # One byte over both limits, so that nothing is on its way when the connection is closed.
        writer.write(start.ljust(4096 + 2048 + 1, b"X"))
        head, _, told = (await all_of(reader)).partition(b"\r\n\r\n")
        writer.close()
        assert b" 431 " in head.splitlines()[0]
        assert orjson.loads(told)["limit"] == 4096


@pytest.mark.parametrize("path", ["/contract", "/api/v1/inbox", "/nowhere"])
@pytest.mark.parametrize("lines", [["X-A: " + "a" * 1500] * 3, [f"X-{n}: " for n in range(15)] + ["X: " + "a" * 4000]])
async def test_headers_over_the_limit_together(bench: Bench, path: str, lines: list[str]) -> None:
    async with opened(bench, limits=Limits(header_bytes=4096, header_line_bytes=4096)) as face:
        status, told = await raw(face, f"GET {path} HTTP/1.1", *lines)
        assert (status, told["code"], told["limit"]) == (431, "headers_too_large", 4096)
        assert bench.refusals._counts[("127.0.0.0/24", Reason.HEADERS_TOO_LARGE)] == 1


@pytest.mark.parametrize("name", ["Authorization", "Idempotency-Key"])
async def test_two_values_where_one_is_meant(face: Face, name: str) -> None:
    request = ["POST /in/letter.deliver HTTP/1.1", "Content-Length: 2"]
    status, told = await raw(face, *request, f"{name}: Bearer a/b", f"{name.lower()}: Bearer a/c", body=b"{}")
    assert (status, told["code"]) == (400, "bad_request")
    assert "a/b" not in str(told)
    assert "a/c" not in str(told)


async def test_one_value_sent_twice_is_one(face: Face) -> None:
    status, told = await raw(face, "GET /api/v1/inbox HTTP/1.1", *["Authorization: Bearer dinas/surat"] * 2)
    assert status in (200, 400), "the parser may refuse it, but nobody is taken for another"
    assert told.get("code") in (None, "bad_request")


@pytest.mark.parametrize("codings", [["br"], ["zstd"], ["x-gzip"], ["compress"], ["gzip, gzip"], ["gzip"] * 2,
                                     ["identity", "gzip"], ["aes128gcm"]])  # fmt: skip
@pytest.mark.parametrize("path", ["/in/letter.deliver", "/api/v1/inbox/x.1/ack"])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=B"])
async def test_codings_that_are_not_taken(face: Face, codings: list[str], path: str, kind: str) -> None:
    status, told = await raw(
        face, f"POST {path} HTTP/1.1", f"Authorization: Bearer {SENDER}", f"Content-Type: {kind}", "Content-Length: 2",
        *[f"Content-Encoding: {coding}" for coding in codings], body=b"{}",
    )  # fmt: skip
    assert (status, told["code"]) == (415, "unsupported_media_type"), told


@pytest.mark.parametrize(
    ("coding", "encode"), [("gzip", gzip.compress), ("GZIP", gzip.compress), ("identity", bytes), ("Identity", bytes)]
)
async def test_codings_that_are_taken(face: Face, coding: str, encode: Any) -> None:
    body = encode(b'{"outcome": "lost"}')
    status, told = await raw(
        face, "POST /api/v1/inbox/x.1/ack HTTP/1.1", f"Authorization: Bearer {SENDER}", f"Content-Encoding: {coding}",
        f"Content-Length: {len(body)}", body=body,
    )  # fmt: skip
    assert (status, told["code"]) == (400, "bad_request")
    assert "outcome" in told["detail"]


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("body", [b"this is not compressed", gzip.compress(bytes(9), mtime=0)[:10] + b"\xff" * 30])
async def test_an_acknowledgement_that_is_not_encoded_as_it_says(face: Face, coding: str, body: bytes) -> None:
    status, told = await raw(
        face, "POST /api/v1/inbox/x.1/ack HTTP/1.1", f"Authorization: Bearer {SENDER}", f"Content-Encoding: {coding}",
        f"Content-Length: {len(body)}", body=body,
    )  # fmt: skip
    assert (status, told["code"]) == (400, "bad_request")
    assert face.unforeseen == []


async def test_an_acknowledgement_is_asked_for_and_has_one_deadline(bench: Bench) -> None:
    async with opened(bench, stages=Stages(read_body=0.2)) as face:
        reader, writer = await connected(face)
        lines = ["POST /api/v1/inbox/x.1/ack HTTP/1.1", "Host: uji", f"Authorization: Bearer {SENDER}",
                 "Content-Length: 60000", "Expect: 100-continue", "Connection: close", "", ""]  # fmt: skip
        writer.write("\r\n".join(lines).encode())
        assert await asyncio.wait_for(reader.readline(), 20) == b"HTTP/1.1 100 Continue\r\n"
        answer = asyncio.create_task(all_of(reader))
        # A drip that never pauses as long as the deadline, and is over soon after it: what is written to a connection
        # that was closed meanwhile would take the answer with it.
        for _ in range(12):
            writer.write(b" ")
            await asyncio.wait([answer], timeout=0.02)
        assert b'"slow_body"' in await answer
        writer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("GET", "/contract"), b"200"),
        (request("HEAD", "/contract"), b"200"),
        (request("OPTIONS", "/contract"), b"204"),
        (request("GET", "/api/v1/inbox"), b"401"),
        (request("GET", "/nowhere"), b"404"),
        (request("DELETE", "/contract"), b"405"),
        (request("GET", "/broken"), b"500"),
        (request("GET", "/streamed"), b"200"),
        (request("GET", "/contract", "X: " + "a" * 9000), b"431"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"GET / HT", b"400"),
        (b"GET /contract HTTP/1.0\r\n\r\n", b"200"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    ],
)
async def test_no_answer_names_a_program_or_its_version(face: Face, sent: bytes, status: bytes) -> None:
    async def broken(*_: object) -> Any:
        raise ZeroDivisionError

    async def streamed(request: web.BaseRequest, *_: object) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write_eof()
        return answer

    face.server.add("GET", "/broken", broken, public=True)
    face.server.add("GET", "/streamed", streamed, public=True)
    reader, writer = await connected(face)
    writer.write(sent)
    writer.write_eof()
    head, _, body = (await all_of(reader)).partition(b"\r\n\r\n")
    writer.close()
    assert head.split(b" ")[1] == status
    assert b"\r\nServer: lintas\r\n" in head + b"\r\n"
    for word in (b"aiohttp", b"python", b"llhttp", b"traceback"):
        assert word not in (head + body).lower()


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "raised", "given"),
    [
        (1024, 20_000, 2048, 20_000, 2048),
        (1024, resource.RLIM_INFINITY, 2048, 2 * 2048 + SPARE, 2048),
        (20_000, 20_000, 2048, None, 2048),
        (1024, 1024, 2048, 1024, 1024 - SPARE),
        (100, 100, 2048, 100, 1),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 2048, None, 2048),
    ],
)
def test_connections_fit_the_descriptors(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, wanted: int, raised: int | None, given: int
) -> None:
    limits = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda which, to: limits.append(to))
    assert connections_within(wanted) == given
    assert [one for one, _ in limits[1:]] == ([] if raised is None else [raised])


def test_a_limit_that_may_not_be_raised_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(which: int, to: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise the limit")

    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", no)
    assert connections_within(2048) == 1024 - SPARE


async def told_by(face: Face, data: bytes) -> tuple[int, dict[str, object]]:
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
    told = await told_by(face, data)
    assert (told[0], told[1]["code"]) == (status, code)
    assert "xxx" not in str(told[1])
    await face.bench.refusals.flush()
    [event] = await face.bench.told()
    assert (event["event"], event["reason"], event["sender"]) == ("refusals_counted", code, "127.0.0.0/24")


async def test_one_address_does_not_get_all_connections() -> None:
    doors = Doors(_nothing, _nothing, Bounds(1, 1, connections=4, of_address=3, send=1))  # type: ignore[arg-type]
    assert [doors.enter("10.0.0.1") for _ in range(5)] == [True, True, True, False, False]
    assert [doors.enter("10.0.0.2"), doors.enter("10.0.0.3")] == [True, False]
    doors.leave("10.0.0.1")
    assert [doors.enter("10.0.0.2"), doors.enter("10.0.0.1")] == [True, False]
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2"):
        doors.leave(address)
    assert not doors._of


def _nothing(*arguments: object) -> None:
    return None
