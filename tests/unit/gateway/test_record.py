"""Custody passes in one transaction, once."""

from __future__ import annotations

import pytest

from gateway.contract.errors import Refused
from gateway.contract.exchange import ReceiptCopy
from gateway.contract.reasons import Reason
from gateway.record import content_digest, conversation_name, open_receipt, seal_receipt, trace_name
from gateway.store.sealing import DataKey, SealBroken
from tests.unit.gateway.bench import (
    ARSIP,
    FOLDER,
    GUDANG,
    KOTAK,
    NIK,
    PAPER,
    Bench,
    changed,
    letter,
    organisation,
    person,
)


async def test_everything_of_a_message_is_durable_together(bench: Bench) -> None:
    verified = bench.verified("letter.deliver", letter(), recipients=(ARSIP, KOTAK), conversation="c-1")
    recorded = await bench.recorder.record(verified)
    message = recorded.message_id
    assert [receipt.kind for receipt in recorded.receipts] == ["accepted"]
    assert await bench.queued(ARSIP) == [f"{message}.1"]
    assert await bench.queued(f"{KOTAK}#inbox") == [f"{message}.2"]
    assert [await bench.state(f"{message}.{number}") for number in (1, 2)] == ["ready", "ready"]
    [event] = await bench.told(message)
    assert (event["event"], event["conversation"], event["recipient"]) == (
        "accepted",
        conversation_name(bench.lookup, "c-1"),
        None,
    )
    assert "c-1" not in event["conversation"]
    assert (await bench.recorder.receipts_of(message))[0].jws == recorded.receipts[0].jws


UUIDS = ("01890000-0000-7000-8000-000000000001", "32730141-0790-4000-8100-000000000001", "about " + NIK, "")


@pytest.mark.parametrize("given", UUIDS)
async def test_no_identifier_of_a_sender_stands_in_the_log_or_the_row(bench: Bench, given: str) -> None:
    """A person's number fits the digits of a UUID of any version, and those of a trace id."""
    trace = f"00-0000000000000000{NIK}-00f067aa0ba902b7-01"
    sent = bench.verified("letter.deliver", letter(), recipients=(ARSIP,), key="k", conversation=given, trace=trace)
    message = (await bench.recorder.record(sent)).message_id
    await bench.run(ARSIP)
    again = bench.verified("letter.deliver", letter(), recipients=(ARSIP,), key="k", conversation=given, trace=trace)
    assert (await bench.recorder.record(again)).message_id == message
    told = await bench.told()
    assert len(told) == 4
    assert {one["trace"] for one in told} == {trace_name(bench.lookup, trace)}
    assert {one["conversation"] for one in told} == {conversation_name(bench.lookup, given), None}
    [row] = await bench.journal.read("find_message", {"id": message})
    for said in (str(told), str(row)):
        assert NIK not in said
        assert not given or given not in said
    # The recipient has both as they were sent.
    [out] = bench.sink(ARSIP).taken
    assert (out.trace, out.envelope["conversationId"]) == (trace, given)


def test_equal_ones_have_equal_names_and_others_others(bench: Bench) -> None:
    one, other = "4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4737"
    traces = [f"00-{one}-00f067aa0ba902b7-01", f"00-{one}-{'b' * 16}-00", f"00-{other}-00f067aa0ba902b7-01"]
    first, second, third = (trace_name(bench.lookup, trace) for trace in traces)
    assert first == second != third
    assert trace_name(bench.lookup, "odd") not in (first, third, None)
    assert trace_name(bench.lookup, None) is None
    assert conversation_name(bench.lookup, None) is None
    assert conversation_name(bench.lookup, one) != conversation_name(bench.lookup, other)
    assert conversation_name(bench.lookup, one) != first


async def test_a_row_carries_the_id_of_its_batch(bench: Bench) -> None:
    row = bench.verified("organisation.deliver", organisation(), by=FOLDER, conversation="m-0")
    await bench.recorder.record(row, parent="m-0")
    assert [one["conversation"] for one in await bench.told()] == ["m-0"]


async def test_the_row_is_kept_as_long_as_the_route_says(bench: Bench) -> None:
    steps, _, _ = bench.recorder.steps(bench.routed("letter.deliver", letter()))
    row = steps[0].params
    assert row["retain_until"] - row["created_at"] == 30 * 86_400_000
    assert row["purpose"] == "Perpres 95/2018"


async def test_nothing_is_there_when_the_unit_is_refused(bench: Bench) -> None:
    verified = bench.verified("letter.deliver", letter())
    steps, _, _ = bench.recorder.steps(verified.routed)
    with pytest.raises(Exception, match="expected 1 rows, got 0"):
        await bench.commit(*steps, steps[0]._replace(query="drop_key", params={"key": b"", "message": ""}, rows=1))
    assert await bench.queued(ARSIP) == []
    assert await bench.told() == []


