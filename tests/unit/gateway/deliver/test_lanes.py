"""A lane takes what is due, as much as it may, durably; stopping loses nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from gateway.contract.errors import TryLater
from gateway.contract.exchange import Delivered, Outbound
from gateway.deliver.lanes import Lane
from gateway.message import Work
from gateway.store.engine import Step
from tests.unit.gateway.bench import ARSIP, GUDANG, KOTAK, Bench, letter, organisation

PATIENCE = 10


@pytest.fixture
async def running(bench: Bench) -> AsyncIterator[Bench]:
    """A bench whose lanes are stopped at the end."""
    yield bench
    await bench.lanes.stop()


async def some(bench: Bench, count: int) -> list[str]:
    return [f"{await bench.record('organisation.deliver', organisation(), key=f'k{n}')}.1" for n in range(count)]


async def counted(bench: Bench, system: str, count: int) -> asyncio.Event:
    """Set once the recipient has been given so many deliveries."""
    enough = asyncio.Event()

    async def take(outbound: Outbound) -> Delivered:
        if len(bench.sink(system).taken) >= count:
            enough.set()
        return Delivered()

    bench.sink(system).says = [take] * count
    return enough


async def test_a_lease_is_one_unit_with_its_event(bench: Bench) -> None:
    names = await some(bench, 3)
    taken = await bench.lease(GUDANG, 2)
    assert [work.delivery for work in taken] == names[:2]
    assert [(work.attempts, work.fence, work.first_at) for work in taken] == [(1, 1, bench.now_ms())] * 2
    assert [await bench.state(name) for name in names] == ["attempting", "attempting", "ready"]
    assert await bench.queued(GUDANG) == names[2:]
    assert (await bench.names())[-2:] == ["attempt_started", "attempt_started"]


async def test_what_is_not_due_yet_waits(bench: Bench) -> None:
    [name] = await some(bench, 1)
    await bench.commit(
        Step("dequeue", {"lane": GUDANG, "due": bench.now_ms(), "delivery": name}, rows=1),
        Step("enqueue", {"lane": GUDANG, "due": bench.now_ms() + 2500, "delivery": name}),
    )
    assert await bench.lease(GUDANG) == []
    assert await bench.lanes.seconds_to_next(GUDANG) == 2.5
    assert await bench.lanes.seconds_to_next("nobody/here") is None


async def test_another_node_that_was_first_costs_only_what_it_took(bench: Bench) -> None:
    names = await some(bench, 3)

    def steal() -> None:
        bench.barriers.clear()
        theirs = {"delivery": names[1], "lane": GUDANG, "fence": 1, "node": "other", "epoch": 1, "until": 2**50}
        bench.journal._db.execute("DELETE FROM queue WHERE delivery = ?", (names[1],))
        bench.journal._db.execute("INSERT INTO leases VALUES (:delivery, :lane, :fence, :node, :epoch, :until)", theirs)

    bench.barriers["journal.before_begin"] = steal
    assert [work.delivery for work in await bench.lease(GUDANG)] == [names[0], names[2]]
    assert await bench.state(names[1]) == "ready"


async def test_a_lane_carries_everything_it_is_woken_for(running: Bench) -> None:
    names = await some(running, 40)
    enough = await counted(running, GUDANG, 40)
    running.lanes.notify(GUDANG)
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
    await running.lanes.stop()
    assert [await running.state(name) for name in names] == ["delivered"] * 40
    assert running.fatal == []


async def test_start_finds_what_waits(running: Bench) -> None:
    await some(running, 1)
    enough = await counted(running, GUDANG, 1)
    await running.lanes.start()
    async with asyncio.timeout(PATIENCE):
        await enough.wait()


async def test_no_more_at_once_than_the_lane_allows(running: Bench) -> None:
    limit = running.settings.concurrency.lane
    await some(running, limit + 5)
    now, most, gate, full = 0, 0, asyncio.Event(), asyncio.Event()

    async def take(outbound: Outbound) -> Delivered:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        if now == limit:
            full.set()
        await gate.wait()
        now -= 1
        return Delivered()

    running.sink(GUDANG).says = [take] * (limit + 5)
    running.lanes.notify(GUDANG)
    async with asyncio.timeout(PATIENCE):
        await full.wait()
    assert len(await running.queued(GUDANG)) == 5
    enough = asyncio.Event()
    running.sink(GUDANG).says[-1] = lambda outbound: enough.set() or Delivered()
    gate.set()
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
    assert most == limit


async def test_a_dead_recipient_is_probed_by_one_and_holds_up_nobody_else(running: Bench) -> None:
    await some(running, 3)
    down = asyncio.Event()

    async def never(outbound: Outbound) -> Delivered:
        down.set()
        raise TryLater()

    running.sink(GUDANG).says = [never] * 100
    letter_id = await running.record("letter.deliver", letter())
    enough = await counted(running, ARSIP, 1)
    running.lanes.notify(GUDANG)
    async with asyncio.timeout(PATIENCE):
        await down.wait()
        running.lanes.notify(ARSIP)
        await enough.wait()
    await running.lanes.stop()
    assert await running.state(f"{letter_id}.1") == "awaiting_registration"
    # The three that were leased before anybody knew; nothing is leased after that until the pause is over.
    assert len(running.sink(GUDANG).taken) == 3


async def test_an_inbox_has_no_loop(bench: Bench) -> None:
    bench.lanes.notify(f"{KOTAK}#inbox")
    assert bench.lanes._tasks == {}


async def test_an_error_of_the_worker_is_fatal(running: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await some(running, 1)
    failed = asyncio.Event()
    running.lanes.on_error = lambda error: (running.fatal.append(error), failed.set())

    async def broken(work: object) -> bool:
        raise OSError("disk")

    monkeypatch.setattr(running.worker, "carry", broken)
    running.lanes.notify(GUDANG)
    async with asyncio.timeout(PATIENCE):
        await failed.wait()
    assert [type(error) for error in running.fatal] == [OSError]


async def test_stopping_finishes_what_is_under_way(bench: Bench) -> None:
    [name] = await some(bench, 1)
    begun, gate = asyncio.Event(), asyncio.Event()

    async def take(outbound: Outbound) -> Delivered:
        begun.set()
        await gate.wait()
        return Delivered()

    bench.sink(GUDANG).says = [take]
    bench.lanes.notify(GUDANG)
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        stopping = asyncio.create_task(bench.lanes.stop())
        gate.set()
        await stopping
    assert await bench.state(name) == "delivered"
    bench.lanes.notify(ARSIP)
    assert ARSIP not in bench.lanes._tasks


async def test_stopping_while_a_lease_is_being_written_leaves_no_lease_behind(bench: Bench) -> None:
    """A lease without an attempt would be held for a human at the next start, though nothing was ever sent."""
    [name] = await some(bench, 1)
    writing, gate = threading.Event(), threading.Event()

    def wait() -> None:
        bench.barriers.clear()
        writing.set()
        gate.wait(PATIENCE)

    bench.barriers["journal.before_commit"] = wait
    bench.lanes.notify(GUDANG)
    assert await asyncio.to_thread(writing.wait, PATIENCE)
    stopping = asyncio.create_task(bench.lanes.stop())
    await asyncio.sleep(0)
    gate.set()
    async with asyncio.timeout(PATIENCE):
        await stopping
    assert await bench.journal.read("leased", {"delivery": name}) == []
    assert await bench.state(name) == "delivered"


async def test_what_fails_together_is_one_failure(bench: Bench) -> None:
    """Deliveries that were under way when a recipient went down must not make its lane wait once for each."""
    lane = Lane(bench.lanes, GUDANG)
    answers: list[bool] = []

    async def carry(work: object) -> bool:
        return answers.pop(0)

    bench.lanes.worker.carry = carry  # type: ignore[method-assign,assignment]
    works = [Work(*([0] * 26))] * 3  # type: ignore[arg-type]
    lane._round = 1
    answers[:] = [False] * 3
    for work in works:
        await lane._carry(work, 1)
    assert lane._failures == 1
    # The probe after it is a failure of its own; one that answers ends it all.
    lane._round = 2
    answers[:] = [False, True]
    await lane._carry(works[0], 2)
    assert lane._failures == 2
    await lane._carry(works[0], 2)
    assert lane._failures == 0
