"""A question in line with its caller: two events, one kept answer per key, nothing kept without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.ask import Unanswered
from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Answered, Ephemeral, Native
from gateway.contract.reasons import Reason
from gateway.outbound import Unreleasable
from gateway.presence import Presence
from gateway.record import trace_name
from schemas.catalogue import canonical
from tests.unit.gateway.bench import FILES, QUERY, VCLAIM, Bench, coverage, running, small_federation

PATIENCE = 10


async def ask(bench: Bench, deadline: float = 10, **more: Any) -> Answered:
    return await bench.asker.ask(bench.verified("coverage.lookup", QUERY, **more), bench.sink(VCLAIM), deadline)


async def test_an_answer_is_a_shared_document_and_two_events(bench: Bench) -> None:
    answered = await ask(bench)
    assert (answered.document_type, answered.repeated) == ("coverage/1", False)
    assert orjson.loads(answered.document_json)["status"] == "active"
    assert answered.load().TYPE == "coverage/1"
    asked, told = await bench.told(answered.message_id)
    assert (asked["event"], told["event"], told["reason"]) == ("asked", "answered", None)
    assert asked["commit_in"] == told["commit_in"]
    assert (asked["commit_out"], len(told["commit_out"])) == (None, 64)
    assert told["bytes"] == len(answered.document_json)
    assert asked["subjects"] != told["subjects"]
    assert "0001234567890" not in str([asked, told])


async def test_a_trace_goes_on_and_stands_in_no_event(bench: Bench) -> None:
    trace, talk = "00-00000000000000003273014107900001-00f067aa0ba902b7-01", "32730141-0790-4000-8100-000000000001"
    answered = await ask(bench, key="k", trace=trace, conversation=talk)
    await ask(bench, key="k", trace=trace, conversation=talk)
    [out] = bench.sink(VCLAIM).taken
    assert (out.trace, out.envelope["conversationId"]) == (trace, talk)
    told = await bench.told(answered.message_id)
    assert [one["event"] for one in told] == ["asked", "answered", "duplicate_answered"]
    assert {one["trace"] for one in told} == {trace_name(bench.lookup, trace)}
    assert talk not in str(told)


async def test_asked_is_durable_before_the_question_leaves(bench: Bench) -> None:
    seen: list[list[str]] = []

    async def look(outbound: object) -> Native:
        seen.append(await bench.names())
        return coverage()

    bench.sink(VCLAIM).says = [look]
    await ask(bench)
    assert seen == [["asked"]]


@pytest.mark.parametrize(
    ("said", "error", "reason"),
    [
        (Refused(Reason.RECIPIENT_REFUSED, "no"), Refused, Reason.RECIPIENT_REFUSED),
        (TryLater(), TryLater, Reason.RECIPIENT_DOWN),
        (Ambiguous(Reason.TIMED_OUT), Ambiguous, Reason.TIMED_OUT),
        (NeedsOperator("password"), NeedsOperator, Reason.OPERATOR_NEEDED),
        (TimeoutError(), Refused, Reason.TIMED_OUT),
        (ValueError("stranger"), ValueError, Reason.INTERNAL),
        (coverage(status="perhaps"), Refused, Reason.RECIPIENT_ANSWER_INVALID),
        (coverage(type="person/1"), Refused, Reason.RECIPIENT_ANSWER_INVALID),
    ],
)
async def test_no_answer_is_an_event_with_its_reason(
    bench: Bench, said: Any, error: type[Exception], reason: Reason
) -> None:
    bench.sink(VCLAIM).says = [said]
    with pytest.raises(Unanswered) as caught:
        await ask(bench, key="k")
    assert isinstance(caught.value.error, error)
    assert [(one["event"], one["reason"]) for one in await bench.told()] == [("asked", None), ("answered", reason)]
    assert await bench.journal.read("keys_after", {"after": b"", "now": 0, "limit": 9}) == []


async def test_a_document_of_another_type_is_no_answer(bench: Bench) -> None:
    other = {"type": "person/1", "nik": "3273014107900001", "fullName": "S", "birthDate": "1990-07-01", "sex": "male"}
    bench.sink(VCLAIM).says = [Native((orjson.dumps(other),), "application/json")]
    with pytest.raises(Unanswered) as caught:
        await ask(bench)
    assert caught.value.error.reason is Reason.RECIPIENT_ANSWER_INVALID  # type: ignore[attr-defined]


async def test_the_deadline_is_kept(bench: Bench) -> None:
    async def never(outbound: object) -> Native:
        await asyncio.Event().wait()
        return coverage()

    bench.sink(VCLAIM).says = [never]
    with pytest.raises(Unanswered) as caught:
        await ask(bench, deadline=0.001)
    assert caught.value.error.reason is Reason.TIMED_OUT  # type: ignore[attr-defined]


async def test_a_repeat_gets_the_kept_answer_and_nobody_is_asked(bench: Bench) -> None:
    first, again = await ask(bench, key="k"), await ask(bench, key="k")
    assert (again.message_id, again.document_json, again.repeated) == (first.message_id, first.document_json, True)
    assert again.load() == first.load()
    assert len(bench.sink(VCLAIM).taken) == 1
    assert await bench.names() == ["asked", "answered", "duplicate_answered"]


async def test_without_a_key_every_question_is_new(bench: Bench) -> None:
    assert (await ask(bench)).message_id != (await ask(bench)).message_id
    assert len(bench.sink(VCLAIM).taken) == 2
    assert bench.journal._db.execute("SELECT COUNT(*) FROM answers").fetchall() == [(0,)]


async def test_one_key_for_two_questions_is_a_conflict(bench: Bench) -> None:
    await ask(bench, key="k")
    other = bench.verified("coverage.lookup", {**QUERY, "serviceDate": "2026-11-24"}, key="k")
    with pytest.raises(Refused) as caught:
        await bench.asker.ask(other, bench.sink(VCLAIM), 10)
    assert caught.value.reason is Reason.CONFLICT


async def test_after_its_time_the_question_is_asked_again(bench: Bench) -> None:
    first = await ask(bench, key="k")
    bench.clock.advance(600)
    again = await ask(bench, key="k")
    assert again.message_id != first.message_id
    assert (await ask(bench, key="k")).message_id == again.message_id
    assert len(bench.sink(VCLAIM).taken) == 2


async def test_a_question_that_failed_may_be_asked_again(bench: Bench) -> None:
    bench.sink(VCLAIM).says = [TryLater()]
    with pytest.raises(Unanswered):
        await ask(bench, key="k")
    assert (await ask(bench, key="k")).repeated is False


async def test_the_same_key_twice_at_once_is_one_question(bench: Bench) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow(outbound: object) -> Native:
        begun.set()
        await gate.wait()
        return coverage()

    bench.sink(VCLAIM).says = [slow]
    first = asyncio.create_task(ask(bench, key="k"))
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
    with pytest.raises(Refused) as caught:
        await ask(bench, key="k")
    assert caught.value.reason is Reason.IN_PROGRESS
    gate.set()
    assert not (await first).repeated
    assert (await ask(bench, key="k")).repeated
    assert len(bench.sink(VCLAIM).taken) == 1


async def test_a_caller_that_goes_away_is_an_event_all_the_same(bench: Bench) -> None:
    begun = asyncio.Event()

    async def slow(outbound: object) -> Native:
        begun.set()
        await asyncio.Event().wait()
        return coverage()

    bench.sink(VCLAIM).says = [slow]
    asking = asyncio.create_task(ask(bench, key="k"))
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert [(one["event"], one["reason"]) for one in await bench.told()] == [("asked", None), ("answered", "stopping")]
    assert (await ask(bench, key="k")).repeated is False


@pytest.mark.parametrize("key", [None, "k"])
async def test_a_question_is_for_who_waits_for_it_unless_its_answer_is_kept(bench: Bench, key: str | None) -> None:
    begun, gate, ended = asyncio.Event(), asyncio.Event(), list[str]()

    async def slow(outbound: object) -> Native:
        begun.set()
        try:
            await gate.wait()
        except asyncio.CancelledError:
            ended.append("broken off")
            raise
        return coverage()

    bench.sink(VCLAIM).says = [slow]
    presence = Presence()
    question = bench.verified("coverage.lookup", QUERY, key=key)
    asking = asyncio.create_task(bench.asker.ask(question, bench.sink(VCLAIM), 10, presence))
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        presence.left()
        if key is None:
            with pytest.raises(Unanswered) as caught:
                await asking
            assert isinstance(caught.value.error, Refused)
            assert caught.value.error.reason is Reason.CALLER_GONE
        else:
            gate.set()
            assert not (await asking).repeated
            assert (await ask(bench, key=key)).repeated
    assert ended == (["broken off"] if key is None else [])
    asked, answered, *_ = await bench.told()
    assert (asked["event"], answered["event"]) == ("asked", "answered")
    assert answered["reason"] == ("caller_gone" if key is None else None)


async def test_who_was_gone_before_the_question_left_is_not_asked_for(bench: Bench) -> None:
    presence = Presence()
    presence.left()
    with pytest.raises(Unanswered):
        await bench.asker.ask(bench.verified("coverage.lookup", QUERY), bench.sink(VCLAIM), 10, presence)
    assert bench.sink(VCLAIM).taken == []
    assert [(one["event"], one["reason"]) for one in await bench.told()] == [
        ("asked", None),
        ("answered", "caller_gone"),
    ]


async def test_what_must_not_be_recorded_reaches_the_sink_only(bench: Bench) -> None:
    secret = Ephemeral({"passphrase": "rahasia-sekali"})
    seen: list[str | None] = []
    bench.sink(VCLAIM).says = [lambda outbound: seen.append(outbound.ephemeral.take("passphrase")) or coverage()]
    await ask(bench, ephemeral=secret, key="k")
    assert seen == ["rahasia-sekali"]
    await bench.told()
    await bench.close()
    assert all(b"rahasia-sekali" not in path.read_bytes() for path in bench.folder.rglob("*") if path.is_file())


async def test_a_kept_answer_is_sealed(bench: Bench) -> None:
    await ask(bench, key="k")
    await bench.close()
    stored = b"".join(path.read_bytes() for path in (bench.folder / "journal").iterdir())
    assert b"0001234567890" not in stored
    assert b"active" not in stored


@pytest.fixture
async def narrowed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A federation whose route hands out the number of the card and its status, and nothing else."""
    lookup = "deadline: 10s"
    released = FILES["routes.yaml"].replace(lookup, lookup + ", release: [noKartu, status]")
    federation = small_federation(tmp_path_factory.mktemp("released"), {**FILES, "routes.yaml": released})
    async with running(tmp_path, federation) as one:
        yield one


