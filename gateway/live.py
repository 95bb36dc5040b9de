"""A look at what is out there: does every adapter in use find what it needs, now?

Enters: adapters that were just made. Leaves: the name of each with what it says would not work. Refuses: to take
anything: the hosts of such a look claim no item, keep no state beyond the look and read no part, so that it may run
beside a gateway that works on the same folders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from gateway.contract.adapter import Adapter
from gateway.contract.errors import NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Part
from gateway.contract.host import Arrival, Claim, Fingerprint
from gateway.guarded import guarded

SECONDS = 30.0
AT_ONCE = 16

Said = tuple[str, str]
"""The name of an adapter in use, and one sentence."""


class NoParts:
    """Nothing moves, so there is no part to read."""

    def read(self, message_id: str, part: Part, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        raise NeedsOperator("a look moves no message, and has no parts")


class NoClaims:
    """Every item belongs to somebody else."""

    async def claim(self, fingerprint: Fingerprint) -> Claim | None:
        return None

    async def unsettled(self) -> list[Claim]:
        return []

    async def settle(self, claim: Claim) -> None:
        return None

    async def release(self, claim: Claim) -> None:
        return None

    def arrive(self, claim: Claim) -> Arrival:
        raise NeedsOperator("a look takes nothing")


class LostState:
    """Is forgotten when the look ends."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, int]] = {}

    async def get(self, key: str) -> tuple[bytes, int] | None:
        return self._kept.get(key)

    async def put(self, key: str, value: bytes, fence: int) -> bool:
        if self._kept.get(key, (b"", 0))[1] != fence:
            return False
        self._kept[key] = (value, fence + 1)
        return True


async def look(adapters: Sequence[tuple[str, Adapter]], seconds: float = SECONDS) -> list[Said]:
    """Opens each, asks it, and closes it again; a few at once, in the order of their names."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, adapter: Adapter) -> list[Said]:
        async with room:
            return [(name, sentence) for sentence in await _opened_and_asked(adapter, seconds)]

    found = await asyncio.gather(*(one(name, adapter) for name, adapter in adapters))
    return sorted(said for each in found for said in each)


async def _opened_and_asked(adapter: Adapter, seconds: float) -> list[str]:
    try:
        return await asked(adapter, seconds, first=adapter.open)
    finally:
        # One that did not open may not know how to close either; what is wrong with it is said above.
        await guarded(adapter.close, seconds)


async def _nothing() -> None:
    return None


async def asked(
    adapter: Adapter, seconds: float = SECONDS, *, first: Callable[[], Awaitable[None]] = _nothing
) -> list[str]:
    """What the adapter says would not work, after `first`; it never raises, whatever the adapter does."""

    async def both() -> list[str]:
        await first()
        return list(await adapter.check())

    said, error = await guarded(both, seconds)
    if isinstance(error, NeedsOperator | Refused | TryLater):
        return [error.detail or str(error)]
    if isinstance(error, TimeoutError):
        return [f"no answer within {seconds:g} s; see whether what it speaks to is there"]
    if error is not None:
        # Its text may hold anything; the name of the error does not.
        return [f"it failed to open or to check ({type(error).__name__}); report it to the adapter's author"]
    return said or []
