"""What an agency finds when one of its files is settled; each step may be done again."""

from __future__ import annotations

import pytest

from adapters.filedrop.answers import Answers
from gateway.contract import Accepted, BatchReport, Reason, ReceiptCopy, Refused, RowProblem

JWS = "e30.e30.c2ln"


@pytest.fixture
async def held(desk, person):
    """A desk with one file in hand, and what the source would answer with."""
    d = await desk()
    d.drop("warga.json", person)
    (item,) = [one async for one in d.source.poll(1)]
    return d, item.item.held, d.source._answers


async def test_receipts_stand_before_the_file_leaves_and_again_changes_nothing(held):
    d, hand, answers = held
    d.points.clear()
    settled = Accepted("m-1", (ReceiptCopy("accepted", JWS, None, None),))
    answers.archive(hand, settled)
    assert d.names(d.outbox) == ["warga.json.accepted.receipt.json"]
    assert [path.name for path in d.archive.rglob("*") if path.is_file()] == [f"warga.json.{hand.claim}"]

    answers.archive(hand, settled)
    assert d.names(d.outbox) == ["warga.json.accepted.receipt.json"]


async def test_a_refused_file_lies_beside_its_notice(held):
    d, hand, answers = held
    answers.refuse(hand, "m-1", Refused(Reason.SCHEMA_INVALID), "normalise")
    told = d.notice(d.errors, "warga.json.error.json")
    assert (told["code"], told["stage"], told["messageId"]) == ("schema_invalid", "normalise", "m-1")
    assert d.names(d.errors) == ["warga.json", "warga.json.error.json"]
    answers.refuse(hand, "m-1", Refused(Reason.SCHEMA_INVALID), "normalise")
    assert d.names(d.errors) == ["warga.json", "warga.json.error.json"]


async def test_a_name_that_is_taken_gets_a_mark(held):
    d, _, answers = held
    assert isinstance(answers, Answers)
    for mark, body in (("a", b"1"), ("b", b"2"), ("b", b"2")):
        answers.write("outbox", "surat.pdf", mark, ".x.json", body)
    assert d.names(d.outbox) == ["surat.pdf.b.x.json", "surat.pdf.x.json"]


@pytest.mark.parametrize(("known", "says"), [(True, "drop the whole file again"), (False, "in a file of their own")])
async def test_refused_rows_come_with_what_to_do(held, known, says):
    d, hand, answers = held
    problem = RowProblem(2, "NIK", "bad_nik", "no number", None)
    report = BatchReport(3, 2, 1, "00", "utf-8", (problem,), known)
    answers.archive(hand, Accepted("m-1", (), report))
    told = d.notice(d.outbox, "warga.json.rows.json")
    assert says in told["advice"]
    assert (told["rejected"], told["errors"][0]["row"]) == (1, 2)


async def test_rows_that_were_all_taken_need_no_advice(held):
    d, hand, answers = held
    answers.archive(hand, Accepted("m-1", (), BatchReport(3, 3, 0, "00", "utf-8")))
    assert "advice" not in d.notice(d.outbox, "warga.json.rows.json")
