"""Calls of an adapter's own code, kept from taking the process with them.

Enters: a call and its time in seconds. Leaves: what it gave, or what it raised, as values; whatever that is.
Refuses: to wait longer than the time, also for code that does not let itself be cancelled: it is left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def guarded(call: Callable[[], Awaitable[T]], seconds: float) -> tuple[T | None, BaseException | None]:
    """What `call` gave and None, or None and what it raised; `TimeoutError` if it took longer than `seconds`."""
    task = asyncio.create_task(_kept(call))
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        return None, TimeoutError()
    return task.result()


async def _kept(call: Callable[[], Awaitable[T]]) -> tuple[T | None, BaseException | None]:
    try:
        return await call(), None
    except BaseException as error:  # also what would end the loop: it is a stranger's, and means the stranger's code
        return None, error
