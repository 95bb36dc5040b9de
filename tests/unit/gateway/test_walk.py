"""The rooms in order: what comes out, what is woken, what is refused, and by whom."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.contract.errors import Refused
from gateway.contract.exchange import Accepted, Answered, Caller, Duplicate, Ephemeral, Native, Rejected
from gateway.contract.reasons import Reason
from gateway.store.engine import JournalFailed
from tests.unit.gateway.bench import (
    ARSIP,
    FOLDER,
    GUDANG,
    KOTAK,
    QUERY,
    SIMPUS,
    VCLAIM,
    Bench,
    PlainCodec,
    coverage,
    letter,
    organisation,
    person,
)  # fmt: skip


async def test_a_delivery_is_accepted_and_its_lanes_are_woken(bench: Bench) -> None:
    settlement = await bench.take("letter.deliver", letter(), recipients=(ARSIP, KOTAK))
    assert isinstance(settlement, Accepted)
    assert [receipt.kind for receipt in settlement.receipts] == ["accepted"]
    assert bench.notified == [ARSIP, f"{KOTAK}#inbox"]


async def test_a_query_is_answered(bench: Bench) -> None:
    settlement = await bench.take("coverage.lookup", QUERY)
    assert isinstance(settlement, Answered)
    assert bench.notified == []


async def test_a_repeat_is_a_duplicate_and_wakes_nobody(bench: Bench) -> None:
    first = await bench.take("letter.deliver", letter(), key="k")
    bench.notified.clear()
    again = await bench.take("letter.deliver", letter(), key="k")
    assert isinstance(again, Duplicate)
    assert (again.message_id, again.receipts) == (first.message_id, first.receipts)
    assert bench.notified == []


STAGES: list[tuple[str, dict[str, Any], Reason]] = [
    ("intake", {"service": "letter.burn"}, Reason.UNKNOWN_SERVICE),
    ("intake", {"service": "letter.deliver", "sender": ARSIP}, Reason.NO_RIGHT),
    ("normalise", {"service": "person.deliver", "content": person(nik="1")}, Reason.SCHEMA_INVALID),
    ("normalise", {"service": "person.deliver", "content": None}, Reason.SCHEMA_INVALID),
    ("route", {"service": "letter.deliver", "content": letter(), "recipients": (VCLAIM,)}, Reason.UNKNOWN_RECIPIENT),
    ("route", {"service": "letter.deliver", "content": letter(), "sender": VCLAIM}, Reason.NO_ROUTE),
    ("batch", {"service": "person.deliver", "batch": True}, Reason.BAD_REQUEST),
]


@pytest.mark.parametrize(("stage", "given", "reason"), STAGES)
async def test_a_refusal_names_its_room_and_is_an_event(
    bench: Bench, stage: str, given: dict[str, Any], reason: Reason
) -> None:
    rejected = await bench.take(message_id="m-1", **given)
    assert isinstance(rejected, Rejected)
    assert (rejected.stage, rejected.error.reason, rejected.message_id) == (stage, reason, "m-1")
    [event] = await bench.told("m-1")
    assert (event["event"], event["reason"]) == ("refused", reason)
    assert bench.unforeseen == []


async def test_the_fields_that_do_not_fit_are_told(bench: Bench) -> None:
    rejected = await bench.take("person.deliver", person(nik="1", sex="x"))
    assert sorted(path for path, _, _ in rejected.error.errors) == ["nik", "sex"]


async def test_a_conflict_is_of_the_record_room(bench: Bench) -> None:
    await bench.take("letter.deliver", letter(), key="k")
    rejected = await bench.take("letter.deliver", letter(subject="Lain"), key="k")
    assert (rejected.stage, rejected.error.reason) == ("record", Reason.CONFLICT)


async def test_a_question_that_failed_has_its_two_events_and_no_third(bench: Bench) -> None:
    bench.sink(VCLAIM).says = [Refused(Reason.RECIPIENT_REFUSED, "no")]
    rejected = await bench.take("coverage.lookup", QUERY)
    assert (rejected.stage, rejected.error.reason) == ("ask", Reason.RECIPIENT_REFUSED)
    assert await bench.names() == ["asked", "answered"]


async def test_a_recipient_without_a_channel_is_down(bench: Bench) -> None:
    bench.walk._find_channel = lambda system, service: None
    rejected = await bench.take("coverage.lookup", QUERY)
    assert (rejected.error.reason, rejected.retry_after) == (Reason.RECIPIENT_DOWN, 5.0)


@pytest.mark.parametrize(("wanted", "given"), [(None, 10.0), (3.0, 3.0), (99.0, 10.0), (0.0, 0.001), (-1.0, 0.001)])
async def test_the_deadline_is_the_shortest_of_three(bench: Bench, wanted: float | None, given: float) -> None:
    seen: list[float] = []

    async def ask(verified: object, sink: object, deadline: float, presence: object) -> Answered:
        seen.append(deadline)
        return Answered("m", "coverage/1", b"{}", lambda: None)  # type: ignore[arg-type, return-value]

    bench.asker.ask = ask  # type: ignore[method-assign]
    await bench.take("coverage.lookup", QUERY, deadline=wanted)
    assert seen == [given]


async def test_an_unforeseen_error_is_a_refusal_and_is_told_to_whoever_watches(bench: Bench) -> None:
    class Broken(PlainCodec):
        def to_documents(self, inbound: object) -> Any:
            raise ZeroDivisionError("3273014107900001")

    rejected = await bench.walk.take(bench.inbound("person.deliver", person()), Caller(SIMPUS), Broken())
    assert (rejected.error.reason, rejected.stage) == (Reason.INTERNAL, "normalise")
    assert "3273014107900001" not in rejected.error.detail
    assert [type(error) for error in bench.unforeseen] == [ZeroDivisionError]


async def test_when_nobody_knows_what_is_durable_there_is_no_answer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failed(unit: object) -> None:
        raise JournalFailed("disk")

    monkeypatch.setattr(bench.journal, "commit", failed)
    with pytest.raises(JournalFailed):
        await bench.take("letter.deliver", letter())


@pytest.mark.parametrize("content", [QUERY, {"noKartu": "x"}])
async def test_what_must_not_be_recorded_is_wiped_whatever_happens(bench: Bench, content: dict[str, str]) -> None:
    secret = Ephemeral({"totp": "123456"})
    await bench.take("coverage.lookup", content, ephemeral=secret)
    assert not secret


async def test_parts_of_what_was_not_taken_go(bench: Bench) -> None:
    part = await bench.spool("m-1", b"%PDF-1.7 surat undangan")
    await bench.take("letter.deliver", letter(subject=None), message_id="m-1", parts=(part,))
    assert [path for path in (bench.folder / "parts").rglob("*") if path.is_file()] == []


async def test_parts_of_what_was_taken_stay(bench: Bench) -> None:
    part = await bench.spool("m-1", b"%PDF-1.7 surat undangan")
    settlement = await bench.take("letter.deliver", letter(), message_id="m-1", parts=(part,))
    assert isinstance(settlement, Accepted)
    assert b"".join([piece async for piece in bench.host_parts.read("m-1", part)]) == b"%PDF-1.7 surat undangan"


async def test_parts_of_a_repeat_go_and_those_of_the_original_stay(bench: Bench) -> None:
    for name in ("m-1", "m-2"):
        part = await bench.spool(name, b"%PDF-1.7 surat undangan")
        await bench.take("letter.deliver", letter(), message_id=name, parts=(part,), key="k")
    assert len([path for path in (bench.folder / "parts").rglob("*") if path.is_file()]) == 1


async def test_an_acknowledgement_is_taken_by_the_gateway_itself(bench: Bench) -> None:
    sent = await bench.take("letter.deliver", letter())
    await bench.run(ARSIP)
    said = {"relatedToMessageId": sent.message_id, "status": "registered", "at": "2026-11-23T08:00:00+07:00"}
    settlement = await bench.take("acknowledgement.deliver", said, sender=ARSIP, recipients=(SIMPUS,))
    assert isinstance(settlement, Accepted)
    assert await bench.state(f"{sent.message_id}.1") == "registered"


async def test_every_door_is_marked(bench: Bench) -> None:
    doors = ["intake", "normalise", "route", "verify", "record"]
    seen: list[str] = []
    for name in (*(f"walk.after_{door}" for door in doors), "walk.before_settle"):
        bench.barriers[name] = lambda name=name: seen.append(name)
    await bench.take("letter.deliver", letter())
    assert seen == [*(f"walk.after_{door}" for door in doors), "walk.before_settle"]


async def test_one_message_from_sender_to_recipient_and_back(bench: Bench) -> None:
    sent = await bench.take("organisation.deliver", organisation(), sender=FOLDER)
    await bench.run(GUDANG)
    await bench.run(f"{FOLDER}#receipts")
    assert await bench.names(sent.message_id) == [
        "accepted", "attempt_started", "delivered", "attempt_started", "delivered"
    ]  # fmt: skip
    assert [one.kind for one in bench.sink(FOLDER).taken] == ["receipt"]


async def test_many_at_once_are_all_recorded_once(bench: Bench) -> None:
    expires = bench.clock.now() + timedelta(days=1)
    settlements = await asyncio.gather(
        *(bench.take("organisation.deliver", organisation(), key=f"k{n % 10}", expires_at=expires) for n in range(40))
    )
    assert len({one.message_id for one in settlements}) == 10
    assert len(await bench.queued(GUDANG)) == 10
    assert sum(isinstance(one, Accepted) for one in settlements) == 10


async def test_an_answer_goes_to_the_caller_as_it_came(bench: Bench) -> None:
    bench.sink(VCLAIM).says = [Native((coverage(fullName="Siti").body[0],), "application/json")]
    settlement = await bench.take("coverage.lookup", QUERY)
    assert settlement.load().full_name == "Siti"


async def test_a_channel_that_fails_a_question_is_told_and_that_one_was_answered(bench: Bench) -> None:
    heard: list[Any] = []
    bench.walk._on_channel = lambda *told: heard.append(told)
    mistake = ZeroDivisionError()
    broken = Native((b"{", b'"'), "application/json")
    bench.sink(VCLAIM).says = [mistake, TimeoutError(), Refused(Reason.RECIPIENT_REFUSED), broken]
    for _ in range(4):
        assert isinstance(await bench.take("coverage.lookup", QUERY), Rejected)
    assert [(system, service) for system, service, _ in heard] == [(VCLAIM, "coverage.lookup")] * 2
    assert heard[0][2] is mistake
    # The sink's codec is the adapter's as well.
    assert type(heard[1][2]).__name__ == "JSONDecodeError"
    heard.clear()
    for _ in range(2):
        assert isinstance(await bench.take("coverage.lookup", QUERY, key="k"), Answered)
    # The repeat asked nobody.
    assert heard == [(VCLAIM, "coverage.lookup", None)]
