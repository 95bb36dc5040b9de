"""The fakes are hosts: they pass what the real one must pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from gateway.contract import Ambiguous, Host, HttpReply, Native, NeedsOperator, PartRef
from gateway.contract.conformance import HostBench, HostConformance
from gateway.contract.testing import FakeArrival, FakeHost, Headers


class Bench:
    def __init__(self, host: FakeHost) -> None:
        self._host = host

    @property
    def host(self) -> Host:
        return self._host

    def arrive(self) -> FakeArrival:
        return self._host.arrive()

    async def commit(self, message_id: str) -> None:
        self._host.claims.commit(message_id)

    async def restart(self) -> Bench:
        return Bench(self._host.restart())


class TestFakeHost(HostConformance):
    @pytest.fixture
    def make_host(self) -> Callable[[], Awaitable[HostBench]]:
        async def make() -> HostBench:
            return Bench(FakeHost())

        return make


def test_headers_are_found_in_any_case() -> None:
    headers = Headers({"Idempotency-Key": "k"})
    assert headers["idempotency-key"] == headers["IDEMPOTENCY-KEY"] == "k"
    assert "idempotency-KEY" in headers
    assert headers.get("absent") is None
    assert "k" not in repr(headers).replace("Key", "")


async def test_the_client_streams_parts_raw_and_as_base64() -> None:
    host = FakeHost()
    part = host.parts.put("m-1", bytes(range(256)) * 1000)
    host.http.on_json("POST", "http://a.example/")
    for encoding, size in (("raw", 256_000), ("base64", 341_336)):
        native = Native((b"<", PartRef(part, encoding), b">"), "text/plain")  # type: ignore[arg-type]
        await host.http.send("POST", "http://a.example/x", native=native, timeout=1, message_id="m-1")
        assert host.http.sent[-1].size == size + 2
        assert host.http.sent[-1].peak <= 100_000


async def test_the_client_keeps_its_limits_and_script() -> None:
    host = FakeHost()
    host.http.on("GET", "http://a.example/", HttpReply(200, Headers(), b"12345"))
    with pytest.raises(Ambiguous):
        await host.http.send("GET", "http://a.example/", timeout=1, limit=4)
    reply = await host.http.send("GET", "http://a.example/", timeout=1, limit=4, cut=True)
    assert (reply.status, reply.body, reply.cut) == (200, b"", True)
    with pytest.raises(AssertionError):
        await host.http.send("GET", "http://b.example/", timeout=1)


def test_time_moves_when_it_is_told_to() -> None:
    host = FakeHost()
    before, count = host.clock.now(), host.clock.monotonic()
    host.clock.advance(2.5)
    assert (host.clock.now() - before).total_seconds() == host.clock.monotonic() - count == 2.5
    assert host.restart().clock.now() == host.clock.now()


def test_a_secret_is_not_shown() -> None:
    host = FakeHost(secrets={"env:A": "rahasia"})
    assert host.secrets.get("env:A") == "rahasia"
    assert "rahasia" not in repr(host)
    with pytest.raises(NeedsOperator):
        host.secrets.get("env:B")
