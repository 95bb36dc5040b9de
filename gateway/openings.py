"""Which adapters are open: each is opened at the start, and those that could not be are tried again.

Enters: adapters by the name of their use. Leaves: whether one may be used, and for one that may not a sentence for a
person. Refuses: to let one adapter keep the gateway or the others from starting, whatever it raises or waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from gateway.contract.adapter import Adapter
from gateway.contract.errors import NeedsOperator, Refused, TryLater
from gateway.guarded import guarded
from gateway.live import AT_ONCE, SECONDS
from gateway.logs import place
from gateway.store.engine import JournalClosed, JournalFailed

log = structlog.get_logger("lintas.openings")

Named = tuple[str, Adapter]


class Openings:
    """One per node. `said` tells a person what is wrong with an adapter, and with no sentences that nothing is."""

    def __init__(self, said: Callable[[str, Sequence[str]], None], seconds: float = SECONDS) -> None:
        self._said, self._seconds = said, seconds
        self._shut: dict[str, str] = {}

    def is_open(self, name: str) -> bool:
        """False from an attempt that failed until one that went well."""
        return name not in self._shut

    async def open(self, adapters: Sequence[Named]) -> None:
        """Every one of these, a few at once."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, adapter: Adapter) -> None:
            async with room:
                await self._open(name, adapter)

        await asyncio.gather(*(one(name, adapter) for name, adapter in adapters))

    async def again(self, adapters: Sequence[Named]) -> None:
        """Those of these that are not open."""
        await self.open([one for one in adapters if not self.is_open(one[0])])

    async def close(self, adapters: Sequence[Named]) -> None:
        """Every one of these that is open. What one raises keeps nothing else open."""
        for name, adapter in adapters:
            if self.is_open(name):
                await self._close(name, adapter)

    async def _open(self, name: str, adapter: Adapter) -> None:
        _, error = await guarded(adapter.open, self._seconds)
        if isinstance(error, JournalFailed | JournalClosed):
            raise error
        if error is not None:
            await self._close(name, adapter)
            sentence = self._sentence(error)
            if self._shut.get(name) != sentence:
                self._shut[name] = sentence
                if not isinstance(error, NeedsOperator | Refused | TryLater | TimeoutError):
                    log.error("unforeseen", adapter=name, error=type(error).__name__, exc_info=error)
            self._said(name, [sentence])
            return
        if self._shut.pop(name, None) is not None:
            self._said(name, [])
        log.debug("adapter opened", adapter=name)

    def _sentence(self, error: BaseException) -> str:
        """Its text is said only where an adapter wrote it for a person."""
        if isinstance(error, NeedsOperator | Refused | TryLater):
            return error.detail or str(error)
        if isinstance(error, TimeoutError):
            return f"it did not open within {self._seconds:g} s; see whether what it speaks to is there"
        return f"it failed to open ({type(error).__name__}{place(error)}); report it to the adapter's author"

    async def _close(self, name: str, adapter: Adapter) -> None:
        _, error = await guarded(adapter.close, self._seconds)
        if isinstance(error, JournalFailed | JournalClosed):
            raise error
        if isinstance(error, TimeoutError):
            log.warning("adapter not closed", adapter=name, says=f"it did not close within {self._seconds:g} s")
        elif error is not None:
            log.error("unforeseen", adapter=name, error=type(error).__name__, exc_info=error)
