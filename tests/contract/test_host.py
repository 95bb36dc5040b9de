"""The real host keeps what the contract promises of every host: journal, parts and claims on a disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from gateway.contract.conformance import HostConformance
from gateway.contract.host import Arrival, Host
from gateway.federation import Federation
from gateway.hosting import FileSecrets, HostClaims, HostMetrics, HostParts, HostState, SystemClock, contract_limits
from gateway.http.client import OutgoingHttp
from gateway.settings import Limits, Settings
from gateway.store.hmac_keys import HmacKeys
from tests.unit.gateway.bench import Bench, organisation, small_federation

SOURCE = "kota/simpus:source:inbox"


class RealHost:
    """One process over the stores of a folder."""

    def __init__(self, folder: Path, federation: Federation, opened: list[Bench]) -> None:
        settings = Settings(state_dir=folder, limits=Limits(parts=8, part_bytes=1024 * 1024))
        self.bench, self._opened, self._folder = Bench(folder, federation, settings), opened, folder
        # Identifiers of two processes must not collide: the clock of a test stands still.
        self.bench.clock.advance(len(opened))
        bench, lookup = self.bench, HmacKeys(b"p" * 32, b"l" * 32)
        self.host = Host(
            http=OutgoingHttp(bench.host_parts, answer_bytes=1000, per_host=1),
            parts=HostParts(bench.journal, bench.vault, bench.parts, bench.arrivals),
            clock=SystemClock(),
            secrets=FileSecrets(folder),
            claims=HostClaims(
                journal=bench.journal, lookup=lookup, arrivals=bench.arrivals, vault=bench.vault, source=SOURCE,
                agency="kota", node="node-1", new_id=bench.ids.new, now_ms=bench.now_ms,
            ),
            state=HostState(bench.journal, SOURCE),
            limits=contract_limits(settings),
            metrics=HostMetrics(SOURCE),
            instance="test",
            system="kota/simpus",
            public_url="https://gateway.example",
            state_dir=str(folder),
            name=SOURCE,
        )  # fmt: skip

    async def open(self) -> RealHost:
        await self.bench.open()
        self._opened.append(self.bench)
        return self

    def arrive(self) -> Arrival:
        return self.bench.arrivals.begin("kota")

    async def commit(self, message_id: str) -> None:
        await self.bench.record("organisation.deliver", organisation(), message_id=message_id)

    async def restart(self) -> RealHost:
        await self.bench.close()
        return await RealHost(self._folder, self.bench.federation, self._opened).open()


class TestRealHost(HostConformance):
    @pytest.fixture
    async def make_host(self, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[RealHost]]]:
        opened: list[Bench] = []
        federation = small_federation(tmp_path / "config")
        yield lambda: RealHost(tmp_path, federation, opened).open()
        if opened:
            await opened[-1].close()
