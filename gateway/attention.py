"""What a person should look at: what adapters say does not work now, sources that cannot be polled, channels that fail.

Enters: an adapter's name with its sentences, with the error of a poll, or with what a channel waits for or failed with;
and that a poll or a delivery went well. Leaves: the names with what is wrong with each, one log line when that changes.
Refuses: nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from gateway.contract.adapter import Adapter
from gateway.contract.errors import NeedsOperator
from gateway.live import AT_ONCE, Said, asked
from gateway.logs import place

log = structlog.get_logger("lintas.attention")
KINDS = 8
"""Kinds of unforeseen errors that are told of one channel."""


class Attention:
    """One per node. The number of names is that of the adapters in use."""

    def __init__(self) -> None:
        self._checked: dict[str, tuple[str, ...]] = {}
        self._troubles: dict[str, str] = {}
        self._waiting: dict[str, str] = {}
        self._unforeseen: dict[str, dict[str, str]] = {}

    async def look(self, adapters: Sequence[tuple[str, Adapter]]) -> None:
        """Asks every adapter whether what it needs is there; for those that are open. What is well is forgotten."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, adapter: Adapter) -> None:
            async with room:
                self.said(name, await asked(adapter))

        await asyncio.gather(*(one(name, adapter) for name, adapter in adapters))

    def said(self, name: str, sentences: Sequence[str]) -> None:
        before = self._checked.pop(name, ())
        if sentences:
            self._checked[name] = tuple(sentences)
        waited = self._waiting.pop(name, None) if not sentences else None
        if not sentences and (before or waited is not None):
            log.warning("check", adapter=name, says="it works again")
        for sentence in sorted(set(sentences) - set(before)):
            log.warning("check", adapter=name, says=sentence)

    def trouble(self, name: str, error: BaseException) -> None:
        """A poll failed. Its text is said only where an adapter wrote it for a person."""
        says = error.detail if isinstance(error, NeedsOperator) else f"it cannot be polled ({type(error).__name__})"
        if self._troubles.get(name) == says:
            return
        self._troubles[name] = says
        known = isinstance(error, NeedsOperator | OSError)
        log.warning("source in trouble", source=name, says=says, exc_info=None if known else error)

    def well(self, name: str) -> None:
        """A poll went well: nothing that was said of this source holds any more."""
        if self._troubles.pop(name, None) is not None:
            self._checked.pop(name, None)
            log.warning("source works again", source=name)

    def channel(self, name: str, says: str | BaseException | None, *, logged: bool = False) -> None:
        """What deliveries on a channel wait for a person to do, or what nobody foresaw; None when one went well.

        `logged`: that error is in the log already."""
        if isinstance(says, BaseException):
            self._failed(name, says, logged)
        elif says is None:
            unforeseen = self._unforeseen.pop(name, None)
            if self._waiting.pop(name, None) is not None or unforeseen is not None:
                self._checked.pop(name, None)
                log.warning("channel works again", channel=name)
        elif self._waiting.get(name) != says:
            self._waiting[name] = says
            log.warning("channel in trouble", channel=name, says=says)

    def _failed(self, name: str, error: BaseException, logged: bool) -> None:
        """Once for each kind of error until a delivery goes well; never the error's own text."""
        kinds, kind = self._unforeseen.setdefault(name, {}), type(error).__name__
        if kind in kinds or len(kinds) >= KINDS:
            return
        kinds[kind] = f"it failed as nobody foresaw ({kind}{place(error)}); report it to the adapter's author"
        if not logged:
            log.error("unforeseen", adapter=name, error=kind, exc_info=error)

    def all(self) -> list[Said]:
        """Each name with one sentence at a time; a trouble of now instead of what the check said once."""
        now = {name: (says,) for name, says in [*self._waiting.items(), *self._troubles.items()]}
        failed = {name: tuple(kinds.values()) for name, kinds in self._unforeseen.items()}
        found = {**self._checked, **failed, **now}
        return sorted((name, says) for name, sentences in found.items() for says in sentences)
