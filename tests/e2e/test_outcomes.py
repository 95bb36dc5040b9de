"""Every way an attempt can end, at recipients of every kind: taken, later, never, unknown, and nobody there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gateway.http import examples
from tests.e2e.evidence import receipts_verify, the_log_is_whole
from tests.e2e.process import Gateway, Place, until
from tests.e2e.recipients import (
    Recipient,
    acts_and_fails,
    answers,
    resets_after_acting,
    resets_before_acting,
)
from tests.e2e.scenes import Scene, letter, once, recipients, rest

KINDS = ("idem", "tanya", "buta")


@pytest.fixture
async def found() -> AsyncIterator[dict[str, Recipient]]:
    async with recipients() as started:
        yield started


async def sent(gateway: Gateway, number: str, **envelope: Any) -> str:
    """The id of an accepted letter."""
    submission = letter(number)
    submission["envelope"] |= envelope
    status, told = await gateway.post(submission, "pengirim")
    assert status == 202, told
    return str(told["messageId"])


async def state(gateway: Gateway, message: str, number: int = 1) -> dict[str, Any]:
    told = await gateway.told(f"/api/v1/messages/{message}", "pengirim")
    found: dict[str, Any] = next(one for one in told["deliveries"] if one["deliveryId"] == f"{message}.{number}")
    return found


async def ended(gateway: Gateway, message: str, wanted: str) -> dict[str, Any]:
    async def reached() -> bool:
        return bool((await state(gateway, message))["state"] == wanted)

    await until(reached, f"a delivery to be {wanted}")
    return await state(gateway, message)


@pytest.mark.parametrize("break_off", [resets_after_acting, acts_and_fails, resets_before_acting])
@pytest.mark.parametrize("policy", ["hold", "resend"])
async def test_an_unknown_outcome_is_never_taken_for_a_failure(
    tmp_path: Path, found: dict[str, Recipient], break_off: Any, policy: str
) -> None:
    acted = break_off is not resets_before_acting
    systems = {name: {"channel": channel} for name, channel in channels(found).items()}
    services = {"idem": "letter.deliver", "tanya": "referral.deliver", "buta": "person.deliver"}
    routes = [{"service": service, "to": [f"uji/{name}"], "on_ambiguous": policy} for name, service in services.items()]
    place = Place(tmp_path, {"pengirim": {"may_use": list(services.values())}, **systems}, routes)
    async with place.running() as gateway:
        messages = {}
        for name, service in services.items():
            found[name].behaviours = [break_off]
            submission = examples.submission(service, service.removesuffix(".deliver") + "/1")
            status, told = await gateway.post(submission, "pengirim")
            assert status == 202, told
            messages[name] = told["messageId"]
        for name in ("idem", "tanya"):
            done = await ended(gateway, messages[name], "delivered")
            assert done["attempts"] == 2
        assert list(found["idem"].taken.values()) == [1]
        assert list(found["tanya"].taken.values()) == [1]
        assert found["tanya"].asked == [f"{messages['tanya']}.1"]
        assert len(found["tanya"].calls) == (1 if acted else 2)
        if policy == "resend":
            await ended(gateway, messages["buta"], "delivered")
            assert list(found["buta"].taken.values()) == [2 if acted else 1]
            return
        assert (await ended(gateway, messages["buta"], "held"))["reason"] == "recipient_unsure"
        assert found["buta"].calls == [f"{messages['buta']}.1"]
        (item,) = await gateway.quarantine()
        assert (item["deliveryId"], item["reason"]) == (f"{messages['buta']}.1", "recipient_unsure")
        await gateway.decide(item, "close" if acted else "replay")
        await ended(gateway, messages["buta"], "closed" if acted else "delivered")
        assert list(found["buta"].taken.values()) == [1]
        assert await gateway.quarantine() == []
        status, _ = await gateway.call("POST", f"/api/v1/quarantine/{item['id']}/replay", "operator")
        assert status == 404
        decided = await gateway.events(message=messages["buta"], event="closed" if acted else "replayed")
        assert [one["event"]["actor"] for one in decided] == ["person:operator"]


@pytest.mark.parametrize("trouble", [answers(401), answers(302)])
async def test_an_unknown_outcome_stays_unknown_through_quarantine(
    tmp_path: Path, found: dict[str, Recipient], trouble: Any
) -> None:
    scene = Scene(tmp_path, found, to=("tanya",))
    found["tanya"].behaviours = [resets_after_acting]
    found["tanya"].when_asked = [answers(500), answers(422), answers(503), trouble]
    async with scene.place.running() as gateway:
        message = await sent(gateway, "L-1")
        (item,) = await until(gateway.quarantine, "the delivery to be in quarantine")
        assert (await state(gateway, message))["state"] == "held"
        assert item["reason"] == "operator_needed"
        await gateway.decide(item, "replay")
        await ended(gateway, message, "delivered")
        assert len(found["tanya"].asked) == 5
        assert len(found["tanya"].calls) == 1
        assert list(found["tanya"].taken.values()) == [1]


def channels(found: Mapping[str, Recipient]) -> dict[str, Any]:
    tanya = found["tanya"].url
    return {
        "idem": rest(found["idem"].url, "idempotent"),
        "tanya": rest(tanya, "reconcilable", reconcile_url=f"{tanya}/state"),
        "buta": rest(found["buta"].url, "neither"),
    }


async def test_a_dead_recipient_delays_nobody_and_gets_all_of_it_later(
    tmp_path: Path, found: dict[str, Recipient]
) -> None:
    scene = Scene(tmp_path, found, to=KINDS)
    await found["idem"].stop()
    async with scene.place.running() as gateway:
        messages = [await sent(gateway, f"L-{number}") for number in range(6)]
        await until(lambda: len(found["buta"].taken) == len(found["tanya"].taken) == 6, "the others to have it all")
        assert not await gateway.at_rest()
        await gateway.drained("uji/idem")
        await found["idem"].start()
        await gateway.drained()
        assert set(found["idem"].taken.values()) == {1}
        assert sorted(found["idem"].taken) == sorted(f"{one}.1" for one in messages)
        assert await gateway.quarantine() == []


async def test_later_means_later_for_every_kind(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=KINDS, settings={"retry": {"cap": 3}})
    for name in KINDS:
        found[name].behaviours = [answers(503, Retry_After="1"), answers(429)]
    async with scene.place.running() as gateway:
        message = await sent(gateway, "L-1")
        await gateway.drained()
        for number, name in enumerate(KINDS, 1):
            assert (await state(gateway, message, number))["attempts"] == 3
            assert (len(found[name].calls), list(found[name].taken.values())) == (3, [1])
        assert found["tanya"].asked == []
        for number in range(1, 4):
            events = [one["event"] for one in await gateway.events(message=message)]
            times = [
                datetime.fromisoformat(one["time"])
                for one in events
                if one["delivery"] == f"{message}.{number}" and one["event"] in ("attempt_started", "attempt_failed")
            ]
            assert times[2] - times[1] >= timedelta(seconds=0.99), "Retry-After is kept"


async def test_a_refusal_is_for_good_and_signed(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=KINDS)
    for name in KINDS:
        found[name].always = answers(422)
    async with scene.place.running() as gateway:
        message = await sent(gateway, "L-1")
        await gateway.drained()
        for number in (1, 2, 3):
            done = await state(gateway, message, number)
            assert (done["state"], done["reason"], done["attempts"]) == ("refused", "recipient_refused", 1)
        receipts = await receipts_verify(gateway, message, "pengirim")
        assert {kind for kind, _ in receipts} == {"accepted", "refused"}
        assert len(receipts) == 4
        returned = list(scene.folder("bukti").glob("*.refused.receipt.json"))
        assert len(returned) == 3


async def test_giving_up_is_quarantine_and_replay_starts_anew(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("idem",), settings={"retry": {"attempts": 3}})
    await found["idem"].stop()
    async with scene.place.running() as gateway:
        message = await sent(gateway, "L-1")
        done = await ended(gateway, message, "quarantined")
        assert (done["attempts"], done["reason"]) == (3, "attempts_exhausted")
        await found["idem"].start()
        (item,) = await gateway.quarantine()
        await gateway.decide(item, "replay")
        await ended(gateway, message, "delivered")
    names = [event["event"] for event in the_log_is_whole(scene.place.state) if event["message"] == message]
    assert names == [
        "accepted",
        *["attempt_started", "attempt_failed"] * 2,
        "attempt_started",
        "quarantined",
        "replayed",
        "attempt_started",
        "delivered",
        # The receipt that goes back to its sender's folder.
        "attempt_started",
        "delivered",
    ]


async def test_what_has_expired_is_not_sent(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("idem",))
    await found["idem"].stop()
    async with scene.place.running() as gateway:
        soon = datetime.now(UTC) + timedelta(seconds=2)
        message = await sent(gateway, "L-1", expiresAt=soon.isoformat(timespec="milliseconds"))
        await ended(gateway, message, "expired")
        await found["idem"].start()
        await gateway.drained()
        assert found["idem"].calls == []
        receipts = await receipts_verify(gateway, message, "pengirim")
        assert {kind for kind, _ in receipts} == {"accepted", "refused"}
        late = letter("L-2")
        late["envelope"]["expiresAt"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        status, told = await gateway.post(late, "pengirim")
        assert (status, told["code"]) == (422, "expired")
        other = letter("L-3")
        other["envelope"]["instance"] = "production"
        status, told = await gateway.post(other, "pengirim")
        assert (status, told["code"]) == (422, "wrong_instance")


async def test_who_does_not_pick_up_in_time_gets_nothing(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("tarik",))
    async with scene.place.running() as gateway:
        soon = datetime.now(UTC) + timedelta(seconds=2)
        message = await sent(gateway, "L-1", expiresAt=soon.isoformat(timespec="milliseconds"))

        async def gone() -> bool:
            return not (await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]

        await until(gone, "the inbox to let go of it")
        await ended(gateway, message, "expired")
        path = f"/api/v1/inbox/{message}.1/ack"
        status, _ = await gateway.call("POST", path, "tarik", json={"outcome": "delivered"})
        assert status == 404
        receipts = await receipts_verify(gateway, message, "pengirim")
        assert {kind for kind, _ in receipts} == {"accepted", "refused"}


@pytest.mark.parametrize("kind", ["idem", "tanya"])
async def test_a_recipient_that_refuses_in_the_middle_of_the_body_gets_it_whole_later(
    tmp_path: Path, found: dict[str, Recipient], kind: str
) -> None:
    async def gives_up(recipient: Recipient, request: web.Request) -> web.StreamResponse:
        await request.content.readany()
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        request.transport.close()
        return web.Response()

    scene = Scene(tmp_path, found, to=(kind,), settings={"limits": {"body_bytes": 16 * 1024 * 1024}})
    found[kind].behaviours = [gives_up, gives_up]
    async with scene.place.running() as gateway:
        submission = letter("L-1", size=6_000_000)
        status, told = await gateway.post(submission, "pengirim")
        assert status == 202, told
        await ended(gateway, told["messageId"], "delivered")
        assert len(found[kind].calls) == 3
        assert list(once(found[kind])) == ["L-1"]


def person(nik: str, name: str) -> dict[str, Any]:
    document = {**examples.DOCUMENTS["person.deliver"], "nik": nik, "fullName": name}
    return {"envelope": {"service": "person.deliver", "schema": "person/1"}, "document": document}


async def test_an_ordering_key_blocks_itself_only(tmp_path: Path, found: dict[str, Recipient]) -> None:
    systems = {
        "pengirim": {"may_use": ["person.deliver"]},
        "idem": {"channel": rest(found["idem"].url, "idempotent")},
    }
    place = Place(tmp_path, systems, [{"service": "person.deliver", "to": ["uji/idem"], "order_by": ["nik"]}])
    siti, budi = "3273014107900001", "3273010107900002"
    found["idem"].behaviours = [answers(401)]
    arrived = found["idem"].documents
    async with place.running() as gateway:
        blocked: list[str] = []
        status, told = await gateway.post(person(siti, "SITI 1"), "pengirim")
        assert status == 202, told
        await until(gateway.quarantine, "the first of its key to be in quarantine")
        for name in ("SITI 2", "SITI 3"):
            status, told = await gateway.post(person(siti, name), "pengirim")
            blocked.append(told["messageId"])
        for number in range(4):
            await gateway.post(person(budi, f"BUDI {number}"), "pengirim")
        await gateway.drained()
        assert [one["fullName"] for one in arrived.values()] == [f"BUDI {number}" for number in range(4)]
        assert [(await state(gateway, one))["state"] for one in blocked] == ["ready", "ready"]
        (item,) = await gateway.quarantine()
        await gateway.decide(item, "skip")
        await until(lambda: len(arrived) == 6, "the others of the key to pass")
        assert [one["fullName"] for one in list(arrived.values())[4:]] == ["SITI 2", "SITI 3"]
        (item,) = await gateway.quarantine()
        await gateway.decide(item, "replay")
        await until(lambda: len(arrived) == 7, "the skipped one to come after all")
        await gateway.drained()
        skipped = await gateway.events(event="skipped")
        assert [one["event"]["actor"] for one in skipped] == ["person:operator"]
    the_log_is_whole(place.state)
