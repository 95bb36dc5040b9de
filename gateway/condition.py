"""How the node is: whether it takes anything now, and what it tells of itself.

Enters: the settings, the journal, the disk, what a person should look at. Leaves: a reason not to take anything, or
none; facts for health, status and gauges. Refuses, by that reason: while it stops, below the disk reserve, behind a
commit that takes too long.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

from gateway.attention import Attention
from gateway.contract.reasons import Reason
from gateway.settings import Settings
from gateway.store.disk import DiskReserve
from gateway.store.engine import Journal


class Condition:
    """`config` is the digest of the federation, `next_number` that of the next event in the log."""

    def __init__(
        self,
        *,
        settings: Settings,
        config: str,
        journal: Journal,
        reserve: DiskReserve,
        attention: Attention,
        next_number: Callable[[], int],
        stopping: Callable[[], bool],
    ) -> None:
        self._settings, self._config, self._journal = settings, config, journal
        self._reserve, self._attention = reserve, attention
        self._next_number, self._stopping = next_number, stopping
        self._version = metadata.version("lintas")

    def admits(self) -> Reason | None:
        """Why nothing new is taken now; None if it is."""
        if self._stopping():
            return Reason.STOPPING
        if not self._reserve.ok():
            return Reason.DISK_RESERVE
        slow = self._journal.seconds_in_flight() > self._settings.stages.record
        return Reason.BUSY if slow else None

    def facts(self) -> dict[str, Any]:
        """What is known without a question to the journal."""
        health = self._journal.health()
        return {
            "node": self._settings.node,
            "instance": self._settings.instance,
            "version": self._version,
            "config": self._config,
            "stopping": self._stopping(),
            "durability": self._settings.durability,
            "disk": {"free": self._reserve.free_bytes(), "reserve": self._settings.disk.reserve_bytes},
            "journal": {
                "open": health.open, "waiting": health.waiting, "units": health.units, "batches": health.batches
            },
            "log": {"next": self._next_number()},
            "attention": [{"name": name, "says": says} for name, says in self._attention.all()],
        }  # fmt: skip
