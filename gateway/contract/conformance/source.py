"""What holds for every source: nothing is lost and nothing is taken twice, whenever the process dies.

Enters: items put where the source polls, and what the other side was told of them. Leaves: tests. Refuses: a source
that forgets an item over a restart, settles twice, consumes while checking, or keeps a refusal to itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.contract.adapter import Source
from gateway.contract.conformance.adapter import HUGE, AdapterConformance, flat_memory
from gateway.contract.exchange import Accepted, Inbound, Rejected
from gateway.contract.reasons import Reason
from gateway.contract.testing import Crash, FakeHost, Ledger, Taken, drive
from gateway.contract.testing.drive import Point

ROUNDS = 6
SECONDS = 120.0


class SourceConformance(AdapterConformance[Source]):
    """Fill `make`, `put`, `put_bad`, `waiting` and `told`."""

    def put(self, host: FakeHost, number: int) -> None:
        """Puts a valid item; the same number is the same item again, by name and content."""
        raise NotImplementedError

    def put_bad(self, host: FakeHost) -> Reason:
        """Puts an item that can be no document; gives the reason it must be refused for."""
        raise NotImplementedError

    def waiting(self, host: FakeHost) -> int:
        """How many items lie there that the source has not taken."""
        raise NotImplementedError

    def told(self, host: FakeHost) -> Sequence[str]:
        """What the other side was told, in any order: `accepted`, `duplicate` or the code of a reason, per item."""
        raise NotImplementedError

    async def rounds(self, source: Source, host: FakeHost, ledger: Ledger, crash: Point | None = None) -> list[Taken]:
        """Drives until the source has been quiet; items may need several polls to be ready."""
        taken: list[Taken] = []
        for _ in range(ROUNDS):
            taken += await drive(source, host=host, ledger=ledger, crash=crash)
            host.clock.advance(SECONDS)
        return taken

    async def reopened(self, host: FakeHost) -> tuple[Source, FakeHost]:
        """The source of the next process."""
        host = host.restart()
        source = self.make(host)
        await source.open()
        return source, host

    async def first(self, source: Source, host: FakeHost) -> Inbound:
        for _ in range(ROUNDS):
            async for inbound in source.poll(1):
                return inbound
            host.clock.advance(SECONDS)
        raise AssertionError("the item was never polled")

    @pytest.mark.asyncio
    async def test_check_consumes_nothing(self, adapter: Source, host: FakeHost) -> None:
        self.put(host, 1)
        self.put(host, 2)
        assert [await adapter.check(), await adapter.check()] == [[], []]
        assert self.waiting(host) == 2
        assert len(await self.rounds(adapter, host, Ledger())) == 2

    @pytest.mark.asyncio
    async def test_each_item_is_taken_once(self, adapter: Source, host: FakeHost) -> None:
        ledger = Ledger()
        for number in (1, 2, 3):
            self.put(host, number)
        taken = await self.rounds(adapter, host, ledger)
        assert len({one.inbound.message_id for one in taken}) == 3
        assert len(ledger.documents) == 3
        assert sorted(self.told(host)) == ["accepted"] * 3
        assert self.waiting(host) == 0

    @pytest.mark.asyncio
    @pytest.mark.parametrize("point", ["polled", "recorded", "settled"])
    async def test_a_crash_loses_nothing_and_doubles_nothing(self, host: FakeHost, point: Point) -> None:
        ledger = Ledger()
        source = self.make(host)
        await source.open()
        self.put(host, 1)
        self.put(host, 2)
        with pytest.raises(Crash):
            await self.rounds(source, host, ledger, crash=point)
        source, host = await self.reopened(host)
        await self.rounds(source, host, ledger)
        assert len(ledger.documents) == 2
        assert sorted(self.told(host)) == ["accepted", "accepted"]
        assert self.waiting(host) == 0
        source, host = await self.reopened(host)
        assert await self.rounds(source, host, ledger) == []

    @pytest.mark.asyncio
    async def test_settling_again_changes_nothing(self, adapter: Source, host: FakeHost) -> None:
        self.put(host, 1)
        [one] = await self.rounds(adapter, host, Ledger())
        before = list(self.told(host))
        await adapter.settle(one.inbound, one.settlement)
        assert list(self.told(host)) == before == ["accepted"]

    @pytest.mark.asyncio
    async def test_a_released_item_is_polled_again(self, adapter: Source, host: FakeHost) -> None:
        self.put(host, 1)
        await adapter.release(await self.first(adapter, host))
        assert list(self.told(host)) == []
        [one] = await self.rounds(adapter, host, Ledger())
        assert isinstance(one.settlement, Accepted)

    @pytest.mark.asyncio
    async def test_a_poll_gives_no_more_than_its_limit(self, adapter: Source, host: FakeHost) -> None:
        for number in (1, 2, 3):
            self.put(host, number)
        ledger = Ledger()
        counts = []
        for _ in range(ROUNDS * 3):
            counts.append(len(await drive(adapter, host=host, ledger=ledger, limit=1)))
            host.clock.advance(SECONDS)
        assert max(counts) == 1
        assert sum(counts) == 3

    @pytest.mark.asyncio
    async def test_a_refusal_is_told_once_and_is_final(self, adapter: Source, host: FakeHost) -> None:
        ledger = Ledger()
        reason = self.put_bad(host)
        [one] = await self.rounds(adapter, host, ledger)
        assert isinstance(one.settlement, Rejected)
        assert one.settlement.error.reason is reason
        assert list(self.told(host)) == [reason.value]
        source, host = await self.reopened(host)
        assert await self.rounds(source, host, ledger) == []

    @pytest.mark.asyncio
    async def test_the_same_again_is_a_duplicate(self, adapter: Source, host: FakeHost) -> None:
        ledger = Ledger()
        self.put(host, 1)
        await self.rounds(adapter, host, ledger)
        self.put(host, 1)
        [again] = await self.rounds(adapter, host, ledger)
        assert again.inbound.key is not None
        assert len(ledger.documents) == 1
        assert "duplicate" in self.told(host)


class SourceWithParts(SourceConformance):
    """Fill `put_huge` as well."""

    def put_huge(self, host: FakeHost, size: int) -> None:
        """Puts an item with one part of `size` bytes (a sparse file will do)."""
        raise NotImplementedError

    @pytest.mark.asyncio
    async def test_a_huge_part_is_never_held(self, adapter: Source, host: FakeHost) -> None:
        self.put_huge(host, HUGE)
        with flat_memory():
            [one] = await self.rounds(adapter, host, Ledger())
        assert [part.size for part in one.inbound.parts] == [HUGE]
