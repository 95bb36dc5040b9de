"""Parties see their own; everybody else sees nothing, and does not learn what exists."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64decode
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from gateway.ask import Unanswered
from gateway.contract.errors import Refused, TryLater
from gateway.contract.exchange import Caller
from gateway.contract.reasons import Reason
from gateway.contract.testing import FakeClock
from gateway.federation import Federation
from gateway.identity import Person, Principal
from gateway.receipt import commit
from gateway.signatures.asic import examine
from gateway.signatures.material import Material
from schemas.catalogue import canonical, parse_json
from tests.unit.gateway.bench import (
    ARSIP,
    FOLDER,
    GUDANG,
    KOTAK,
    NIK,
    OPERATOR,
    PAPER,
    PDF,
    QUERY,
    SIMPUS,
    VCLAIM,
    Bench,
    PlainCodec,
    letter,
    organisation,
    person,
    running,
)  # fmt: skip


def canonical_json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


AUDITOR = Person("budi", frozenset({"auditor"}))
WATCHER = Caller("kota/pengawas")


async def sent(bench: Bench, **more: object) -> str:
    message = await bench.record("letter.deliver", letter(), recipients=(ARSIP, KOTAK), **more)
    await bench.run(ARSIP)
    return message


@pytest.mark.parametrize(
    "who", [None, Caller(VCLAIM), Caller(GUDANG), Caller("nobody/here"), Person("cici", frozenset({"approver"}))]
)
async def test_a_stranger_cannot_tell_it_from_nothing(bench: Bench, who: Principal | None) -> None:
    message = await sent(bench)
    told = []
    for name in (message, "m-404"):
        for read in (
            bench.reader.message(name, who),
            bench.reader.receipts(name, who),
            bench.reader.part(name, 1, who),
        ):
            with pytest.raises(Refused) as caught:
                await read
            told.append((caught.value.reason, str(caught.value), caught.value.detail))
    assert set(told) == {(Reason.NOT_FOUND, "Not found", "")}


@pytest.mark.parametrize("who", [Caller(SIMPUS), WATCHER])
async def test_the_sender_sees_every_delivery_and_the_whole_timeline(bench: Bench, who: Caller) -> None:
    message = await sent(bench, conversation="c-1", expires_at=bench.clock.now() + timedelta(days=1))
    told = await bench.reader.message(message, who)
    assert [(one["recipient"], one["state"]) for one in told["deliveries"]] == [
        (ARSIP, "awaiting_registration"), (KOTAK, "ready")
    ]  # fmt: skip
    assert [one["event"]["event"] for one in told["timeline"]] == ["accepted", "attempt_started", "delivered"]
    assert [one["number"] for one in told["timeline"]] == [0, 1, 2]
    assert (told["conversationId"], told["sender"], told["schema"]) == ("c-1", SIMPUS, "letter/1")
    assert told["expiresAt"] == "2026-11-24T01:00:00.000Z"
    assert [part["sha256"] for part in told["parts"]] == [PAPER.sha256]
    assert "registerBy" in told["deliveries"][0]
    assert len((await bench.reader.receipts(message, who))["receipts"]) == 2


async def test_a_recipient_sees_its_own_delivery_only(bench: Bench) -> None:
    message = await sent(bench)
    told = await bench.reader.message(message, Caller(KOTAK))
    assert [one["recipient"] for one in told["deliveries"]] == [KOTAK]
    assert ARSIP not in orjson.dumps(told).decode()
    receipts = (await bench.reader.receipts(message, Caller(KOTAK)))["receipts"]
    assert receipts == []
    receipts = (await bench.reader.receipts(message, Caller(ARSIP)))["receipts"]
    assert [one["kind"] for one in receipts] == ["delivered"]
    assert KOTAK not in orjson.dumps(bench.manifest(receipts[0]["jws"])).decode()


async def test_a_way_back_for_receipts_makes_nobody_a_recipient(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation(), by=FOLDER)
    await bench.run(GUDANG)
    assert [one["kind"] for one in (await bench.reader.message(message, Caller(FOLDER)))["deliveries"]] == [
        "document", "receipt"
    ]  # fmt: skip
    assert [one["kind"] for one in (await bench.reader.message(message, Caller(GUDANG)))["deliveries"]] == ["document"]


@pytest.mark.parametrize("who", [OPERATOR, AUDITOR])
async def test_a_person_sees_events_never_bodies_and_that_is_an_event(bench: Bench, who: Person) -> None:
    message = await sent(bench)
    told = await bench.reader.message(message, who)
    assert told["parts"] == []
    assert "Rapat" not in str(told)
    for read in (bench.reader.receipts(message, who), bench.reader.part(message, 1, who)):
        with pytest.raises(Refused):
            await read
    assert [(one["event"], one["actor"]) for one in await bench.told(message)][-1:] == [("read", who.actor)]
    assert [one["event"] for one in await bench.told(message)].count("read") == 1


async def test_a_part_is_for_both_sides(bench: Bench) -> None:
    part = await bench.spool("m-1", PDF)
    await bench.take("letter.deliver", letter(), message_id="m-1", parts=(part,), recipients=(KOTAK,))
    for who in (Caller(SIMPUS), Caller(KOTAK), WATCHER):
        assert (await bench.reader.part("m-1", 1, who)).address == part.address
        with pytest.raises(Refused) as caught:
            await bench.reader.part("m-1", 2, who)
        assert caught.value.reason is Reason.NOT_FOUND


async def question(bench: Bench) -> str:
    answered = await bench.asker.ask(bench.verified("coverage.lookup", QUERY), bench.sink(VCLAIM), 10)
    return answered.message_id


@pytest.mark.parametrize("who", [Caller(SIMPUS), Caller(VCLAIM), WATCHER, OPERATOR, AUDITOR])
async def test_a_question_is_told_from_its_events(bench: Bench, who: Principal) -> None:
    """It has no row: nothing of it is kept but its events."""
    message = await question(bench)
    told = await bench.reader.message(message, who)
    assert (told["kind"], told["sender"], told["service"]) == ("query", SIMPUS, "coverage.lookup")
    [delivery] = told["deliveries"]
    assert (delivery["recipient"], delivery["state"], delivery["kind"]) == (VCLAIM, "answered", "query")
    assert [one["event"]["event"] for one in told["timeline"]] == ["asked", "answered"]
    assert [one["actor"] for one in await bench.told(message) if one["event"] == "read"] == (
        [who.actor] if isinstance(who, Person) else []
    )


async def test_a_question_without_an_answer_says_why(bench: Bench) -> None:
    bench.sink(VCLAIM).says = [TryLater()]
    with pytest.raises(Unanswered):
        await question(bench)
    [asked, _] = await bench.told()
    [delivery] = (await bench.reader.message(asked["message"], Caller(SIMPUS)))["deliveries"]
    assert (delivery["state"], delivery["reason"]) == ("unanswered", "recipient_down")


@pytest.mark.parametrize("who", [None, Caller(GUDANG), Person("cici", frozenset({"approver"}))])
async def test_a_question_is_nothing_to_a_stranger(bench: Bench, who: Principal | None) -> None:
    with pytest.raises(Refused) as caught:
        await bench.reader.message(await question(bench), who)
    assert (caught.value.reason, caught.value.detail) == (Reason.NOT_FOUND, "")


async def test_after_erasing_the_events_are_left(bench: Bench) -> None:
    message = await sent(bench)
    assert "erased" not in await bench.reader.message(message, Caller(SIMPUS))
    bench.journal._db.execute("UPDATE messages SET sealed_key = NULL, body = NULL")
    told = await bench.reader.message(message, Caller(SIMPUS))
    assert (told["parts"], len(told["timeline"]), told["erased"]) == ([], 3, True)
    for read in (bench.reader.receipts(message, Caller(SIMPUS)), bench.reader.part(message, 1, Caller(SIMPUS))):
        with pytest.raises(Refused) as caught:
            await read
        assert caught.value.reason is Reason.ERASED


async def test_an_inbox_is_oldest_first_and_names_the_parts(bench: Bench) -> None:
    ids = [await bench.record("letter.deliver", letter(), recipients=(KOTAK, ARSIP)) for _ in range(3)]
    waiting = [orjson.loads(one) for one in await bench.reader.inbox(KOTAK, 2, "https://g.example")]
    assert [one["envelope"]["messageId"] for one in waiting] == ids[:2]
    assert waiting[0]["envelope"]["recipients"] == [KOTAK]
    assert waiting[0]["envelope"]["deliveryId"] == f"{ids[0]}.1"
    assert waiting[0]["document"] == letter()
    assert waiting[0]["parts"][0]["href"] == f"https://g.example/api/v1/messages/{ids[0]}/parts/1"
    assert ARSIP not in orjson.dumps(waiting).decode()
    assert await bench.reader.inbox(ARSIP, 9, "https://g.example") == []


async def test_a_page_of_an_inbox_ends_before_a_number_of_bytes_and_has_one_in_any_case(bench: Bench) -> None:
    wide = letter(subject="x" * 400)
    ids = [await bench.record("letter.deliver", wide, recipients=(KOTAK,)) for _ in range(4)]
    [first, *_] = whole = await bench.reader.inbox(KOTAK, 9, "")
    assert len(whole) == 4
    # What a body is sealed with, its receipt among it, counts as well.
    sealed = len((await bench.journal.read("find_message", {"id": ids[0]}))[0][15])  # type: ignore[arg-type]
    for most, expected in ((1, 1), (len(first), 1), (2 * sealed - 1, 1), (2 * sealed + 9, 2), (4 * sealed + 9, 4)):
        page = await bench.reader.inbox(KOTAK, 9, "", most)
        assert page == whole[:expected], most
        assert len(page) == 1 or sum(map(len, page)) <= most
    assert len(await bench.reader.inbox(KOTAK, 3, "", 4 * sealed + 9)) == 3


async def test_what_did_not_fit_a_page_was_not_handed_out(bench: Bench) -> None:
    shown, left = [await bench.record("letter.deliver", letter(), recipients=(KOTAK,)) for _ in range(2)]
    assert len(await bench.reader.inbox(KOTAK, 9, "", 1)) == 1
    assert (await bench.names(shown))[1:] == ["attempt_started"]
    assert (await bench.names(left))[1:] == []
    await bench.registrar.pick_up(f"{shown}.1", KOTAK, "delivered", None)
    [next_one] = await bench.reader.inbox(KOTAK, 9, "", 1)
    assert orjson.loads(next_one)["envelope"]["messageId"] == left


async def test_others_have_a_turn_between_two_documents(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await bench.record("letter.deliver", letter(), recipients=(KOTAK,))
    order: list[str] = []
    waiting, loop = bench.reader._waiting, asyncio.get_running_loop()

    def watched(*arguments: object) -> bytes:
        order.append("document")
        loop.call_soon(order.append, "others")
        return waiting(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.reader, "_waiting", watched)
    await bench.reader.inbox(KOTAK, 9, "")
    assert order == ["document", "others"] * 3


async def test_looking_takes_nothing(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter(), recipients=(KOTAK,))
    assert await bench.reader.inbox(KOTAK, 9, "") == await bench.reader.inbox(KOTAK, 9, "")
    assert await bench.reader.delivery_state(f"{message}.1") == {"deliveryId": f"{message}.1", "state": "ready"}
    assert (await bench.reader.delivery_state("x"))["state"] == "unknown"


async def test_fetching_is_an_event_the_first_time(bench: Bench) -> None:
    """Whoever fetches a document has it, whether or not it ever says so."""
    message = await bench.record("letter.deliver", letter(), recipients=(KOTAK,))
    await bench.reader.inbox(KOTAK, 9, "")
    await bench.reader.inbox(KOTAK, 9, "")
    _, *told = await bench.told(message)
    [event] = told
    assert (event["event"], event["actor"], event["recipient"]) == ("attempt_started", f"system:{KOTAK}", KOTAK)
    assert (event["delivery"], event["attempt"], event["document"]) == (f"{message}.1", 1, "letter/1")


async def test_what_nobody_fetched_in_time_leaves_the_inbox(bench: Bench) -> None:
    expires = bench.clock.now() + timedelta(hours=1)
    message = await bench.record("letter.deliver", letter(), by=FOLDER, recipients=(KOTAK,), expires_at=expires)
    bench.clock.advance(3600)
    assert await bench.reader.inbox(KOTAK, 9, "") == []
    assert await bench.state(f"{message}.1") == "expired"
    await bench.run(f"{FOLDER}#receipts")
    assert [one.receipt.kind for one in bench.sink(FOLDER).taken] == ["refused"]


async def test_rows_name_their_batch(bench: Bench) -> None:
    row = bench.verified("organisation.deliver", organisation(), by=FOLDER)
    message = (await bench.recorder.record(row, parent="m-0")).message_id
    told = await bench.reader.message(message, Caller(FOLDER))
    assert (told["kind"], told["batch"]) == ("row", "m-0")


async def test_the_sender_of_a_batch_gets_what_its_receipt_commits_to(bench: Bench) -> None:
    data = orjson.dumps(person()) + b"\nbad\n"
    taken = await bench.batches.take(
        bench.received("person.deliver", None, by=FOLDER, batch=True, key="f-1", stream=lambda: iter([data])),
        PlainCodec(),
    )
    told = await bench.reader.receipts(taken.message_id, Caller(FOLDER))
    manifest = bench.manifest(told["receipts"][0]["jws"])
    canonical = orjson.dumps(told["document"], option=orjson.OPT_SORT_KEYS)
    assert hashlib.sha256(b64decode(manifest["salt"]) + canonical).hexdigest() == manifest["commit"]
    errors = orjson.dumps(told["errors"], option=orjson.OPT_SORT_KEYS)
    assert [one["row"] for one in told["errors"]] == [2]
    assert told["document"]["errorsSha256"] == hashlib.sha256(errors).hexdigest()
    with pytest.raises(Refused, match="Not found"):
        await bench.reader.receipts(taken.message_id, Caller(GUDANG))


async def test_one_that_cannot_be_shown_hides_no_other(tmp_path: Path, wide: Federation, narrow: Federation) -> None:
    expires = FakeClock().now() + timedelta(hours=1)
    async with running(tmp_path, wide) as before:
        stuck, late, good = [
            await before.record("person.deliver", value, recipients=(KOTAK,), expires_at=until)
            for value, until in ((person(), None), (person(), expires), (person(noKartu="0001234567890"), None))
        ]
    async with running(tmp_path, narrow) as bench:
        bench.clock.advance(3600)
        for _ in range(2):
            shown = [orjson.loads(one) for one in await bench.reader.inbox(KOTAK, 9, "")]
            assert [one["envelope"]["messageId"] for one in shown] == [good]
        assert [await bench.state(f"{one}.1") for one in (stuck, late, good)] == ["quarantined", "expired", "ready"]
        [item] = await bench.quarantined()
        assert (item["messageId"], item["reason"], NIK in str(item)) == (stuck, "operator_needed", False)
        assert [(kind["kind"], kind["reason"]) for _, kind in await bench.chain(late)] == [
            ("accepted", None), ("refused", "expired")
        ]  # fmt: skip
        assert (await bench.reader.message(stuck, Caller(KOTAK)))["parts"] == []
        with pytest.raises(Refused) as caught:
            await bench.registrar.pick_up(f"{stuck}.1", KOTAK, "delivered", None)
        assert caught.value.reason is Reason.NOT_FOUND


async def test_no_receipt_tells_a_recipient_of_what_was_withheld(tmp_path: Path, narrow: Federation) -> None:
    """Under the salt of the message it could try numbers until the commitment fits."""
    value = person(noKartu="0001234567890", birthPlace="Bandung")
    whole, less = (canonical(parse_json("person/1", one)) for one in (value, narrowed(value)))
    async with running(tmp_path, narrow) as bench:
        message = await bench.record("person.deliver", value, recipients=(KOTAK,))
        await bench.registrar.pick_up(f"{message}.1", KOTAK, "delivered", "AG-7")
        (_, accepted), *_ = await bench.chain(message)
        told = (await bench.reader.receipts(message, Caller(KOTAK)))["receipts"]
        assert [one["kind"] for one in told] == ["delivered", "registered"]
        for one in told:
            manifest = bench.manifest(one["jws"])
            salt = b64decode(manifest["salt"])
            assert manifest["salt"] != accepted["salt"]
            assert manifest["commit"] == commit(salt, less) != commit(salt, whole)
        assert manifest["registration"] == commit(salt, b"AG-7")
        assert accepted["commit"] == commit(b64decode(accepted["salt"]), whole)
        seen = orjson.dumps(
            [told, await bench.reader.message(message, Caller(KOTAK)), await bench.reader.inbox(KOTAK, 9, "")]
        ).decode()
        assert accepted["salt"] not in seen
        assert accepted["commit"] not in seen
        assert (await bench.reader.message(message, Caller(KOTAK)))["bytes"] == len(less)
        theirs = await bench.reader.receipts(message, Caller(KOTAK))
        assert (theirs.get("document"), canonical_json(theirs["released"])) == (None, less)
        sender = await bench.reader.receipts(message, Caller(SIMPUS))
        assert [one["kind"] for one in sender["receipts"]] == ["accepted", "delivered", "registered"]
        assert [canonical_json(sender[name]) for name in ("document", "released")] == [whole, less]


async def test_evidence_of_what_was_withheld_holds_before_and_after_the_delivery(
    tmp_path: Path, narrow: Federation
) -> None:
    value = person(noKartu="0001234567890", birthPlace="Bandung")
    async with running(tmp_path, narrow) as bench:

        async def codes(message: str, who: str) -> list[str]:
            data = b"".join([piece async for piece in await bench.evidence.of(message, Caller(who))])
            first, *rest = (one.code for one in examine(Material.of(data), None).findings)
            assert first == "evidence_of"
            return sorted(rest)

        for outcome in ("delivered", "refused"):
            message = await bench.record("person.deliver", value, recipients=(KOTAK,))
            assert await codes(message, SIMPUS) == ["receipt_holds", "receipt_missing", "receipt_missing"]
            await bench.registrar.pick_up(f"{message}.1", KOTAK, outcome, None)
            kinds = len((await bench.reader.receipts(message, Caller(SIMPUS)))["receipts"])
            assert await codes(message, SIMPUS) == ["receipt_holds"] * kinds
            assert set(await codes(message, KOTAK)) == {"receipt_holds", "receipt_missing"}


async def test_raw_that_stayed_behind_is_withheld_too(bench: Bench) -> None:
    raw = {"sourceSchema": "kota.simpus/1", "fields": {"kodeLama": "7"}}
    salts = []
    for more in ({}, {"raw": raw}):
        message = await bench.record("letter.deliver", letter(**more), recipients=(KOTAK,))
        await bench.registrar.pick_up(f"{message}.1", KOTAK, "delivered", None)
        told = (await bench.reader.receipts(message, Caller(KOTAK)))["receipts"]
        assert [one["kind"] for one in told] == ([] if more else ["accepted"]) + ["delivered"]
        assert ("document" in await bench.reader.receipts(message, Caller(KOTAK))) is not bool(more)
        salts.append({manifest["salt"] for _, manifest in await bench.chain(message)})
    assert [len(one) for one in salts] == [1, 2]


def narrowed(value: dict[str, object]) -> dict[str, object]:
    return {name: value[name] for name in ("fullName", "birthDate", "sex", "noKartu")}


async def test_many_looks_at_once_hand_out_once(bench: Bench) -> None:
    async def record() -> str:
        return await bench.record("letter.deliver", letter(), recipients=(KOTAK,))

    messages = [await record()]
    await bench.reader.inbox(KOTAK, 9, "")
    messages += [await record(), await record()]
    looks = await asyncio.gather(*(bench.reader.inbox(KOTAK, limit, "") for limit in (3, 2, 3, 2, 3)))
    assert [len(one) for one in looks] == [3, 2, 3, 2, 3]
    for message in messages:
        assert await bench.names(message) == ["accepted", "attempt_started"]
