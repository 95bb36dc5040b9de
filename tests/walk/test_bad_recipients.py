"""Recipients that answer nonsense, too much, too slowly or not at all: a named refusal, and the gateway stays well."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.e2e.evidence import the_log_is_whole
from tests.e2e.process import until
from tests.e2e.recipients import Recipient, answers, resets_after_acting, resets_before_acting
from tests.e2e.scenes import Scene, letter, question, recipients
from tests.walk.inside import inside


def says(body: bytes, status: int = 200, **headers: str) -> Any:
    async def behave(recipient: Recipient, request: web.Request) -> web.StreamResponse:
        await request.read()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers={"Content-Type": "application/json", **named})

    return behave


def raw(head: bytes) -> Any:
    """Bytes on the wire that no server library would send."""

    async def behave(recipient: Recipient, request: web.Request) -> web.StreamResponse:
        await request.read()
        assert request.transport is not None
        request.transport.write(head)
        request.transport.close()
        return web.Response()

    return behave


async def never(recipient: Recipient, request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def drips(recipient: Recipient, request: web.Request) -> web.StreamResponse:
    """A byte now and then, for ever."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    while True:
        await answer.write(b" ")
        await asyncio.sleep(0.05)


OTHER = b'{"document":{"noKartu":"1","status":"active","sql":"x"}}'
ANSWERS: dict[str, tuple[Any, int, str]] = {
    "not JSON": (says(b"<html>"), 502, "recipient_answer_invalid"),
    "nothing": (says(b""), 502, "recipient_answer_invalid"),
    "no content": (says(b"", 204), 502, "recipient_answer_invalid"),
    "NaN": (says(b'{"document":{"noKartu":NaN}}'), 502, "recipient_answer_invalid"),
    "twice": (says(b'{"document":{},"document":{}}'), 502, "recipient_answer_invalid"),
    "deep": (says(b"[" * 100_000), 502, "recipient_answer_invalid"),
    "another field": (says(OTHER), 502, "recipient_answer_invalid"),
    "another type": (says(b'{"schema":"letter/1","document":{}}'), 502, "recipient_answer_invalid"),
    "too much": (says(b" " * 9_000_000), 502, "recipient_answer_invalid"),
    "a bomb": (
        says(gzip.compress(b" " * 100_000_000, mtime=0), Content_Encoding="gzip"),
        502,
        "recipient_answer_invalid",
    ),
    "no gzip": (says(b"xx", Content_Encoding="gzip"), 502, "recipient_down"),
    "half": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), 502, "recipient_down"),
    "no HTTP": (raw(b"SSH-2.0-x\r\n\r\n"), 502, "recipient_down"),
    "large head": (raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"), 502, "recipient_down"),
    "reset": (resets_before_acting, 502, "recipient_down"),
    "never": (never, 504, "timed_out"),
    "drips": (drips, 504, "timed_out"),
    "redirect": (says(b"", 302, Location="http://127.0.0.1:9/"), 502, "operator_needed"),
    "401": (answers(401), 502, "operator_needed"),
    "404": (answers(404), 502, "recipient_refused"),
    "503": (answers(503), 502, "recipient_down"),
    "500": (answers(500), 502, "recipient_down"),
}


@pytest.fixture
async def found() -> AsyncIterator[dict[str, Recipient]]:
    async with recipients() as started:
        yield started


async def test_a_question_is_answered_or_refused_by_name(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("idem",), settings={"stages": {"ask": 0.7}})
    async with inside(scene.place) as gateway:
        for name, (behave, status, code) in ANSWERS.items():
            found["penjawab"].behaviours = [behave]
            headers = {"Idempotency-Key": f"kunci {name}".replace(" ", "-")}
            told = await gateway.call("POST", "/api/v1/queries", "pengirim", headers, json=question())
            assert (told[0], told[1]["code"]) == (status, code), (name, told)
            assert "127.0.0.1:9/" not in told[1]["detail"]
            # What failed is asked again, and answered now.
            again, _ = await gateway.call("POST", "/api/v1/queries", "pengirim", headers, json=question())
            assert again == 200, name
        await found["penjawab"].stop()
        status, told = await gateway.call("POST", "/api/v1/queries", "pengirim", json=question())
        assert (status, told["code"]) == (502, "recipient_down")
        await gateway.healthy()
    names = [event["event"] for event in the_log_is_whole(scene.place.state)]
    assert names.count("asked") == names.count("answered") == 2 * len(ANSWERS) + 1


async def test_odd_answers_to_a_delivery_are_judged_by_their_status(
    tmp_path: Path, found: dict[str, Recipient]
) -> None:
    """2xx has it, whatever it says; half an answer is unknown; a redirect is for an operator."""
    scene = Scene(tmp_path, found, to=("buta",), settings={"stages": {"deliver": 0.7}})
    expected = {
        "not JSON": "delivered",
        "no content": "delivered",
        "deep": "delivered",
        "twice": "delivered",
        "too much": "delivered",
        "a bomb": "delivered",
        "half": "held",
        "no HTTP": "held",
        "large head": "held",
        "never": "held",
        "drips": "held",
        "500": "held",
        "redirect": "quarantined",
        "401": "quarantined",
        "404": "quarantined",
    }
    async with inside(scene.place) as gateway:
        for name, state in expected.items():
            found["buta"].behaviours = [ANSWERS[name][0]]
            _, told = await gateway.post(letter("L-1"), "pengirim")
            path = f"/api/v1/messages/{told['messageId']}"

            async def ended(path: str = path) -> str | None:
                deliveries = (await gateway.told(path, "pengirim"))["deliveries"]
                return None if deliveries[0]["state"] in ("ready", "attempting") else deliveries[0]["state"]

            assert await until(ended, f"an outcome for {name}") == state, name
        assert len(found["buta"].calls) == len(expected)
        assert sum(found["buta"].taken.values()) == 0
        await gateway.healthy()
    the_log_is_whole(scene.place.state)


async def test_a_part_that_cannot_be_read_waits_for_an_operator(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("idem", "tanya", "buta"))
    found["idem"].always = found["tanya"].always = found["buta"].always = resets_after_acting
    async with inside(scene.place) as gateway:
        for one in found.values():
            await one.stop()
        status, _ = await gateway.post(letter("L-1", size=400_000), "pengirim")
        assert status == 202
        (folder,) = (scene.place.state / "parts").glob("??/*")
        (part,) = folder.iterdir()
        content = bytearray(part.read_bytes())
        content[-5] ^= 1
        part.write_bytes(content)
        for one in found.values():
            await one.start()
        items = await until(gateway.quarantine, "the deliveries to be in quarantine")
        await until(lambda: gateway.at_rest(), "the lanes to be empty")
        items = await gateway.quarantine()
        assert {(one["recipient"], one["reason"]) for one in items} == {
            (f"uji/{name}", "operator_needed") for name in ("idem", "tanya", "buta")
        }
        assert sum(found["idem"].taken.values()) == 0
        await gateway.healthy()
