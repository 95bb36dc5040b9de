"""What a route releases is handed out, once, and nothing else is: by a document, an answer, an inbox or a receipt."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from aiohttp import web

from tests.e2e.evidence import the_log_is_whole
from tests.e2e.process import Place, until
from tests.e2e.recipients import Recipient, answers
from tests.e2e.scenes import question, rest
from tests.e2e.test_soap_kills import ENVELOPE, QUESTION

NIK, CARD = "3273014107900001", "0001234567890"
RELEASED = ["fullName", "birthDate", "sex", "noKartu"]


@pytest.fixture
async def recipient() -> AsyncIterator[Recipient]:
    one = Recipient(idempotent=True)
    await one.start()
    yield one
    await one.stop()


def place_of(root: Path, recipient: Recipient, **route: Any) -> Place:
    systems = {
        "pengirim": {"may_use": ["person.deliver"]},
        "dinas": {"channel": rest(recipient.url, "idempotent")},
        "tarik": {"channel": {"pull": True}},
    }
    return Place(root, systems, [person_route(**route)])


def person_route(**more: Any) -> dict[str, Any]:
    return {"service": "person.deliver", "to": ["uji/dinas", "uji/tarik"], "purpose": "Uji", **more}


def person(**more: Any) -> dict[str, Any]:
    document = {"fullName": "SITI CONTOH", "birthDate": "1990-07-01", "sex": "female", **more}
    return {"envelope": {"service": "person.deliver", "schema": "person/1"}, "document": document}


async def test_what_a_route_cannot_release_is_refused_and_stops_nothing(tmp_path: Path, recipient: Recipient) -> None:
    """A document from before the list was narrowed waits for an operator; its neighbours and the process go on."""
    place = place_of(tmp_path, recipient)
    recipient.always = answers(503)
    messages = []
    async with place.running() as gateway:
        for submission in (person(nik=NIK), person(nik=NIK, noKartu=CARD)):
            status, told = await gateway.post(submission, "pengirim")
            assert status == 202, told
            messages.append(told["messageId"])
        await until(lambda: len(recipient.calls) > 1, "both to be tried")
    recipient.always = None
    place.write("routes.yaml", {"routes": [person_route(release=RELEASED)]})
    stuck, good = messages
    async with place.running() as gateway:
        await gateway.drained("uji/tarik#inbox")
        (waiting,) = (await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]
        assert waiting["document"] == person(noKartu=CARD)["document"]
        items = await gateway.quarantine()
        assert {one["deliveryId"] for one in items} == {f"{stuck}.1", f"{stuck}.2"}
        assert {one["reason"] for one in items} == {"operator_needed"}
        assert recipient.documents == {f"{good}.1": person(noKartu=CARD)["document"]}
        status, told = await gateway.post(person(nik=NIK), "pengirim")
        assert (status, told["code"], told["stage"]) == (422, "not_releasable", "route")
        for item in items:
            await gateway.decide(item, "close")
        told = await gateway.told(f"/api/v1/messages/{stuck}/receipts", "pengirim")
        assert [one["kind"] for one in told["receipts"]] == ["accepted", "refused", "refused"]
        await gateway.healthy()
    assert NIK not in place.log()
    the_log_is_whole(place.state)


async def test_of_an_answer_leaves_what_its_route_releases(tmp_path: Path, recipient: Recipient) -> None:
    async def knows_more(one: Recipient, request: web.Request) -> web.StreamResponse:
        one.documents["question"] = (await request.json())["document"]
        document = {"noKartu": CARD, "status": "active", "nik": NIK, "fullName": "SITI RAHASIA"}
        return web.json_response({"schema": "coverage/1", "document": document})

    recipient.always = knows_more
    systems = {
        "penanya": {"may_use": ["coverage.lookup"]},
        "penjawab": {"channel": rest(recipient.url, "idempotent", path="/ask")},
    }
    route = {"service": "coverage.lookup", "to": ["uji/penjawab"], "release": ["noKartu", "status"]}
    place = Place(tmp_path, systems, [route])
    async with place.running() as gateway:
        status, told = await gateway.call("POST", "/api/v1/queries", "penanya", json=question(CARD))
        assert (status, told["document"]) == (200, {"noKartu": CARD, "status": "active"})
        assert recipient.documents["question"] == question(CARD)["document"]
        soap = ENVELOPE.format(id="urn:uuid:6f1f2c5e-0000-4000-8000-000000000001", body=QUESTION)
        headers = {**place.auth("penanya"), "Content-Type": "text/xml; charset=utf-8"}
        async with gateway.http.post(gateway.url + "/soap/coverage.lookup", data=soap, headers=headers) as answer:
            body = await answer.text()
        assert (answer.status, CARD in body) == (200, True), body
        assert "RAHASIA" not in body + str(told)
        assert NIK not in body + str(told)


async def test_no_receipt_of_a_recipient_tells_of_what_was_withheld(tmp_path: Path, recipient: Recipient) -> None:
    """As the README says how to check a receipt; and with it a number that was withheld cannot be tried out."""
    place = place_of(tmp_path, recipient, to=["uji/tarik"], release=RELEASED)
    submission = person(nik=NIK, noKartu=CARD)
    async with place.running() as gateway:
        status, told = await gateway.post(submission, "pengirim")
        assert status == 202, told
        message = told["messageId"]
        (waiting,) = (await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]
        path = f"/api/v1/inbox/{waiting['envelope']['deliveryId']}/ack"
        status, told = await gateway.call("POST", path, "tarik", json={"outcome": "delivered"})
        assert status == 200, told
        seen = await gateway.told(f"/api/v1/messages/{message}/receipts", "tarik")
        (delivered,) = map(manifest, seen["receipts"])
        assert (delivered["kind"], delivered["commit"]) == ("delivered", committed(delivered, waiting["document"]))
        assert delivered["commit"] != committed(delivered, submission["document"])
        accepted, again = map(
            manifest, (await gateway.told(f"/api/v1/messages/{message}/receipts", "pengirim"))["receipts"]
        )
        assert again == delivered
        assert accepted["commit"] == committed(accepted, submission["document"])
        assert accepted["commit"] != committed(delivered, submission["document"])


def manifest(receipt: dict[str, Any]) -> dict[str, Any]:
    payload = receipt["jws"].split(".")[1]
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return value


def committed(receipt: dict[str, Any], document: dict[str, Any]) -> str:
    return hashlib.sha256(base64.b64decode(receipt["salt"]) + rfc8785.dumps(document)).hexdigest()


async def test_looks_into_an_inbox_at_once_are_one_hand_out(tmp_path: Path, recipient: Recipient) -> None:
    place = place_of(tmp_path, recipient, to=["uji/tarik"])
    async with place.running() as gateway:
        messages = []
        for number in range(3):
            status, told = await gateway.post(person(noKartu=f"000123456789{number}"), "pengirim")
            assert status == 202, told
            messages.append(told["messageId"])
        looks = await asyncio.gather(*(gateway.told("/api/v1/inbox", "tarik") for _ in range(12)))
        assert {len(one["deliveries"]) for one in looks} == {3}
        for message in messages:
            told = await gateway.told(f"/api/v1/messages/{message}", "pengirim")
            assert [one["event"]["event"] for one in told["timeline"]] == ["accepted", "attempt_started"]
