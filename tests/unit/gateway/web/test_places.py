"""Who sends slowly, or often at once, takes nothing from others."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader

from gateway.contract.errors import TryLater
from gateway.web import places
from gateway.web.places import Places, in_time


def test_a_network_has_its_share_and_the_last_place_is_for_another() -> None:
    some = Places(4, 3)
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(some.taken("a"))
        for network in ("a", "a"):
            with pytest.raises(TryLater), some.taken(network):
                pass
        with some.taken("b"), pytest.raises(TryLater), some.taken("c"):
            pass
        with some.taken("c"):
            pass
    with some.taken("a"), some.taken("a"), some.taken("b"):
        with pytest.raises(TryLater), some.taken("a"):
            pass
        with some.taken("c"):
            pass
    assert not some._here


def test_an_error_gives_the_place_back() -> None:
    some = Places(1, 1)
    with pytest.raises(ValueError, match="x"), some.taken("a"):
        raise ValueError("x")
    with some.taken("b"):
        pass


async def sent(pieces: int, size: int, every: float, *, pace: int, seconds: float) -> bytes:
    """A body of so many pieces through `in_time`."""
    content = StreamReader(Mock(), 2**20, loop=asyncio.get_running_loop())

    async def send() -> None:
        for _ in range(pieces):
            await asyncio.sleep(every)
            content.feed_data(b"a" * size)
        content.feed_eof()

    sending = asyncio.create_task(send())
    try:
        return await in_time(content.read(), content, pace=pace, seconds=seconds)
    finally:
        sending.cancel()


async def test_the_pace_and_the_time_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "EVERY", 0.1)
    assert len(await sent(6, 1000, 0.05, pace=1000, seconds=5)) == 6000
    with pytest.raises(TryLater):
        await sent(100, 1, 0.05, pace=1000, seconds=5)
    with pytest.raises(TryLater):
        await sent(100, 1000, 0.05, pace=1000, seconds=0.3)


async def test_what_came_at_once_and_then_stops_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "EVERY", 0.05)
    async with asyncio.timeout(2):
        with pytest.raises(TryLater):
            await sent(2, 100_000, 1.5, pace=1000, seconds=10)
