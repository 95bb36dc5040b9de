"""Group commit: callers gather in a plain list on the event loop while exactly one batch is in flight.

Enters: items from coroutines. Leaves: batches, given to `send`; `landed` hands each caller its own outcome.
Refuses: a caller beyond `max_waiting` (`JournalBusy`).

A thread that drains a queue wakes for the first item and finds little else; gathering here gives larger batches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gateway.store.engine import JournalBusy

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Gather(Generic[Item, Outcome]):
    """Belongs to one event loop. `send` is called on the loop and must answer later, once, through `landed`."""

    __slots__ = (
        "_began",
        "_flight",
        "_loop",
        "_max_batch",
        "_max_waiting",
        "_quiet",
        "_send",
        "_waiting",
        "batches",
        "items",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        send: Callable[[list[Item]], None],
        *,
        max_waiting: int,
        max_batch: int,
    ) -> None:
        self._loop = loop
        self._send = send
        self._max_waiting = max_waiting
        self._max_batch = max_batch
        self._waiting: list[tuple[Item, asyncio.Future[Outcome]]] = []
        self._flight: list[asyncio.Future[Outcome]] | None = None
        self._quiet: list[asyncio.Future[None]] = []
        self._began = 0.0
        self.batches = 0
        self.items = 0

    @property
    def waiting(self) -> int:
        """How many callers have not been answered, in flight or not."""
        return len(self._waiting) + (len(self._flight) if self._flight is not None else 0)

    @property
    def seconds_in_flight(self) -> float:
        """How long the batch in flight has been there; 0 if there is none."""
        return self._loop.time() - self._began if self._flight else 0.0

    def put(self, item: Item) -> asyncio.Future[Outcome]:
        """Add one item to the next batch."""
        if len(self._waiting) >= self._max_waiting:
            raise JournalBusy(self._max_waiting)
        future: asyncio.Future[Outcome] = self._loop.create_future()
        self._waiting.append((item, future))
        if self._flight is None:
            # One turn of the loop later, so that everybody who is ready in this turn flies together.
            self._flight = []
            self._loop.call_soon(self._take_off)
        return future

    def landed(self, outcomes: Sequence[Outcome | Exception]) -> None:
        """Answer the batch in flight, in its order, and send the next one."""
        flight, self._flight = self._flight, None
        for future, outcome in zip(flight or (), outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        self._take_off()

    def fail(self, error: Callable[[], Exception]) -> None:
        """Answer everybody, in flight or waiting, with an error of their own."""
        flight, self._flight = self._flight or [], None
        waiting, self._waiting = self._waiting, []
        for future in [*flight, *(future for _, future in waiting)]:
            if not future.done():
                future.set_exception(error())
        self._settle()

    async def quiet(self) -> None:
        """Return once nobody waits."""
        if self._flight is None and not self._waiting:
            return
        future: asyncio.Future[None] = self._loop.create_future()
        self._quiet.append(future)
        await future

    def _take_off(self) -> None:
        waiting = self._waiting
        batch = waiting[: self._max_batch]
        self._waiting = waiting[self._max_batch :]
        items = [item for item, future in batch if not future.done()]
        if not items:
            self._flight = None
            if self._waiting:
                self._take_off()
            else:
                self._settle()
            return
        self._flight = [future for _, future in batch if not future.done()]
        self.batches += 1
        self.items += len(items)
        self._began = self._loop.time()
        self._send(items)

    def _settle(self) -> None:
        quiet, self._quiet = self._quiet, []
        for future in quiet:
            if not future.done():
                future.set_result(None)
