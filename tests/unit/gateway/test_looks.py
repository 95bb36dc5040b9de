"""That a person looked is an event, and one who keeps looking does not fill the log."""

from __future__ import annotations

import pytest

import gateway.looks as module
from gateway.identity import Person
from gateway.looks import EVERY, Looks
from tests.unit.gateway.bench import Bench

ANI, BUDI = Person("ani", frozenset({"operator"})), Person("budi", frozenset({"auditor"}))


async def test_each_person_and_each_message_is_an_event_of_its_own(bench: Bench) -> None:
    now = [0.0]
    looks = Looks(bench.journal, bench.events, lambda: now[0])
    for _ in range(3):
        await looks.looked(ANI)
        await looks.looked(ANI, "m-1")
        await looks.looked(BUDI, "m-1")
    told = [(one["actor"], one["message"]) for one in await bench.told() if one["event"] == "read"]
    assert told == [("person:ani", None), ("person:ani", "m-1"), ("person:budi", "m-1")]
    now[0] = EVERY
    await looks.looked(ANI, "m-1")
    assert len([one for one in await bench.told() if one["event"] == "read"]) == 4


async def test_what_is_remembered_is_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    looks = Looks(bench.journal, bench.events, lambda: 0.0)
    for message in ("a", "b", "c", "a"):
        await looks.looked(ANI, message)
    assert [one["message"] for one in await bench.told()] == ["a", "b", "c", "a"]
