"""A look says what would not work, and takes nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.contract.adapter import Adapter
from gateway.contract.errors import NeedsOperator
from gateway.contract.host import Claim, Fingerprint
from gateway.live import LostState, NoClaims, NoParts, look
from tests.unit.gateway.bench import PAPER


class Looks(Adapter):
    """Says these sentences, or raises."""

    def __init__(self, *says: str, opening: BaseException | None = None, checking: BaseException | None = None) -> None:
        self.says, self.opening, self.checking = says, opening, checking
        self.closed = 0

    async def open(self) -> None:
        if self.opening is not None:
            raise self.opening

    async def check(self) -> list[str]:
        if self.checking is not None:
            raise self.checking
        return list(self.says)

    async def close(self) -> None:
        self.closed += 1


class Hangs(Looks):
    async def check(self) -> list[str]:
        await asyncio.Event().wait()
        return []


async def test_every_sentence_of_every_adapter_by_name() -> None:
    adapters = [("b", Looks("one", "two")), ("a", Looks()), ("c", Looks("three"))]
    assert await look(adapters) == [("b", "one"), ("b", "two"), ("c", "three")]
    assert [one.closed for _, one in adapters] == [1, 1, 1]


@pytest.mark.parametrize(
    ("adapter", "sentence"),
    [
        (Looks(opening=NeedsOperator("the folder is not there; make it")), "the folder is not there; make it"),
        (Looks(checking=NeedsOperator("the key is not there")), "the key is not there"),
        (Looks(opening=OSError("/secret/path of 3273014107900001")), "it failed to open or to check (OSError); "
         "report it to the adapter's author"),
        (Hangs(), "no answer within 0.01 s; see whether what it speaks to is there"),
    ],
)  # fmt: skip
async def test_an_adapter_that_fails_is_a_sentence_and_the_others_are_asked(adapter: Looks, sentence: str) -> None:
    assert await look([("a", adapter), ("b", Looks("fine"))], 0.01) == [("a", sentence), ("b", "fine")]
    assert adapter.closed == 1


async def test_the_host_of_a_look_gives_nothing_away() -> None:
    claims, state = NoClaims(), LostState()
    claim = Claim("c-1", "m-1", "claimed")
    assert await claims.claim(Fingerprint("a", 1, 2, 3, 4)) is None
    assert await claims.unsettled() == []
    await claims.settle(claim)
    await claims.release(claim)
    refused: list[Any] = [lambda: claims.arrive(claim), lambda: NoParts().read("m-1", PAPER)]
    for one in refused:
        with pytest.raises(NeedsOperator):
            one()
    assert await state.get("k") is None
    assert [await state.put("k", b"1", 0), await state.put("k", b"2", 0)] == [True, False]
    assert await state.get("k") == (b"1", 1)
