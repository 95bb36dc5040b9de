"""What operators see and decide: each decision once, each an event."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson
import pytest

from gateway import operate
from gateway.contract.errors import NeedsOperator, Refused
from gateway.contract.exchange import Caller, Delivered
from gateway.contract.reasons import Reason
from tests.unit.gateway.bench import (
    ARSIP,
    FOLDER,
    GUDANG,
    KOTAK,
    NIK,
    OPERATOR,
    SIMPUS,
    Bench,
    letter,
    organisation,
    person,
)


async def held(bench: Bench, service: str = "organisation.deliver", content: Any = None) -> tuple[str, str]:
    """A delivery whose outcome is unknown, and its place in quarantine."""
    message = await bench.record(service, content or organisation(), key=bench.ids.new())
    bench.sink(GUDANG).says = [TimeoutError()]
    await bench.run(GUDANG)
    [item] = [one for one in await bench.quarantined() if one["messageId"] == message]
    return f"{message}.1", str(item["id"])


async def test_status_counts_lanes_and_what_waits_for_a_human(bench: Bench) -> None:
    await held(bench)
    await bench.record("letter.deliver", letter(), recipients=(ARSIP, KOTAK))
    await bench.record("letter.deliver", letter(), recipients=(ARSIP,))
    await bench.lease(ARSIP, 1)
    told = await bench.operations.status()
    assert (told["node"], told["quarantined"]) == ("node-1", 1)
    assert told["lanes"] == [
        {"lane": f"{KOTAK}#inbox", "queued": 1, "leased": 0, "oldestDue": None},
        {"lane": ARSIP, "queued": 1, "leased": 1, "oldestDue": "2026-11-23T01:00:00.000Z"},
    ]


async def test_quarantine_is_paged_by_id(bench: Bench) -> None:
    found = [(await held(bench))[1] for _ in range(3)]
    first = (await bench.operations.quarantined("", 2))["items"]
    rest = (await bench.operations.quarantined(first[-1]["id"], 2))["items"]
    assert [one["id"] for one in first + rest] == found
    assert (first[0]["recipient"], first[0]["reason"], first[0]["state"]) == (GUDANG, "recipient_unsure", "open")


async def test_what_is_held_of_one_message(bench: Bench) -> None:
    delivery, item = await held(bench)
    await held(bench)
    message = delivery.removesuffix(".1")
    assert [one["id"] for one in (await bench.operations.quarantined("", 9, message))["items"]] == [item]
    assert (await bench.operations.quarantined("", 9, "m-404"))["items"] == []
    for who, told in ((OPERATOR, item), (Caller(SIMPUS), None)):
        [one] = (await bench.reader.message(message, who))["deliveries"]
        assert one.get("quarantine") == told


@pytest.mark.parametrize("action", ["replay", "close", "skip"])
async def test_nothing_is_decided_twice(bench: Bench, action: str) -> None:
    delivery, item = await held(bench, "person.deliver", person())
    await bench.operations.decide(item, action, OPERATOR)
    before = await bench.names()
    with pytest.raises(Refused):
        await bench.operations.decide(item, action, OPERATOR)
    assert await bench.names() == before
    assert (await bench.told(delivery.removesuffix(".1")))[-1]["actor"] == "person:ani"


async def test_what_is_not_there_is_not_found(bench: Bench) -> None:
    with pytest.raises(Refused) as caught:
        await bench.operations.decide("x", "replay", OPERATOR)
    assert caught.value.reason is Reason.NOT_FOUND


async def test_a_replay_starts_over_with_a_new_fence(bench: Bench) -> None:
    delivery, item = await held(bench)
    assert await bench.operations.decide(item, "replay", OPERATOR) == {"id": item, "state": "replayed"}
    assert bench.notified[-1] == GUDANG
    # It may have arrived: whoever can be asked is asked first.
    assert await bench.state(delivery) == "unsure"
    await bench.run(GUDANG)
    attempt = bench.sink(GUDANG).attempts[-1]
    assert (attempt.number, attempt.fence) == (1, 2)
    assert await bench.state(delivery) == "delivered"
    assert await bench.quarantined() == []


async def test_closing_gives_it_up(bench: Bench) -> None:
    delivery, item = await held(bench)
    assert (await bench.operations.decide(item, "close", OPERATOR))["state"] == "closed"
    assert await bench.state(delivery) == "closed"
    assert await bench.queued(GUDANG) == []
    assert (await bench.names())[-1] == "closed"


async def test_closing_is_the_last_receipt_and_it_goes_back(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation(), by=FOLDER)
    bench.sink(GUDANG).says = [NeedsOperator("look at it")]
    await bench.run(GUDANG)
    [one] = await bench.quarantined()
    bench.notified.clear()
    await bench.operations.decide(one["id"], "close", OPERATOR)
    assert bench.notified == [GUDANG, f"{FOLDER}#receipts"]
    assert [manifest["kind"] for _, manifest in await bench.chain(message)] == ["accepted", "refused"]
    (jws, last) = (await bench.chain(message))[-1]
    assert last["reason"] == "operator_needed"
    event = (await bench.told(message))[-1]
    assert (event["event"], event["actor"]) == ("closed", OPERATOR.actor)
    assert event["receipt_sha256"] == hashlib.sha256(jws.encode()).hexdigest()
    await bench.run(f"{FOLDER}#receipts")
    assert [taken.receipt.kind for taken in bench.sink(FOLDER).taken] == ["refused"]


async def test_closing_lets_the_next_of_the_order_go(bench: Bench) -> None:
    _, item = await held(bench, "person.deliver", person())
    next_one = await bench.record("person.deliver", person(fullName="Lagi"))
    assert await bench.queued(GUDANG) == []
    await bench.operations.decide(item, "close", OPERATOR)
    assert await bench.queued(GUDANG) == [f"{next_one}.1"]


async def test_a_replayed_head_still_goes_before_the_next(bench: Bench) -> None:
    delivery, item = await held(bench, "person.deliver", person())
    next_one = await bench.record("person.deliver", person(fullName="Lagi"))
    await bench.operations.decide(item, "replay", OPERATOR)
    assert await bench.queued(GUDANG) == [delivery]
    await bench.run(GUDANG)
    assert await bench.queued(GUDANG) == [f"{next_one}.1"]


async def test_skipping_needs_an_order(bench: Bench) -> None:
    _, item = await held(bench)
    with pytest.raises(Refused) as caught:
        await bench.operations.decide(item, "skip", OPERATOR)
    assert caught.value.reason is Reason.BAD_REQUEST


async def test_a_skipped_one_stays_for_a_later_decision(bench: Bench) -> None:
    delivery, item = await held(bench, "person.deliver", person())
    next_one = await bench.record("person.deliver", person(fullName="Lagi"))
    assert (await bench.operations.decide(item, "skip", OPERATOR))["state"] == "skipped"
    assert await bench.queued(GUDANG) == [f"{next_one}.1"]
    assert [one["id"] for one in await bench.quarantined()] == [item]
    await bench.run(GUDANG)
    await bench.operations.decide(item, "close", OPERATOR)
    assert await bench.state(delivery) == "closed"


async def test_a_skipped_one_that_is_replayed_sends_nobody_else_twice(bench: Bench) -> None:
    delivery, item = await held(bench, "person.deliver", person())
    ids = [await bench.record("person.deliver", person(fullName=name)) for name in ("Dua", "Tiga")]
    await bench.operations.decide(item, "skip", OPERATOR)
    bench.clock.advance(1)
    await bench.operations.decide(item, "replay", OPERATOR)
    bench.sink(GUDANG).taken.clear()
    for _ in range(6):
        bench.clock.advance(1)
        await bench.run(GUDANG)
    sent = [one.delivery_id for one in bench.sink(GUDANG).taken]
    assert sorted(sent) == sorted([delivery, *(f"{one}.1" for one in ids)])
    assert await bench.queued(GUDANG) == []


async def events(bench: Bench, after: int = -1, limit: int = 100, **filters: str) -> tuple[list[dict[str, Any]], int]:
    told = orjson.loads((await bench.operations.events(after, limit, filters)).body)
    return told["events"], told["next"]


async def tail(bench: Bench, limit: int, **filters: str) -> tuple[list[dict[str, Any]], int]:
    told = orjson.loads((await bench.operations.tail(limit, filters)).body)
    return told["events"], told["next"]


async def filled(bench: Bench) -> list[str]:
    ids = [await bench.record("organisation.deliver", organisation(), key=f"k{n}") for n in range(5)]
    bench.sink(GUDANG).says = [Delivered(), TimeoutError()]
    await bench.run(GUDANG)
    return ids


async def test_the_log_is_read_page_by_page(bench: Bench) -> None:
    await filled(bench)
    whole, last = await events(bench)
    assert [one["number"] for one in whole] == list(range(15))
    assert last == 14
    paged, after = [], -1
    while len(page := (await events(bench, after, 4))[0]) > 0:
        paged += page
        after = page[-1]["number"]
    assert paged == whole
    assert await events(bench, 14) == ([], 14)


async def test_filters_find_what_they_name_and_say_where_to_go_on(bench: Bench) -> None:
    ids = await filled(bench)
    found, last = await events(bench, event="delivered")
    assert len(found) == 4
    assert last == 14
    found, last = await events(bench, limit=1, event="delivered")
    assert [one["number"] for one in found] == [last]
    found, _ = await events(bench, message=ids[1])
    assert [one["event"]["event"] for one in found] == ["accepted", "attempt_started", "held"]
    assert await events(bench, sender=NIK) == ([], 14)
    assert len((await events(bench, sender=SIMPUS, event="accepted", message=ids[0]))[0]) == 1


async def test_the_tail_is_the_last_that_fit_oldest_first(bench: Bench) -> None:
    await filled(bench)
    found, last = await tail(bench, 2)
    assert [one["number"] for one in found] == [13, 14]
    assert last == 14
    found, last = await tail(bench, 2, event="accepted")
    assert [one["number"] for one in found] == [3, 4]
    assert last == 14


async def test_an_empty_log(bench: Bench) -> None:
    assert await events(bench) == ([], -1)
    assert await tail(bench, 5) == ([], -1)


async def test_a_search_that_finds_nothing_ends_and_says_where(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operate, "SCAN", 4)
    monkeypatch.setattr(operate, "SCANS", 2)
    await filled(bench)
    found, last = await events(bench, event="overdue")
    assert (found, last) == ([], 7)
    assert (await events(bench, last, event="held"))[0] != []


async def test_a_new_key_of_receipts_is_an_event_before_it_signs(bench: Bench) -> None:
    told = await bench.operations.rotate_key(OPERATOR)
    assert told["kid"] != told["former"]
    [event] = [one for one in await bench.told() if one["event"] == "key_rotated"]
    assert event["actor"] == OPERATOR.actor
    assert event["commit_out"] == base64.urlsafe_b64decode(told["kid"] + "=").hex()
    again = await bench.operations.rotate_key(OPERATOR)
    assert again["former"] == told["kid"]
