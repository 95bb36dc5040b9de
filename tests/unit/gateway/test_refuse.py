"""Nobody is turned away in silence, and nothing of what was sent is written down."""

from __future__ import annotations

import pytest

from gateway import refuse
from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Caller
from gateway.contract.reasons import Reason
from gateway.identity import Person
from gateway.record import trace_name
from gateway.refuse import network_of, rejected_of
from gateway.store.engine import JournalBusy
from tests.unit.gateway.bench import GUDANG, NIK, SIMPUS, Bench, changed, person

AUDITOR = Person("budi", frozenset({"auditor"}))


@pytest.mark.parametrize(
    ("error", "reason", "after"),
    [
        (Refused(Reason.EXPIRED), Reason.EXPIRED, None),
        (TryLater(Reason.DISK_RESERVE), Reason.DISK_RESERVE, 5.0),
        (TryLater(Reason.BUSY, after=9), Reason.BUSY, 9),
        (Ambiguous(Reason.TIMED_OUT), Reason.TIMED_OUT, None),
        (Ambiguous(), Reason.RECIPIENT_DOWN, None),
        (NeedsOperator("the certificate of bpjs expired"), Reason.OPERATOR_NEEDED, None),
        (JournalBusy(10), Reason.BUSY, 1.0),
        (ValueError(f"cannot read {NIK}"), Reason.INTERNAL, None),
    ],
)
def test_every_error_has_a_reason_of_the_catalogue(error: Exception, reason: Reason, after: float | None) -> None:
    rejected = rejected_of("m", error)
    assert (rejected.message_id, rejected.error.reason, rejected.retry_after) == ("m", reason, after)
    assert NIK not in rejected.error.detail
    assert "bpjs" not in rejected.error.detail


async def test_the_refusal_of_a_known_caller_is_an_event(bench: Bench) -> None:
    inbound = bench.inbound(
        "person.deliver", person(), size=99, conversation=f"about {NIK}", trace=f"00-{NIK:0>32}-{1:016}-01"
    )
    rejected = await bench.refusals.note("m", Caller(SIMPUS), inbound, Refused(Reason.EXPIRED), "intake")
    assert rejected.stage == "intake"
    [event] = await bench.told("m")
    assert (event["event"], event["reason"], event["sender"], event["bytes"]) == ("refused", "expired", SIMPUS, 99)
    assert (event["service"], event["document"]) == ("person.deliver", "person/1")
    assert NIK not in str(event)
    assert event["trace"] == trace_name(bench.lookup, inbound.trace)


@pytest.mark.parametrize("name", ["<script>", "a" * 65, "é", "", f"{NIK} x"])
async def test_names_from_outside_stand_in_an_event_only_if_they_look_like_ours(bench: Bench, name: str) -> None:
    inbound = changed(bench.inbound("person.deliver"), service=name, document_type=name)
    await bench.refusals.note("m", Caller(SIMPUS), inbound, Refused(Reason.UNKNOWN_SERVICE), "intake")
    [event] = await bench.told("m")
    assert (event["service"], event["document"]) == (None, None)


async def test_strangers_are_counted_per_network_and_reason(bench: Bench) -> None:
    for address in ("10.1.2.3", "10.1.2.250", "10.1.3.1", "2001:db8:1:2::3", "2001:db8:1:ffff::1", None, "nonsense"):
        bench.refusals.count(address, Reason.NOT_AUTHENTICATED)
    bench.refusals.count("10.1.2.3", Reason.BAD_REQUEST)
    await bench.refusals.flush()
    told = [(one["sender"], one["reason"], one["bytes"]) for one in await bench.told()]
    assert sorted(told) == [
        ("10.1.2.0/24", "bad_request", 1),
        ("10.1.2.0/24", "not_authenticated", 2),
        ("10.1.3.0/24", "not_authenticated", 1),
        ("2001:db8:1::/48", "not_authenticated", 2),
        ("unknown", "not_authenticated", 2),
    ]
    await bench.refusals.flush()
    assert len(await bench.told()) == 5


async def test_a_flood_from_everywhere_stays_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refuse, "NETWORKS", 3)
    for number in range(10):
        bench.refusals.count(f"10.0.{number}.1", Reason.NOT_AUTHENTICATED)
    await bench.refusals.flush()
    told = {one["sender"]: one["bytes"] for one in await bench.told()}
    assert told == {"10.0.0.0/24": 1, "10.0.1.0/24": 1, "10.0.2.0/24": 1, "other": 7}


