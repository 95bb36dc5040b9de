"""An acknowledgement closes what awaits it, once; a pull system takes what is its own."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason
from tests.unit.gateway.bench import ARSIP, FOLDER, KOTAK, SIMPUS, Bench, letter

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


@pytest.mark.parametrize(("first", "second"), [("delivered", "refused"), ("refused", "delivered")])
async def test_who_said_one_thing_cannot_say_the_other(bench: Bench, first: Any, second: Any) -> None:
    message = await bench.record("letter.deliver", letter(), by=FOLDER, recipients=(KOTAK,))
    await bench.registrar.pick_up(f"{message}.1", KOTAK, first, None)
    chain = await bench.chain(message)
    with pytest.raises(Refused) as caught:
        await bench.registrar.pick_up(f"{message}.1", KOTAK, second, None)
    assert caught.value.reason is Reason.CONFLICT
    assert await bench.chain(message) == chain


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
    assert await bench.registrar.pick_up(f"{message}.1", ARSIP, "delivered", None) is False
    assert await bench.state(f"{message}.1") == "ready"
    assert await bench.queued(ARSIP) == [f"{message}.1"]


async def test_a_registration_after_a_pickup_follows_on(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter(), recipients=(KOTAK,))
    await bench.registrar.pick_up(f"{message}.1", KOTAK, "delivered", None)
    await acknowledge(bench, said(message), by=KOTAK)
    assert [manifest["kind"] for _, manifest in await bench.chain(message)] == ["accepted", "delivered", "registered"]
