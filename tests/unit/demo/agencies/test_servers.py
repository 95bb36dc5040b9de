"""The agencies that are called, over real sockets, by calls such as the gateway's adapters make them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from demo.agencies.bpjs import Insurer
from demo.agencies.caller import Caller
from demo.agencies.dinas_sosial import SocialOffice
from demo.agencies.dukcapil import Registry
from demo.agencies.kominfo import LettersOffice
from demo.agencies.rs_rujukan import ReferralHospital
from demo.agencies.server import PortTaken, Server
from demo.agencies.simpus import HealthCentre
from demo.agencies.simrs import Hospital
from demo.papers import Scan, pdf
from demo.people import people
from schemas.catalogue import parse_json

KEY = "lintas_00_11"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


class Face(Server):
    """A stand-in for the gateway: keeps what it is sent, answers as it is told."""

    def __init__(self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        super().__init__("gateway", "127.0.0.1", 0)
        self._answer = answer

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/{path:.*}", self._answer)]


@pytest.fixture
async def stand_in() -> AsyncIterator[Callable[..., Awaitable[str]]]:
    started: list[Face] = []

    async def start(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> str:
        face = Face(answer)
        started.append(face)
        await face.start()
        return f"http://127.0.0.1:{face.port}"

    yield start
    for face in started:
        await face.stop()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "one.key"
    path.write_text(KEY + "\n")
    return path


async def test_a_taken_port_is_named() -> None:
    first = Registry("dinas-dukcapil/penerima", "127.0.0.1", 0, "/persons")
    await first.start()
    second = Registry("dinas-dukcapil/penerima", "127.0.0.1", first.port, "/persons")
    with pytest.raises(PortTaken, match=rf"port {first.port}, where dinas-dukcapil/penerima is to listen, is taken"):
        await second.start()
    await first.stop()
    assert not first.running


async def test_the_insurer_answers_with_coverage_and_refuses_strangers(session: aiohttp.ClientSession) -> None:
    person = people(Random(1), 1)[0]
    insurer = Insurer("bpjs/vclaim-sim", "127.0.0.1", 0, "/lookup", [person])
    await insurer.start()
    url = f"http://127.0.0.1:{insurer.port}/lookup"
    for query in ({"noKartu": person.card}, {"nik": person.nik}):
        async with session.post(url, json={"document": {**query, "serviceDate": "2026-01-05"}}) as reply:
            answer = await reply.json()
        assert parse_json(answer["schema"], answer["document"]).TYPE == "coverage/1"
        assert answer["document"]["noKartu"] == person.card
    async with session.post(url, json={"document": {"noKartu": "0" * 13, "serviceDate": "2026-01-05"}}) as reply:
        assert (reply.status, (await reply.json(content_type=None))["code"]) == (404, "unknown_participant")
    assert insurer.asked == 3
    await insurer.stop()


async def test_the_registry_takes_each_delivery_once(session: aiohttp.ClientSession) -> None:
    registry = Registry("dinas-dukcapil/penerima", "127.0.0.1", 0, "/persons")
    await registry.start()
    url = f"http://127.0.0.1:{registry.port}/persons"

    async def send(nik: str, key: str | None) -> tuple[int, Any]:
        body = {"envelope": {"messageId": "m"}, "document": {"nik": nik}}
        async with session.post(url, json=body, headers={"Idempotency-Key": key} if key else {}) as reply:
            return reply.status, await reply.json(content_type=None)

    assert await send("1", "d1") == (200, {"taken": True})
    assert await send("1", "d1") == (200, {"taken": False})
    assert (await send("2", "d1"))[0] == 409
    assert (await send("2", None))[0] == 400
    assert registry.books.matters() == ["1"]
    await registry.stop()


def _letter(content: bytes, digest: str | None = None, letter: str = "005/1") -> aiohttp.MultipartWriter:
    sha256 = hashlib.sha256(content)
    message = {
        "envelope": {"messageId": "m1", "deliveryId": "m1.1", "sender": "kota-bandung/kelurahan-cihapit"},
        "document": {"letterNumber": letter, "mainFile": {"sha256": sha256.hexdigest()}},
    }
    said = digest or base64.b64encode(sha256.digest()).decode()
    writer = aiohttp.MultipartWriter("form-data")
    writer.append(json.dumps(message), {"Content-Type": "application/json"}).set_content_disposition(
        "form-data", name="message"
    )
    part = writer.append(content, {"Content-Type": "application/pdf", "Content-Digest": f"sha-256=:{said}:"})
    part.set_content_disposition("form-data", name="part-1", filename="surat.pdf")
    return writer


async def test_the_letters_office_files_a_letter_and_registers_it_once(
    session: aiohttp.ClientSession, stand_in: Callable[..., Awaitable[str]], key_file: Path
) -> None:
    sent: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        sent.append({"key": request.headers["Idempotency-Key"], **await request.json()})
        if len(sent) == 1:
            return web.json_response({"code": "nothing_to_acknowledge"}, status=422)
        return web.json_response({}, status=202)

    url = await stand_in(answer)
    office = LettersOffice(
        "127.0.0.1", 0, "/letters", Caller(session, url, "dinas-kominfo/persuratan", key_file), after=0, run="ab"
    )
    await office.start()
    content = pdf(["Isi surat"])
    for _ in range(2):
        headers = {"Idempotency-Key": "m1.1"}
        async with session.post(f"http://127.0.0.1:{office.port}/letters", data=_letter(content), headers=headers) as r:
            assert r.status == 200
    await asyncio.wait_for(office.settled(), 20)
    assert office.files == {"005/1": content}
    assert (office.books.repeats, len(office.registered)) == (1, 1)
    assert sent[1]["document"]["registrationNumber"] == office.registered[0].number == "001/REG/AB"
    assert parse_json("acknowledgement/1", sent[1]["document"]).TYPE == "acknowledgement/1"
    assert sent[1]["envelope"]["recipients"] == ["kota-bandung/kelurahan-cihapit"]
    await office.stop()


async def test_letters_that_wait_together_get_numbers_of_their_own(
    session: aiohttp.ClientSession, stand_in: Callable[..., Awaitable[str]], key_file: Path
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({}, status=202)

    caller = Caller(session, await stand_in(answer), "dinas-kominfo/persuratan", key_file)
    office = LettersOffice("127.0.0.1", 0, "/letters", caller, after=0.05, run="ab")
    await office.start()
    for number in ("1", "2"):
        headers = {"Idempotency-Key": f"m{number}.1"}
        form = _letter(pdf([number]), letter=f"005/{number}")
        async with session.post(f"http://127.0.0.1:{office.port}/letters", data=form, headers=headers) as reply:
            assert reply.status == 200
    await asyncio.wait_for(office.settled(), 20)
    assert sorted(entry.number for entry in office.registered) == ["001/REG/AB", "002/REG/AB"]
    await office.stop()


async def test_the_letters_office_refuses_other_bytes(session: aiohttp.ClientSession, key_file: Path) -> None:
    office = LettersOffice("127.0.0.1", 0, "/letters", Caller(session, "http://x", "a/b", key_file), after=9, run="ab")
    await office.start()
    wrong = base64.b64encode(b"\0" * 32).decode()
    headers = {"Idempotency-Key": "m1.1"}
    async with session.post(
        f"http://127.0.0.1:{office.port}/letters", data=_letter(b"x", wrong), headers=headers
    ) as reply:
        assert reply.status == 422
    assert office.books.entries == {}
    await office.stop()


def _call(number: str, delivery: str, parts: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        '<ReferralDeliver xmlns="urn:lintas:service:referral.deliver"><envelope><messageId>m1</messageId>'
        f"<idempotencyKey>{delivery}</idempotencyKey></envelope>"
        f'<document><referralNumber xmlns="urn:lintas:schema:referral:1">{number}</referralNumber></document>'
        f"{parts}</ReferralDeliver></s:Body></s:Envelope>"
    ).encode()


async def test_the_hospital_takes_inline_attachments_and_fetches_the_others(
    session: aiohttp.ClientSession, stand_in: Callable[..., Awaitable[str]], key_file: Path
) -> None:
    large = b"large" * 100_000
    shown: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        shown.append(request.headers["Authorization"])
        return web.Response(body=large)

    url = await stand_in(answer)
    hospital = ReferralHospital("127.0.0.1", 0, "/soap", Caller(session, url, "rs-rujukan/soap", key_file))
    await hospital.start()
    here = f"http://127.0.0.1:{hospital.port}/soap"
    small = b"small"
    parts = (
        f"<part><name>a.pdf</name><mediaType>application/pdf</mediaType><size>5</size>"
        f"<sha256>{hashlib.sha256(small).hexdigest()}</sha256>"
        f"<content>{base64.b64encode(small).decode()}</content></part>"
        f"<part><name>b.tif</name><mediaType>image/tiff</mediaType><size>{len(large)}</size>"
        f"<sha256>{hashlib.sha256(large).hexdigest()}</sha256><href>{url}/parts/2</href></part>"
    )
    for _ in range(2):
        async with session.post(here, data=_call("R1", "m1.1", parts)) as reply:
            assert reply.status == 200
            assert b"<state>accepted</state>" in await reply.read()
    referral = hospital.referrals["R1"]
    await asyncio.wait_for(hospital.settled(), 20)
    assert referral.whole
    assert [one.name for one in referral.attachments] == ["a.pdf", "b.tif"]
    assert shown == [f"Bearer {KEY}"]
    assert hospital.books.repeats == 1
    for body in (b"<no", b"<x/>", _call("R2", "m1.1", ""), _call("R3", "m3.1", parts.replace("c21hbGw=", "AAAA"))):
        async with session.post(here, data=body) as reply:
            assert reply.status == 500
            assert b"s:Client" in await reply.read()
    assert list(hospital.referrals) == ["R1"]
    await hospital.stop()


async def test_the_social_office_takes_its_inbox_and_says_so(
    session: aiohttp.ClientSession, stand_in: Callable[..., Awaitable[str]], key_file: Path
) -> None:
    content, acks = pdf(["x"]), list[str]()
    digest = hashlib.sha256(content).hexdigest()

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/ack"):
            acks.append(request.path)
            return web.json_response({"state": "delivered"})
        if "parts" in request.path:
            return web.Response(body=content if "m1" in request.path else b"other")
        made = [
            {
                "envelope": {"deliveryId": f"{message}.1", "messageId": message},
                "document": {"letterNumber": message, "mainFile": {"sha256": digest}},
                "parts": [{"href": f"/api/v1/messages/{message}/parts/1", "sha256": digest}],
            }
            for message in ("m1", "m2")
        ]
        return web.json_response({"deliveries": made})

    office = SocialOffice(Caller(session, await stand_in(answer), "kota-bandung/dinas-sosial", key_file))
    assert await office.look() == 1
    assert acks == ["/api/v1/inbox/m1.1/ack"]
    assert office.files["m1"] == content
    assert office.books.matters() == ["m1"]


async def test_the_health_centre_reads_answers_and_faults(
    session: aiohttp.ClientSession, stand_in: Callable[..., Awaitable[str]], key_file: Path
) -> None:
    replies = [
        (200, "<CoverageLookupResponse xmlns='urn:lintas:service:coverage.lookup'><messageId>m1</messageId>"
              "<document xmlns:c='urn:lintas:schema:coverage:1'><c:noKartu>0001</c:noKartu><c:status>active</c:status>"
              "<c:careClass><c:code>1</c:code></c:careClass></document></CoverageLookupResponse>"),
        (500, "<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring><detail>"
              "<Error xmlns='urn:lintas:fault:1'><code>recipient_refused</code><messageId>m2</messageId></Error>"
              "</detail></s:Fault>"),
        (200, "<x/>"),
    ]  # fmt: skip
    got: list[web.Request] = []
    bodies: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        status, inside = replies[len(got)]
        got.append(request)
        bodies.append(await request.read())
        text = f"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>{inside}</s:Body></s:Envelope>"
        return web.Response(text=text, status=status, content_type="text/xml")

    centre = HealthCentre(Caller(session, await stand_in(answer), "kota-bandung/simpus", key_file))
    good = await centre.lookup("0001", "2026-01-05", key="k1")
    assert (good.fields, good.message) == ({"noKartu": "0001", "status": "active"}, "m1")
    assert (await centre.lookup("0002", "2026-01-05", key="k2")).fault == "recipient_refused"
    assert (await centre.lookup("0002", "2026-01-05", key="k2")).fault == "no_answer"
    assert got[0].headers["SOAPAction"] == '"urn:lintas:service:coverage.lookup/CoverageLookup"'
    assert base64.b64decode(got[0].headers["Authorization"].split()[1]) == f"simpus:{KEY}".encode()
    assert b"<idempotencyKey>k1</idempotencyKey>" in bodies[0]


async def test_the_hospital_that_sends_streams_its_scan(
    session: aiohttp.ClientSession, stand_in: Callable[..., Awaitable[str]], key_file: Path
) -> None:
    seen: list[tuple[str | None, str, int]] = []

    async def answer(request: web.Request) -> web.Response:
        async for part in await request.multipart():
            content = bytes(await part.read(decode=False))  # type: ignore[union-attr]
            seen.append((part.name, hashlib.sha256(content).hexdigest(), len(content)))  # type: ignore[union-attr]
        return web.json_response({}, status=202)

    person = people(Random(1), 1)[0]
    scan = Scan("x", width=2000, height=1000)
    hospital = Hospital(Caller(session, await stand_in(answer), "rsud-bandung/simrs", key_file), "2026-01-05")
    assert (await hospital.send_scan("R1", person, scan, "k")).status == 202
    assert [name for name, _, _ in seen] == ["message", "part-1"]
    assert seen[1][1:] == (scan.sha256, scan.size)


def test_referrals_fit_their_schema(key_file: Path) -> None:
    person = people(Random(1), 1)[0]
    hospital = Hospital(Caller(None, "http://x", "rsud-bandung/simrs", key_file), "2026-01-05")  # type: ignore[arg-type]
    submission = hospital.with_result("R1", person, "catatan", pdf(["hasil"]))
    assert parse_json("referral/1", submission["document"]).TYPE == "referral/1"
    assert submission["parts"][0]["sha256"] == submission["document"]["attachments"][0]["sha256"]
