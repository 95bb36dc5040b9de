"""What waits, for how long, and what room is left, as Prometheus reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from gateway.contract.errors import NeedsOperator
from gateway.gauges import EVERY, Gauges, born_ms
from gateway.store.engine import JournalBusy
from tests.unit.gateway.bench import ARSIP, FOLDER, GUDANG, KOTAK, Bench, letter, organisation, person

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"
DISK = {"disk": {"free": 1000, "reserve": 1200}}


def gauges(bench: Bench) -> Gauges:
    return Gauges(bench.journal, facts=lambda: DISK, now_ms=bench.now_ms, monotonic=bench.clock.monotonic)


async def read(one: Gauges) -> dict[tuple[str, str | None], float]:
    families = text_string_to_metric_families((await one.text()).decode())
    return {(s.name, s.labels.get("lane")): s.value for family in families for s in family.samples}


async def test_an_idle_gateway_measures_nothing(bench: Bench) -> None:
    await bench.sequencer.drain()
    found = await read(gauges(bench))
    room = found.pop(("lintas_disk_over_reserve_bytes", None))
    assert room == -200
    assert set(found.values()) == {0}
    assert {lane for _, lane in found} == {None, "system", "inbox", "receipts"}


async def test_what_waits_is_counted_by_kind_of_lane_and_has_an_age(bench: Bench) -> None:
    await bench.record("letter.deliver", letter(), recipients=(KOTAK,))
    bench.clock.advance(60)
    await bench.record("organisation.deliver", organisation(), by=FOLDER)
    await bench.run(GUDANG)
    bench.clock.advance(30)
    for name in ("A", "B"):
        await bench.record("organisation.deliver", organisation(name=name))
    await bench.lease(GUDANG, room=1)
    await bench.record("letter.deliver", letter(), recipients=(ARSIP,))
    bench.clock.advance(5)
    found = await read(gauges(bench))
    waits = {lane: found["lintas_lane_deliveries", lane] for lane in ("system", "inbox", "receipts")}
    ages = {lane: found["lintas_lane_oldest_seconds", lane] for lane in waits}
    assert waits == {"system": 2, "inbox": 1, "receipts": 1}
    # What is carried is as old as it was.
    assert ages == {"system": 5, "inbox": 95, "receipts": 35}
    assert found["lintas_lane_leased", "system"] == 1
    assert found["lintas_outbox_events", None] > 0


async def test_quarantine_is_counted_until_it_is_decided(bench: Bench) -> None:
    bench.sink(GUDANG).says = [NeedsOperator("look at it")]
    await bench.record("person.deliver", person())
    await bench.run(GUDANG)
    assert (await read(gauges(bench)))["lintas_quarantined_deliveries", None] == 1


async def test_asking_often_reads_once(bench: Bench) -> None:
    one = gauges(bench)
    asked: list[str] = []
    reads = bench.journal.read

    async def counted(query: str, params: Any = None) -> Any:
        asked.append(query)
        return await reads(query, params)

    bench.journal.read = counted  # type: ignore[method-assign]
    first = await one.text()
    once = len(asked)
    await bench.record("organisation.deliver", organisation())
    assert await one.text() is first
    assert len(asked) == once
    bench.clock.advance(EVERY)
    assert (await read(one))["lintas_lane_deliveries", "system"] == 1


async def test_a_journal_that_is_busy_gives_what_was_read_last(bench: Bench) -> None:
    one = gauges(bench)
    first = await one.text()

    async def busy(*arguments: object) -> Any:
        raise JournalBusy(1)

    bench.journal.read = busy  # type: ignore[method-assign]
    bench.clock.advance(EVERY)
    assert await one.text() == first


async def test_the_docs_name_every_gauge_and_nothing_else(bench: Bench) -> None:
    documented = set(re.findall(r"^\| `(lintas_\w+)", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    counters = {"lintas_events_total", "lintas_adapter_events_total"}
    assert documented == counters | {name for name, _ in await read(gauges(bench))}


def test_an_identifier_tells_its_time() -> None:
    assert born_ms("0199f2c4-8e00-7abc-8000-000000000000.1") == 0x0199F2C48E00
    assert born_ms("m-1") is None
