"""What an attempt leads to, by error, by what the recipient can do, and by what the route says."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.contract.adapter import Capability
from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Delivered
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.receipt import commit
from gateway.store.engine import Step, Unit
from tests.unit.gateway.bench import (
    ARSIP,
    FOLDER,
    GUDANG,
    NIK,
    OPERATOR,
    SIMPUS,
    Bench,
    changed,
    letter,
    organisation,
    person,
    running,
)

LATER = TryLater(Reason.RECIPIENT_DOWN, after=30)
NO = Refused(Reason.SCHEMA_INVALID, "no", answer=b"<no/>")
UNSURE = Ambiguous(Reason.TIMED_OUT, "no answer")
HUMAN = NeedsOperator("the certificate has expired")
STRANGER = ValueError("a codec broke")
NEITHER, IDEMPOTENT, RECONCILABLE = Capability.NEITHER, Capability.IDEMPOTENT, Capability.RECONCILABLE
HOLDS, RESENDS = SIMPUS, FOLDER
"""The route of `organisation.deliver` from this sender says so."""

TABLE = [
    (error, capability, sender, state, event)
    for capability in Capability
    for sender in (HOLDS, RESENDS)
    for error, state, event in (
        (LATER, "ready", "attempt_failed"),
        (NO, "refused", "delivery_refused"),
        (HUMAN, "quarantined", "quarantined"),
    )
] + [
    (error, capability, sender, *(("held", "held") if holds else ("unsure", "attempt_failed")))
    for error in (UNSURE, STRANGER, TimeoutError(), ConnectionResetError())
    for capability, sender, holds in (
        (NEITHER, HOLDS, True),
        (NEITHER, RESENDS, False),
        (IDEMPOTENT, HOLDS, False),
        (IDEMPOTENT, RESENDS, False),
        (RECONCILABLE, HOLDS, False),
        (RECONCILABLE, RESENDS, False),
    )
]


@pytest.mark.parametrize(("error", "capability", "sender", "state", "event"), TABLE)
async def test_what_an_error_leads_to(
    bench: Bench, error: Exception, capability: Capability, sender: str, state: str, event: str
) -> None:
    message = await bench.record("organisation.deliver", organisation(), by=sender)
    sink = bench.sink(GUDANG)
    sink.capability = capability
    sink.says = [error]
    [work] = await bench.lease(GUDANG)
    reachable = await bench.worker.carry(work)
    assert await bench.state(f"{message}.1") == state
    assert (await bench.names(message))[-1] == event
    assert reachable is (error in (NO, HUMAN))
    again = state in ("ready", "unsure")
    assert await bench.queued(GUDANG) == ([f"{message}.1"] if again else [])
    assert [one["deliveryId"] for one in await bench.quarantined()] == (
        [f"{message}.1"] if state in ("held", "quarantined") else []
    )
    assert await bench.journal.read("leased", {"delivery": f"{message}.1"}) == []


async def test_what_a_delivery_waits_for_a_person_to_do_is_told_until_one_went_well(bench: Bench) -> None:
    told: list[tuple[str, str | None]] = []
    bench.worker._on_channel = lambda work, says: told.append((work.recipient, says))
    message = await bench.record("organisation.deliver", organisation())
    bench.sink(GUDANG).says = [TryLater(Reason.FOLDER_GONE, "mount the share"), LATER]
    for _ in range(3):
        await bench.run(GUDANG)
        bench.clock.advance(60)
    assert told == [(GUDANG, "mount the share"), (GUDANG, None)]
    reasons = [one["reason"] for one in await bench.told(message) if one["event"] == "attempt_failed"]
    assert reasons == ["folder_gone", "recipient_down"]
    assert await bench.quarantined() == []


async def test_the_schedule_waits_as_long_as_the_recipient_asked(bench: Bench) -> None:
    await bench.record("organisation.deliver", organisation())
    bench.sink(GUDANG).says = [LATER]
    await bench.run(GUDANG)
    assert await bench.lanes.seconds_to_next(GUDANG) == 30
    bench.clock.advance(29)
    assert await bench.run(GUDANG) == 0
    bench.clock.advance(1)
    assert await bench.run(GUDANG) == 1
    assert [one.number for one in bench.sink(GUDANG).attempts] == [1, 2]
    assert [one.fence for one in bench.sink(GUDANG).attempts] == [1, 2]


async def test_the_same_delivery_keeps_its_name_at_every_attempt(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    bench.sink(GUDANG).says = [LATER, LATER]
    for _ in range(3):
        await bench.run(GUDANG)
        bench.clock.advance(60)
    assert {one.delivery_id for one in bench.sink(GUDANG).taken} == {f"{message}.1"}
    assert len(bench.sink(GUDANG).taken) == 3


async def test_when_attempts_run_out_it_is_kept_whole(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    bench.sink(GUDANG).says = [LATER]
    bench.clock.advance(60)
    [work] = await bench.lease(GUDANG)
    bench.clock.advance(86_400)
    await bench.worker.carry(work)
    [item] = await bench.quarantined()
    assert (item["reason"], item["detail"]) == ("attempts_exhausted", "after 1 attempts")
    assert await bench.state(f"{message}.1") == "quarantined"


async def test_an_unsure_one_that_runs_out_is_held(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation(), by=RESENDS)
    bench.sink(GUDANG).says = [UNSURE]
    [work] = await bench.lease(GUDANG)
    bench.clock.advance(86_400)
    await bench.worker.carry(work)
    assert await bench.state(f"{message}.1") == "held"


async def test_whoever_can_be_asked_is_asked_before_anything_is_sent_again(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    sink = bench.sink(GUDANG)
    sink.capability, sink.says, sink.found = RECONCILABLE, [UNSURE], Delivered(b"had it")
    await bench.run(GUDANG)
    assert sink.reconciled == []
    bench.clock.advance(60)
    await bench.run(GUDANG)
    assert (len(sink.taken), len(sink.reconciled)) == (1, 1)
    assert await bench.state(f"{message}.1") == "delivered"


async def test_what_did_not_arrive_is_sent_after_asking(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    sink = bench.sink(GUDANG)
    sink.capability, sink.says = RECONCILABLE, [UNSURE]
    await bench.run(GUDANG)
    bench.clock.advance(60)
    await bench.run(GUDANG)
    assert (len(sink.taken), len(sink.reconciled)) == (2, 1)
    assert await bench.state(f"{message}.1") == "delivered"


async def test_being_down_in_between_does_not_make_it_sure(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    sink = bench.sink(GUDANG)
    sink.capability, sink.says = IDEMPOTENT, [UNSURE, LATER]
    for _ in range(2):
        await bench.run(GUDANG)
        bench.clock.advance(60)
    assert await bench.state(f"{message}.1") == "unsure"


async def test_what_has_expired_is_not_sent(bench: Bench) -> None:
    expires = bench.clock.now() + timedelta(minutes=1)
    message = await bench.record("organisation.deliver", organisation(), expires_at=expires)
    bench.clock.advance(60)
    assert await bench.run(GUDANG) == 1
    assert bench.sink(GUDANG).taken == []
    assert await bench.state(f"{message}.1") == "expired"
    [_, (_, refused)] = await bench.chain(message)
    assert (refused["kind"], refused["reason"]) == ("refused", "expired")


async def test_the_receipt_of_what_has_expired_goes_back_all_the_same(bench: Bench) -> None:
    """It is the message whose time ran out, not what there is to say about it."""
    expires = bench.clock.now() + timedelta(minutes=1)
    await bench.record("organisation.deliver", organisation(), by=FOLDER, expires_at=expires)
    bench.clock.advance(60)
    await bench.run(GUDANG)
    await bench.run(f"{FOLDER}#receipts")
    [back] = bench.sink(FOLDER).taken
    assert (back.kind, back.receipt.kind) == ("receipt", "refused")


async def test_what_may_have_arrived_is_asked_after_even_if_it_has_expired(bench: Bench) -> None:
    expires = bench.clock.now() + timedelta(minutes=1)
    message = await bench.record("organisation.deliver", organisation(), expires_at=expires)
    sink = bench.sink(GUDANG)
    sink.capability, sink.says, sink.found = RECONCILABLE, [UNSURE], Delivered()
    await bench.run(GUDANG)
    bench.clock.advance(120)
    await bench.run(GUDANG)
    assert await bench.state(f"{message}.1") == "delivered"


async def test_a_stale_fence_changes_nothing(bench: Bench) -> None:
    """Another worker owns the delivery by now; its outcome is the one that counts."""
    message = await bench.record("organisation.deliver", organisation(), by=RESENDS)
    [late] = await bench.lease(GUDANG)
    bench.epoch += 1
    await bench.reaper.sweep()
    bench.clock.advance(60)
    [work] = await bench.lease(GUDANG)
    assert await bench.worker.carry(late) is True
    assert await bench.state(f"{message}.1") == "attempting"
    await bench.worker.carry(work)
    assert await bench.state(f"{message}.1") == "delivered"
    assert (await bench.names(message)).count("delivered") == 1


async def test_the_lease_is_durable_before_the_first_byte_leaves(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    seen: list[list[str]] = []

    async def look(outbound: object) -> Delivered:
        seen.append([one["event"] for one in await bench.told(message)])
        assert await bench.journal.read("leased", {"delivery": f"{message}.1"})
        return Delivered()

    bench.sink(GUDANG).says = [look]
    await bench.run(GUDANG)
    assert seen == [["accepted", "attempt_started"]]


async def test_an_attempt_ends_at_its_deadline(bench: Bench) -> None:
    stages = bench.settings.stages.model_copy(update={"deliver": 0.01})
    bench.worker._settings = bench.settings.model_copy(update={"stages": stages})
    message = await bench.record("organisation.deliver", organisation())

    async def never(outbound: object) -> Delivered:
        await asyncio.Event().wait()
        return Delivered()

    bench.sink(GUDANG).says = [never]
    await bench.run(GUDANG)
    assert await bench.state(f"{message}.1") == "held"


async def test_a_recipient_without_a_channel_is_for_an_operator(bench: Bench) -> None:
    bench.sinks[GUDANG] = None
    await bench.record("organisation.deliver", organisation())
    await bench.run(GUDANG)
    [item] = await bench.quarantined()
    assert (item["reason"], item["state"]) == ("operator_needed", "open")


async def test_what_was_erased_is_not_sent(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    [work] = await bench.lease(GUDANG)
    unit, reachable = await bench.worker._attempt(changed(work, sealed_key=None))
    assert reachable
    await bench.commit(*unit.steps)
    assert await bench.state(f"{message}.1") == "quarantined"
    assert bench.sink(GUDANG).taken == []


async def test_the_recipient_sees_its_own_envelope_and_part_urls(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter(), conversation="c-1", facts={"inReplyTo": "m-0", "x": "y"})
    await bench.run(ARSIP)
    [out] = bench.sink(ARSIP).taken
    assert out.envelope["recipients"] == [ARSIP]
    assert (out.envelope["inReplyTo"], out.envelope["conversationId"], "x" in out.envelope) == ("m-0", "c-1", False)
    assert out.part_urls == (f"https://gateway.example/api/v1/messages/{message}/parts/1",)
    assert out.load().TYPE == "letter/1"


async def test_a_sender_with_a_way_back_is_woken(bench: Bench) -> None:
    await bench.record("organisation.deliver", organisation(), by=FOLDER)
    await bench.record("organisation.deliver", organisation(), by=SIMPUS)
    await bench.run(GUDANG)
    assert bench.notified == [f"{FOLDER}#receipts"]


async def test_a_receipt_that_is_gone_needs_an_operator(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation(), by=FOLDER)
    await bench.run(GUDANG)
    lane = f"{FOLDER}#receipts"
    [work] = await bench.lease(lane)
    await bench.worker.carry(changed(work, receipt=f"{message}.1 registered"))
    [item] = await bench.quarantined()
    assert item["deliveryId"] == f"{message}.r1-delivered"


async def test_losing_the_lease_is_no_error(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    [work] = await bench.lease(GUDANG)
    await bench.commit(Step("end_lease", {"delivery": f"{message}.1", "fence": work.fence}, rows=1))
    assert await bench.worker.carry(work) is True
    assert "delivered" not in await bench.names(message)


async def test_what_the_route_cannot_release_any_more_waits_for_an_operator_alone(
    tmp_path: Path, wide: Federation, narrow: Federation
) -> None:
    async with running(tmp_path, wide) as before:
        stuck, good = [
            await before.record("person.deliver", value, recipients=(GUDANG,))
            for value in (person(), person(noKartu="0001234567890"))
        ]
    async with running(tmp_path, narrow) as bench:
        assert await bench.run(GUDANG) == 2
        assert [one.message_id for one in bench.sink(GUDANG).taken] == [good]
        assert await bench.state(f"{stuck}.1") == "quarantined"
        [item] = await bench.quarantined()
        assert (item["reason"], "noKartu" in item["detail"], NIK in str(item)) == ("operator_needed", True, False)
        assert bench.fatal == []
        await bench.operations.decide(item["id"], "close", OPERATOR)
        _, (_, last) = await bench.chain(stuck)
        assert (last["kind"], last["parts"]) == ("refused", [])
        assert last["commit"] == commit(b64decode(last["salt"]), b"")


async def test_an_outcome_that_cannot_be_told_is_held(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has arrived, perhaps; the lane goes on."""

    def broken(*args: object, **more: object) -> Unit:
        raise ZeroDivisionError("rahasia")

    message = await bench.record("organisation.deliver", organisation())
    monkeypatch.setattr(bench.outcomes, "delivered", broken)
    [work] = await bench.lease(GUDANG)
    assert await bench.worker.carry(work) is True
    assert await bench.state(f"{message}.1") == "held"
    assert [one["detail"] for one in await bench.quarantined()] == ["ZeroDivisionError"]
    monkeypatch.undo()
    after = await bench.record("organisation.deliver", organisation(name="Dinas B"))
    await bench.run(GUDANG)
    assert await bench.state(f"{after}.1") == "delivered"


