"""An acknowledgement closes what awaits it, once; a pull system takes what is its own."""

from __future__ import annotations

import asyncio
import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateway.contract.adapter import Capability
from gateway.contract.errors import Refused
from gateway.contract.exchange import Outbound
from gateway.contract.reasons import Reason
from gateway.store.engine import Unit
from gateway.store.sealing import binding
from tests.unit.gateway.bench import (
    ARSIP,
    FILES,
    FOLDER,
    KOTAK,
    SIMPUS,
    Bench,
    letter,
    running,
    small_federation,
)

AT = "2026-11-23T08:00:00+07:00"


def said(message: str, status: str = "registered", **more: Any) -> dict[str, Any]:
    return {"relatedToMessageId": message, "status": status, "at": AT, **more}


async def sent(bench: Bench, by: str = SIMPUS, to: str = ARSIP) -> str:
    message = await bench.record("letter.deliver", letter(), by=by, recipients=(to,))
    await bench.run(to)
    return message


async def acknowledge(bench: Bench, value: dict[str, Any], by: str = ARSIP, **more: Any) -> Any:
    return await bench.registrar.acknowledge(
        bench.verified("acknowledgement.deliver", value, by=by, recipients=(SIMPUS,), **more)
    )


async def refusal(bench: Bench, value: dict[str, Any], **more: Any) -> Reason:
    with pytest.raises(Refused) as caught:
        await acknowledge(bench, value, **more)
    return caught.value.reason


@pytest.mark.parametrize(
    ("status", "state", "event", "reason"),
    [("registered", "registered", "registered", None), ("refused", "refused", "registration_refused", True)],
)
async def test_it_closes_the_delivery_with_the_next_receipt(
    bench: Bench, status: str, state: str, event: str, reason: object
) -> None:
    message = await sent(bench, by=FOLDER)
    recorded = await acknowledge(bench, said(message, status, registrationNumber="AG-7"))
    assert [receipt.kind for receipt in recorded.receipts] == ["accepted"]
    assert await bench.state(f"{message}.1") == state
    (_, before), (_, last) = (await bench.chain(message))[-2:]
    assert (before["kind"], last["kind"]) == ("delivered", status)
    assert (last["registration"] is None) is (status == "refused")
    assert (last["reason"] is None) is (reason is None)
    told = (await bench.told(message))[-1]
    assert (told["event"], told["actor"]) == (event, f"system:{ARSIP}")
    assert await bench.journal.read("overdue", {"now": 2**60, "limit": 9}) == []
    assert f"{message}.r1-{status}" in await bench.queued(f"{FOLDER}#receipts")
    assert bench.notified[-1] == f"{FOLDER}#receipts"


async def test_a_second_word_on_the_same_delivery_finds_nothing(bench: Bench) -> None:
    message = await sent(bench)
    await acknowledge(bench, said(message))
    assert await refusal(bench, said(message, "refused")) is Reason.NOTHING_TO_ACKNOWLEDGE
    assert await bench.state(f"{message}.1") == "registered"
    assert len(await bench.chain(message)) == 3


async def test_a_repeat_with_its_key_gets_the_original_receipt(bench: Bench) -> None:
    message = await sent(bench)
    first = await acknowledge(bench, said(message), key="k")
    again = await acknowledge(bench, said(message), key="k")
    assert (again.receipts, again.repeated) == (first.receipts, True)
    assert await refusal(bench, said(message, "refused"), key="k") is Reason.CONFLICT


@pytest.mark.parametrize("status", ["registered", "refused"])
async def test_without_a_key_the_same_words_get_the_original_receipt(bench: Bench, status: str) -> None:
    message = await sent(bench)
    number = {"registrationNumber": "AG-7"} if status == "registered" else {}
    words = said(message, status, **number)
    first = await acknowledge(bench, words)
    # Whoever says it again may well write the time anew.
    again = await acknowledge(bench, {**words, "at": "2026-11-24T08:00:00+07:00"})
    assert (again.message_id, again.receipts, again.repeated) == (first.message_id, first.receipts, True)
    assert len(await bench.chain(message)) == 3
    assert (await bench.told(first.message_id))[-1]["event"] == "duplicate_answered"
    for other in ({**words, "registrationNumber": "AG-8"}, said(message, "registered"), {**words, "text": "lain"}):
        assert await refusal(bench, other) is Reason.NOTHING_TO_ACKNOWLEDGE
    third = await sent(bench)
    assert (await acknowledge(bench, said(third, status, **number))).repeated is False


