"""Hostile input over raw sockets: a named refusal with a message id, a process that stays up, nothing recorded half."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import parts_are_of_messages, rows, the_log_is_whole
from tests.e2e.process import RUNNER, Place, until
from tests.e2e.scenes import letter, question

LIMITS = {"body_bytes": 64 * 1024, "soap_body_bytes": 96 * 1024, "inline_part_bytes": 64 * 1024,
          "part_bytes": 16 * 1024 * 1024, "parts": 8}  # fmt: skip
SERVICES = ["letter.deliver", "coverage.lookup"]
SYSTEMS = {
    "pengirim": {"may_use": SERVICES},
    "tamu": {},
    "tarik": {"channel": {"pull": True}},
    "penjawab": {"channel": {"adapter": "rest", "config": {"url": "http://127.0.0.1:9/", "recipient": "idempotent"}}},
}
ROUTES: list[dict[str, Any]] = [
    {"service": "letter.deliver", "to": ["uji/tarik"], "recipients": "named"},
    {"service": "coverage.lookup", "to": ["uji/penjawab"]},
]
ENVELOPE = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%b</s:Body></s:Envelope>'
CALL = (
    b'<CoverageLookup xmlns="urn:lintas:service:coverage.lookup">'
    b'<document xmlns:q="urn:lintas:schema:eligibility-query:1">'
    b"<q:noKartu>%b</q:noKartu><q:serviceDate>2026-11-23</q:serviceDate></document></CoverageLookup>"
)


@dataclass(frozen=True)
class Target:
    """The process under attack."""

    place: Place
    port: int
    process: subprocess.Popen[str]

    def head(self, method: str, path: str, who: str | None = "pengirim", **fields: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: uji", "Connection: close"]
        if who is not None:
            lines.append(f"Authorization: Bearer {self.place.key(who)}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def spooled(self) -> list[Path]:
        return list((self.place.state / "parts").glob("??/*"))


@dataclass(frozen=True)
class Told:
    """The last answer on a connection; status 0 where there was none."""

    status: int
    head: bytes
    body: bytes

    def code(self) -> str:
        """Of a problem, or of a SOAP fault's detail."""
        if self.body.startswith(b"{"):
            problem = json.loads(self.body)
            assert problem["messageId"] in problem["instance"]
            assert problem["advice"]
            return str(problem["code"])
        found = re.search(rb"<(?:\w+:)?code>([a-z_]+)</", self.body)
        assert found is not None, self.body
        assert re.search(rb"messageId>[0-9a-f-]{36}</", self.body)
        return found[1].decode()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    stages = {"read_body": 0.5, "ask": 1, "deliver": 2}
    place = Place(tmp_path_factory.mktemp("hostile"), SYSTEMS, ROUTES, {"limits": LIMITS, "stages": stages})
    with place.errors.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, RUNNER, place.config, "null"], stdout=subprocess.PIPE, stderr=errors, text=True,
            cwd=RUNNER.parents[2],
        )  # fmt: skip
    assert process.stdout is not None
    word, _, url = process.stdout.readline().strip().partition(" ")
    assert word == "ready", place.log()
    yield Target(place, int(url.rpartition(":")[2]), process)
    process.terminate()
    assert process.wait(30) == 0, place.log()
    process.stdout.close()
    assert '"unforeseen"' not in place.log(), place.log()
    assert "Traceback" not in place.log(), place.log()
    the_log_is_whole(place.state)
    parts_are_of_messages(place.state)


