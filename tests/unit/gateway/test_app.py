"""What is built is whole, private, and under the test's barrier."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import aiohttp

from gateway.app import build, no_barrier
from gateway.contract.adapter import AdapterSpec
from gateway.contract.exchange import Attempt, Delivered, Native, Outbound
from gateway.federation import Federation
from tests.unit.gateway.bench import GUDANG, QUERY, STUB, VCLAIM, Plain, ScriptedSink, organisation
from tests.unit.gateway.http.face import Post, loopback


async def test_a_node_is_built_private_and_stands_at_the_barrier_it_was_given(
    tmp_path: Path, federation: Federation
) -> None:
    seen: list[str] = []
    state = tmp_path / "state"
    node = build(loopback(state_dir=state, endpoints=()), federation, {"stub": STUB}, seen.append)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert [name for name, _ in node.adapters]
    await node.start()
    await node.stop()
    assert {"journal.before_begin", "journal.before_commit", "journal.after_commit", "sequencer.before_file"} <= set(
        seen
    )
    assert {path.name for path in state.iterdir()} >= {"journal", "keys", "log", "parts"}
    assert [path for path in state.rglob("*") if path.stat().st_mode & 0o077] == []


class Wrong(ScriptedSink):
    """Its author made a mistake."""

    async def deliver(self, outbound: Outbound, attempt: Attempt) -> Delivered:
        raise ZeroDivisionError

    async def ask(self, outbound: Outbound, deadline: float) -> Native:
        raise LookupError


async def test_a_mistake_in_a_sink_stands_in_what_a_person_looks_at(tmp_path: Path, federation: Federation) -> None:
    wrong = AdapterSpec("stub", "Stub", {**STUB.makers, "sink": (Plain, lambda config, host: Wrong())})
    post = AdapterSpec("post", "Post", {"endpoint": (Plain, lambda config, host: Post())})
    adapters = {"stub": wrong, "post": post}
    node = build(loopback(state_dir=tmp_path, endpoints=("post",)), federation, adapters, no_barrier)
    heard, channel = asyncio.Event(), node.attention.channel

    def hears(*arguments: Any, **more: Any) -> None:
        channel(*arguments, **more)
        if len(node.attention.all()) == 2:
            heard.set()

    node.attention.channel = hears  # type: ignore[method-assign]
    url = await node.start()
    try:
        key = (tmp_path / "keys" / "simpus.key").read_text().strip()
        async with aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {key}"}) as session:
            async with session.post("/in/organisation.deliver", json=organisation()) as answer:
                assert answer.status == 202
            async with session.post("/in/coverage.lookup", json=QUERY) as answer:
                assert answer.status == 500
        async with asyncio.timeout(20):
            await heard.wait()
    finally:
        await node.stop()
    told = dict(node.attention.all())
    assert "ZeroDivisionError" in told[f"{GUDANG}:channel"]
    assert "LookupError" in told[f"{VCLAIM}:channel"]
