"""Every end of an attempt is one unit: outcome, answer, receipt, event and the receipt's way back."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from gateway.contract.errors import Refused
from gateway.contract.exchange import Caller, Delivered
from gateway.contract.reasons import Reason
from gateway.receipt import commit
from gateway.store.engine import Unexpected
from gateway.store.sealing import binding
from schemas.catalogue import canonical, parse_json
from tests.unit.gateway.bench import (
    ARSIP,
    FILES,
    FOLDER,
    GUDANG,
    PAPER,
    SIMPUS,
    Bench,
    changed,
    letter,
    organisation,
    person,
    small_federation,
)

ANSWER = 14
"""The column of the sealed answer in `find_delivery`."""


async def test_a_delivery_ends_with_a_receipt_that_names_the_one_before(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    await bench.run(GUDANG)
    [(accepted, _), (delivered, manifest)] = await bench.chain(message)
    assert manifest["kind"] == "delivered"
    assert manifest["previous"] == hashlib.sha256(accepted.encode()).hexdigest()
    work = await bench.work(f"{message}.1")
    assert (work.state, work.head) == ("delivered", hashlib.sha256(delivered.encode()).hexdigest())
    event = (await bench.told(message))[-1]
    assert (event["event"], event["receipt_sha256"], event["attempt"]) == ("delivered", work.head, 1)


async def test_a_number_that_comes_at_once_gives_two_more_receipts(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter())
    bench.sink(ARSIP).says = [Delivered(b"", registration="AG-7")]
    await bench.run(ARSIP)
    chain = await bench.chain(message)
    assert [manifest["kind"] for _, manifest in chain] == ["accepted", "delivered", "registered"]
    assert [m["previous"] for _, m in chain[1:]] == [hashlib.sha256(j.encode()).hexdigest() for j, _ in chain[:-1]]
    body = bench.worker.open(await bench.work(f"{message}.1")).body
    assert chain[-1][1]["registration"] == commit(body.salt, b"AG-7")
    assert (await bench.recorder.receipts_of(message))[-1].registration == "AG-7"
    assert await bench.state(f"{message}.1") == "registered"
    assert await bench.journal.read("overdue", {"now": 2**60, "limit": 10}) == []


async def test_a_registration_is_awaited_as_long_as_the_route_says(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter())
    await bench.run(ARSIP)
    until = bench.now_ms() + 14 * 86_400_000
    assert await bench.journal.read("overdue", {"now": until - 1, "limit": 10}) == []
    assert await bench.journal.read("overdue", {"now": until, "limit": 10}) == [(until, f"{message}.1")]
    assert await bench.state(f"{message}.1") == "awaiting_registration"


@pytest.mark.parametrize("said", [Delivered(b"<ok/>"), Refused(Reason.SCHEMA_INVALID, "no", answer=b"<no/>")])
async def test_the_recipients_own_answer_is_kept_sealed(bench: Bench, said: Delivered | Refused) -> None:
    message = await bench.record("organisation.deliver", organisation())
    bench.sink(GUDANG).says = [said]
    await bench.run(GUDANG)
    [row] = await bench.journal.read("find_delivery", {"id": f"{message}.1"})
    opened = bench.worker.open(await bench.work(f"{message}.1"))
    assert opened.key.open(row[ANSWER], binding("answer", f"{message}.1")) == said.answer


async def test_a_refusal_gives_a_receipt_with_its_reason(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    bench.sink(GUDANG).says = [Refused(Reason.SCHEMA_INVALID, "no")]
    await bench.run(GUDANG)
    [_, (_, refused)] = await bench.chain(message)
    assert (refused["kind"], refused["reason"]) == ("refused", "recipient_refused")


async def test_receipts_go_back_on_their_own_lane(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter(), by=FOLDER)
    bench.sink(ARSIP).says = [Delivered(b"", registration="AG-7")]
    await bench.run(ARSIP)
    lane = f"{FOLDER}#receipts"
    assert await bench.queued(lane) == [f"{message}.r1-delivered", f"{message}.r1-registered"]
    await bench.run(lane)
    back = bench.sink(FOLDER).taken
    assert [one.receipt.kind for one in back] == ["delivered", "registered"]
    assert [bench.manifest(one.receipt.jws)["kind"] for one in back] == ["delivered", "registered"]
    assert back[1].receipt.registration == "AG-7"
    assert await bench.queued(lane) == []
    assert await bench.state(f"{message}.r1-delivered") == "delivered"


async def test_a_receipt_has_no_receipt(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation(), by=FOLDER)
    await bench.run(GUDANG)
    bench.sink(FOLDER).says = [Refused(Reason.SCHEMA_INVALID, "no")]
    await bench.run(f"{FOLDER}#receipts")
    assert await bench.state(f"{message}.r1-delivered") == "refused"
    assert len(await bench.chain(message)) == 2
    assert await bench.queued(f"{FOLDER}#receipts") == []


async def test_a_sender_without_a_way_back_asks_for_its_receipts(bench: Bench) -> None:
    await bench.record("organisation.deliver", organisation(), by=SIMPUS)
    await bench.run(GUDANG)
    assert await bench.queued(f"{SIMPUS}#receipts") == []


async def test_rows_of_a_batch_send_back_only_what_was_refused(bench: Bench) -> None:
    for said in (Delivered(), Refused(Reason.SCHEMA_INVALID, "no")):
        row = bench.verified("organisation.deliver", organisation(), by=FOLDER)
        message = (await bench.recorder.record(row, parent="the-batch")).message_id
        bench.sink(GUDANG).says = [said]
        await bench.run(GUDANG)
    assert await bench.queued(f"{FOLDER}#receipts") == [f"{message}.r1-refused"]


@pytest.mark.parametrize("said", [Delivered(), Refused(Reason.SCHEMA_INVALID, "no")])
async def test_what_has_ended_lets_the_next_of_its_order_go(bench: Bench, said: Delivered | Refused) -> None:
    first, second = [await bench.record("person.deliver", person(fullName=name)) for name in ("Satu", "Dua")]
    bench.sink(GUDANG).says = [said]
    await bench.run(GUDANG)
    assert await bench.queued(GUDANG) == [f"{second}.1"]
    await bench.run(GUDANG)
    assert [one.message_id for one in bench.sink(GUDANG).taken] == [first, second]
    assert await bench.queued(GUDANG) == []


async def test_a_held_one_blocks_its_order_only(bench: Bench) -> None:
    await bench.record("person.deliver", person(fullName="Satu"))
    await bench.record("person.deliver", person(fullName="Dua"))
    other = await bench.record("person.deliver", person(nik="3273014107900002"))
    bench.sink(GUDANG).says = [TimeoutError()]
    await bench.run(GUDANG)
    assert await bench.queued(GUDANG) == []
    assert await bench.state(f"{other}.1") == "delivered"


async def test_a_long_detail_is_cut(bench: Bench) -> None:
    await bench.record("organisation.deliver", organisation())
    [work] = await bench.lease(GUDANG)
    await bench.commit(*bench.outcomes.quarantined(work, Reason.INTERNAL, "x" * 5000, held=False).steps)
    [item] = await bench.quarantined()
    assert len(item["detail"]) == 500


async def test_two_outcomes_of_one_attempt_cannot_both_be_written(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation())
    [work] = await bench.lease(GUDANG)
    opened = bench.worker.open(work)
    await bench.commit(*bench.outcomes.delivered(work, opened, b"", None, 1).steps)
    with pytest.raises(Unexpected):
        await bench.commit(*bench.outcomes.refused(work, opened, Reason.RECIPIENT_REFUSED, b"", 1).steps)
    assert await bench.state(f"{message}.1") == "delivered"
    assert len(await bench.chain(message)) == 2


async def test_receipts_and_events_of_a_delivery_are_about_what_was_released(bench: Bench) -> None:
    """The recipient can check them against what it got; the sender's own receipt is about what was sent."""
    message = await bench.record("organisation.deliver", organisation(phone="022123456"))
    await bench.run(GUDANG)
    [got] = bench.sink(GUDANG).taken
    assert got.document_json == canonical(parse_json("organisation/1", organisation()))
    sent = canonical(parse_json("organisation/1", organisation(phone="022123456")))
    for (_, manifest), document in zip(await bench.chain(message), (sent, got.document_json), strict=True):
        salted = base64.b64decode(manifest["salt"]) + document
        assert manifest["commit"] == hashlib.sha256(salted).hexdigest(), manifest["kind"]
    accepted, _, delivered = await bench.told(message)
    manifests = [manifest["commit"] for _, manifest in await bench.chain(message)]
    assert [accepted["commit_in"], delivered["commit_out"]] == manifests


async def test_a_receipt_lists_the_parts_that_were_released(tmp_path: Path) -> None:
    named = ", ".join(letter())
    files = {**FILES, "routes.yaml": FILES["routes.yaml"].replace("retention: 30d", f"release: [{named}]")}
    bench = Bench(tmp_path, small_federation(tmp_path / "federation", files))
    await bench.open()
    other = changed(PAPER, number=2, sha256="1" * 64, size=3, media_type="text/plain")
    enclosed = letter(attachments=[{"file": {"sha256": "1" * 64, "size": 3, "mediaType": "text/plain"}}])
    message = await bench.record("letter.deliver", enclosed, parts=(PAPER, other))
    await bench.run(ARSIP)
    assert [part.sha256 for part in bench.sink(ARSIP).taken[0].parts] == [PAPER.sha256]
    assert [len(manifest["parts"]) for _, manifest in await bench.chain(message)] == [2, 1]
    assert [part["sha256"] for part in (await bench.reader.message(message, Caller(ARSIP)))["parts"]] == [PAPER.sha256]
    await bench.close()
