"""A call of a stranger's code comes back as a value, whatever it does."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from gateway.guarded import guarded


async def test_what_it_gives_is_given() -> None:
    async def call() -> int:
        return 7

    assert await guarded(call, 5) == (7, None)


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), asyncio.CancelledError(), GeneratorExit()])
async def test_what_it_raises_is_given_too(error: BaseException) -> None:
    async def call() -> None:
        raise error

    assert await guarded(call, 5) == (None, error)


async def test_it_is_left_behind_when_its_time_is_over() -> None:
    free, asked = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await free.wait()
                return
            asked.set()

    given, error = await guarded(stubborn, 0.001)
    assert (given, type(error)) == (None, TimeoutError)
    await asyncio.wait_for(asked.wait(), 5)
    free.set()


async def test_who_waits_for_it_may_be_cancelled_and_it_is_as_well() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def call() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(guarded(call, 60))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 5)