async def test_without_a_key_what_was_refused_may_be_said_again(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter())
    assert await refusal(bench, said(message)) is Reason.NOTHING_TO_ACKNOWLEDGE
    await bench.run(ARSIP)
    assert (await acknowledge(bench, said(message))).repeated is False


async def test_the_same_words_at_once_are_recorded_once(bench: Bench) -> None:
    message = await sent(bench)
    both = await asyncio.gather(*(acknowledge(bench, said(message)) for _ in range(4)))
    assert len({one.message_id for one in both}) == 1
    assert sorted(one.repeated for one in both) == [False, True, True, True]
    assert len(await bench.chain(message)) == 3


async def test_a_key_from_long_ago_is_free_again(bench: Bench) -> None:
    first, second = await sent(bench), await sent(bench)
    await acknowledge(bench, said(first), key="k")
    bench.clock.advance(31 * 86_400)
    await acknowledge(bench, said(second), key="k")
    assert await bench.state(f"{second}.1") == "registered"


async def test_late_is_better_than_never(bench: Bench) -> None:
    message = await sent(bench)
    bench.clock.advance(15 * 86_400)
    await bench.reaper.sweep()
    assert await bench.state(f"{message}.1") == "overdue"
    await acknowledge(bench, said(message))
    assert await bench.state(f"{message}.1") == "registered"


async def test_what_is_not_the_callers_or_awaits_nothing(bench: Bench) -> None:
    message = await sent(bench)
    waiting = await bench.record("letter.deliver", letter())
    for value, by in (
        (said(message), KOTAK),
        (said(message, deliveryId=f"{message}.1"), KOTAK),
        (said(message, deliveryId=f"{message}.2"), ARSIP),
        (said("m-404"), ARSIP),
        (said(waiting), ARSIP),
        (said(waiting, deliveryId=f"{message}.1"), ARSIP),
        (said(message, "delivered"), ARSIP),
    ):
        assert await refusal(bench, value, by=by) is Reason.NOTHING_TO_ACKNOWLEDGE
    assert await bench.state(f"{message}.1") == "awaiting_registration"


async def test_a_named_delivery_is_closed(bench: Bench) -> None:
    message = await sent(bench)
    await acknowledge(bench, said(message, deliveryId=f"{message}.1"))
    assert await bench.state(f"{message}.1") == "registered"


async def test_another_document_is_no_acknowledgement(bench: Bench) -> None:
    with pytest.raises(Refused) as caught:
        await bench.registrar.acknowledge(bench.verified("letter.deliver", letter()))
    assert caught.value.reason is Reason.UNKNOWN_DOCUMENT_TYPE


@pytest.mark.parametrize(
    ("outcome", "number", "state"),
    [("delivered", None, "awaiting_registration"), ("delivered", "AG-7", "registered"), ("refused", None, "refused")],
)
async def test_a_pull_system_picks_up_once(bench: Bench, outcome: Any, number: str | None, state: str) -> None:
    message = await bench.record("letter.deliver", letter(), by=FOLDER, recipients=(KOTAK,))
    delivery = f"{message}.1"
    assert await bench.registrar.pick_up(delivery, KOTAK, outcome, number) is True
    assert await bench.state(delivery) == state
    assert await bench.queued(f"{KOTAK}#inbox") == []
    assert await bench.journal.read("leased", {"delivery": delivery}) == []
    assert bench.notified == [f"{FOLDER}#receipts"]
    chain = await bench.chain(message)
    assert await bench.registrar.pick_up(delivery, KOTAK, outcome, number) is False
    assert await bench.chain(message) == chain


async def test_the_words_of_who_refuses_are_kept_sealed_and_go_nowhere(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter(), by=FOLDER, recipients=(KOTAK,))
    await bench.registrar.pick_up(f"{message}.1", KOTAK, "refused", None, b"bukan milik kami")
    [row] = await bench.journal.read("find_delivery", {"id": f"{message}.1"})
    work = await bench.work(f"{message}.1")
    key = bench.vault.unwrap(work.sealed_key, message)
    assert isinstance(row[-1], bytes)
    assert key.open(row[-1], binding("answer", f"{message}.1")) == b"bukan milik kami"
    assert "bukan milik" not in str([await bench.told(), await bench.chain(message)])


