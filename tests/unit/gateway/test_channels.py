"""Adapters in use are made once each and found again by whom they serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.channels import AdapterUnusable, Channels, EndpointUnknown
from gateway.contract.adapter import AdapterSpec, Capability, Endpoint
from gateway.contract.errors import TryLater
from gateway.contract.reasons import Reason
from gateway.contract.testing import FakeHost
from gateway.federation import Federation
from tests.unit.gateway.bench import (
    ARSIP,
    FOLDER,
    GUDANG,
    KOTAK,
    SIMPUS,
    VCLAIM,
    Bench,
    Plain,
    ScriptedSink,
    make_sink,
    organisation,
    small_federation,
)  # fmt: skip
from tests.unit.gateway.letters.office import OFFICE, Service


class Door(Endpoint):
    """An endpoint without routes."""

    async def open(self) -> None:
        return None

    async def check(self) -> list[str]:
        return []

    def routes(self) -> Any:
        return ()

    async def decode(self, call: Any) -> Any:
        raise NotImplementedError

    def encode(self, call: Any, settlement: Any) -> Any:
        raise NotImplementedError


STUB = AdapterSpec("stub", "Stub", {"source": (Plain, make_sink), "sink": (Plain, make_sink)})
DOOR = AdapterSpec("door", "Door", {"endpoint": (Plain, lambda config, host: Door())})
SPECS = {"stub": STUB, "door": DOOR}


def made(federation: Federation, *endpoints: str) -> tuple[Channels, list[tuple[str, str | None, str]]]:
    asked: list[tuple[str, str | None, str]] = []

    def host(name: str, system: str | None, agency: str) -> FakeHost:
        asked.append((name, system, agency))
        return FakeHost(name=name, system=system)

    channels = Channels(federation, SPECS, endpoints)
    channels.make(host)
    return channels, asked


def test_every_use_has_a_host_of_its_own(federation: Federation) -> None:
    channels, asked = made(federation, "door")
    assert (f"{FOLDER}:receipts", FOLDER, "kota") in asked
    assert ("door", None, "") in asked
    assert [name for name, _ in channels.adapters][-1] == "door:endpoint"
    assert len(channels.adapters) == len(federation.uses) + 1
    assert [type(one) for one in channels.endpoints] == [Door]


def test_a_channel_is_found_by_system_and_service(federation: Federation) -> None:
    channels, _ = made(federation)
    assert isinstance(channels.channel(VCLAIM, "coverage.lookup"), ScriptedSink)
    assert channels.channel(ARSIP, "letter.deliver") is not channels.channel(GUDANG, "person.deliver")
    assert channels.channel(KOTAK, "letter.deliver") is None
    assert channels.channel(SIMPUS, "letter.deliver") is None
    assert channels.channel("nobody/here", "letter.deliver") is None


async def test_a_receipt_goes_its_own_way_back(bench: Bench) -> None:
    channels, _ = made(bench.federation)
    message = await bench.record("organisation.deliver", organisation(), by=FOLDER)
    there = await bench.work(f"{message}.1")
    await bench.run(GUDANG)
    back = await bench.work(f"{message}.r1-delivered")
    assert channels.sink_of(there) is channels.channel(GUDANG, "organisation.deliver")
    assert channels.sink_of(back) not in (None, channels.sink_of(there))
    assert channels.sink_of(back._replace(recipient=SIMPUS)) is None
    names = [channels.name_of(one) for one in (there, back, back._replace(recipient=SIMPUS))]
    assert dict(channels.adapters)[names[0]] is channels.sink_of(there)
    assert names[1:] == [f"{FOLDER}:receipts", ""]
    assert names[0] == channels.name(GUDANG, "organisation.deliver")


async def test_the_receipt_of_a_row_goes_where_the_report_of_its_batch_went(bench: Bench) -> None:
    asked: list[tuple[str | None, bool]] = []
    channels, _ = made(bench.federation)

    class Says:
        def receipts_use(self, system: str, source: str | None = None, *, beside: bool = False) -> None:
            asked.append((source, beside))

    message = await bench.record("organisation.deliver", organisation(), by=FOLDER)
    await bench.run(GUDANG)
    back = await bench.work(f"{message}.r1-delivered")
    channels._federation = Says()  # type: ignore[assignment]
    for kind in ("message", "row"):
        channels.sink_of(back._replace(message_kind=kind), "inbox")
    assert asked == [("inbox", False), ("inbox", True)]


@pytest.mark.parametrize("name", ["nothing", "stub"])
def test_an_endpoint_that_nobody_has_is_refused(federation: Federation, name: str) -> None:
    with pytest.raises(EndpointUnknown, match=f"`endpoints` names {name}"):
        made(federation, name)


async def test_what_is_for_a_sink_that_is_not_open_waits(bench: Bench) -> None:
    shut: set[str] = set()
    channels = Channels(bench.federation, SPECS, (), lambda name: name not in shut)
    channels.make(lambda name, system, agency: FakeHost(name=name, system=system))
    message = await bench.record("organisation.deliver", organisation())
    work = await bench.work(f"{message}.1")
    sink = channels.sink_of(work)
    assert isinstance(sink, ScriptedSink)
    sink.capability = Capability.RECONCILABLE
    shut.add(channels.name_of(work))
    for stand_in in (channels.sink_of(work), channels.channel(GUDANG, "organisation.deliver")):
        assert stand_in is not None
        assert stand_in.capability is Capability.RECONCILABLE
        some: Any = None
        for call in (stand_in.deliver(some, some), stand_in.reconcile(some, some), stand_in.ask(some, 1.0)):
            with pytest.raises(TryLater) as caught:
                await call
            assert caught.value.reason is Reason.RECIPIENT_DOWN
    assert sink.taken == []
    shut.clear()
    assert channels.sink_of(work) is sink


@pytest.mark.parametrize("error", [ValueError("3273010101010001"), SystemExit(3)])
def test_an_adapter_that_cannot_be_made_is_named(federation: Federation, error: BaseException) -> None:
    def broken(config: Any, host: Any) -> Any:
        raise error

    specs = {**SPECS, "door": AdapterSpec("door", "Door", {"endpoint": (Plain, broken)})}
    channels = Channels(federation, specs, ("door",))
    with pytest.raises(AdapterUnusable) as caught:
        channels.make(lambda name, system, agency: FakeHost(name=name, system=system))
    told = str(caught.value)
    assert told.startswith(f"door:endpoint cannot be made ({type(error).__name__} at test_channels.py:")
    assert "3273" not in told


def test_a_signer_elsewhere_is_made_once_and_waits_while_it_is_not_open(tmp_path: Path) -> None:
    signing = AdapterSpec("stub", "Stub", {**STUB.makers, "signer": (Plain, lambda config, host: Service())})
    federation = small_federation(tmp_path, OFFICE, signing)
    shut: set[str] = set()
    channels = Channels(federation, {"stub": signing}, (), lambda name: name not in shut)
    channels.make(lambda name, system, agency: FakeHost(name=name, system=system))
    assert isinstance(channels.signer("kota", "wali"), Service)
    assert channels.signer("kota", "kepala") is None
    assert "kota:signer:wali" in [name for name, _ in channels.adapters]
    shut.add("kota:signer:wali")
    with pytest.raises(TryLater) as caught:
        channels.signer("kota", "wali")
    assert caught.value.reason is Reason.RECIPIENT_DOWN