async def test_the_release_list_narrows_the_answer_and_not_the_question(narrowed: Bench) -> None:
    narrowed.sink(VCLAIM).says = [coverage(nik="3273014107900001", fullName="SITI RAHASIA")]
    answered = await ask(narrowed, key="k")
    assert orjson.loads(answered.document_json) == {"noKartu": "0001234567890", "status": "active"}
    assert canonical(answered.load()) == answered.document_json
    [asked] = narrowed.sink(VCLAIM).taken
    assert orjson.loads(asked.document_json) == QUERY
    again = await ask(narrowed, key="k")
    assert (again.repeated, again.document_json, again.load()) == (True, answered.document_json, answered.load())
    assert (await narrowed.told(answered.message_id))[1]["bytes"] == len(answered.document_json)


async def test_an_answer_that_cannot_be_narrowed_is_refused_by_name(
    narrowed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*args: object, **more: object) -> bytes:
        raise Unreleasable("the route releases no whole coverage/1 of it: status")

    monkeypatch.setattr("gateway.ask.released", none)
    with pytest.raises(Unanswered) as caught:
        await ask(narrowed)
    assert caught.value.error.reason is Reason.RECIPIENT_ANSWER_INVALID  # type: ignore[attr-defined]
    assert caught.value.error.detail.endswith("status")  # type: ignore[attr-defined]
    assert [one["reason"] for one in await narrowed.told()] == [None, "recipient_answer_invalid"]


async def test_raw_stays_at_the_recipients_side_in_every_form_of_the_answer(bench: Bench) -> None:
    bench.sink(VCLAIM).says = [coverage(raw={"sourceSchema": "bpjs.vclaim/2.0", "fields": {"rahasia": "1"}})]
    answered = await ask(bench)
    assert "raw" not in orjson.loads(answered.document_json)
    assert canonical(answered.load()) == answered.document_json