async def raw(target: Target, *pieces: bytes, hang_up: bool = False, to_end: bool = False, ends: bool = False) -> Told:
    """Sends the pieces as they are; gives the answer, or nothing if the sender hangs up. `ends`: its side only."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if hang_up:
                return Told(0, b"", b"")
            if ends:
                writer.write_eof()
        except ConnectionError:
            # Refused before all of it was sent: what was answered is still to be read.
            pass
        answer = b""
        async with asyncio.timeout(20):
            try:
                while (to_end or not complete(answer)) and (piece := await reader.read(65536)):
                    answer += piece
            except ConnectionError:
                pass
    finally:
        writer.close()
    head, body = taken_apart(answer)
    assert not re.search(rb"(?i)aiohttp|python", answer), "no answer says what the gateway is built with"
    return Told(int(head.split(b" ", 2)[1]) if head else 0, head, body)


def taken_apart(answer: bytes) -> tuple[bytes, bytes]:
    """Head and body, behind what only says that the body may come."""
    while answer.startswith(b"HTTP/1.1 100"):
        answer = answer.partition(b"\r\n\r\n")[2]
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def complete(answer: bytes) -> bool:
    """A server that refused waits a little for a sender that goes on; the test need not."""
    head, body = taken_apart(answer)
    length = re.search(rb"Content-Length: (\d+)", head)
    return length is not None and len(body) >= int(length[1])


async def post(target: Target, body: bytes, path: str = "/api/v1/messages", **fields: str) -> Told:
    named = {"Content_Type": "application/json", "Content_Length": str(len(body)), **fields}
    return await raw(target, target.head("POST", path, **named) + body)


async def unharmed(target: Target, messages: int | None = 0) -> None:
    """Up, healthy, and no part lies where no message is."""
    told = await raw(target, target.head("GET", "/health", None))
    assert (told.status, json.loads(told.body)["status"]) == (200, "ok")
    await until(lambda: target.spooled() == [], "the parts folder to be empty")
    assert target.process.poll() is None


def json_of(document: Any = None, **envelope: Any) -> bytes:
    value = letter("H-1")
    value["envelope"] |= envelope
    return json.dumps({**value, **(document or {})}).encode()


WHOLE = json_of()
DEEP = b'{"envelope":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}"
JSONS: dict[str, tuple[bytes, int, str]] = {
    "deep": (DEEP, 400, "too_deep"),
    "deep lists": (b'{"document":' + b"[" * 30_000, 400, "too_deep"),
    "twice": (b'{"envelope":{},"envelope":{}}', 400, "duplicate_json_key"),
    "twice by escape": (b'{"envelope":{},"envelop\\u0065":{}}', 400, "duplicate_json_key"),
    "NaN": (b'{"envelope":NaN}', 400, "not_a_number"),
    "infinity": (b'{"envelope":-Infinity}', 400, "not_a_number"),
    "beyond a double": (b'{"envelope":{},"document":{"a":1e999}}', 400, "not_a_number"),
    "lone surrogate": (b'{"envelope":{"purpose":"\\ud800"}}', 400, "lone_surrogate"),
    "latin": (b'{"envelope":{"purpose":"caf\xe9"}}', 400, "wrong_charset"),
    "utf-16": (WHOLE.decode().encode("utf-16"), 400, "wrong_charset"),
    "overlong": (b'{"envelope":{"purpose":"\xc0\xaf"}}', 400, "wrong_charset"),
    "nothing": (b"", 400, "not_json"),
    "a list": (b"[]", 400, "not_json"),
    "half": (WHOLE[:-20], 400, "not_json"),
    "two": (WHOLE + WHOLE, 400, "not_json"),
    "a member too many": (json_of({"sql": "drop"}), 422, "schema_invalid"),
    "unknown service": (json_of(service="letter.burn"), 404, "unknown_service"),
    "unknown type": (json_of(schema="letter/9"), 422, "unknown_document_type"),
    "unknown recipient": (json_of(recipients=["uji/tiada"]), 422, "unknown_recipient"),
    "traversal as recipient": (json_of(recipients=["../../etc"]), 422, "schema_invalid"),
    "somebody else": (json_of(sender="uji/tarik"), 403, "sender_mismatch"),
    "control characters": (json_of({"document": {"letterNumber": "a\u0000b"}}), 422, "schema_invalid"),
    "part unnamed": (json_of({"parts": []}), 422, "part_missing"),
    "no base64": (json_of({"parts": [{"mediaType": "a/b", "content": "!!"}]}), 422, "schema_invalid"),
    "wrong digest": (
        json_of({"parts": [{"mediaType": "a/b", "content": "AAAA", "sha256": "0" * 64}]}), 422, "digest_mismatch"
    ),
    "traversal as name": (
        json_of({"parts": [{"name": "../../etc/passwd", "mediaType": "a/b", "content": "AAAA"}]}), 400, "name_refused"
    ),
    "many parts": (
        json_of({"parts": [{"mediaType": "a/b", "content": "AAAA"}] * 9}), 413, "too_many_parts"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", JSONS)
async def test_json(target: Target, name: str) -> None:
    body, status, code = JSONS[name]
    if b"recipients" not in body and name not in ("deep", "deep lists"):
        body = body.replace(b'"envelope": {"service"', b'"envelope": {"recipients": ["uji/tarik"], "service"')
    told = await post(target, body)
    assert (told.status, told.code()) == (status, code), told.body
    await unharmed(target)


def doctype(inside: bytes, reference: bytes = b"1") -> bytes:
    return b'<?xml version="1.0"?><!DOCTYPE x ' + inside + b">" + ENVELOPE % (CALL % reference)


LAUGHS = b"".join(
    b'<!ENTITY l%d "%b">' % (number, b"&l%d;" % (number - 1) * 10 if number else b"lol" * 10) for number in range(10)
)
XMLS: dict[str, tuple[bytes, str]] = {
    "external entity": (doctype(b'[<!ENTITY e SYSTEM "file:///etc/passwd">]', b"&e;"), "doctype_refused"),
    "parameter entity": (doctype(b'[<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]'), "doctype_refused"),
    "billion laughs": (doctype(b"[" + LAUGHS + b"]", b"&l9;"), "doctype_refused"),
    "external subset": (doctype(b'SYSTEM "file:///dev/zero"'), "doctype_refused"),
    "bare doctype": (doctype(b""), "doctype_refused"),
    "doctype in utf-16": (
        doctype(b"").decode().replace("?>", ' encoding="utf-16"?>').encode("utf-16"), "doctype_refused"
    ),
    "deep": (ENVELOPE % (b"<a>" * 5000 + b"</a>" * 5000), "too_deep"),
    "undefined entity": (ENVELOPE % (CALL % b"&nbsp;"), "not_xml"),
    "half": ((ENVELOPE % (CALL % b"1"))[:-9], "not_xml"),
    "nothing": (b"", "not_xml"),
    "null character": (ENVELOPE % (CALL % b"&#0;"), "not_xml"),
    "latin": (ENVELOPE % (CALL % b"caf\xe9"), "wrong_charset"),
    "unknown encoding": (b'<?xml version="1.0" encoding="utf-7"?>' + ENVELOPE % (CALL % b"1"), "wrong_charset"),
    "two bodies": (ENVELOPE % (CALL % b"1" + CALL % b"2"), "not_a_soap_envelope"),
    "another operation": (ENVELOPE % b"<Drop/>", "unknown_operation"),
    "another version": (
        (ENVELOPE % (CALL % b"1")).replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"urn:x"), "version_mismatch"
    ),
    "must understand": (
        (ENVELOPE % (CALL % b"1")).replace(
            b"<s:Body>", b'<s:Header><x:Y xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header><s:Body>'
        ),
        "must_understand",
    ),
    "an attribute bomb": (
        ENVELOPE % (b"<a " + b" ".join(b'a%d="1"' % number for number in range(5000)) + b"/>"), "unknown_operation"
    ),
    "letters for digits": (ENVELOPE % (CALL % b"x"), "schema_invalid"),
}  # fmt: skip


@pytest.mark.parametrize("name", XMLS)
async def test_soap(target: Target, name: str) -> None:
    body, code = XMLS[name]
    told = await post(target, body, "/soap/coverage.lookup", Content_Type="text/xml")
    assert (told.status, told.code()) == (500, code), told.body
    assert b"root:" not in told.body
    if name == "letters for digits":
        assert told.body.count(b"<finding>") == 1
    await unharmed(target)


async def test_soap_inline_over_its_limit_says_so(target: Target) -> None:
    call = (
        b'<LetterDeliver xmlns="urn:lintas:service:letter.deliver"><document/><part><mediaType>a/b</mediaType>'
        b"<content>%b</content></part></LetterDeliver>"
    ) % base64.b64encode(bytes(66 * 1024))
    told = await post(target, ENVELOPE % call, "/soap/letter.deliver", Content_Type="text/xml")
    assert told.code() == "inline_too_large"
    await unharmed(target)


PDF = b"%PDF-1.7\n" + b"x" * 3000
SHA = hashlib.sha256(PDF).digest()
CROSSED = "--B\r\nContent-Disposition: form-data; name={name}{file}\r\nContent-Type: {kind}\r\n{more}\r\n"


def field(content: bytes, name: str = "f", file: str | None = "surat.pdf", kind: str = "application/pdf", more: str = "") -> bytes:  # fmt: skip # noqa: E501
    named = "" if file is None else f'; filename="{file}"'
    head = CROSSED.format(name=f'"{name}"', file=named, kind=kind, more=more)
    return head.encode("utf-8", "surrogateescape") + content + b"\r\n"


def message(number: str = "M-1", content: bytes = PDF) -> bytes:
    value = letter(number)
    value.pop("parts")
    value["envelope"]["recipients"] = ["uji/tarik"]
    main = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "mediaType": "application/pdf"}
    value["document"]["mainFile"] = {**main, "name": "surat.pdf"}
    return field(json.dumps(value).encode(), "message", None, "application/json")


END = b"--B--\r\n"
DIGEST = "Content-Digest: sha-256=:{}:\r\n"
FORMS: dict[str, tuple[bytes, int, str]] = {
    "no end": (message() + field(PDF), 400, "multipart_broken"),
    "half a part": (message() + field(PDF)[:-500], 400, "multipart_broken"),
    "half a part of a known digest": (
        message() + field(PDF, more=DIGEST.format(base64.b64encode(hashlib.sha256(PDF).digest()).decode()))[:-500],
        400, "multipart_broken",
    ),
    "half a head": (message() + field(PDF)[:30], 400, "multipart_broken"),
    "half a boundary": (message() + field(PDF) + b"--", 400, "multipart_broken"),
    "message only": (message() + END, 422, "part_missing"),
    "no message": (field(PDF) + END, 400, "bad_request"),
    "message last": (field(PDF) + message() + END, 400, "bad_request"),
    "nothing": (END, 400, "bad_request"),
    "another part": (message() + field(PDF + b"y") + END, 422, "part_missing"),
    "wrong digest": (
        message() + field(PDF, more=DIGEST.format(base64.b64encode(bytes(32)).decode())) + END, 422, "digest_mismatch"
    ),
    "broken digest": (message() + field(PDF, more=DIGEST.format("xx")) + END, 422, "digest_mismatch"),
    "traversal": (message() + field(PDF, file="../../../etc/passwd") + END, 400, "name_refused"),
    "windows traversal": (message() + field(PDF, file="..\\\\..\\\\boot.ini") + END, 400, "name_refused"),
    "traversal in the document": (
        message().replace(b'"surat.pdf"', b'"../../x.pdf"') + field(PDF) + END, 400, "name_refused"
    ),
    "another type": (message() + field(PDF, kind="text/html") + END, 422, "digest_mismatch"),
    "null in a name": (message() + field(PDF, file="a\0b.pdf") + END, 400, "multipart_broken"),
    "long name": (message() + field(PDF, file="a" * 300) + END, 400, "name_refused"),
    "many parts": (message() + field(b"x") * 9 + END, 413, "too_many_parts"),
    "large part": (message() + field(bytes(16 * 1024 * 1024 + 1)) + END, 413, "part_too_large"),
    "compressed part": (
        message() + field(gzip.compress(PDF, mtime=0), more="Content-Encoding: gzip\r\n") + END,
        415,
        "unsupported_media_type",
    ),
    "encoded part": (
        message() + field(b"AAAA", more="Content-Transfer-Encoding: base64\r\n") + END, 415, "unsupported_media_type"
    ),
    "multipart inside": (
        message() + field(b"--C\r\n\r\nx\r\n--C--", kind="multipart/mixed; boundary=C") + END, 400, "multipart_broken"
    ),
    "long head": (message() + field(PDF, more="X-Long: " + "a" * 9000 + "\r\n") + END, 431, "headers_too_large"),
    "many heads": (message() + field(PDF, more="X-Y: a\r\n" * 2000) + END, 431, "headers_too_large"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
async def test_multipart(target: Target, name: str) -> None:
    body, status, code = FORMS[name]
    told = await post(target, body, Content_Type="multipart/form-data; boundary=B")
    assert (told.status, told.code()) == (status, code), told.body
    await unharmed(target)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=" + "b" * 300, "multipart/x"])
async def test_a_multipart_body_needs_a_boundary(target: Target, kind: str) -> None:
    told = await post(target, message() + END, Content_Type=kind)
    assert told.code() in ("multipart_broken", "unsupported_media_type")
    await unharmed(target)


CHUNKED = {"Content_Type": "application/json", "Transfer_Encoding": "chunked"}


async def test_lengths_that_contradict_each_other(target: Target) -> None:
    smuggled = b"0\r\n\r\nGET /api/v1/inbox HTTP/1.1\r\nHost: x\r\n\r\n"
    heads = [
        target.head("POST", "/api/v1/messages", Content_Length="4", **CHUNKED),
        target.head("POST", "/api/v1/messages", Content_Length="-4"),
        target.head("POST", "/api/v1/messages", Content_Length="4, 5"),
        target.head("POST", "/api/v1/messages", Content_Length="+4"),
        target.head("POST", "/api/v1/messages", Transfer_Encoding="chunked, identity"),
        target.head("POST", "/api/v1/messages", Transfer_Encoding="xchunked"),
        target.head("POST", "/api/v1/messages", Content_Length="4").replace(b"Host", b"Content-Length: 5\r\nHost"),
    ]
    for head in heads:
        told = await raw(target, head + smuggled, to_end=True)
        assert told.status in (400, 411, 415, 501), (head, told)
        assert told.head.count(b"HTTP/1") + told.body.count(b"HTTP/1") == 1, "one answer, and none to what hid"
        await unharmed(target)


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\nab\r\n",
        b"-1\r\n",
        b"ffffffffffffffffff\r\nab",
        b"2\r\nabcd\r\n0\r\n\r\n",
        b"2;" + b"x" * 20_000 + b"\r\nab",
    ],
)
async def test_broken_chunks(target: Target, chunks: bytes) -> None:
    told = await raw(target, target.head("POST", "/api/v1/messages", **CHUNKED) + chunks)
    assert told.status in (400, 408, 431), told
    assert told.code() in ("bad_request", "slow_body", "headers_too_large")
    await unharmed(target)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n",
    ],
)
async def test_what_is_no_http(target: Target, request_bytes: bytes) -> None:
    told = await raw(target, request_bytes)
    assert told.status == 400
    assert told.code() == "bad_request"
    await unharmed(target)


async def test_headers_over_their_limit(target: Target) -> None:
    for head in (
        target.head("POST", "/api/v1/messages", X_Long="a" * 20_000),
        target.head("POST", "/api/v1/messages", **{f"X_{number}": "a" for number in range(3000)}),
        target.head("GET", "/" + "a" * 20_000),
    ):
        told = await raw(target, head)
        assert (told.status, told.code()) == (431, "headers_too_large"), told
        await unharmed(target)


@pytest.mark.parametrize(
    "path", ["/api/v1/messages/../../../etc/passwd", "/schemas/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd",
             "/api/v1/messages/%00", "/api/v1/messages/" + "a" * 3000, "/errors/..%5c..%5cx", "//etc/passwd",
             "http://other/etc/passwd", "/soap/%2e%2e?wsdl"],
)  # fmt: skip
async def test_paths_that_climb(target: Target, path: str) -> None:
    told = await raw(target, target.head("GET", path))
    assert told.status in (400, 404), told
    assert b"root:" not in told.body
    await unharmed(target)


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("/events", "not_found", "/api/v1/events"),
        ("/events/", "not_found", "/api/v1/events"),
        ("/api/v1/messages/", "not_found", "/api/v1/messages may be meant"),
        ("/docs/", "not_found", "/docs may be meant"),
        ("/soap/x/?wsdl", "not_found", "/soap/{service} may be meant"),
        ("/soap/x?wsdl", "unknown_service", "letter.deliver"),
        ("/favicon.ico", "not_found", "/docs lists all"),
        ("/api/v1/messages", "method_not_allowed", "takes POST"),
    ],
)
async def test_who_goes_astray_is_told_where_to_go(target: Target, path: str, code: str, says: str) -> None:
    told = await raw(target, target.head("GET", path, None))
    assert (told.status, told.code()) == (405 if code == "method_not_allowed" else 404, code)
    assert b"Content-Type: application/problem+json" in told.head
    assert (b"Allow: POST" in told.head) == (told.status == 405)
    assert says in json.loads(told.body)["detail"]


async def test_a_length_over_the_limit_is_refused_before_the_upload(target: Target) -> None:
    fields = {"Content_Type": "application/json", "Content_Length": str(10**9), "Expect": "100-continue"}
    told = await raw(target, target.head("POST", "/api/v1/messages", **fields))
    assert (told.status, told.code()) == (413, "body_too_large")
    assert json.loads(told.body)["limit"] == LIMITS["body_bytes"]
    form = {**fields, "Content_Type": "multipart/form-data; boundary=B", "Content_Length": str(10**12)}
    told = await raw(target, target.head("POST", "/api/v1/messages", **form))
    assert (told.status, told.code()) == (413, "body_too_large")
    told = await raw(target, target.head("POST", "/soap/letter.deliver", **{**fields, "Content_Type": "text/xml"}))
    assert told.code() == "body_too_large"
    await unharmed(target)


async def test_a_body_without_a_length_is_counted(target: Target) -> None:
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    told = await raw(target, target.head("POST", "/api/v1/messages", **CHUNKED), *[chunk] * 10)
    assert (told.status, told.code()) == (413, "body_too_large")
    await unharmed(target)


async def test_who_waits_to_be_asked_is_asked(target: Target) -> None:
    body = b"[]"
    head = target.head(
        "POST", "/api/v1/messages", Content_Type="application/json", Content_Length="2", Expect="100-continue"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(head)
    assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 100")
    writer.write(body)
    assert b"not_json" in await asyncio.wait_for(reader.read(), 10)
    writer.close()


@pytest.mark.parametrize("path", ["/api/v1/messages", "/api/v1/queries", "/soap/coverage.lookup"])
async def test_a_compressed_body_is_no_way_around_a_limit(target: Target, path: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000, mtime=0)
    kind = "text/xml" if "soap" in path else "application/json"
    told = await post(target, bomb, path, Content_Type=kind, Content_Encoding="gzip")
    assert told.status in (400, 413, 415, 500), told
    assert told.code() in ("body_too_large", "bad_request", "unsupported_media_type")
    await unharmed(target)


async def test_a_compressed_form_is_no_way_around_a_limit(target: Target) -> None:
    bomb = gzip.compress(message() + field(bytes(50_000_000)) + END)
    told = await post(target, bomb, Content_Type="multipart/form-data; boundary=B", Content_Encoding="gzip")
    assert told.code() in ("part_too_large", "body_too_large", "multipart_broken", "unsupported_media_type")
    await unharmed(target)


@pytest.mark.parametrize(
    ("path", "kind", "start", "code"),
    [
        ("/api/v1/messages", "application/json", b"{", "bad_request"),
        ("/api/v1/queries", "application/json", b"", "bad_request"),
        ("/api/v1/inbox/x.1/ack", "application/json", b"{}", "bad_request"),
        ("/soap/coverage.lookup", "text/xml", ENVELOPE % CALL % b"0001234567890", "bad_request"),
        ("/api/v1/messages", "multipart/form-data; boundary=B", b"--B\r\nContent-Disp", "multipart_broken"),
    ],
)
@pytest.mark.parametrize("chunks", [True, False])
async def test_a_body_cut_short_by_who_still_listens_is_refused_by_name(
    target: Target, path: str, kind: str, start: bytes, code: str, chunks: bool
) -> None:
    fields = {"Content_Type": kind}
    fields |= {"Transfer_Encoding": "chunked"} if chunks else {"Content_Length": str(len(start) + 1)}
    body = b"%x\r\n%b" % (len(start) + 1, start) if chunks else start
    told = await raw(target, target.head("POST", path, **fields) + body, ends=True)
    assert (told.status, told.code()) == (500 if "soap" in path else 400, code)
    await unharmed(target)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=B", "text/xml"])
async def test_a_body_that_pauses_is_ended(target: Target, kind: str) -> None:
    path = "/soap/letter.deliver" if kind == "text/xml" else "/api/v1/messages"
    start = message() + field(PDF)[:900] if "multipart" in kind else b"{" if "json" in kind else b"<a>"
    told = await raw(target, target.head("POST", path, Content_Type=kind, Content_Length="50000") + start)
    assert told.code() == "slow_body"
    assert told.status == (500 if kind == "text/xml" else 408)
    await unharmed(target)


async def test_an_acknowledgement_that_pauses_is_ended(target: Target) -> None:
    head = target.head("POST", "/api/v1/inbox/x.1/ack", "tarik", Content_Type="application/json", Content_Length="50")
    told = await raw(target, head + b"{")
    assert (told.status, told.code()) == (408, "slow_body")
    told = await raw(target, target.head("POST", "/api/v1/inbox/x.1/ack", "tarik", **CHUNKED) + b"zz\r\n")
    assert (told.status, told.code()) == (400, "bad_request")
    await unharmed(target)


@pytest.mark.parametrize("who", ["tamu", None])
@pytest.mark.parametrize("expect", [True, False])
async def test_who_has_no_right_uploads_nothing(target: Target, who: str | None, expect: bool) -> None:
    size = 100 * 1024 * 1024
    kind = "multipart/form-data; boundary=B"
    start = message() + field(b"")[:-2]
    fields = {"Content_Type": kind, "Content_Length": str(len(start) + size)}
    if expect:
        told = await raw(target, target.head("POST", "/api/v1/messages", who, Expect="100-continue", **fields))
        # Who may use no service at all is not asked for a message either.
        assert (told.status, told.code()) == ((401, "not_authenticated") if who is None else (403, "no_right"))
        await unharmed(target)
        return
    spooled: list[Path] = []
    pieces = [target.head("POST", "/api/v1/messages", who, **fields) + start, *[bytes(1024 * 1024)] * 100]
    call = asyncio.create_task(raw(target, *pieces))
    while not call.done():
        spooled += target.spooled()
        await asyncio.sleep(0.01)
    told = call.result()
    if told.status:
        assert (told.status, told.code()) == ((401, "not_authenticated") if who is None else (403, "no_right"))
    assert spooled == []
    await unharmed(target)


async def test_who_hangs_up_in_the_middle_leaves_nothing(target: Target) -> None:
    start = message() + field(bytes(700_000))[:600_000]
    for cut in (len(start), len(message()) + 200, len(message()) // 2, 10):
        fields = {"Content_Type": "multipart/form-data; boundary=B", "Content_Length": "900000"}
        await raw(target, target.head("POST", "/api/v1/messages", **fields) + start[:cut], hang_up=True)
        await unharmed(target)
    head = target.head("POST", "/api/v1/messages", Content_Type="application/json", Content_Length="9000")
    await raw(target, head + WHOLE[:100], hang_up=True)
    await unharmed(target)
    body = json.dumps(question()).encode()
    head = target.head("POST", "/api/v1/queries", Content_Type="application/json", Content_Length=str(len(body)))
    await raw(target, head + body, hang_up=True)
    await unharmed(target)


async def test_persons_and_strangers_send_nothing(target: Target) -> None:
    for who, status, code in (
        ("operator", 403, "no_right"),
        ("tamu", 403, "no_right"),
        (None, 401, "not_authenticated"),
    ):
        head = target.head(
            "POST", "/api/v1/messages", who, Content_Type="application/json", Content_Length=str(len(WHOLE))
        )
        told = await raw(target, head + WHOLE)
        assert (told.status, told.code()) == (status, code)
    for given in ("Bearer lintas_x_y", "Basic !!!", "Bearer " + "a" * 5000, "Bearer lintas_é_ü", "", "Negotiate x"):
        head = target.head("GET", "/api/v1/inbox", None, Authorization=given)
        assert (await raw(target, head)).code() == "not_authenticated"
    await unharmed(target)


@pytest.mark.parametrize(
    ("kind", "namespace", "status"),
    [
        ("text/xml", b"http://schemas.xmlsoap.org/soap/envelope/", 500),
        ("application/soap+xml", b"http://www.w3.org/2003/05/soap-envelope", 400),
    ],
)
async def test_a_person_that_calls_by_soap_gets_a_fault_of_its_version(
    target: Target, kind: str, namespace: bytes, status: int
) -> None:
    body = ENVELOPE % (CALL % b"1")
    head = target.head("POST", "/soap/coverage.lookup", "operator", Content_Type=kind, Content_Length=str(len(body)))
    told = await raw(target, head + body)
    assert (told.status, told.code()) == (status, "no_right")
    assert namespace in told.body


async def test_at_the_end_nothing_was_recorded(target: Target) -> None:
    assert rows(target.place.state, "SELECT count(*) FROM messages") == [(0,)]
    assert rows(target.place.state, "SELECT count(*) FROM idempotency") == [(0,)]


async def test_a_repeat_is_answered_and_a_conflict_refused(target: Target) -> None:
    body = message("M-9") + field(PDF) + END
    kind = "multipart/form-data; boundary=B"
    first = await post(target, body, Content_Type=kind, Idempotency_Key="kunci-9")
    again = await post(target, body, Content_Type=kind, Idempotency_Key='"kunci-9"')
    assert (first.status, again.status) == (202, 200)
    one, two = json.loads(first.body), json.loads(again.body)
    assert (one["messageId"], one["receipts"]) == (two["messageId"], two["receipts"])
    other = message("M-9", PDF + b"z") + field(PDF + b"z") + END
    told = await post(target, other, Content_Type=kind, Idempotency_Key="kunci-9")
    assert (told.status, told.code()) == (409, "conflict")
    assert [path.name for path in target.spooled()] == [one["messageId"]]
    assert len(list(target.spooled()[0].iterdir())) == 1
