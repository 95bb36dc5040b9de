"""A whole host in memory.

Enters: what a test wants to be different. Leaves: a `Host` whose members are fakes, typed as such. Refuses: a secret
that was not given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from gateway.contract.errors import NeedsOperator
from gateway.contract.host import Host, Limits
from gateway.contract.testing.http import FakeHttp
from gateway.contract.testing.state import Disk, FakeArrival, FakeClaims, FakeParts, FakeState

LIMITS = Limits(
    body_bytes=1024 * 1024,
    soap_body_bytes=12 * 1024 * 1024,
    inline_part_bytes=64 * 1024,
    part_bytes=1024 * 1024 * 1024,
    parts=16,
    nesting=32,
    name_bytes=255,
    recipients=16,
    batch_rows=100_000,
    row_bytes=64 * 1024,
    answer_bytes=1024 * 1024,
)
"""Small limits, so that a test can meet each of them."""


class FakeClock:
    """Time that stands still until it is advanced."""

    def __init__(self, at: datetime = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)) -> None:
        self._at, self._monotonic = at, 1000.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
        self._monotonic += seconds


class FakeSecrets:
    """Secrets by reference, from a dictionary; never printed."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def get(self, reference: str) -> str:
        if reference not in self._values:
            raise NeedsOperator(f"the secret {reference!r} is not there; create it")
        return self._values[reference]

    def __repr__(self) -> str:
        return f"FakeSecrets({len(self._values)})"


class FakeMetrics:
    """Counts by name."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, name: str, amount: int = 1) -> None:
        self.counts[name] += amount


class FakeHost(Host):
    """A `Host` in memory. `restart()` gives the host of the next process: same disk, same clock, nothing else."""

    http: FakeHttp
    parts: FakeParts
    clock: FakeClock
    secrets: FakeSecrets
    claims: FakeClaims
    state: FakeState
    metrics: FakeMetrics
    disk: Disk

    def __init__(
        self,
        *,
        name: str = "",
        system: str | None = "kota-contoh/sistem",
        instance: str = "test",
        public_url: str = "https://gateway.example",
        state_dir: str = "",
        limits: Limits = LIMITS,
        secrets: Mapping[str, str] | None = None,
        services: Iterable[str] = (),
        clock: FakeClock | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._again = {
            "name": name, "system": system, "instance": instance, "public_url": public_url, "state_dir": state_dir,
            "limits": limits, "secrets": secrets, "services": tuple(services),
        }  # fmt: skip
        self.disk = disk or Disk()
        clock = clock or FakeClock()
        parts = FakeParts(self.disk)
        super().__init__(
            http=FakeHttp(parts),
            parts=parts,
            clock=clock,
            secrets=FakeSecrets(secrets),
            claims=FakeClaims(self.disk, limits, clock),
            state=FakeState(self.disk),
            limits=limits,
            metrics=FakeMetrics(),
            instance=instance,
            system=system,
            public_url=public_url,
            state_dir=state_dir,
            name=name,
            extra={"services": self._again["services"]},
        )

    def restart(self) -> FakeHost:
        self.disk.wake()
        return FakeHost(**self._again, clock=self.clock, disk=self.disk)  # type: ignore[arg-type]

    def arrive(self) -> FakeArrival:
        """A new arrival, as the host makes one for each call."""
        return FakeArrival(self.disk, self.limits, self.disk.mint("message-"), self.clock.now())
