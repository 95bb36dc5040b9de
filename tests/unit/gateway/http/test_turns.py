"""One at a time for each system, in the order they came; who waits too long, or is one too many, is told so."""

from __future__ import annotations

import asyncio

import pytest

from gateway.contract.errors import TryLater
from gateway.contract.reasons import Reason
from gateway.http import turns
from gateway.http.turns import Turns


async def test_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    made, order = Turns("a page"), list[str]()

    async def one(name: str) -> None:
        async with made.turn("a/b"):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(*(one(str(number)) for number in range(5)))
    assert order == [f"{number} {way}" for number in range(5) for way in ("in", "out")]


async def test_who_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SECONDS", 0.0)
    made = Turns("a page")
    async with made.turn("a/b"):
        with pytest.raises(TryLater) as caught:
            async with made.turn("a/b"):
                pass
        assert (caught.value.reason, caught.value.after) == (Reason.BUSY, 2.0)
        assert caught.value.detail.startswith("a page ")
        async with asyncio.timeout(10):
            monkeypatch.setattr(turns, "SECONDS", 10.0)
            async with made.turn("a/c"):
                pass
    async with made.turn("a/b"):
        pass


async def test_few_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAITING", 2)
    made, taken = Turns("a page"), list[int]()

    async def wait(number: int) -> None:
        async with made.turn("a/b"):
            taken.append(number)

    async with made.turn("a/b"):
        waiting = asyncio.create_task(wait(1))
        await asyncio.sleep(0)
        with pytest.raises(TryLater):
            await wait(2)
    await waiting
    await wait(3)
    assert taken == [1, 3]


async def test_who_gives_up_waiting_or_fails_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAITING", 2)
    made = Turns("a page")

    async def fail() -> None:
        async with made.turn("a/b"):
            raise OSError("gone")

    for _ in range(3):
        with pytest.raises(OSError, match="gone"):
            await fail()
        async with made.turn("a/b"):
            waiting = asyncio.create_task(fail())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
