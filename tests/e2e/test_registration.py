"""Delivered is not registered: the recipient says so later, or never, and the sender's folder hears of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.e2e.evidence import receipts_verify, the_log_is_whole
from tests.e2e.process import Gateway, Place, until
from tests.e2e.recipients import Recipient, resets_after_acting
from tests.e2e.scenes import LOST, letter, rest

ACKNOWLEDGE = "acknowledgement.deliver"


@pytest.fixture
async def recipient() -> AsyncIterator[Recipient]:
    one = Recipient(idempotent=True)
    await one.start()
    yield one
    await one.stop()


def place_of(root: Path, recipient: Recipient, within: str = "1h", kind: str = "idempotent") -> Place:
    systems = {
        "pengirim": {
            "may_use": ["letter.deliver"],
            "receipts": {"adapter": "filedrop", "config": {"outbox": "drop/bukti"}},
        },
        "dinas": {"may_use": [ACKNOWLEDGE], "channel": rest(recipient.url, kind)},
        "tarik": {"may_use": [ACKNOWLEDGE], "channel": {"pull": True}},
        "lain": {"may_use": [ACKNOWLEDGE]},
    }
    routes: list[dict[str, Any]] = [
        {
            "service": "letter.deliver",
            "to": ["uji/dinas", "uji/tarik"],
            "recipients": "named",
            "registration": {"within": within},
        },
        {"service": ACKNOWLEDGE, "to": ["uji/pengirim"], "recipients": "named"},
    ]
    return Place(root, systems, routes)


async def delivered(gateway: Gateway, number: str) -> str:
    """The id of a letter that dinas has and has not registered."""
    submission = letter(number)
    submission["envelope"]["recipients"] = ["uji/dinas"]
    status, told = await gateway.post(submission, "pengirim", key=number)
    assert status == 202, told
    message = str(told["messageId"])
    await until(lambda: is_in(gateway, message, "awaiting_registration"), "the delivery")
    return message


async def is_in(gateway: Gateway, message: str, wanted: str) -> bool:
    told = await gateway.told(f"/api/v1/messages/{message}", "pengirim")
    return bool(told["deliveries"][0]["state"] == wanted)


def acknowledgement(message: str, status: str = "registered", **more: Any) -> dict[str, Any]:
    document = {"relatedToMessageId": message, "status": status, "at": "2026-11-23T08:15:00Z", **more}
    if status == "registered":
        document.setdefault("registrationNumber", f"AGD-{message[-4:]}")
    envelope = {"service": ACKNOWLEDGE, "schema": "acknowledgement/1", "recipients": ["uji/pengirim"]}
    return {"envelope": envelope, "document": document}


def returned(place: Place, message: str) -> dict[str, dict[str, Any]]:
    """The receipts in the sender's folder, by kind."""
    found = [json.loads(path.read_bytes()) for path in (place.state / "drop" / "bukti").glob("*.receipt.json")]
    return {one["kind"]: one for one in found if one["messageId"] == message}


async def test_a_registration_comes_back_as_a_receipt(tmp_path: Path, recipient: Recipient) -> None:
    place = place_of(tmp_path, recipient)
    async with place.running() as gateway:
        message = await delivered(gateway, "R-1")
        wrong = [
            ("lain", acknowledgement(message)),
            ("tarik", acknowledgement(message)),
            ("dinas", acknowledgement(message.replace(message[:8], "00000000"))),
            ("dinas", acknowledgement(message, deliveryId=f"{message}.2")),
            ("dinas", acknowledgement(message, "accepted")),
        ]
        for who, submission in wrong:
            status, told = await gateway.post(submission, who)
            assert (status, told["code"]) == (422, "nothing_to_acknowledge"), (who, told)
        assert await is_in(gateway, message, "awaiting_registration")
        submission = acknowledgement(message, deliveryId=f"{message}.1", registrationNumber="AGD-7/2026")
        status, told = await gateway.post(submission, "dinas", key="satu")
        assert status == 202, told
        again, repeat = await gateway.post(submission, "dinas", key="satu")
        assert (again, repeat["receipts"]) == (200, told["receipts"])
        assert await is_in(gateway, message, "registered")
        status, told = await gateway.post(acknowledgement(message), "dinas", key="dua")
        assert (status, told["code"]) == (422, "nothing_to_acknowledge")
        await gateway.drained()
        receipts = await receipts_verify(gateway, message, "pengirim")
        assert {kind for kind, _ in receipts} == {"accepted", "delivered", "registered"}
        back = returned(place, message)
        assert set(back) == {"delivered", "registered"}
        assert back["registered"]["registrationNumber"] == "AGD-7/2026"
        assert back["registered"]["receipt"] == receipts["registered", f"{message}.1"]
    events = [event["event"] for event in the_log_is_whole(place.state)]
    assert events.count("registered") == 1


@pytest.mark.parametrize("answers", [True, False])
async def test_a_recipient_may_register_before_it_answers(tmp_path: Path, recipient: Recipient, answers: bool) -> None:
    """Whether its answer comes after all or never: it has it, and nobody has to decide anything."""
    acknowledged: list[tuple[int, Any]] = []

    async def registers_first(one: Recipient, request: web.Request) -> web.StreamResponse | None:
        message = request.headers["Idempotency-Key"].partition(".")[0]
        body = acknowledgement(message, registrationNumber="AGD-1")
        acknowledged.append(await gateway.post(body, "dinas"))
        if answers:
            return None
        return await resets_after_acting(one, request)

    recipient.always = registers_first
    place = place_of(tmp_path, recipient, kind="neither")
    async with place.running() as gateway:
        submission = to_dinas("R-1")
        status, told = await gateway.post(submission, "pengirim")
        assert status == 202, told
        message = told["messageId"]
        await until(lambda: is_in(gateway, message, "registered"), "the registration")
        await gateway.drained()
        assert [one[0] for one in acknowledged] == [202]
        assert len(recipient.calls) == 1
        assert await gateway.quarantine() == []
        receipts = await receipts_verify(gateway, message, "pengirim")
        assert {kind for kind, _ in receipts} == {"accepted", "delivered", "registered"}
        assert set(returned(place, message)) == {"delivered", "registered"}
    the_log_is_whole(place.state)


