"""What holds for every host, the real one and the fakes: an adapter may rely on it.

Enters: a bench with a host and ways to make it record, restart and arrive. Leaves: tests. Refuses: a host whose claims
forget, whose parts leak to other messages, whose state takes a stale fence.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import pytest
import pytest_asyncio

from gateway.contract.errors import NeedsOperator, Refused
from gateway.contract.host import Arrival, Fingerprint, Host
from gateway.contract.reasons import Reason

FINGERPRINT = Fingerprint("inbox/surat.pdf", 1, 2, 3, 4)
DATA = bytes(range(256)) * 3


class HostBench(Protocol):
    """One process of a host."""

    @property
    def host(self) -> Host: ...
    def arrive(self) -> Arrival: ...
    async def commit(self, message_id: str) -> None:
        """Records the message that arrived under this id, so that its claim is committed."""
        ...

    async def restart(self) -> HostBench: ...


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 100):
        yield data[at : at + 100]


class HostConformance:
    """Fill the fixture `make_host`. Limits must allow one part of `DATA`."""

    @pytest.fixture
    def make_host(self) -> Callable[[], Awaitable[HostBench]]:
        raise NotImplementedError

    @pytest_asyncio.fixture
    async def bench(self, make_host: Callable[[], Awaitable[HostBench]]) -> HostBench:
        return await make_host()

    @pytest.mark.asyncio
    async def test_time_is_aware_and_does_not_go_back(self, bench: HostBench) -> None:
        clock = bench.host.clock
        assert clock.now().utcoffset() is not None
        assert clock.monotonic() <= clock.monotonic()

    @pytest.mark.asyncio
    async def test_each_arrival_has_its_own_id(self, bench: HostBench) -> None:
        ids = [bench.arrive().message_id for _ in range(3)]
        assert len(set(ids)) == 3
        assert ids == sorted(ids)

    @pytest.mark.asyncio
    async def test_a_part_is_what_was_spooled(self, bench: HostBench) -> None:
        arrival = bench.arrive()
        part = await arrival.spool(_chunks(DATA), media_type="application/pdf", name="surat.pdf")
        assert (part.number, part.size, part.sha256) == (1, len(DATA), hashlib.sha256(DATA).hexdigest())
        read = bench.host.parts.read
        assert b"".join([chunk async for chunk in read(arrival.message_id, part)]) == DATA
        assert b"".join([chunk async for chunk in read(arrival.message_id, part, 5, 17)]) == DATA[5:17]

    @pytest.mark.asyncio
    async def test_parts_are_numbered_in_order(self, bench: HostBench) -> None:
        arrival = bench.arrive()
        numbers = [(await arrival.spool(_chunks(b"a"), media_type="text/plain")).number for _ in range(3)]
        assert numbers == [1, 2, 3]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("given", [{"sha256": "0" * 64}, {"size": 1}])
    async def test_bytes_that_are_not_what_was_said(self, bench: HostBench, given: dict[str, str]) -> None:
        with pytest.raises(Refused) as caught:
            await bench.arrive().spool(_chunks(DATA), media_type="text/plain", **given)  # type: ignore[arg-type]
        assert caught.value.reason is Reason.DIGEST_MISMATCH

    @pytest.mark.asyncio
    async def test_a_part_over_the_limit_names_it(self, bench: HostBench) -> None:
        limit = bench.host.limits.part_bytes
        with pytest.raises(Refused) as caught:
            await bench.arrive().spool(_chunks(DATA), media_type="text/plain", size=limit + 1)
        assert (caught.value.reason, caught.value.limit) == (Reason.PART_TOO_LARGE, limit)

    @pytest.mark.asyncio
    async def test_too_many_parts_name_the_limit(self, bench: HostBench) -> None:
        arrival, limit = bench.arrive(), bench.host.limits.parts
        for _ in range(limit):
            await arrival.spool(_chunks(b"a"), media_type="text/plain")
        with pytest.raises(Refused) as caught:
            await arrival.spool(_chunks(b"a"), media_type="text/plain")
        assert (caught.value.reason, caught.value.limit) == (Reason.TOO_MANY_PARTS, limit)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "a\nb", "..", "n" * 5000])
    async def test_a_name_that_could_leave_its_place(self, bench: HostBench, name: str) -> None:
        with pytest.raises(Refused) as caught:
            await bench.arrive().spool(_chunks(b"a"), media_type="text/plain", name=name)
        assert caught.value.reason is Reason.NAME_REFUSED

    @pytest.mark.asyncio
    async def test_a_part_belongs_to_its_message(self, bench: HostBench) -> None:
        part = await bench.arrive().spool(_chunks(DATA), media_type="text/plain")
        with pytest.raises(Refused):
            [chunk async for chunk in bench.host.parts.read(bench.arrive().message_id, part)]

    @pytest.mark.asyncio
    async def test_a_claim_has_one_holder_until_it_is_released(self, bench: HostBench) -> None:
        claims = bench.host.claims
        first = await claims.claim(FINGERPRINT)
        assert first is not None
        assert (first.state, first.attempts) == ("claimed", 1)
        assert await claims.claim(FINGERPRINT) is None
        assert claims.arrive(first).message_id == first.message_id
        await claims.release(first)
        again = await claims.claim(FINGERPRINT)
        assert again is not None
        assert again.attempts == 1, "to give an item back is no failure of the item: a busy host must not use them up"

    @pytest.mark.asyncio
    async def test_a_claim_survives_a_restart_until_it_is_settled(self, bench: HostBench) -> None:
        claim = await bench.host.claims.claim(FINGERPRINT)
        assert claim is not None
        bench = await bench.restart()
        assert [(one.id, one.message_id, one.state) for one in await bench.host.claims.unsettled()] == [
            (claim.id, claim.message_id, "claimed")
        ]
        await bench.commit(claim.message_id)
        bench = await bench.restart()
        [committed] = await bench.host.claims.unsettled()
        assert committed.state == "committed"
        await bench.host.claims.release(committed)
        assert await bench.host.claims.claim(FINGERPRINT) is None
        await bench.host.claims.settle(committed)
        await bench.host.claims.settle(committed)
        bench = await bench.restart()
        assert await bench.host.claims.unsettled() == []
        assert await bench.host.claims.claim(FINGERPRINT) is None

    @pytest.mark.asyncio
    async def test_a_changed_item_is_another_item(self, bench: HostBench) -> None:
        claims = bench.host.claims
        changed = Fingerprint(FINGERPRINT.path, 1, 2, 3, 5)
        first, second = await claims.claim(FINGERPRINT), await claims.claim(changed)
        assert first is not None
        assert second is not None
        assert first.message_id != second.message_id

    @pytest.mark.asyncio
    async def test_state_is_swapped_by_its_fence_and_survives(self, bench: HostBench) -> None:
        state = bench.host.state
        assert await state.get("cursor") is None
        assert await state.put("cursor", b"1", 0)
        assert not await state.put("cursor", b"2", 0)
        bench = await bench.restart()
        held = await bench.host.state.get("cursor")
        assert held is not None
        assert held[0] == b"1"
        assert await bench.host.state.put("cursor", b"3", held[1])

    @pytest.mark.asyncio
    async def test_a_secret_that_is_not_there_needs_an_operator(self, bench: HostBench) -> None:
        with pytest.raises(NeedsOperator):
            bench.host.secrets.get("file:keys/nobody-has-made-this.key")