async def test_a_repeat_gets_the_original_receipt_byte_for_byte(bench: Bench) -> None:
    first = await bench.recorder.record(bench.verified("letter.deliver", letter(), key="k"))
    again = await bench.recorder.record(bench.verified("letter.deliver", letter(), key="k"))
    assert (again.message_id, again.receipts, again.repeated) == (first.message_id, first.receipts, True)
    assert await bench.names() == ["accepted", "duplicate_answered"]
    assert len(await bench.queued(ARSIP)) == 1


async def test_a_repeat_with_other_content_is_refused(bench: Bench) -> None:
    await bench.record("letter.deliver", letter(), key="k")
    with pytest.raises(Refused) as caught:
        await bench.record("letter.deliver", letter(subject="Lain"), key="k")
    assert caught.value.reason is Reason.CONFLICT
    assert len(await bench.queued(ARSIP)) == 1


async def test_a_repeat_to_somebody_else_is_no_repeat(bench: Bench) -> None:
    """Answered as one, it would leave the new recipient with nothing."""
    await bench.record("letter.deliver", letter(), key="k", recipients=(ARSIP, KOTAK))
    again = bench.verified("letter.deliver", letter(), key="k", recipients=(KOTAK, ARSIP))
    assert (await bench.recorder.record(again)).repeated
    for others in ((ARSIP,), (KOTAK,)):
        with pytest.raises(Refused) as caught:
            await bench.record("letter.deliver", letter(), key="k", recipients=others)
        assert caught.value.reason is Reason.CONFLICT


async def test_other_parts_are_other_content(bench: Bench) -> None:
    alone = bench.routed("letter.deliver", letter())
    with_more = bench.routed("letter.deliver", letter(), parts=(PAPER, changed(PAPER, number=2)))
    assert alone.normalised.canonical == with_more.normalised.canonical
    assert content_digest(bench.lookup, alone) != content_digest(bench.lookup, with_more)


async def test_one_key_of_two_systems_is_two_messages(bench: Bench) -> None:
    first = await bench.record("letter.deliver", letter(), key="k")
    second = await bench.record("letter.deliver", letter(), key="k", by=FOLDER)
    assert first != second
    assert len(await bench.queued(ARSIP)) == 2


async def test_a_key_is_free_again_after_its_window(bench: Bench) -> None:
    first = await bench.record("organisation.deliver", organisation())
    bench.clock.advance(3599)
    assert await bench.record("organisation.deliver", organisation()) == first
    bench.clock.advance(2)
    assert await bench.record("organisation.deliver", organisation()) != first
    assert len(await bench.queued(GUDANG)) == 2


async def test_a_given_key_counts_before_the_fields_of_the_route(bench: Bench) -> None:
    first = await bench.record("organisation.deliver", organisation(), key="one")
    assert await bench.record("organisation.deliver", organisation(), key="two") != first


async def test_persons_stand_in_events_under_names_that_never_repeat(bench: Bench) -> None:
    for _ in range(2):
        await bench.record("person.deliver", person())
    events = await bench.told()
    subjects = [name for event in events for name in event["subjects"]]
    assert len(subjects) == len(set(subjects)) == 2
    assert person()["nik"] not in str(events)


async def test_no_plain_text_reaches_the_disk(bench: Bench) -> None:
    await bench.record("person.deliver", person(), key=f"key-of-{person()['nik']}")
    await bench.run(GUDANG)
    await bench.told()
    await bench.close()
    stored = b"".join(path.read_bytes() for path in bench.folder.rglob("*") if path.is_file())
    for secret in (b"Siti Contoh", person()["nik"].encode(), b"1990-07-01"):
        assert secret not in stored


async def test_only_the_first_of_an_order_may_go(bench: Bench) -> None:
    ids = [await bench.record("person.deliver", person(fullName=name)) for name in ("Satu", "Dua")]
    other = await bench.record("person.deliver", person(nik="3273014107900002"))
    assert await bench.queued(GUDANG) == [f"{ids[0]}.1", f"{other}.1"]


async def test_a_message_that_was_recorded_late_does_not_pass_or_double_another_of_its_order(bench: Bench) -> None:
    """Its id is older, since it took longer to arrive."""
    slow = bench.verified("person.deliver", person(fullName="Lambat"))
    fast = await bench.record("person.deliver", person(fullName="Cepat"))
    await bench.recorder.record(slow)
    assert await bench.queued(GUDANG) == [f"{fast}.1"]
    await bench.run(GUDANG)
    assert await bench.queued(GUDANG) == [f"{slow.routed.normalised.received.id}.1"]
    while await bench.run(GUDANG):
        pass
    assert [one.message_id for one in bench.sink(GUDANG).taken] == [fast, slow.routed.normalised.received.id]


def test_a_sealed_receipt_opens_only_in_its_place() -> None:
    key = DataKey.random()
    copy = ReceiptCopy("registered", "a.b.c", "m.1", "005/12")
    sealed = seal_receipt(key, "m", copy)
    assert open_receipt(key, "m", "m.1", "registered", sealed) == copy
    for place in (("n", "m.1", "registered"), ("m", "m.2", "registered"), ("m", "m.1", "refused")):
        with pytest.raises(SealBroken):
            open_receipt(key, *place, sealed)
