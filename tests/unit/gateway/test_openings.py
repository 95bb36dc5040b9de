"""One adapter that does not open keeps nobody else from it, is told once, and is tried again."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.attention import Attention
from gateway.contract.errors import NeedsOperator, TryLater
from gateway.contract.reasons import Reason
from gateway.openings import Openings
from gateway.store.engine import JournalFailed


class Door:
    """Raises these errors, one at each attempt, then opens; `hangs` waits for ever. Closing raises `closing`."""

    def __init__(self, *errors: BaseException, hangs: bool = False, closing: Exception | None = None) -> None:
        self.errors, self.hangs, self.closing = list(errors), hangs, closing
        self.did: list[str] = []

    async def open(self) -> None:
        self.did.append("open")
        if self.hangs:
            await asyncio.Event().wait()
        if self.errors:
            raise self.errors.pop(0)

    async def close(self) -> None:
        self.did.append("close")
        if self.closing is not None:
            raise self.closing


def opening(seconds: float = 30.0) -> tuple[Openings, Attention]:
    attention = Attention()
    return Openings(attention.said, seconds), attention


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NeedsOperator("the cable is loose"), "the cable is loose"),
        (TryLater(Reason.RECIPIENT_DOWN, "asleep"), "asleep"),
        (ValueError("3273010101010001"), "it failed to open (ValueError at test_openings.py:"),
        (SystemExit(3), "it failed to open (SystemExit at test_openings.py:"),
    ],
)
async def test_what_does_not_open_is_told_and_the_others_are_open(error: BaseException, says: str) -> None:
    openings, attention = opening()
    bad, good = Door(error), Door()
    adapters: Any = [("bad", bad), ("good", good)]
    with capture_logs() as lines:
        await openings.open(adapters)
    assert (openings.is_open("bad"), openings.is_open("good")) == (False, True)
    [(name, told)] = attention.all()
    assert name == "bad"
    assert told.startswith(says)
    assert "3273" not in told
    # What it had opened before it failed is closed.
    assert (bad.did, good.did) == (["open", "close"], ["open"])
    unforeseen = [line for line in lines if line["event"] == "unforeseen"]
    assert len(unforeseen) == (0 if isinstance(error, NeedsOperator | TryLater) else 1)


async def test_only_what_is_not_open_is_tried_again_and_logged_once() -> None:
    openings, attention = opening()
    bad, good = Door(*(ValueError() for _ in range(3))), Door()
    adapters: Any = [("bad", bad), ("good", good)]
    with capture_logs() as lines:
        await openings.open(adapters)
        await openings.again(adapters)
        await openings.again(adapters)
        assert not openings.is_open("bad")
        await openings.again(adapters)
        await openings.again(adapters)
    assert openings.is_open("bad")
    assert attention.all() == []
    assert (bad.did.count("open"), good.did) == (4, ["open"])
    assert [line["event"] for line in lines if line["event"] == "unforeseen"] == ["unforeseen"]


async def test_one_that_never_opens_is_given_up_for_now() -> None:
    openings, attention = opening(0.001)
    adapters: Any = [("slow", Door(hangs=True))]
    await openings.open(adapters)
    assert attention.all() == [("slow", "it did not open within 0.001 s; see whether what it speaks to is there")]


async def test_what_one_raises_while_it_closes_keeps_nothing_else_open() -> None:
    openings, _ = opening()
    bad, shut, good = Door(closing=ValueError()), Door(ValueError(), ValueError(), closing=KeyError()), Door()
    adapters: Any = [("bad", bad), ("shut", shut), ("good", good)]
    await openings.open(adapters)
    await openings.close(adapters)
    assert [bad.did, shut.did, good.did] == [["open", "close"]] * 3


async def test_a_journal_that_failed_is_nothing_an_adapter_did() -> None:
    openings, _ = opening()
    adapters: Any = [("one", Door(JournalFailed("gone")))]
    with pytest.raises(JournalFailed):
        await openings.open(adapters)


class Hostile:
    """Opens or closes as no adapter should."""

    def __init__(self, opening: str = "", closing: str = "") -> None:
        self.modes = {"open": opening, "close": closing}
        self.left = asyncio.Event()

    async def open(self) -> None:
        await self._do("open")

    async def close(self) -> None:
        await self._do("close")

    async def _do(self, what: str) -> None:
        mode = self.modes[what]
        if mode == "hangs":
            await self.left.wait()
        if mode == "swallows":
            while not self.left.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await self.left.wait()
        if mode in RAISED:
            raise RAISED[mode]


RAISED: dict[str, BaseException] = {
    "cancelled": asyncio.CancelledError(),
    "exits": SystemExit(3),
    "generator": GeneratorExit(),
    "group": BaseExceptionGroup("many", [KeyboardInterrupt()]),
    "fails": RuntimeError("3273010101010001"),
}


@pytest.mark.parametrize("mode", ["hangs", "swallows", *RAISED])
@pytest.mark.parametrize("closing", ["", "hangs", "swallows", "cancelled", "fails"])
async def test_no_adapter_keeps_the_gateway_whatever_it_does(mode: str, closing: str) -> None:
    openings, attention = opening(0.01)
    bad, good = Hostile(mode, closing), Door()
    adapters: Any = [("bad", bad), ("good", good)]
    with capture_logs() as lines:
        await openings.open(adapters)
        await openings.again(adapters)
        await openings.close(adapters)
    bad.left.set()
    assert (openings.is_open("bad"), openings.is_open("good")) == (False, True)
    assert [name for name, _ in attention.all()] == ["bad"]
    assert good.did == ["open", "close"]
    assert "327301" not in str([{**line, "exc_info": ""} for line in lines])


@pytest.mark.parametrize("closing", ["hangs", "swallows", "cancelled", "exits"])
async def test_no_adapter_keeps_the_process_from_ending(closing: str) -> None:
    openings, _ = opening(0.01)
    bad, good = Hostile(closing=closing), Door()
    adapters: Any = [("bad", bad), ("good", good)]
    await openings.open(adapters)
    await openings.close(adapters)
    bad.left.set()
    assert good.did == ["open", "close"]