@pytest.mark.parametrize(("first", "second"), [("delivered", "refused"), ("refused", "delivered")])
async def test_who_said_one_thing_cannot_say_the_other(bench: Bench, first: Any, second: Any) -> None:
    message = await bench.record("letter.deliver", letter(), by=FOLDER, recipients=(KOTAK,))
    await bench.registrar.pick_up(f"{message}.1", KOTAK, first, None)
    chain = await bench.chain(message)
    with pytest.raises(Refused) as caught:
        await bench.registrar.pick_up(f"{message}.1", KOTAK, second, None)
    assert caught.value.reason is Reason.ALREADY_ACKNOWLEDGED
    assert await bench.chain(message) == chain


async def test_a_number_that_comes_later_registers(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter(), by=FOLDER, recipients=(KOTAK,))
    delivery = f"{message}.1"
    await bench.registrar.pick_up(delivery, KOTAK, "delivered", None)
    assert await bench.registrar.pick_up(delivery, KOTAK, "delivered", "AG-7") is True
    assert await bench.state(delivery) == "registered"
    chain = await bench.chain(message)
    assert [manifest["kind"] for _, manifest in chain] == ["accepted", "delivered", "registered"]
    for number in ("AG-7", None):
        assert await bench.registrar.pick_up(delivery, KOTAK, "delivered", number) is False
    with pytest.raises(Refused) as caught:
        await bench.registrar.pick_up(delivery, KOTAK, "delivered", "AG-8")
    assert caught.value.reason is Reason.ALREADY_ACKNOWLEDGED
    assert await bench.chain(message) == chain


@pytest.mark.parametrize(
    "words",
    [
        [("delivered", None), ("refused", None)],
        [("delivered", "AG-1"), ("delivered", "AG-2")],
        [("refused", None), ("delivered", "AG-1"), ("delivered", None)],
    ],
)
async def test_of_many_words_at_once_one_counts_and_the_others_are_told(bench: Bench, words: list[Any]) -> None:
    message = await bench.record("letter.deliver", letter(), by=FOLDER, recipients=(KOTAK,))
    delivery = f"{message}.1"
    said = words * 4
    told = await asyncio.gather(
        *(bench.registrar.pick_up(delivery, KOTAK, outcome, number) for outcome, number in said), return_exceptions=True
    )
    ended = await bench.state(delivery)
    fits = {
        "refused": lambda word: word[0] == "refused",
        "registered": lambda word: word[0] == "delivered",
        "awaiting_registration": lambda word: word == ("delivered", None),
    }[ended]
    for word, answer in zip(said, told, strict=True):
        if isinstance(answer, Refused):
            assert answer.reason is Reason.ALREADY_ACKNOWLEDGED
        else:
            assert fits(word), (ended, word, answer)
    assert [one for one in told if one is True]
    numbers = {word[1] for word, answer in zip(said, told, strict=True) if isinstance(answer, bool) and word[1]}
    assert len(numbers) <= 1
    kinds = [manifest["kind"] for _, manifest in await bench.chain(message)]
    assert len(kinds) == len(set(kinds))


async def test_an_inbox_is_its_systems_own(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter(), recipients=(KOTAK,))
    for delivery, caller in ((f"{message}.1", ARSIP), (f"{message}.9", KOTAK), ("x", KOTAK)):
        with pytest.raises(Refused) as caught:
            await bench.registrar.pick_up(delivery, caller, "delivered", None)
        assert caught.value.reason is Reason.NOT_FOUND
    assert await bench.state(f"{message}.1") == "ready"


async def test_what_is_called_by_the_gateway_is_not_picked_up(bench: Bench) -> None:
    """The worker may be sending it at this moment."""
    message = await bench.record("letter.deliver", letter())
    with pytest.raises(Refused) as caught:
        await bench.registrar.pick_up(f"{message}.1", ARSIP, "delivered", None)
    assert caught.value.reason is Reason.NOT_FOUND
    assert await bench.state(f"{message}.1") == "ready"
    assert await bench.queued(ARSIP) == [f"{message}.1"]


