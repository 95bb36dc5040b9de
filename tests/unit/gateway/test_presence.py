"""Work that is only for a caller ends with the caller, and nothing else does."""

from __future__ import annotations

import asyncio

import pytest

from gateway.deadline import Deadlines
from gateway.presence import CallerGone, Presence


async def waiting(presence: Presence, begun: asyncio.Event) -> None:
    with presence:
        begun.set()
        await asyncio.Event().wait()


@pytest.fixture
async def begun() -> asyncio.Event:
    return asyncio.Event()


async def test_what_waits_for_a_caller_ends_when_the_caller_is_gone(begun: asyncio.Event) -> None:
    presence = Presence()
    task = asyncio.create_task(waiting(presence, begun))
    await begun.wait()
    presence.left()
    presence.left()
    with pytest.raises(CallerGone):
        await task
    assert task.cancelling() == 0


async def test_nothing_begins_for_a_caller_who_is_gone(begun: asyncio.Event) -> None:
    presence = Presence()
    presence.left()
    with pytest.raises(CallerGone):
        await waiting(presence, begun)
    assert not begun.is_set()


async def test_what_is_outside_goes_on() -> None:
    presence, gate, done = Presence(), asyncio.Event(), []

    async def work() -> None:
        with presence:
            pass
        await gate.wait()
        done.append("recorded")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    presence.left()
    gate.set()
    await task
    assert done == ["recorded"]


async def test_a_call_after_another_on_the_same_connection() -> None:
    presence = Presence()
    for _ in range(2):
        with presence:
            pass
    presence.left()


@pytest.mark.parametrize("first", ["left", "cancel"])
async def test_who_else_cancels_has_precedence(begun: asyncio.Event, first: str) -> None:
    presence = Presence()
    task = asyncio.create_task(waiting(presence, begun))
    await begun.wait()
    for act in (presence.left, task.cancel) if first == "left" else (task.cancel, presence.left):
        act()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_inside_is_its_own(begun: asyncio.Event) -> None:
    presence, deadlines = Presence(), Deadlines()
    with pytest.raises(TimeoutError):
        with presence, deadlines.within(0.001):
            await begun.wait()


async def test_an_error_of_the_work_is_that_error() -> None:
    with pytest.raises(ValueError, match="own"):
        with Presence():
            raise ValueError("own")


def test_only_a_task_waits() -> None:
    with pytest.raises(RuntimeError):
        Presence().__enter__()
