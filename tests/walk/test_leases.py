"""Leases and fences: whoever lost its lease changes nothing any more, whatever it comes back with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import nothing_is_held, receipts_verify, rows, the_log_is_whole
from tests.e2e.process import until
from tests.e2e.recipients import Recipient, answers, waits_for
from tests.e2e.scenes import Scene, letter, recipients
from tests.walk.inside import Inside, inside

HOUR_MS = 3_600_000


@pytest.fixture
async def found() -> AsyncIterator[dict[str, Recipient]]:
    async with recipients() as started:
        yield started


async def an_hour_passes(gateway: Inside) -> int:
    """For the reaper alone. Gives how many deliveries it moved."""
    reaper: Any = gateway.node.reaper
    now = reaper._now_ms
    reaper._now_ms = lambda: now() + HOUR_MS
    try:
        moved: int = await reaper.sweep()
        return moved
    finally:
        reaper._now_ms = now


async def deliveries(gateway: Inside, message: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await gateway.told(f"/api/v1/messages/{message}", "pengirim"))["deliveries"]
    return [one for one in found if one["kind"] == "document"]


async def test_an_attempt_that_outlives_its_lease_changes_nothing(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("idem",))
    release = asyncio.Event()
    found["idem"].behaviours = [waits_for(release)]
    async with inside(scene.place) as gateway:
        _, told = await gateway.post(letter("L-1"), "pengirim")
        message = told["messageId"]
        await until(lambda: found["idem"].calls, "the first attempt")
        assert await an_hour_passes(gateway) == 1
        await until(lambda: found["idem"].taken, "the second attempt")
        await gateway.drained()
        before = await receipts_verify(gateway, message, "pengirim")
        release.set()
        await until(lambda: not gateway.node.lanes._lanes["uji/idem"]._running, "the first attempt to come back")
        assert await receipts_verify(gateway, message, "pengirim") == before
        (one,) = await deliveries(gateway, message)
        assert (one["state"], one["attempts"]) == ("delivered", 2)
        assert list(found["idem"].taken.values()) == [1]
    names = [e["event"] for e in the_log_is_whole(scene.place.state) if e["delivery"] == f"{message}.1"]
    assert names == ["attempt_started", "attempt_failed", "attempt_started", "delivered"]
    nothing_is_held(scene.place.state)


@pytest.mark.parametrize("late", [200, 422, 500])
async def test_what_is_held_stays_held_whatever_comes_back_late(
    tmp_path: Path, found: dict[str, Recipient], late: int
) -> None:
    scene = Scene(tmp_path, found, to=("buta",))
    release = asyncio.Event()

    async def behave(recipient: Recipient, request: Any) -> Any:
        await release.wait()
        return await answers(late)(recipient, request)

    found["buta"].behaviours = [behave]
    async with inside(scene.place) as gateway:
        _, told = await gateway.post(letter("L-1"), "pengirim")
        await until(lambda: found["buta"].calls, "the first attempt")
        assert await an_hour_passes(gateway) == 1
        (one,) = await deliveries(gateway, told["messageId"])
        assert one["state"] == "held"
        release.set()
        await until(lambda: not gateway.node.lanes._lanes["uji/buta"]._running, "the attempt to come back")
        (one,) = await deliveries(gateway, told["messageId"])
        assert one["state"] == "held"
        (item,) = await gateway.quarantine()
        assert item["reason"] == "recipient_unsure"
        assert len(found["buta"].calls) == 1
    assert rows(scene.place.state, "SELECT count(*) FROM receipts WHERE kind <> 'accepted'") == [(0,)]


async def test_a_lease_that_lives_is_left_alone(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("buta",))
    release = asyncio.Event()
    found["buta"].behaviours = [waits_for(release)]
    async with inside(scene.place) as gateway:
        await gateway.post(letter("L-1"), "pengirim")
        await until(lambda: found["buta"].calls, "the first attempt")
        assert await gateway.node.reaper.sweep() == 0
        release.set()
        await gateway.drained()
        assert await gateway.quarantine() == []
    assert list(found["buta"].taken.values()) == [1]