async def test_a_full_journal_does_not_turn_a_refusal_into_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(unit: object) -> None:
        raise JournalBusy(1)

    with monkeypatch.context() as patch:
        patch.setattr(bench.journal, "commit", busy)
        rejected = await bench.refusals.note("m", Caller(SIMPUS), None, Refused(Reason.EXPIRED), "intake")
    assert rejected.error.reason is Reason.EXPIRED
    await bench.refusals.flush()
    assert [(one["sender"], one["reason"]) for one in await bench.told()] == [("busy", "expired")]


@pytest.mark.parametrize(
    ("address", "network"), [("192.0.2.77", "192.0.2.0/24"), ("::1", "::/48"), ("", "unknown"), (NIK, "unknown")]
)
def test_an_address_is_cut_to_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_a_refused_call_of_somebody_known_is_an_event_each_and_counted_past_a_bound(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refuse, "EACH", 2)
    for number in range(5):
        await bench.refusals.note_call(f"m-{number}", Caller(SIMPUS), Refused(Reason.NOT_FOUND), "operate")
    await bench.refusals.note_call("m-9", AUDITOR, Refused(Reason.NO_RIGHT), "operate")
    told = [(one["event"], one["reason"], one["actor"], one["sender"], one["message"]) for one in await bench.told()]
    assert told == [
        ("refused", "not_found", f"system:{SIMPUS}", SIMPUS, "m-0"),
        ("refused", "not_found", f"system:{SIMPUS}", SIMPUS, "m-1"),
        ("refused", "no_right", "person:budi", None, "m-9"),
    ]
    await bench.refusals.flush()
    counted = (await bench.told())[-1]
    assert (counted["event"], counted["actor"], counted["sender"], counted["bytes"]) == (
        "refusals_counted", f"system:{SIMPUS}", None, 3,
    )  # fmt: skip
    await bench.refusals.note_call("m-10", Caller(SIMPUS), Refused(Reason.NOT_FOUND), "operate")
    assert (await bench.told())[-1]["message"] == "m-10"


async def test_refused_messages_are_counted_past_the_same_bound(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller without rights must not fill the log; what it may not send and what it may not read count together."""
    monkeypatch.setattr(refuse, "EACH", 3)
    await bench.refusals.note_call("c-1", Caller(SIMPUS), Refused(Reason.NOT_FOUND), "operate")
    for number in range(6):
        reason = Reason.NO_RIGHT if number % 2 else Reason.EXPIRED
        rejected = await bench.refusals.note(f"m-{number}", Caller(SIMPUS), None, Refused(reason), "intake")
        assert (rejected.message_id, rejected.error.reason, rejected.stage) == (f"m-{number}", reason, "intake")
    await bench.refusals.note("m-9", Caller(GUDANG), None, Refused(Reason.NO_RIGHT), "intake")
    assert [one["message"] for one in await bench.told()] == ["c-1", "m-0", "m-1", "m-9"]
    await bench.refusals.flush()
    counted = [(one["actor"], one["sender"], one["reason"], one["bytes"]) for one in (await bench.told())[4:]]
    assert counted == [(f"system:{SIMPUS}", None, "expired", 2), (f"system:{SIMPUS}", None, "no_right", 2)]
    await bench.refusals.note("m-10", Caller(SIMPUS), None, Refused(Reason.EXPIRED), "intake")
    assert (await bench.told())[-1]["message"] == "m-10"


@pytest.mark.parametrize(("who", "sees"), [(Caller(SIMPUS), True), (AUDITOR, True), (Caller(GUDANG), False)])
async def test_the_id_of_a_refusal_leads_its_sender_and_an_auditor_to_it(
    bench: Bench, who: Caller | Person, sees: bool
) -> None:
    inbound = bench.inbound("person.deliver", person(), size=99)
    await bench.refusals.note("m-1", Caller(SIMPUS), inbound, Refused(Reason.EXPIRED), "intake")
    if not sees:
        with pytest.raises(Refused):
            await bench.reader.message("m-1", who)
        return
    told = await bench.reader.message("m-1", who)
    assert (told["kind"], told["sender"], told["service"], told["deliveries"]) == (
        "refusal", SIMPUS, "person.deliver", [],
    )  # fmt: skip
    assert [one["event"]["reason"] for one in told["timeline"]] == ["expired"]
