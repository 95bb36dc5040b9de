"""The same thing many times at once: one message, and one answer for everybody."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.e2e.evidence import parts_are_of_messages, rows, the_log_is_whole
from tests.e2e.process import Place
from tests.e2e.scenes import letter
from tests.walk.inside import inside, pulling

ROUTES: list[dict[str, Any]] = [{"service": "letter.deliver", "to": ["uji/tarik"], "registration": {"within": "1h"}}]
ACKNOWLEDGED = {"service": "acknowledgement.deliver", "to": ["uji/pengirim"], "recipients": "named"}


async def test_one_key_sent_at_once_is_one_message(tmp_path: Path) -> None:
    place = Place(tmp_path, pulling(), ROUTES)
    async with inside(place) as gateway:
        calls = [gateway.post(letter("L-1"), "pengirim", key="satu") for _ in range(24)]
        told = await asyncio.gather(*calls)
        assert sorted(status for status, _ in told) == [200] * 23 + [202]
        assert len({(one["messageId"], one["receipts"][0]["jws"]) for _, one in told}) == 1
        assert len((await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]) == 1
    assert rows(place.state, "SELECT count(*) FROM messages") == [(1,)]
    parts_are_of_messages(place.state)
    names = [event["event"] for event in the_log_is_whole(place.state)]
    assert (names.count("accepted"), names.count("duplicate_answered")) == (1, 23)


async def test_one_key_with_many_contents_is_one_message_and_conflicts(tmp_path: Path) -> None:
    place = Place(tmp_path, pulling(), ROUTES)
    async with inside(place) as gateway:
        calls = [gateway.post(letter(f"L-{number}"), "pengirim", key="satu") for number in range(12)]
        told = await asyncio.gather(*calls)
        assert sorted(status for status, _ in told) == [202] + [409] * 11
        assert {one["code"] for status, one in told if status == 409} == {"conflict"}
    assert rows(place.state, "SELECT count(*) FROM messages") == [(1,)]
    parts_are_of_messages(place.state)


async def test_without_a_key_every_call_is_a_message(tmp_path: Path) -> None:
    place = Place(tmp_path, pulling(), ROUTES)
    async with inside(place) as gateway:
        told = await asyncio.gather(*[gateway.post(letter("L-1"), "pengirim") for _ in range(5)])
        assert [status for status, _ in told] == [202] * 5
    assert rows(place.state, "SELECT count(*) FROM messages") == [(5,)]
    parts_are_of_messages(place.state)


async def test_one_acknowledgement_sent_at_once_registers_once(tmp_path: Path) -> None:
    systems = pulling(tarik={"channel": {"pull": True}, "may_use": ["acknowledgement.deliver"]})
    place = Place(tmp_path, systems, [*ROUTES, ACKNOWLEDGED])
    async with inside(place) as gateway:
        _, letter_told = await gateway.post(letter("L-1"), "pengirim")
        (waiting,) = (await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]
        path = f"/api/v1/inbox/{waiting['envelope']['deliveryId']}/ack"
        acks = await asyncio.gather(
            *[gateway.call("POST", path, "tarik", json={"outcome": "delivered"}) for _ in range(8)]
        )
        assert {(status, told["state"]) for status, told in acks} == {(200, "awaiting_registration")}
        document = {
            "relatedToMessageId": letter_told["messageId"],
            "status": "registered",
            "registrationNumber": "AGD-1",
            "at": "2026-11-23T08:15:00Z",
        }
        envelope = {
            "service": "acknowledgement.deliver", "schema": "acknowledgement/1", "recipients": ["uji/pengirim"]
        }  # fmt: skip
        submission = {"envelope": envelope, "document": document}
        told = await asyncio.gather(*[gateway.post(submission, "tarik", key="satu") for _ in range(8)])
        assert sorted(status for status, _ in told) == [200] * 7 + [202], told
        assert len({one["messageId"] for _, one in told}) == 1
    names = [event["event"] for event in the_log_is_whole(place.state)]
    assert (names.count("registered"), names.count("delivered")) == (1, 1)