async def test_an_outcome_that_cannot_be_written_is_held(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    [work] = await bench.lease(GUDANG)
    opened = bench.worker.open(work)
    receipt = bench.outcomes.sign("delivered", work, opened, previous=work.head)
    await bench.commit(bench.outcomes.receipt_step(work, opened.key, receipt, bench.now_ms()))
    assert await bench.worker.carry(work) is True
    assert await bench.state(f"{message}.1") == "held"
    assert [one["detail"] for one in await bench.quarantined()] == ["Taken"]
    assert bench.fatal == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (STRANGER, [STRANGER]), (ConnectionResetError(), ["same"]), (UNSURE, []), (LATER, []), (NO, []), (HUMAN, []),
        (TimeoutError(), []), (None, [None]),
    ],
)  # fmt: skip
async def test_what_nobody_foresaw_is_told_and_that_one_went_well(bench: Bench, said: Any, told: list[Any]) -> None:
    heard: list[Any] = []
    bench.worker._on_channel = lambda work, error: heard.append(error)
    await bench.record("organisation.deliver", organisation())
    bench.sink(GUDANG).says = [said]
    await bench.run(GUDANG)
    assert heard == ([said] if told == ["same"] else told)


async def test_a_mistake_while_asking_whether_it_arrived_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    bench.worker._on_channel = lambda work, error: heard.append(error)
    await bench.record("organisation.deliver", organisation())
    sink = bench.sink(GUDANG)
    sink.capability, sink.says = RECONCILABLE, [UNSURE]
    await bench.run(GUDANG)

    async def broken(*arguments: Any) -> None:
        raise STRANGER

    monkeypatch.setattr(sink, "reconcile", broken)
    bench.clock.advance(60)
    await bench.run(GUDANG)
    assert heard == [STRANGER]
