from __future__ import annotations

import asyncio

import pytest

from gateway.deadline import Deadlines


async def test_what_is_done_in_time_is_left_alone() -> None:
    with Deadlines().within(60.0):
        await asyncio.sleep(0)


async def test_what_takes_too_long_ends_in_a_time_out() -> None:
    deadlines = Deadlines()
    with pytest.raises(TimeoutError):
        with deadlines.within(0.0):
            await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_the_inner_one_ends_first_and_the_outer_goes_on() -> None:
    deadlines = Deadlines()
    with deadlines.within(60.0):
        with pytest.raises(TimeoutError):
            with deadlines.within(0.0):
                await asyncio.Event().wait()
        await asyncio.sleep(0)


async def test_many_of_one_tick_each_end_their_own_task() -> None:
    deadlines, after = Deadlines(), asyncio.Event()

    async def one(seconds: float) -> str:
        try:
            with deadlines.within(seconds):
                await after.wait()
        except TimeoutError:
            return "late"
        return "in time"

    tasks = [asyncio.create_task(one(0.0)) for _ in range(5)] + [asyncio.create_task(one(60.0)) for _ in range(5)]
    assert await asyncio.gather(*tasks[:5]) == ["late"] * 5
    after.set()
    assert await asyncio.gather(*tasks[5:]) == ["in time"] * 5


async def test_a_cancellation_from_outside_stays_one() -> None:
    deadlines, began = Deadlines(), asyncio.Event()

    async def one() -> None:
        with deadlines.within(60.0):
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(one())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_its_own_comes_through() -> None:
    with pytest.raises(KeyError):
        with Deadlines().within(60.0):
            raise KeyError