async def test_what_is_held_is_closed_by_whoever_has_it(tmp_path: Path, recipient: Recipient) -> None:
    recipient.always = resets_after_acting
    place = place_of(tmp_path, recipient, kind="neither")
    async with place.running() as gateway:
        status, told = await gateway.post(to_dinas("R-1"), "pengirim")
        assert status == 202, told
        message = told["messageId"]
        await until(gateway.quarantine, "it to be held")
        for _ in range(2):
            status, told = await gateway.post(acknowledgement(message), "dinas", key="satu")
            assert status in (200, 202), told
        assert await is_in(gateway, message, "registered")
        assert await gateway.quarantine() == []
        receipts = await receipts_verify(gateway, message, "pengirim")
        assert {kind for kind, _ in receipts} == {"accepted", "delivered", "registered"}
        await gateway.drained()
        assert set(returned(place, message)) == {"delivered", "registered"}
    the_log_is_whole(place.state)


def to_dinas(number: str) -> dict[str, Any]:
    submission = letter(number)
    submission["envelope"]["recipients"] = ["uji/dinas"]
    return submission


async def test_a_refused_registration_comes_back_too(tmp_path: Path, recipient: Recipient) -> None:
    place = place_of(tmp_path, recipient)
    async with place.running() as gateway:
        message = await delivered(gateway, "R-1")
        status, told = await gateway.post(acknowledgement(message, "refused"), "dinas")
        assert status == 202, told
        assert await is_in(gateway, message, "refused")
        await gateway.drained()
        receipts = await receipts_verify(gateway, message, "pengirim")
        assert {kind for kind, _ in receipts} == {"accepted", "delivered", "refused"}
        assert set(returned(place, message)) == {"delivered", "refused"}


async def test_an_overdue_registration_may_still_come(tmp_path: Path, recipient: Recipient) -> None:
    place = place_of(tmp_path, recipient, within="1s")
    async with place.running() as gateway:
        message = await delivered(gateway, "R-1")
        await until(lambda: is_in(gateway, message, "overdue"), "the registration to be overdue")
        assert [one["event"]["reason"] for one in await gateway.events(event="overdue")] == ["timed_out"]
        status, told = await gateway.post(acknowledgement(message), "dinas")
        assert status == 202, told
        assert await is_in(gateway, message, "registered")
        await receipts_verify(gateway, message, "pengirim")


async def test_a_number_at_once_is_a_registration(tmp_path: Path, recipient: Recipient) -> None:
    async def registers(one: Recipient, request: web.Request) -> web.StreamResponse:
        await one.act(request)
        return web.json_response({"registrationNumber": "AGD-9"})

    recipient.always = registers
    place = place_of(tmp_path, recipient)
    async with place.running() as gateway:
        submission = letter("R-1")
        submission["envelope"]["recipients"] = ["uji/dinas", "uji/tarik"]
        _, told = await gateway.post(submission, "pengirim")
        message = told["messageId"]
        await until(lambda: is_in(gateway, message, "registered"), "the registration")
        (waiting,) = (await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]
        path = f"/api/v1/inbox/{waiting['envelope']['deliveryId']}/ack"
        body = {"outcome": "delivered", "registrationNumber": "T-1"}
        for _ in range(2):
            status, told = await gateway.call("POST", path, "tarik", json=body)
            assert (status, told["state"]) == (200, "registered")
        status, told = await gateway.call("POST", path, "dinas", json=body)
        assert status == 404
        receipts = await receipts_verify(gateway, message, "pengirim")
        assert sorted(kind for kind, _ in receipts) == [
            "accepted",
            "delivered",
            "delivered",
            "registered",
            "registered",
        ]


async def test_a_death_while_registering_registers_once(tmp_path: Path, recipient: Recipient) -> None:
    place = place_of(tmp_path, recipient)
    for number, barrier in enumerate(("walk.after_verify", "walk.before_settle")):
        stop = {"at": barrier, "nth": 1, "after": None}
        async with place.running() as gateway:
            message = await delivered(gateway, f"R-{number}")
            await gateway.drained()
        async with place.running(stop) as gateway:
            with pytest.raises(LOST):
                await died(gateway, acknowledgement(message))
        async with place.running() as gateway:
            status, _ = await gateway.post(acknowledgement(message), "dinas", key=message)
            assert status == (202 if barrier == "walk.after_verify" else 200)
            assert await is_in(gateway, message, "registered")
            await gateway.drained()
            assert set(returned(place, message)) == {"delivered", "registered"}
            await receipts_verify(gateway, message, "pengirim")
    events = [event["event"] for event in the_log_is_whole(place.state)]
    assert events.count("registered") == 2


async def died(gateway: Gateway, submission: dict[str, Any]) -> None:
    """Posts, and kills the process that stands still over it; what the caller sees is an error."""
    call = asyncio.create_task(gateway.post(submission, "dinas", key=submission["document"]["relatedToMessageId"]))
    await asyncio.wait_for(asyncio.shield(gateway.hit), 20)
    await gateway.kill()
    await call
