"""Told to stop: what is under way ends well, what does not end in time is found by the next start."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.evidence import nothing_is_held, the_log_is_whole
from tests.e2e.process import RUNNER, until
from tests.e2e.recipients import Recipient, waits_for
from tests.e2e.scenes import Scene, letter, question, recipients


@pytest.fixture
async def found() -> AsyncIterator[dict[str, Recipient]]:
    async with recipients() as started:
        yield started


async def test_what_is_under_way_is_finished(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("buta",))
    release = asyncio.Event()
    found["buta"].behaviours = [waits_for(release)]
    found["penjawab"].behaviours = [waits_for(release)]
    async with scene.place.running() as gateway:
        await gateway.post(letter("L-1"), "pengirim")
        asking = asyncio.create_task(gateway.call("POST", "/api/v1/queries", "pengirim", json=question()))
        await until(lambda: found["buta"].calls and found["penjawab"].calls, "both recipients to be called")
        gateway.process.terminate()

        async def closed() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
            except OSError:
                return True
            writer.close()
            return False

        await until(closed, "the door to be shut")
        release.set()
        status, told = await asking
        assert (status, told["document"]["status"]) == (200, "active")
        assert await asyncio.wait_for(gateway.process.wait(), 30) == 0
    events = [event["event"] for event in the_log_is_whole(scene.place.state)]
    assert events.count("delivered") >= 1
    assert events.count("answered") == 1
    assert events[-1] == "node_stopped"


async def test_what_does_not_end_is_ambiguous_at_the_next_start(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("buta", "idem"), settings={"stages": {"drain": 0.5}})
    never = asyncio.Event()
    found["buta"].behaviours = [waits_for(never)]
    found["idem"].behaviours = [waits_for(never)]
    async with scene.place.running() as gateway:
        await gateway.post(letter("L-1"), "pengirim")
        await until(lambda: found["buta"].calls and found["idem"].calls, "both recipients to be called")
    async with scene.place.running() as gateway:
        await gateway.drained()
        (item,) = await gateway.quarantine()
        assert (item["recipient"], item["reason"]) == ("uji/buta", "recipient_unsure")
        assert list(found["idem"].taken.values()) == [1]
        await gateway.decide(item, "replay")
        await gateway.drained()
        assert list(found["buta"].taken.values()) == [1]
    never.set()
    the_log_is_whole(scene.place.state)
    nothing_is_held(scene.place.state)


async def test_a_second_process_on_the_same_state_is_refused(tmp_path: Path, found: dict[str, Recipient]) -> None:
    scene = Scene(tmp_path, found, to=("buta",))
    async with scene.place.running() as gateway:
        second = await asyncio.create_subprocess_exec(
            sys.executable, RUNNER, scene.place.config, json.dumps(None), stdout=PIPE, stderr=PIPE,
            cwd=RUNNER.parents[2],
        )  # fmt: skip
        out, err = await asyncio.wait_for(second.communicate(), 30)
        assert second.returncode != 0
        assert out == b""
        assert b"StartRefused" in err
        await gateway.healthy()
        status, _ = await gateway.post(letter("L-1"), "pengirim")
        assert status == 202
        await gateway.drained()
