"""Where a request begins and ends: pipelines, half heads, half bodies, shapes that hide a second one."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import orjson
import pytest

from gateway.settings import Limits, Stages
from tests.unit.gateway.bench import SIMPUS, Bench, organisation
from tests.unit.gateway.http.face import Face
from tests.unit.gateway.http.wire import (
    all_of,
    chunked,
    connected,
    one_answer,
    opened,
    request,
    sent,
    taken_apart,
    told,
)

JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
ORGANISATION = "/in/organisation.deliver"
BODY = orjson.dumps(organisation())
ASK = request("GET", "/contract")
SEND = request("POST", ORGANISATION, JSON, body=BODY, who=SIMPUS)
STREAM = request("POST", ORGANISATION, JSON, CHUNKED, who=SIMPUS) + chunked(BODY[:9], BODY[9:])
# A blank line inside a body is no end of anything.
BLANK = request("POST", ORGANISATION, JSON, body=BODY + b"\r\n\r\n" + b" " * 40, who=SIMPUS)
HALF = b"GET /contract HTTP/1.1\r\nHost: u"
WHOLE = {"get": ASK, "post": SEND, "chunks": STREAM, "blank": BLANK}


def code(answer: tuple[int, bytes]) -> tuple[int, str]:
    return answer[0], orjson.loads(answer[1])["code"]


# ------------------------------------------------------------------------------------------- pipelines


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("count", [1, 11, 33])
async def test_a_pipeline_is_answered_whole_and_in_order(face: Face, count: int, ends: bool) -> None:
    some = (ASK + SEND + request("GET", "/nowhere") + STREAM) * count
    last = request("GET", "/contract", "Connection: close")
    answers = await told(face, some + last, ends=ends)
    assert [status for status, _ in answers] == [200, 202, 404, 202] * count + [200]


async def test_a_pipeline_cut_anywhere_is_the_same_pipeline(face: Face) -> None:
    whole = ASK + STREAM + SEND + ASK
    for cut in range(3, len(whole), 31):
        answers = await told(face, whole[:cut], whole[cut:])
        assert [status for status, _ in answers] == [200, 202, 202, 200], cut


async def test_a_slow_answer_holds_its_place(face: Face) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()
    record = face.bench.recorder.record

    async def slow(verified: Any) -> Any:
        begun.set()
        await gate.wait()
        return await record(verified)

    face.bench.recorder.record = slow  # type: ignore[method-assign, assignment]
    answers = asyncio.create_task(told(face, SEND + ASK))
    await asyncio.wait_for(begun.wait(), 20)
    gate.set()
    assert [status for status, _ in await answers] == [202, 200]


# ----------------------------------------------------------------------------------- half of something


@pytest.mark.parametrize("before", [b"", *WHOLE.values(), ASK * 3 + SEND])
@pytest.mark.parametrize(
    "half", [b"G", b"GET /contract", HALF, HALF + b"\r\n", HALF + b"\r\nX-A", HALF + b"\r\nX-A: b\r"]
)
async def test_a_head_cut_short_is_refused_by_name(face: Face, before: bytes, half: bytes) -> None:
    *first, last = await told(face, before + half)
    assert all(status in (200, 202) for status, _ in first)
    assert len(first) == before.count(b" HTTP/1.1\r\n")
    assert code(last) == (400, "bad_request")


@pytest.mark.parametrize("before", [b"", ASK, SEND])
@pytest.mark.parametrize(
    "cut",
    [
        request("POST", ORGANISATION, JSON, f"Content-Length: {len(BODY) + 1}", who=SIMPUS) + BODY,
        request("POST", ORGANISATION, JSON, "Content-Length: 9", who=SIMPUS),
        request("POST", ORGANISATION, JSON, CHUNKED, who=SIMPUS),
        request("POST", ORGANISATION, JSON, CHUNKED, who=SIMPUS) + chunked(BODY)[:-2],
        request("POST", ORGANISATION, JSON, CHUNKED, who=SIMPUS) + chunked(BODY)[:-5],
        request("POST", ORGANISATION, JSON, CHUNKED, who=SIMPUS) + b"4",
        request("POST", ORGANISATION, JSON, "Content-Encoding: gzip", body=gzip.compress(BODY), who=SIMPUS)[:-9],
    ],
)
async def test_a_body_cut_short_is_refused_by_name(face: Face, before: bytes, cut: bytes) -> None:
    *first, last = await told(face, before, cut)
    assert len(first) == bool(before)
    assert code(last) == (400, "bad_request")
    assert b"broke off" in last[1]
    accepted = [one for one in await face.bench.told() if one["event"] == "accepted"]
    assert len(accepted) == (before == SEND)


@pytest.mark.parametrize("name", WHOLE)
async def test_a_half_head_that_came_with_a_whole_request_has_its_time(bench: Bench, name: str) -> None:
    async with opened(bench, stages=Stages(headers=0.05)) as face:
        whole = WHOLE[name]
        for pieces in [whole + HALF], [whole[:-5], whole[-5:] + HALF], [ASK * 2 + whole + HALF], [whole, HALF]:
            # Nothing more is sent and nothing ended; the keep-alive time is far longer than this test waits.
            answers = await told(face, *pieces, ends=False)
            asked = b"".join(pieces).count(b"GET /contract") - 1
            assert [status for status, _ in answers] == [200] * asked + [202] * (name != "get")


async def test_a_half_head_behind_a_slow_answer_costs_nobody_the_answer(bench: Bench) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()
    record = bench.recorder.record

    async def slow(verified: Any) -> Any:
        begun.set()
        await gate.wait()
        return await record(verified)

    bench.recorder.record = slow  # type: ignore[method-assign, assignment]
    async with opened(bench, stages=Stages(headers=0.05)) as face:
        answer = asyncio.create_task(told(face, SEND + HALF, ends=False))
        await asyncio.wait_for(begun.wait(), 20)
        for _ in range(2):
            # As long as it takes until one that has not asked is let go.
            reader, writer = await connected(face)
            assert await all_of(reader) == b""
            writer.close()
        gate.set()
        assert [status for status, _ in await answer] == [202]


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("split", [True, False])
async def test_who_has_asked_a_whole_request_may_rest(bench: Bench, name: str, split: bool) -> None:
    async with opened(bench, stages=Stages(headers=0.05)) as face:
        reader, writer = await connected(face)
        whole = WHOLE[name]
        for _ in range(2):
            await sent(face, writer, *([whole[:-7], whole[-7:]] if split else [whole]))
            assert (await one_answer(reader))[0] in (200, 202)
            for _ in range(2):
                # As long as it takes until one that has not asked is let go.
                slow, other = await connected(face)
                assert await all_of(slow) == b""
                other.close()
            assert not reader.at_eof()
        writer.close()


async def test_what_comes_behind_a_request_for_another_protocol_is_not_lost_in_silence(face: Face) -> None:
    lines = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"]
    hidden = request("POST", ORGANISATION, JSON, f"Content-Length: {len(ASK)}", who=SIMPUS)
    reader, writer = await connected(face)
    # The body of a request whose head is lost is no request.
    await sent(face, writer, request("GET", "/contract", *lines) + hidden, ASK)
    answers = taken_apart(await all_of(reader))
    writer.close()
    assert answers[0] == (200, b"open to all")
    assert [code(one) for one in answers[1:]] == [(400, "bad_request")]


@pytest.mark.parametrize("split", [True, False])
async def test_a_request_for_another_protocol_is_a_request(face: Face, split: bool) -> None:
    lines = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"]
    whole = request("POST", ORGANISATION, JSON, *lines, body=BODY, who=SIMPUS)
    reader, writer = await connected(face)
    for _ in range(2):
        await sent(face, writer, *([whole[: -len(BODY)], whole[-len(BODY) :]] if split else [whole]))
        assert (await one_answer(reader))[0] == 202
    writer.close()


# ------------------------------------------------------------------------------- two readings of one thing


def smuggled(*lines: str, body: bytes = b"0\r\n\r\n") -> bytes:
    return request("POST", ORGANISATION, JSON, *lines, who=SIMPUS) + body


SHAPES = {
    "both": smuggled(CHUNKED, "Content-Length: 5"),
    "both, other order": smuggled("Content-Length: 5", CHUNKED),
    "two lengths": smuggled("Content-Length: 5", "Content-Length: 50"),
    "one length twice": smuggled("Content-Length: 5", "Content-Length: 5"),
    "a list of lengths": smuggled("Content-Length: 5, 5"),
    "no length": smuggled("Content-Length: "),
    "a hexadecimal length": smuggled("Content-Length: 0x5"),
    "a length with a sign": smuggled("Content-Length: +5"),
    "a length with an underscore": smuggled("Content-Length: 0_5"),
    "a length over 64 bits": smuggled("Content-Length: 18446744073709551621"),
    "chunked twice": smuggled(CHUNKED, CHUNKED),
    "a list of chunked": smuggled("Transfer-Encoding: chunked, chunked"),
    "chunked is not last": smuggled("Transfer-Encoding: chunked, gzip"),
    "chunked behind another": smuggled("Transfer-Encoding: gzip, chunked"),
    "identity": smuggled("Transfer-Encoding: identity"),
    "no encoding": smuggled("Transfer-Encoding: "),
    "nearly chunked": smuggled("Transfer-Encoding: xchunked"),
    "a tab before chunked": smuggled("Transfer-Encoding: \x0bchunked"),
    "a space before the colon": smuggled("Transfer-Encoding : chunked"),
    "a fold": smuggled("Transfer-Encoding:\r\n chunked"),
    "a carriage return": smuggled("X: a\rTransfer-Encoding: chunked", "Content-Length: 5"),
    "a line feed": smuggled("X: a\nTransfer-Encoding: chunked", "Content-Length: 5"),
    "a zero byte": smuggled("X: a\0b", "Content-Length: 5"),
    "no colon": smuggled("Transfer-Encoding chunked", "Content-Length: 5"),
    "chunks in HTTP/1.0": smuggled(CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "HTTP/0.9": b"GET /contract\r\n\r\n",
    "two hosts": ASK.replace(b"\r\n\r\n", b"\r\nHost: other\r\n\r\n"),
    "no host": b"GET /contract HTTP/1.1\r\n\r\n",
    "lines that end in line feeds": ASK.replace(b"\r\n", b"\n"),
    "a chunk that ends in a line feed": smuggled(CHUNKED, body=b"2\n{}\n0\n\n"),
    "a chunk size with a space": smuggled(CHUNKED, body=b"2 \r\n{}\r\n0\r\n\r\n"),
    "a chunk size in other digits": smuggled(CHUNKED, body=b"0x2\r\n{}\r\n0\r\n\r\n"),
    "a chunk longer than its size": smuggled(CHUNKED, body=b"2\r\n{}xx0\r\n\r\n"),
    "a line feed in a chunk extension": smuggled(CHUNKED, body=b"2;a\nb\r\n{}\r\n0\r\n\r\n"),
    "a length in a trailer": smuggled(CHUNKED, body=chunked(BODY, trailers=b"Content-Length: 5\r\n")),
    "an encoding in a trailer": smuggled(CHUNKED, body=chunked(BODY, trailers=b"Transfer-Encoding: chunked\r\n")),
}


@pytest.mark.parametrize("name", SHAPES)
async def test_what_two_readers_may_read_differently_is_refused_and_nothing_behind_it_is_read(
    face: Face, name: str
) -> None:
    reader, writer = await connected(face)
    writer.write(SHAPES[name] + ASK)
    answer = await all_of(reader)
    writer.close()
    assert b"open to all" not in answer
    if name == "HTTP/0.9":
        answer = answer.replace(b"HTTP/0.9", b"HTTP/1.0", 1)
    [(status, body)] = taken_apart(answer)
    assert code((status, body)) == (400, "bad_request")
    assert [one for one in await face.bench.told() if one["event"] == "accepted"] == []


@pytest.mark.parametrize(
    ("trailers", "status"),
    [
        (b"", 202),
        (b"Digest: x\r\n", 202),
        (b"X: " + b"y" * 9000 + b"\r\n", 431),
        (b"X: " + b"y" * 9000, 431),
        (b"X: y\r\n" * 200, 431),
        (b"X: y\r\n" * 3 + b"Y" * 9000 + b": z\r\n", 431),
        (b"Authorization: Bearer dinas/surat\r\n", 202),
    ],
)
async def test_trailers_are_bounded_and_say_nothing(face: Face, trailers: bytes, status: int) -> None:
    answers = await told(face, smuggled(CHUNKED, body=chunked(BODY, trailers=trailers)))
    assert [status for status, _ in answers] == [status]
    senders = {one["sender"] for one in await face.bench.told() if one["event"] == "accepted"}
    assert senders == ({SIMPUS} if status == 202 else set())


# ------------------------------------------------------------------------------------------- inflated


def padded(size: int) -> bytes:
    return BODY + b" " * (size - len(BODY))


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("coding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
async def test_the_limit_is_about_what_a_body_inflates_to(
    bench: Bench, coding: str, encode: Any, stream: bool, over: int
) -> None:
    async with opened(bench, limits=Limits(body_bytes=300_000)) as face:
        packed = encode(padded(300_000 + over))
        lines = [JSON, f"Content-Encoding: {coding}", "Connection: close"]
        if stream:
            whole = request("POST", ORGANISATION, *lines, CHUNKED, who=SIMPUS) + chunked(packed[:9], packed[9:])
        else:
            whole = request("POST", ORGANISATION, *lines, body=packed, who=SIMPUS)
        [answer] = await told(face, whole, ends=False)
        if over:
            assert code(answer) == (413, "body_too_large")
            assert orjson.loads(answer[1])["limit"] == 300_000
        else:
            assert answer[0] == 202


async def test_many_small_streams_in_one_body_are_counted_together(bench: Bench) -> None:
    async with opened(bench, limits=Limits(body_bytes=100_000)) as face:
        packed = gzip.compress(padded(1000)) + gzip.compress(b" " * 10_000) * 10
        lines = [JSON, "Content-Encoding: gzip", "Connection: close"]
        [answer] = await told(face, request("POST", ORGANISATION, *lines, body=packed, who=SIMPUS), ends=False)
        assert code(answer) == (413, "body_too_large")
