"""The source kit, passed by a source that keeps the rules and failed by ones that break a rule each."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from gateway.contract import HttpReply, Inbound, Reason, Rejected, Settlement, Source
from gateway.contract.conformance import SECRET_FILE, SourceConformance
from gateway.contract.testing import FakeHost, Headers, Ledger, Sent
from gateway.contract.testing.drive import _take, accept


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("queue_source", Path(__file__).with_name("queue_source.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["queue_source"] = module
    spec.loader.exec_module(module)
    return module


QUEUE = _module()
URL = "http://antrean.example"


class Agency:
    """The other side: items wait until they are told what became of them."""

    def __init__(self) -> None:
        self.waiting: dict[str, dict[str, Any]] = {}
        self.told: dict[str, str] = {}
        self.tickets = 0

    def put(self, number: int, nik: str) -> None:
        self.tickets += 1
        self.waiting[str(self.tickets)] = {"ticket": self.tickets, "nomor": f"N-{number}", "nik": nik, "nama": "Budi",
                                           "tgl_lahir": f"{number:02d}-08-1990", "jk": "male"}  # fmt: skip

    def answer(self, sent: Sent) -> HttpReply:
        path = sent.url.removeprefix(URL).strip("/").split("/")
        if sent.method == "POST":
            told = orjson.loads(sent.body)
            self.told.setdefault(path[1], told.get("code", told["state"]))
            self.waiting.pop(path[1], None)
            return HttpReply(204, Headers(), b"")
        if len(path) == 2:
            item = self.waiting.get(path[1])
            return HttpReply(404 if item is None else 200, Headers(), orjson.dumps(item))
        return HttpReply(200, Headers(), orjson.dumps(list(self.waiting.values())))


class TestQueueSource(SourceConformance):
    kind: type[Source] = QUEUE.QueueSource

    @property
    def agency(self) -> Agency:
        if not hasattr(self, "_agency"):
            self._agency = Agency()
        return self._agency

    def make(self, host: FakeHost) -> Source:
        host.http.forget()
        for method in ("GET", "POST"):
            host.http.on(method, URL, self.agency.answer)
        made: Any = self.kind
        source: Source = made(QUEUE.QueueConfig.model_validate({"url": URL, "key": {"file": SECRET_FILE}}), host)
        return source

    def put(self, host: FakeHost, number: int) -> None:
        self.agency.put(number, f"327301{number:02d}0890000{number}")

    def put_bad(self, host: FakeHost) -> Reason:
        self.agency.put(1, "3.27301E+15")
        return Reason.SCHEMA_INVALID

    def waiting(self, host: FakeHost) -> int:
        return len(self.agency.waiting)

    def told(self, host: FakeHost) -> Sequence[str]:
        return list(self.agency.told.values())


class Forgets(QUEUE.QueueSource):  # type: ignore[misc,name-defined]
    async def open(self) -> None:
        await super().open()
        self._resumed = []


class KeepsQuiet(QUEUE.QueueSource):  # type: ignore[misc,name-defined]
    async def settle(self, item: Inbound, settlement: Settlement) -> None:
        await self._close(item.item)


class Consumes(QUEUE.QueueSource):  # type: ignore[misc,name-defined]
    async def check(self) -> list[str]:
        return [inbound.message_id async for inbound in self.poll(1)]


@pytest.mark.parametrize("kind", [Forgets, KeepsQuiet])
async def test_a_source_that_loses_fails_the_kit(kind: type[Source]) -> None:
    kit = TestQueueSource()
    kit.kind = kind
    with pytest.raises(AssertionError):
        await kit.test_a_crash_loses_nothing_and_doubles_nothing(_host(), "recorded")


async def test_a_check_that_consumes_fails_the_kit() -> None:
    kit = TestQueueSource()
    kit.kind = Consumes
    host = _host()
    source = kit.make(host)
    await source.open()
    with pytest.raises(AssertionError):
        await kit.test_check_consumes_nothing(source, host)


def _host() -> FakeHost:
    return FakeHost(secrets={f"file:{SECRET_FILE}": "k"})


async def test_a_ledger_knows_the_content_of_a_key() -> None:
    kit, host, ledger = TestQueueSource(), _host(), Ledger()
    source = kit.make(host)
    await source.open()
    kit.put(host, 1)
    await kit.rounds(source, host, ledger)
    kit.agency.put(1, "3273020108900009")
    await kit.rounds(source, host, ledger)
    assert list(kit.told(host)) == ["accepted", "conflict"]


async def test_the_loop_of_the_kit_refuses_a_key_that_a_gateway_would_refuse() -> None:
    kit = TestQueueSource()
    host = FakeHost(secrets={f"file:{SECRET_FILE}": "rahasia"})
    kit.agency.put(1, "3273010108900001")
    source = kit.make(host)
    async for inbound in source.poll(1):
        for key in ("", "k" * 256):
            taken = _take(source.codec, dataclasses.replace(inbound, key=key), accept, Ledger())
            assert isinstance(taken.settlement, Rejected)
            assert taken.settlement.error.reason is Reason.BAD_REQUEST
