"""A commit that takes too long: the caller is told to come back, and what is recorded then is whole."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from tests.e2e.evidence import parts_are_of_messages
from tests.e2e.process import Place, until
from tests.e2e.scenes import letter
from tests.walk.inside import Door, inside, pulling

ROUTES = [{"service": "letter.deliver", "to": ["uji/tarik"]}]


async def test_while_a_commit_hangs_nothing_new_is_taken_and_nobody_waits(tmp_path: Path) -> None:
    place = Place(tmp_path, pulling(), ROUTES, {"stages": {"record": 0.2}})
    door = Door("journal.before_commit")
    async with inside(place, door) as gateway:
        door.shut()
        first = asyncio.create_task(gateway.post(letter("L-1"), "pengirim", key="satu"))
        await until(door.reached.is_set, "the commit to begin")

        await until(lambda: gateway.node.journal.health().seconds_in_flight > 0.2, "the commit to be slow")
        status, told = await gateway.post(letter("L-2"), "pengirim", key="dua")
        assert (status, told["code"]) == (503, "busy")
        door.open()
        status, told = await first
        assert (status, told["state"]) == (202, "accepted")
        waiting = (await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]
        assert [one["envelope"]["messageId"] for one in waiting] == [told["messageId"]]
        part = waiting[0]["parts"][0]
        async with gateway.http.get(part["href"], headers=place.auth("tarik")) as answer:
            assert hashlib.sha256(await answer.read()).hexdigest() == part["sha256"]
        assert [one["event"]["reason"] for one in await gateway.events(event="refused")] == ["busy"]
    parts_are_of_messages(place.state)


async def test_a_caller_who_hangs_up_leaves_a_whole_message_or_none(tmp_path: Path) -> None:
    place = Place(tmp_path, pulling(), ROUTES)
    door = Door("journal.before_commit")
    async with inside(place, door) as gateway:
        door.shut()
        call = asyncio.create_task(gateway.post(letter("L-1"), "pengirim", key="satu"))
        await until(door.reached.is_set, "the commit to begin")
        call.cancel()
        await asyncio.wait({call})
        door.open()
        status, told = await gateway.post(letter("L-1"), "pengirim", key="satu")
        assert (status, told["state"]) == (200, "duplicate")
        waiting = (await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]
        assert len(waiting) == 1
        status, _ = await gateway.call("GET", f"/api/v1/messages/{told['messageId']}/receipts", "pengirim")
        assert status == 200
    parts_are_of_messages(place.state)
