"""A gateway that dies while it erases: what is begun is finished, once, and nothing of it can be read again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import rows, the_log_is_whole
from tests.e2e.process import Gateway, Place, until
from tests.e2e.scenes import letter, play, recipients, rest

pytestmark = pytest.mark.peers

Kill = tuple[str, int, str | None]
KILLS: Sequence[Kill] = [
    ("erase.after_key", 1, None),
    ("erase.after_parts", 1, None),
    ("journal.before_commit", 1, "erase.after_parts"),
    ("journal.after_commit", 1, "erase.after_parts"),
    ("erase.after_rows", 1, None),
]


class Sender:
    """Sends a letter, and waits until it is delivered or the gateway stands still."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def step(self, gateway: Gateway) -> None:
        status, told = await gateway.post(letter(f"E-{len(self.sent) + 1}"), "pengirim")
        assert status == 202, told
        self.sent.append(told["messageId"])
        await gateway.drained()


async def test_death_while_a_message_is_erased(tmp_path: Path) -> None:
    async with recipients() as found:
        systems: dict[str, Any] = {
            "pengirim": {"may_use": ["letter.deliver"]},
            "dinas": {"channel": rest(found["idem"].url, "idempotent")},
        }
        routes = [{"service": "letter.deliver", "to": ["uji/dinas"], "retention": "10ms"}]
        place = Place(tmp_path, systems, routes, {"times": {"sweep": 0.05}})
        sender = Sender()
        for at, nth, after in KILLS:
            async with place.running({"at": at, "nth": nth, "after": after}) as gateway:
                await play(gateway, sender)
        async with place.running() as gateway:
            await sender.step(gateway)
            await until(lambda: finished(place), "every message to be erased")
            status, told = await gateway.call("GET", f"/api/v1/messages/{sender.sent[0]}/parts/1", "pengirim")
            assert (status, told["code"]) == (410, "erased")
        events = the_log_is_whole(place.state)
    said = {
        name: sorted(one["message"] for one in events if one["event"] == name)
        for name in ("accepted", "delivered", "erased")
    }
    # One that was cut off before its answer may be accepted as well.
    assert set(sender.sent) <= set(said["accepted"])
    assert said["accepted"] == said["delivered"] == said["erased"]
    assert len(set(said["erased"])) == len(said["erased"]) >= len(KILLS)
    assert [path for path in (place.state / "parts").rglob("*") if path.is_file()] == []
    assert set(found["idem"].taken.values()) == {1}


def finished(place: Place) -> bool:
    return rows(place.state, "SELECT id FROM messages WHERE body IS NOT NULL OR sealed_key IS NOT NULL") == []