async def test_a_registration_after_a_pickup_follows_on(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter(), recipients=(KOTAK,))
    await bench.registrar.pick_up(f"{message}.1", KOTAK, "delivered", None)
    await acknowledge(bench, said(message), by=KOTAK)
    assert [manifest["kind"] for _, manifest in await bench.chain(message)] == ["accepted", "delivered", "registered"]


async def uncertain(bench: Bench, state: str, by: str = FOLDER) -> str:
    """A letter of which nobody knows whether its recipient has it."""
    message = await bench.record("letter.deliver", letter(), by=by)
    sink = bench.sink(ARSIP)
    sink.capability = Capability.IDEMPOTENT if state == "unsure" else Capability.NEITHER
    sink.says = [TimeoutError()]
    [work] = await bench.lease(ARSIP)
    if state != "attempting":
        await bench.worker.carry(work)
    assert await bench.state(f"{message}.1") == state
    return message


@pytest.mark.parametrize("state", ["attempting", "unsure", "held"])
@pytest.mark.parametrize("status", ["registered", "refused"])
async def test_who_acknowledges_has_it_whatever_was_known(bench: Bench, state: str, status: str) -> None:
    message = await uncertain(bench, state)
    await acknowledge(bench, said(message, status, registrationNumber="AG-7"), key="k")
    assert await bench.state(f"{message}.1") == status
    chain = await bench.chain(message)
    assert [one["kind"] for _, one in chain] == ["accepted", "delivered", status]
    for (before, _), (_, one) in pairwise(chain):
        assert one["previous"] == hashlib.sha256(before.encode()).hexdigest()
    told = [(one["event"], one["actor"]) for one in (await bench.told(message))[-2:]]
    name = "registered" if status == "registered" else "registration_refused"
    assert told == [("delivered", f"system:{ARSIP}"), (name, f"system:{ARSIP}")]
    assert await bench.queued(ARSIP) == []
    assert await bench.journal.read("leased", {"delivery": f"{message}.1"}) == []
    assert await bench.quarantined() == []
    assert sorted(await bench.queued(f"{FOLDER}#receipts")) == [f"{message}.r1-delivered", f"{message}.r1-{status}"]
    again = await acknowledge(bench, said(message, status, registrationNumber="AG-7"), key="k")
    assert (again.repeated, await bench.chain(message)) == (True, chain)


async def test_the_attempt_that_was_under_way_changes_nothing_any_more(bench: Bench) -> None:
    """A recipient that acknowledges before it answers."""

    async def acknowledges(outbound: Outbound) -> None:
        await acknowledge(bench, said(outbound.message_id, registrationNumber="AG-7"))

    message = await bench.record("letter.deliver", letter())
    bench.sink(ARSIP).says = [acknowledges]
    await bench.run(ARSIP)
    assert await bench.state(f"{message}.1") == "registered"
    assert [one["kind"] for _, one in await bench.chain(message)] == ["accepted", "delivered", "registered"]
    assert await bench.names(message) == ["accepted", "attempt_started", "delivered", "registered"]
    assert bench.fatal == []


async def test_an_attempt_that_ends_meanwhile_is_followed_by_the_registration(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await bench.record("letter.deliver", letter())
    [work] = await bench.lease(ARSIP)
    under_way = [bench.worker.carry(work)]

    async def commit(unit: Unit) -> object:
        if under_way:
            monkeypatch.undo()
            await under_way.pop()
        return await bench.journal.commit(unit)

    monkeypatch.setattr(bench.journal, "commit", commit)
    await acknowledge(bench, said(message))
    assert await bench.state(f"{message}.1") == "registered"
    assert [one["kind"] for _, one in await bench.chain(message)] == ["accepted", "delivered", "registered"]


async def test_the_next_of_its_order_goes_once_a_held_one_is_acknowledged(tmp_path: Path) -> None:
    routes = FILES["routes.yaml"].replace("    registration: {within: 14d}", "    order_by: [letterNumber]")
    async with running(tmp_path, small_federation(tmp_path / "ordered", {**FILES, "routes.yaml": routes})) as bench:
        message = await uncertain(bench, "held")
        after = await bench.record("letter.deliver", letter())
        assert await bench.queued(ARSIP) == []
        await acknowledge(bench, said(message))
        assert await bench.queued(ARSIP) == [f"{after}.1"]
        assert ARSIP in bench.notified
