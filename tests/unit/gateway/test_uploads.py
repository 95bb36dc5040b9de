"""No agency's slow senders stand in the way of the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from gateway.contract.errors import Refused, TryLater
from gateway.contract.reasons import Reason
from gateway.settings import Settings
from gateway.uploads import PACE_SECONDS, Uploads


def uploads(most: int = 4, share: int = 2, patience: float = 0.01, pace: int = 100) -> Uploads:
    return Uploads(
        Settings(
            concurrency={"uploads": most, "uploads_per_agency": share},
            stages={"upload_turn": patience},
            limits={"upload_bytes_per_second": pace},
        )
    )


async def test_an_agency_has_its_share_and_the_others_theirs() -> None:
    one = uploads()
    async with one.turn("a"), one.turn("a"):
        with pytest.raises(TryLater, match="2 at once of one agency") as caught:
            async with one.turn("a"):
                pass
        assert caught.value.reason is Reason.BUSY
        assert caught.value.after is not None
        async with one.turn("b"), one.turn("b"):
            with pytest.raises(TryLater):
                async with one.turn("c"):
                    pass
    async with one.turn("c"), one.turn("a"):
        pass


async def test_who_waits_gets_the_turn_that_ends() -> None:
    one = uploads(most=1, patience=60)
    async with AsyncExitStack() as first:
        await first.enter_async_context(one.turn("a"))
        second = asyncio.create_task(_take(one, "b"))
        await asyncio.sleep(0)
        assert not second.done()
        await first.aclose()
        await second


async def _take(one: Uploads, agency: str) -> None:
    async with one.turn(agency):
        pass


async def test_who_goes_away_while_waiting_leaves_no_turn_taken() -> None:
    one = uploads(most=1, patience=60)
    async with one.turn("a"):
        waiting = asyncio.create_task(_take(one, "a"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    await _take(one, "a")
    await _take(one, "b")


async def test_a_time_out_within_the_turn_is_not_ours() -> None:
    one = uploads()
    with pytest.raises(TimeoutError):
        async with one.turn("a"):
            raise TimeoutError


async def drip(clock: list[float], steps: Iterator[tuple[float, int]]) -> AsyncIterator[bytes]:
    for seconds, size in steps:
        clock[0] += seconds
        yield bytes(size)


async def paced(monkeypatch: pytest.MonkeyPatch, steps: list[tuple[float, int]]) -> int:
    clock = [0.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock[0])
    return sum([len(chunk) async for chunk in uploads().paced(drip(clock, iter(steps)))])


async def test_a_part_that_drips_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused) as caught:
        await paced(monkeypatch, [(1.0, 1)] * 11)
    assert caught.value.reason is Reason.SLOW_BODY
    assert caught.value.limit == 100


@pytest.mark.parametrize(
    "steps",
    [
        [(PACE_SECONDS + 1, 2000)],
        [(PACE_SECONDS - 1, 1)],
        [(1.0, 100)] * 40,
        [(9.0, 0), (1.5, 5000), (9.0, 0)],
    ],
)
async def test_one_that_keeps_the_pace_is_taken(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[float, int]]
) -> None:
    assert await paced(monkeypatch, steps) == sum(size for _, size in steps)


async def test_a_fast_start_buys_no_slow_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused):
        await paced(monkeypatch, [(10.0, 10_000_000), (10.0, 1)])


async def test_our_own_disk_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock[0])
    taken = 0
    async for chunk in uploads().paced(drip(clock, iter([(0.1, 1)] * 20))):
        clock[0] += 1000.0
        taken += len(chunk)
    assert taken == 20
