"""Leases that nobody holds any more, and registrations that did not come."""

from __future__ import annotations

import pytest

from gateway.contract.adapter import Capability
from gateway.contract.exchange import Delivered
from gateway.store.engine import Unit
from tests.unit.gateway.bench import ARSIP, FOLDER, GUDANG, SIMPUS, Bench, letter, organisation


async def abandoned(bench: Bench, sender: str = SIMPUS) -> str:
    message = await bench.record("organisation.deliver", organisation(), by=sender)
    await bench.lease(GUDANG)
    return f"{message}.1"


async def test_a_lease_that_is_held_stays(bench: Bench) -> None:
    name = await abandoned(bench)
    assert await bench.reaper.sweep() == 0
    assert await bench.state(name) == "attempting"


async def test_a_lease_ends_when_its_time_is_over(bench: Bench) -> None:
    name = await abandoned(bench)
    bench.clock.advance(bench.settings.times.lease)
    assert await bench.reaper.sweep() == 0
    bench.clock.advance(0.001)
    assert await bench.reaper.sweep() == 1
    assert await bench.state(name) == "held"


async def test_the_leases_of_the_process_before_end_at_once(bench: Bench) -> None:
    name = await abandoned(bench)
    bench.epoch += 1
    assert await bench.reaper.sweep() == 1
    assert await bench.state(name) == "held"
    [item] = await bench.quarantined()
    assert (item["reason"], item["detail"]) == ("recipient_unsure", "the lease ended without an outcome")
    assert await bench.reaper.sweep() == 0


@pytest.mark.parametrize(
    ("capability", "sender", "state"),
    [
        (Capability.NEITHER, SIMPUS, "held"),
        (Capability.NEITHER, FOLDER, "unsure"),
        (Capability.IDEMPOTENT, SIMPUS, "unsure"),
        (Capability.RECONCILABLE, SIMPUS, "unsure"),
    ],
)
async def test_an_ended_lease_is_ambiguous(bench: Bench, capability: Capability, sender: str, state: str) -> None:
    bench.sink(GUDANG).capability = capability
    name = await abandoned(bench, sender)
    bench.epoch += 1
    await bench.reaper.sweep()
    assert await bench.state(name) == state
    assert bench.notified == [GUDANG]


async def test_after_a_crash_the_recipient_is_asked_first(bench: Bench) -> None:
    sink = bench.sink(GUDANG)
    sink.capability, sink.found = Capability.RECONCILABLE, Delivered(b"had it")
    name = await abandoned(bench)
    bench.epoch += 1
    await bench.reaper.sweep()
    bench.clock.advance(60)
    await bench.run(GUDANG)
    assert await bench.state(name) == "delivered"
    assert (sink.taken, len(sink.reconciled)) == ([], 1)


async def test_a_registration_that_did_not_come_is_overdue_once(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter())
    await bench.run(ARSIP)
    bench.clock.advance(14 * 86_400 - 1)
    assert await bench.reaper.sweep() == 0
    bench.clock.advance(1)
    assert await bench.reaper.sweep() == 1
    assert await bench.reaper.sweep() == 0
    assert await bench.state(f"{message}.1") == "overdue"
    event = (await bench.told(message))[-1]
    assert (event["event"], event["reason"]) == ("overdue", "timed_out")


async def test_a_recipient_that_is_no_more_makes_it_unsure_for_a_human(bench: Bench) -> None:
    name = await abandoned(bench)
    bench.sinks[GUDANG] = None
    bench.epoch += 1
    assert await bench.reaper.sweep() == 1
    assert await bench.state(name) == "held"


async def test_a_registration_that_comes_at_the_last_moment_ends_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep has seen it awaited, and finds it closed when it writes."""
    message = await bench.record("letter.deliver", letter())
    await bench.run(ARSIP)
    bench.clock.advance(14 * 86_400)
    said = {"relatedToMessageId": message, "status": "registered", "at": "2026-11-23T08:00:00+07:00"}
    acknowledgement = bench.verified("acknowledgement.deliver", said, by=ARSIP, recipients=(SIMPUS,))

    async def commit(unit: Unit) -> object:
        monkeypatch.undo()
        await bench.registrar.acknowledge(acknowledgement)
        return await bench.journal.commit(unit)

    monkeypatch.setattr(bench.journal, "commit", commit)
    await bench.reaper.sweep()
    assert await bench.state(f"{message}.1") == "registered"
    assert await bench.reaper.sweep() == 0
    assert (await bench.names(message))[-1] == "registered"
