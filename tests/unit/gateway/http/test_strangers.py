"""Who is turned away too often waits; nobody who is known does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.contract.testing import FakeClock
from gateway.http import strangers
from gateway.http.strangers import WINDOW, Strangers
from gateway.settings import Limits
from tests.unit.gateway.bench import SIMPUS, Bench, organisation
from tests.unit.gateway.http.face import Face, loopback


def test_a_bound_per_network_and_minute() -> None:
    clock = FakeClock()
    one = Strangers(2, clock.monotonic)
    assert [one.wait("192.0.2.1"), one.wait("192.0.2.200")] == [None, None]
    assert one.wait("192.0.2.3") == WINDOW
    assert one.wait("198.51.100.1") is None
    assert one.wait("2001:db8:1::1") is None
    clock.advance(WINDOW - 10)
    assert one.wait("192.0.2.1") == 10
    clock.advance(10)
    assert one.wait("192.0.2.1") is None


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "NETWORKS", 3)
    one = Strangers(1, FakeClock().monotonic)
    assert [one.wait(f"10.0.{number}.1") for number in range(4)] == [None] * 4
    assert [one.wait(f"10.1.{number}.1") for number in range(50)] == [WINDOW] * 50
    assert len(one._counts) == 4


@pytest.fixture
async def strict(bench: Bench) -> AsyncIterator[Face]:
    face = Face(bench, loopback(limits=Limits(refused_per_minute=3)))
    await face.open()
    yield face
    await face.close()


CALLS = [
    ("POST", "/in/organisation.deliver", {}),
    ("GET", "/api/v1/status", {"Authorization": "Bearer"}),
    ("GET", "/nowhere", {}),
    ("DELETE", "/contract", {}),
    (
        "GET",
        "/contract",
        {"X-A": "a" * 8000, "X-B": "b" * 8000, "X-C": "c" * 8000, "X-D": "d" * 8000, "X-E": "e" * 999},
    ),
]


@pytest.mark.parametrize(("method", "path", "headers"), CALLS)
async def test_a_stranger_is_told_to_wait(strict: Face, method: str, path: str, headers: dict[str, str]) -> None:
    before = [await strict.value(method, path, headers=headers) for _ in range(3)]
    assert 429 not in {status for status, _ in before}
    async with strict.ask(method, path, headers=headers) as answer:
        told = await answer.json(content_type=None)
        assert (answer.status, told["code"], told["stage"]) == (429, "rate_limited", "arrive")
        assert 1 <= int(answer.headers["Retry-After"]) <= WINDOW
    await strict.bench.refusals.flush()
    counted = {one["reason"]: one["bytes"] for one in await strict.bench.told() if one["event"] == "refusals_counted"}
    assert counted == {before[0][1]["code"]: 3, "rate_limited": 1}


async def test_a_caller_who_is_known_never_waits_for_its_neighbours(strict: Face) -> None:
    for _ in range(5):
        await strict.value("GET", "/nowhere")
    assert (await strict.code("GET", "/nowhere"))[0] == 429
    status, _ = await strict.value("POST", "/in/organisation.deliver", SIMPUS, json=organisation())
    assert status == 202
    assert (await strict.value("GET", "/api/v1/status", "ani"))[0] == 200
    async with strict.ask("GET", "/contract") as answer:
        assert answer.status == 200


async def test_broken_http_counts_too(strict: Face) -> None:
    told = []
    for _ in range(4):
        reader, writer = await asyncio.open_connection(*strict.url.removeprefix("http://").rsplit(":", 1))
        writer.write(b"nonsense\r\n\r\n")
        told.append((await reader.read()).split(b" ")[1])
        writer.close()
    assert told == [b"400", b"400", b"400", b"429"]
