"""A node starts in order, drains in reverse, and ends at the first fatal error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import node as module
from gateway.attention import Attention
from gateway.audit.log_files import log_file
from gateway.contract.errors import NeedsOperator
from gateway.federation import Federation
from gateway.keep import Keeper
from gateway.node import Node
from gateway.openings import Openings
from gateway.policy import DAY_MS
from gateway.signatures.workers import Workers
from gateway.sources import Poller
from tests.unit.gateway.bench import GUDANG, PDF, SIMPUS, Bench, letter, organisation
from tests.unit.gateway.http.face import Face, loopback

PATIENCE = 10


class Recorded:
    """An adapter, and the network, that note when they are opened and closed."""

    def __init__(self, name: str, order: list[str], error: Exception | None = None) -> None:
        self.name, self.order, self.error = name, order, error

    async def open(self) -> None:
        self.order.append(f"open {self.name}")
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        self.order.append(f"close {self.name}")


class Made:
    """A node over a folder; its bench is not opened by anybody else."""

    def __init__(self, folder: Path, federation: Federation) -> None:
        self.order: list[str] = []
        self.bench = Bench(folder, federation, loopback(state_dir=folder))
        self.face = Face(self.bench, self.bench.settings)
        bench = self.bench
        self.attention = Attention()
        self.node = Node(
            settings=bench.settings, journal=bench.journal, parts=bench.parts, arrivals=bench.arrivals,
            http=Recorded("http", self.order), events=bench.events, sequencer=bench.sequencer, lanes=bench.lanes,  # type: ignore[arg-type]
            reaper=bench.reaper,
            keeper=Keeper(bench.journal, keep_ms=1, retain_ms=DAY_MS, eraser=bench.eraser, now_ms=bench.now_ms),

            refusals=bench.refusals,
            poller=Poller(bench.walk, [], admits=lambda: None, on_trouble=lambda *a: None, on_fatal=bench.fatal.append),
            server=self.face.server,
            adapters=[(name, Recorded(name, self.order)) for name in ("one", "two")],  # type: ignore[misc]
            now_ms=bench.now_ms,
            attention=self.attention,
            openings=Openings(self.attention.said),
            workers=[Workers()],
        )  # fmt: skip
        bench.reaper._epoch = lambda: self.node.epoch
        bench.lanes._epoch = lambda: self.node.epoch
        bench.lanes.on_error = self.node.fatal

    def log(self) -> list[str]:
        path = log_file(self.bench.folder / "log", 0)
        return [line.split('"event":"')[1].split('"')[0] for line in path.read_text().splitlines()]


@pytest.fixture
async def made(tmp_path: Path, federation: Federation) -> AsyncIterator[Made]:
    one = Made(tmp_path, federation)
    yield one
    await one.bench.close()


async def test_a_life_from_start_to_stop(made: Made) -> None:
    address = await made.node.start()
    assert address.startswith("http://127.0.0.1:")
    assert made.node.epoch == 1
    made.node.ask_to_stop()
    async with asyncio.timeout(PATIENCE):
        await made.node.wait()
        assert await made.node.stop() == 0
    assert made.order == ["open http", "open one", "open two", "close one", "close two", "close http"]
    assert made.log() == ["node_started", "node_stopped"]
    assert made.node.stopping


async def test_a_log_that_was_changed_is_told_of(made: Made) -> None:
    path = log_file(made.bench.folder / "log", 0)
    path.parent.mkdir()
    path.write_bytes(b"not a log\n")
    await made.node.start()
    [(name, says)] = made.node.attention.all()
    assert (name, says.split()[0]) == ("log", f"{path.name}.kept-1")
    await made.node.stop()
    assert made.log() == ["node_started", "node_stopped"]


async def test_what_was_recorded_before_is_delivered_after_the_start(made: Made) -> None:
    await made.bench.open()
    await made.bench.record("organisation.deliver", organisation())
    await made.bench.journal.close()
    again = Made(made.bench.folder, made.bench.federation)
    arrived = asyncio.Event()
    again.bench.sink(GUDANG).says = [lambda outbound: arrived.set()]
    await again.node.start()
    async with asyncio.timeout(PATIENCE):
        await arrived.wait()
        assert await again.node.stop() == 0
    assert "delivered" in again.log()
    assert again.node.epoch == 2


async def test_leases_of_the_process_before_are_ended_at_the_start(made: Made) -> None:
    await made.bench.open()
    message = await made.bench.record("organisation.deliver", organisation())
    await made.bench.lease(GUDANG)
    await made.bench.journal.close()
    again = Made(made.bench.folder, made.bench.federation)
    await again.node.start()
    assert await again.bench.state(f"{message}.1") == "held"
    await again.node.stop()


async def test_parts_that_nobody_recorded_are_swept_away(made: Made) -> None:
    await made.bench.open()
    part = await made.bench.spool("m-1", PDF)
    await made.bench.take("letter.deliver", letter(), message_id="m-1", parts=(part,))
    await made.bench.spool("m-2", PDF)
    await made.bench.close()
    again = Made(made.bench.folder, made.bench.federation)
    await again.node.start()
    assert len([path for path in (made.bench.folder / "parts").rglob("*") if path.is_file()]) == 1
    assert b"".join([piece async for piece in again.bench.host_parts.read("m-1", part)]) == PDF
    await again.node.stop()


async def test_after_a_fatal_error_nothing_more_is_promised(made: Made) -> None:
    await made.node.start()
    made.node.fatal(OSError("disk"))
    made.node.fatal(OSError("again"))
    async with asyncio.timeout(PATIENCE):
        await made.node.wait()
        assert await made.node.stop() == 1
    assert "close http" in made.order


@pytest.mark.parametrize("name", ["sequencer", "reaper", "checkpoint", "refusals", "keeper"])
async def test_a_background_task_that_dies_takes_the_node_with_it(
    made: Made, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async def broken(*arguments: Any) -> None:
        raise ZeroDivisionError

    owner, method = {
        "sequencer": (made.bench.sequencer, "run"),
        "reaper": (made.bench.reaper, "sweep"),
        "checkpoint": (made.bench.journal, "checkpoint_idle"),
        "refusals": (made.bench.refusals, "flush"),
        "keeper": (made.node.keeper, "step"),
    }[name]
    times = made.node.settings.times.model_copy(update={"sweep": 0.001})
    made.node.settings = made.node.settings.model_copy(update={"times": times})
    monkeypatch.setattr(module, "MINUTE", 0.001)
    # The sweep at the start is not the task's.
    first = iter([made.bench.reaper.sweep] if name == "reaper" else [])
    monkeypatch.setattr(owner, method, lambda *arguments: next(first, broken)())
    await made.node.start()
    async with asyncio.timeout(PATIENCE):
        await made.node.wait()
        assert await made.node.stop() == 1


async def test_draining_ends_at_its_deadline(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = made.bench.settings.stages.model_copy(update={"drain": 0.01})
    made.node.settings = made.bench.settings.model_copy(update={"stages": stages})

    async def never() -> None:
        await asyncio.Event().wait()

    await made.node.start()
    monkeypatch.setattr(made.bench.lanes, "stop", never)
    async with asyncio.timeout(PATIENCE):
        assert await made.node.stop() == 0


async def test_a_call_in_flight_is_answered_while_it_drains(made: Made) -> None:
    made.face.url = await made.node.start()
    begun, gate = asyncio.Event(), asyncio.Event()
    record = made.bench.recorder.record

    async def slow(verified: Any) -> Any:
        begun.set()
        await gate.wait()
        return await record(verified)

    made.bench.recorder.record = slow  # type: ignore[method-assign, assignment]
    async with aiohttp.ClientSession() as made.face.session:
        call = asyncio.create_task(made.face.value("POST", "/in/organisation.deliver", SIMPUS, json=organisation()))
        async with asyncio.timeout(PATIENCE):
            await begun.wait()
            stopping = asyncio.create_task(made.node.stop())
            gate.set()
            status, told = await call
            assert await stopping == 0
    assert status == 202
    assert {"accepted", "node_stopped"} <= set(made.log())
    assert told["messageId"]


async def test_an_adapter_that_does_not_open_keeps_nobody_from_starting_and_is_tried_again(made: Made) -> None:
    opened, asked = asyncio.Event(), asyncio.Event()
    (_, one), (_, two) = made.node.adapters

    async def later() -> None:
        opened.set()

    async def well() -> list[str]:
        # Asked only once it is known to be open.
        asked.set()
        return []

    one.error = NeedsOperator("the cable is loose")  # type: ignore[attr-defined]
    one.check, two.check = well, _well  # type: ignore[method-assign]
    times = made.node.settings.times.model_copy(update={"look": 0.001})
    made.node.settings = made.node.settings.model_copy(update={"times": times})
    assert (await made.node.start()).startswith("http://")
    assert ("one", "the cable is loose") in made.attention.all()
    one.open = later  # type: ignore[method-assign]
    async with asyncio.timeout(PATIENCE):
        await opened.wait()
        await asked.wait()
        assert await made.node.stop() == 0
    assert made.attention.all() == []
    assert made.order[-3:] == ["close one", "close two", "close http"]


async def _well() -> list[str]:
    return []
