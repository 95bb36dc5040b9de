"""A compressed body is whole, or it is refused; whatever pieces it comes in."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Callable

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from gateway.contract.errors import Ambiguous
from gateway.contract.testing import Disk, FakeParts
from gateway.http.client import OutgoingHttp
from tests.unit.gateway.bench import PDF, SIMPUS, letter, organisation
from tests.unit.gateway.http.face import Face

ORGANISATION, LETTER = "/in/organisation.deliver", "/in/letter.deliver"
BODY = orjson.dumps(organisation())


def raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(data) + made.flush()


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress), ("GZip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate),
]  # fmt: skip


async def drip(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def one_by_one(data: bytes) -> AsyncIterator[bytes]:
    return drip(*(data[at : at + 1] for at in range(len(data))))


def form(data: bytes) -> bytes:
    """A file and its letter; the letter's end is the end of the form."""
    said = b"\r\n--B\r\nContent-Disposition: form-data; name="
    file = said[2:] + b'"file"; filename="surat.pdf"\r\nContent-Type: application/pdf\r\n\r\n' + data
    return file + said + b'"document"\r\n\r\n' + orjson.dumps(letter()) + b"\r\n--B--\r\n"


FORM = "multipart/form-data; boundary=B"


@pytest.mark.parametrize("send", [bytes, drip, one_by_one])
@pytest.mark.parametrize(("coding", "compress"), CODINGS)
async def test_what_is_whole_is_taken(
    face: Face, coding: str, compress: Callable[[bytes], bytes], send: Callable[[bytes], object]
) -> None:
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    assert (await face.value("POST", ORGANISATION, SIMPUS, data=send(compress(BODY)), headers=headers))[0] == 202
    headers["Content-Type"] = FORM
    assert (await face.value("POST", LETTER, SIMPUS, data=send(compress(form(PDF))), headers=headers))[0] == 202


@pytest.mark.parametrize("send", [bytes, drip, one_by_one])
async def test_several_gzip_members_are_one_body(face: Face, send: Callable[[bytes], object]) -> None:
    members = b"".join(gzip.compress(BODY[at : at + 50]) for at in range(0, len(BODY), 50))
    headers = {"Content-Encoding": "gzip"}
    assert (await face.value("POST", ORGANISATION, SIMPUS, data=send(members), headers=headers))[0] == 202
    told = await face.code("POST", ORGANISATION, SIMPUS, data=send(members[:-1]), headers=headers)
    assert told == (400, "bad_request")


@pytest.mark.parametrize("send", [bytes, drip, one_by_one])
@pytest.mark.parametrize(
    ("coding", "compress", "cut"),
    [
        *(("gzip", gzip.compress, cut) for cut in (1, 4, 8, 30)),
        *(("deflate", zlib.compress, cut) for cut in (1, 4, 30)),
        ("deflate", raw_deflate, 1),
    ],
)
async def test_what_ends_before_its_end_is_refused(
    face: Face, coding: str, compress: Callable[[bytes], bytes], cut: int, send: Callable[[bytes], object]
) -> None:
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    status, told = await face.value("POST", ORGANISATION, SIMPUS, data=send(compress(BODY)[:-cut]), headers=headers)
    assert (status, told["code"]) == (400, "bad_request")
    assert "broke off" in told["detail"]
    headers["Content-Type"] = FORM
    status, told = await face.value("POST", LETTER, SIMPUS, data=send(compress(form(PDF))[:-cut]), headers=headers)
    assert (status, told["code"]) == (400, "multipart_broken")
    assert "broke off" in told["detail"]
    assert face.unforeseen == []
    assert await face.bench.journal.read("count_queue", {"limit": 9}) == []
    assert (await face.value("POST", ORGANISATION, SIMPUS, data=BODY))[0] == 202


async def test_what_follows_a_form_without_end_is_refused(face: Face) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": FORM}
    data = gzip.compress(form(PDF) + bytes(1_000_000))
    assert await face.code("POST", LETTER, SIMPUS, data=data, headers=headers) == (431, "headers_too_large")


@pytest.mark.parametrize("cut", [1, 8, 30])
async def test_an_answer_that_ends_before_its_end_is_ambiguous(cut: int) -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        body = gzip.compress(BODY)[: -cut if request.path == "/cut" else None]
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    client = OutgoingHttp(FakeParts(Disk()), answer_bytes=1000, per_host=4)
    await client.open()
    try:
        async with RawTestServer(answer) as server:
            whole = await client.send("GET", str(server.make_url("/")), native=None, timeout=10)
            assert whole.body == BODY
            with pytest.raises(Ambiguous):
                await client.send("GET", str(server.make_url("/cut")), native=None, timeout=10)
    finally:
        await client.close()
