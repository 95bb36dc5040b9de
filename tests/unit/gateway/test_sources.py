"""One loop per source: found, walked, settled; a broken folder stops nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway import sources
from gateway.contract.errors import NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Accepted, Inbound, Rejected, Settlement
from gateway.contract.reasons import Reason
from gateway.sources import Polled, Poller
from gateway.store.engine import JournalFailed
from tests.unit.gateway.bench import FOLDER, Bench, PlainCodec, organisation

PATIENCE = 10


class Listed:
    """A source that has these items, then none; `failing` is raised by the next polls."""

    codec = PlainCodec()

    def __init__(self, *items: Inbound, failing: list[BaseException] | None = None) -> None:
        self.items, self.failing = list(items), failing or []
        self.settled: list[Settlement] = []
        self.released: list[Inbound] = []
        self.changed = asyncio.Event()

    async def poll(self, limit: int) -> AsyncIterator[Inbound]:
        if self.failing:
            self.changed.set()
            raise self.failing.pop(0)
        while self.items:
            yield self.items.pop(0)

    async def settle(self, item: Inbound, settlement: Settlement) -> None:
        self.settled.append(settlement)
        self.changed.set()

    async def release(self, item: Inbound) -> None:
        self.released.append(item)
        self.changed.set()


class Run:
    """A poller over sources, with what it told."""

    def __init__(self, bench: Bench, *found: Listed, admits: Callable[[], Reason | None] = lambda: None) -> None:
        self.trouble: list[str] = []
        self.fatal: list[BaseException] = []
        polled = [Polled(f"source-{number}", FOLDER, source) for number, source in enumerate(found)]  # type: ignore[arg-type]
        self.poller = Poller(
            bench.walk, polled, admits=admits, on_trouble=lambda name, error: self.trouble.append(name),
            on_fatal=self.fatal.append,
        )  # fmt: skip

    async def until(self, source: Listed, done: Callable[[], Any]) -> None:
        self.poller.start()
        async with asyncio.timeout(PATIENCE):
            while not done():
                await source.changed.wait()
                source.changed.clear()
            await self.poller.stop()


def item(bench: Bench, **more: Any) -> Inbound:
    return bench.inbound("organisation.deliver", organisation(**more))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "INTERVAL_SECONDS", 0.001)
    monkeypatch.setattr(sources, "TROUBLE_SECONDS", 0.001)


async def test_what_is_found_is_walked_and_settled(bench: Bench) -> None:
    source = Listed(item(bench), item(bench, kind=""))
    run = Run(bench, source)
    await run.until(source, lambda: len(source.settled) == 2)
    assert [type(one) for one in source.settled] == [Accepted, Rejected]
    assert (source.released, run.fatal) == ([], [])
    assert (await bench.told())[0]["sender"] == FOLDER


async def test_what_may_be_taken_later_is_given_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(verified: object) -> None:
        raise TryLater(Reason.BUSY)

    monkeypatch.setattr(bench.recorder, "record", busy)
    source = Listed(item(bench))
    run = Run(bench, source)
    await run.until(source, lambda: source.released)
    assert source.settled == []


@pytest.mark.parametrize("error", [NeedsOperator("mount it"), PermissionError("inbox")])
async def test_a_broken_folder_is_told_and_looked_at_again(bench: Bench, error: Exception) -> None:
    broken, good = Listed(item(bench), failing=[error]), Listed(item(bench))
    run = Run(bench, broken, good)
    await run.until(broken, lambda: broken.settled)
    assert run.trouble == ["source-0"]
    assert len(good.settled) == 1
    assert run.fatal == []


async def test_nothing_is_polled_while_nothing_is_admitted(bench: Bench) -> None:
    asked = asyncio.Event()

    def admits() -> Reason | None:
        asked.set()
        return Reason.DISK_RESERVE

    source = Listed(item(bench))
    run = Run(bench, source, admits=admits)
    run.poller.start()
    async with asyncio.timeout(PATIENCE):
        await asked.wait()
        await run.poller.stop()
    assert len(source.items) == 1


@pytest.mark.parametrize("error", [Refused(Reason.INTERNAL), ValueError("a stranger")])
async def test_a_source_that_stumbles_is_reported_and_stops_nobody(bench: Bench, error: Exception) -> None:
    source = Listed(failing=[error])
    run = Run(bench, source)
    await run.until(source, lambda: run.trouble)
    assert not run.fatal


async def test_a_journal_that_failed_is_fatal(bench: Bench) -> None:
    error = JournalFailed("the disk")
    source = Listed(failing=[error])
    run = Run(bench, source)
    await run.until(source, lambda: run.fatal)
    assert run.fatal == [error]


async def test_stopping_ends_after_the_item_at_hand(bench: Bench) -> None:
    source = Listed(item(bench), item(bench))
    run = Run(bench, source)
    bench.barriers["walk.after_record"] = run.poller._stopping.set
    await run.until(source, lambda: source.settled)
    assert (len(source.settled), len(source.items)) == (1, 1)


async def test_stopping_and_cancelling_without_sources(bench: Bench) -> None:
    run = Run(bench)
    run.poller.start()
    await run.poller.stop()
    run.poller.cancel()
    assert run.poller._tasks == []


async def test_a_source_that_is_not_open_is_not_polled_and_the_others_are(bench: Bench) -> None:
    shut, open_ = Listed(item(bench)), Listed(item(bench, id="d-2"))
    run = Run(bench, shut, open_)
    run.poller._is_open = lambda name: name != "source-0"
    await run.until(open_, lambda: open_.settled)
    assert (shut.settled, len(shut.items)) == ([], 1)
    again = Run(bench, shut)
    await again.until(shut, lambda: shut.settled)


async def test_what_is_given_back_again_and_again_is_asked_for_ever_more_seldom(bench: Bench) -> None:
    """Each try costs what the first did, and is an event."""
    source = Listed()
    run = Run(bench, source)
    (polled,) = run.poller._sources
    pauses = [run.poller._pause(polled, 0, 1) for _ in range(40)]
    assert pauses[:3] == [sources.INTERVAL_SECONDS * 2, sources.INTERVAL_SECONDS * 4, sources.INTERVAL_SECONDS * 8]
    assert pauses == sorted(pauses)
    assert pauses[-1] == sources.MOST_SECONDS
    assert run.trouble[0] == "source-0"
    assert run.poller._pause(polled, 1, 1) == sources.INTERVAL_SECONDS * 2
    assert run.poller._pause(polled, 1, 0) == 0.0
    assert run.poller._pause(polled, 0, 0) == sources.INTERVAL_SECONDS
    assert run.poller._pause(polled, 0, 1) == sources.INTERVAL_SECONDS * 2


async def test_a_round_tells_what_was_settled_from_what_was_given_back(bench: Bench) -> None:
    class Busy(PlainCodec):
        def to_documents(self, inbound: Inbound) -> Any:
            if inbound.key == "later":
                raise TryLater(Reason.BUSY, "not now")
            return super().to_documents(inbound)

    good, later = item(bench), replace(item(bench, id="d-2"), key="later")
    source = Listed(good, later)
    source.codec = Busy()
    run = Run(bench, source)
    assert await run.poller._round(run.poller._sources[0]) == (1, 1)
    assert source.released == [later]
