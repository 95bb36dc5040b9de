"""Limits are kept while a body arrives, and before it where its length is known."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import orjson
import pytest

from gateway.federation import Federation
from gateway.http.call import PART_HEADERS
from gateway.settings import Limits, Settings
from tests.unit.gateway.bench import GUDANG, PDF, SIMPUS, Bench, letter, organisation
from tests.unit.gateway.http.face import Face, loopback

ORGANISATION, LETTER = "/in/organisation.deliver", "/in/letter.deliver"
PATIENCE = 10


@pytest.fixture
async def small(tmp_path: Path, federation: Federation) -> AsyncIterator[Face]:
    """A face that takes 500 bytes, and waits for a tenth of a second."""
    plain = loopback(state_dir=tmp_path)
    stages = plain.stages.model_copy(update={"read_body": 0.1})
    limits = Limits(body_bytes=500, parts=2, part_bytes=1000, inline_part_bytes=1000)
    bench = Bench(tmp_path, federation, plain.model_copy(update={"limits": limits, "stages": stages}))
    await bench.open()
    face = Face(bench, bench.settings)
    await face.open()
    yield face
    await face.close()
    await bench.close()


async def drip(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def raw(face: Face, data: bytes) -> tuple[bytes, asyncio.StreamWriter]:
    """Sends bytes as they are; gives the status line and headers of the answer."""
    host, port = face.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    return head, writer


def files(face: Face) -> list[Path]:
    return [path for path in (face.bench.folder / "parts").rglob("*") if path.is_file()]


async def test_a_length_over_the_limit_is_refused_before_the_body(small: Face) -> None:
    head, writer = await raw(
        small,
        f"POST {ORGANISATION} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SIMPUS}\r\n"
        "Content-Length: 501\r\n\r\n".encode(),
    )
    writer.close()
    assert head.startswith(b"HTTP/1.1 413")


async def test_a_chunked_body_over_the_limit_is_refused_with_the_limit(small: Face) -> None:
    status, told = await small.value("POST", ORGANISATION, SIMPUS, data=drip(b"x" * 300, b"x" * 300))
    assert (status, told["code"], told["limit"]) == (413, "body_too_large", 500)


async def test_a_body_at_the_limit_is_read(small: Face) -> None:
    body = orjson.dumps(organisation())
    status, _ = await small.value("POST", ORGANISATION, SIMPUS, data=body + b" " * (500 - len(body)))
    assert status == 202


async def test_a_client_that_waits_to_be_asked_is_asked(small: Face) -> None:
    body = orjson.dumps(organisation())
    head, writer = await raw(
        small,
        f"POST {ORGANISATION} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SIMPUS}\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode(),
    )
    assert head == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.close()


async def test_whoever_has_no_right_is_not_asked_for_the_body(small: Face) -> None:
    head, writer = await raw(
        small,
        f"POST {ORGANISATION} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {GUDANG}\r\nExpect: 100-continue\r\n"
        "Content-Length: 100\r\n\r\n".encode(),
    )
    writer.close()
    assert head.startswith(b"HTTP/1.1 403")


async def test_silence_is_refused_by_name(small: Face) -> None:
    head, writer = await raw(
        small,
        f"POST {ORGANISATION} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SIMPUS}\r\n"
        "Content-Length: 100\r\n\r\n{".encode(),
    )
    writer.close()
    assert head.startswith(b"HTTP/1.1 408")


async def test_a_body_that_is_not_encoded_as_it_says(small: Face) -> None:
    status, told = await small.value(
        "POST", ORGANISATION, SIMPUS, data=b"this is no gzip", headers={"Content-Encoding": "gzip"}
    )
    assert (status, told["code"]) == (400, "bad_request")


def form(*parts: tuple[str, bytes, dict[str, str]]) -> aiohttp.FormData:
    made = aiohttp.FormData()
    for name, data, more in parts:
        made.add_field(name, data, **more)
    return made


async def test_parts_are_spooled_and_come_back(face: Face) -> None:
    data = form(
        ("file", PDF, {"filename": "surat.pdf", "content_type": "application/pdf"}),
        ("document", orjson.dumps(letter()).decode(), {"content_type": "application/json"}),
    )
    status, told = await face.value("POST", LETTER, SIMPUS, data=data)
    assert status == 202
    async with face.ask("GET", f"/api/v1/messages/{told['messageId']}/parts/1", SIMPUS) as answer:
        assert await answer.read() == PDF


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ([("file", b"x" * 1001, {"filename": "a"})], 413, "part_too_large"),
        ([("file", b"x", {"filename": "a"})] * 3, 413, "too_many_parts"),
        ([("document", b"x" * 1001, {"filename": "a"})], 413, "body_too_large"),
    ],
)
async def test_limits_of_parts(
    small: Face, parts: list[tuple[str, bytes, dict[str, str]]], status: int, code: str
) -> None:
    assert await small.code("POST", LETTER, SIMPUS, data=form(*parts)) == (status, code)
    assert files(small) == []


@pytest.mark.parametrize("field", ["Content-Transfer-Encoding: base64", "Content-Encoding: gzip"])
async def test_a_part_is_sent_as_it_is(small: Face, field: str) -> None:
    body = f'--b\r\nContent-Disposition: form-data; name="f"\r\n{field}\r\n\r\neA==\r\n--b--\r\n'.encode()
    told = await small.code(
        "POST", LETTER, SIMPUS, data=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert told == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--b\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=document\r\n\r\n{"),
        ("multipart/form-data; boundary=b", b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--\r\n",
        ),
    ],
)
async def test_a_multipart_body_that_is_broken(small: Face, content_type: str, body: bytes) -> None:
    told = await small.code("POST", LETTER, SIMPUS, data=body, headers={"Content-Type": content_type})
    assert told == (400, "multipart_broken")
    assert files(small) == []


@pytest.mark.parametrize("lost", [1, 7, 60])
async def test_a_part_that_broke_off_is_not_blamed_on_its_digest(small: Face, lost: int) -> None:
    whole = b"x" * 100
    head = f'--b\r\nContent-Disposition: form-data; name="f"\r\nX-SHA256: {hashlib.sha256(whole).hexdigest()}\r\n\r\n'
    body = head.encode() + whole[:-lost]
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert await small.code("POST", LETTER, SIMPUS, data=body, headers=headers) == (400, "multipart_broken")
    body += b"\r\n--b--\r\n"
    assert await small.code("POST", LETTER, SIMPUS, data=body, headers=headers) == (422, "digest_mismatch")
    assert files(small) == []


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize(
    "said",
    ["form-data; NIK 3273010101010001", "NIK=3273010101010001", 'form-data; name="f"; name="g"', "form-data; na me=f",
     "form-data; name*=x", "form-data; name*=klingon''%66", 'form-data; name="f'],
)  # fmt: skip
async def test_a_disposition_that_cannot_be_read_is_refused(small: Face, said: str) -> None:
    body = f"--b\r\nContent-Disposition: {said}\r\n\r\nx\r\n--b--\r\n".encode()
    told = await small.code(
        "POST", LETTER, SIMPUS, data=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert told == (400, "multipart_broken")
    assert files(small) == []


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
async def test_a_semicolon_too_many_changes_nothing(face: Face) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="document";\r\nContent-Type: application/json\r\n\r\n'
        + orjson.dumps(organisation())
        + b"\r\n--b--\r\n"
    )
    status, _ = await face.value(
        "POST", ORGANISATION, SIMPUS, data=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert status == 202


async def test_a_caller_that_goes_away_leaves_nothing(small: Face) -> None:
    host, port = small.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {LETTER} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SIMPUS}\r\nContent-Length: 400\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhalf'.encode()
    )
    writer.write_eof()
    async with asyncio.timeout(PATIENCE):
        await reader.read()
        await small.server.drain()
    writer.close()
    assert files(small) == []
    assert [one["event"] for one in await small.bench.told()] == ["refused"]


async def test_a_charset_that_does_not_exist_is_no_error_of_ours(face: Face) -> None:
    status, _ = await face.value(
        "POST", ORGANISATION, SIMPUS, data=orjson.dumps(organisation()),
        headers={"Content-Type": "application/json; charset=klingon"},
    )  # fmt: skip
    assert status == 202


def content_digest(data: bytes, *algorithms: str) -> str:
    made = {one: hashlib.new(one.replace("-", ""), data).digest() for one in algorithms}
    return ", ".join(f"{one}=:{base64.b64encode(digest).decode()}:" for one, digest in made.items())


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
async def test_a_body_has_the_digest_it_declares(face: Face, algorithm: str) -> None:
    data = orjson.dumps(organisation())
    right = {"Content-Type": "application/json", "Content-Digest": content_digest(data, algorithm)}
    wrong = right | {"Content-Digest": content_digest(data + b" ", algorithm)}
    assert await face.code("POST", ORGANISATION, SIMPUS, data=data, headers=wrong) == (422, "digest_mismatch")
    assert (await face.value("POST", ORGANISATION, SIMPUS, data=data, headers=right))[0] == 202


async def test_a_digest_of_encoded_bytes_is_not_taken_for_one_of_the_others(face: Face) -> None:
    data = gzip.compress(orjson.dumps(organisation()))
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    headers["Content-Digest"] = content_digest(data, "sha-256")
    told = await face.code("POST", ORGANISATION, SIMPUS, data=data, headers=headers)
    assert told == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ([content_digest(PDF, "sha-512")], True),
        ([content_digest(PDF, "sha-512", "sha-256")], True),
        ([content_digest(b"x", "sha-512")], False),
        ([content_digest(PDF, "sha-256"), content_digest(b"x", "sha-256")], False),
        ([content_digest(PDF, "sha-256"), content_digest(b"x", "sha-512")], False),
    ],
)
async def test_a_part_has_every_digest_it_declares(face: Face, fields: list[str], taken: bool) -> None:
    lines = "".join(f"Content-Digest: {field}\r\n" for field in fields).encode()
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="surat.pdf"\r\nContent-Type: application/pdf\r\n'
        + lines + b"\r\n" + PDF
        + b'\r\n--b\r\nContent-Disposition: form-data; name="document"\r\nContent-Type: application/json\r\n\r\n'
        + orjson.dumps(letter()) + b"\r\n--b--\r\n"
    )  # fmt: skip
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    status, told = await face.value("POST", LETTER, SIMPUS, data=body, headers=headers)
    assert (status, told.get("code")) == ((202, None) if taken else (422, "digest_mismatch"))
    whole = headers | {"Content-Digest": content_digest(body, "sha-256")}
    assert await face.code("POST", LETTER, SIMPUS, data=body, headers=whole) == (400, "bad_request")


@pytest.mark.parametrize(
    ("head", "limit"),
    [
        (b"X-A: " + b"a" * 9000 + b"\r\n", Settings().limits.header_line_bytes),
        (b"".join(b"X-%d: a\r\n" % number for number in range(200)), PART_HEADERS),
    ],
)
async def test_headers_of_a_part_over_their_limit_are_refused_with_it(face: Face, head: bytes, limit: int) -> None:
    body = b"--b\r\n" + head + b'Content-Disposition: form-data; name="document"\r\n\r\n{}\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    status, told = await face.value("POST", LETTER, SIMPUS, data=body, headers=headers)
    assert (status, told["code"], told["limit"]) == (431, "headers_too_large", limit)
