"""Gauges: how much waits, for how long, and how much room is left; read when somebody asks, never on the hot path.

Enters: the journal and what the process knows of itself. Leaves: Prometheus text. Refuses: to read more often than
every `EVERY` seconds, since the page is open to all: in between everybody gets what was read last. Labels are kinds of
lanes, never names of systems: their number is fixed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from gateway.store.engine import Journal, JournalError, Row

EVERY = 5.0
COUNTED = 100_000
"""Events in the outbox that are counted; beyond that the number says "at least"."""
KINDS = ("system", "inbox", "receipts")


class Gauges:
    """`facts` is what the process knows of itself; `monotonic` in seconds."""

    def __init__(
        self,
        journal: Journal,
        *,
        facts: Callable[[], Mapping[str, Any]],
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        self._journal, self._facts, self._now_ms, self._monotonic = journal, facts, now_ms, monotonic
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self._text = b""
        registry = self.registry = CollectorRegistry()

        def gauge(name: str, told: str, *labels: str) -> Gauge:
            return Gauge(f"lintas_{name}", told, labels, registry=registry)

        self._queued = gauge("lane_deliveries", "Deliveries that wait, by kind of lane", "lane")
        self._leased = gauge("lane_leased", "Deliveries that are being carried, by kind of lane", "lane")
        self._oldest = gauge("lane_oldest_seconds", "Age of the oldest message that waits or is carried", "lane")
        self._quarantine = gauge("quarantined_deliveries", "Deliveries in quarantine that nobody has decided on")
        self._outbox = gauge("outbox_events", "Events on their way to the log, counted up to 100000")
        self._waiting = gauge("journal_waiting", "Units of work that wait for the journal or are in flight")
        self._flight = gauge("journal_flight_seconds", "How long the commit in flight has taken so far")
        self._free = gauge("disk_over_reserve_bytes", "Free disk space above the reserve; below 0 nothing new is taken")

    async def text(self) -> bytes:
        """What `/metrics` adds to the counters."""
        async with self._reading:
            now = self._monotonic()
            if self._read_at is None or now - self._read_at >= EVERY:
                self._read_at = now
                try:
                    await self._read()
                except JournalError:
                    # What was read last still stands; a journal that failed has told the node itself.
                    return self._text
                self._text = generate_latest(self.registry)
            return self._text

    async def _read(self) -> None:
        queued = _by_kind(await self._journal.read("gauge_lanes"))
        leased = _by_kind(await self._journal.read("gauge_leases"))
        now = self._now_ms()
        for kind in KINDS:
            self._queued.labels(kind).set(queued.get(kind, (0, ""))[0])
            self._leased.labels(kind).set(leased.get(kind, (0, ""))[0])
            born = [born_ms(found[kind][1]) for found in (queued, leased) if kind in found]
            oldest = min((at for at in born if at is not None), default=now)
            self._oldest.labels(kind).set(max(0, now - oldest) / 1000)
        self._quarantine.set(_number(await self._journal.read("count_quarantine")))
        self._outbox.set(_number(await self._journal.read("gauge_outbox", {"limit": COUNTED})))
        health, disk = self._journal.health(), self._facts()["disk"]
        self._waiting.set(health.waiting)
        self._flight.set(health.seconds_in_flight)
        self._free.set(disk["free"] - disk["reserve"])


def born_ms(identity: str) -> int | None:
    """The instant in a time-ordered identifier (RFC 9562, version 7)."""
    try:
        return int(identity[:8] + identity[9:13], 16)
    except ValueError:
        return None


def _by_kind(rows: list[Row]) -> dict[str, tuple[int, str]]:
    return {str(row[0]): (int(row[1] or 0), str(row[2])) for row in rows}


def _number(rows: list[Row]) -> int:
    return int(rows[0][0] or 0)
