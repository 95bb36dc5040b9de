"""What a route releases leaves, and nothing else: not by a document, not by an answer, not by a receipt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import the_log_is_whole
from tests.e2e.process import Place, until
from tests.e2e.recipients import Recipient, answers
from tests.e2e.scenes import rest

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
