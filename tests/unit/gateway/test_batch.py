"""A file of rows: recorded in chunks, reported once, resumed where it stopped."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import batch
from gateway.audit.catalogue import MEANINGS, EventName
from gateway.contract.errors import Refused, TryLater
from gateway.contract.exchange import Accepted, BatchReport, Caller, Duplicate, Inbound, Rejected, RowProblem
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.message import Received
from gateway.rows import problems_sha256
from tests.unit.gateway.bench import (
    FOLDER,
    GUDANG,
    Bench,
    PlainCodec,
    changed,
    organisation,
    person,
    running,
)


def row(number: int, **more: Any) -> bytes:
    return orjson.dumps(person(nik=f"32730141079{number:05d}", **more)) + b"\n"


def rows(*numbers: int) -> bytes:
    return b"".join(row(number) for number in numbers)


class Died(Exception):
    """The process ended here."""


def received(bench: Bench, data: bytes, message: str = "m-1", **more: Any) -> Received:
    return bench.received(
        "person.deliver", None, by=FOLDER, message_id=message, batch=True, name="penduduk.jsonl",
        **{"key": "f-1", "format": "jsonl", "encoding": "utf-8", "stream": lambda: iter([data[:7], data[7:]])} | more,
    )  # fmt: skip


async def take(bench: Bench, data: bytes, **more: Any) -> BatchReport:
    report = (await bench.batches.take(received(bench, data, **more), PlainCodec())).report
    assert report is not None
    return report


async def children(bench: Bench) -> list[tuple[str, str]]:
    found = bench.journal._db.execute("SELECT id, parent FROM messages WHERE kind = 'row' ORDER BY id").fetchall()
    return [(str(one[0]), str(one[1])) for one in found]


async def test_every_row_becomes_a_message_and_the_file_has_one_receipt(bench: Bench) -> None:
    data = rows(1, 2, 3, 4, 5, 6, 7, 8, 9)
    recorded = await bench.batches.take(received(bench, data), PlainCodec())
    assert [receipt.kind for receipt in recorded.receipts] == ["accepted"]
    report = recorded.report
    assert report is not None
    assert report == BatchReport(9, 9, 0, hashlib.sha256(data).hexdigest(), "utf-8", ())
    assert {parent for _, parent in await children(bench)} == {"m-1"}
    assert len(await bench.queued(GUDANG)) == 9
    assert set(bench.notified) == {GUDANG}
    names = await bench.names()
    assert (names.count("accepted"), names.count("batch_accepted")) == (9, 1)
    assert names[-1] == "batch_accepted"


async def test_the_event_commits_to_the_counts_and_rows_are_events_of_their_own(bench: Bench) -> None:
    """Event v1 has no field for counts: the document that states them is what the event and the receipt commit to."""
    name = bench.ids.new()
    recorded = await bench.batches.take(received(bench, row(1) + b"bad\n" + row(3), name), PlainCodec())
    found = (await bench.journal.read("find_message", {"id": name}))[0]
    key = bench.vault.unwrap(found[14], name)  # type: ignore[arg-type]
    body = bench.vault.open_body(key, name, found[15])  # type: ignore[arg-type]
    stated = orjson.loads(body.document)
    assert (stated["rows"], stated["accepted"], stated["rejected"]) == (3, 2, 1)
    *others, event = await bench.told()
    manifest = bench.manifest(recorded.receipts[0].jws)
    committed = hashlib.sha256(base64.b64decode(manifest["salt"]) + body.document).hexdigest()
    assert (event["event"], event["document"]) == ("batch_accepted", "file-batch/1")
    assert event["commit_in"] == manifest["commit"] == committed
    assert [one["conversation"] for one in others if one["event"] == "accepted"] == [name] * 2
    assert "file-batch/1, which states the counts" in MEANINGS[EventName.BATCH_ACCEPTED]


async def test_the_receipt_commits_to_the_refused_rows_and_can_be_checked_by_what_is_handed_out(bench: Bench) -> None:
    recorded = await bench.batches.take(received(bench, row(1) + b"bad\n" + row(3) + b"bad bad\n"), PlainCodec())
    report = recorded.report
    assert report is not None
    manifest = bench.manifest(recorded.receipts[0].jws)
    assert hashlib.sha256(base64.b64decode(manifest["salt"]) + recorded.document).hexdigest() == manifest["commit"]
    assert orjson.loads(recorded.document)["errorsSha256"] == problems_sha256(report.problems)
    assert problems_sha256(report.problems[:-1]) != problems_sha256(report.problems)


async def test_an_empty_file_is_a_batch_of_nothing(bench: Bench) -> None:
    assert await take(bench, b"") == BatchReport(0, 0, 0, hashlib.sha256(b"").hexdigest(), "utf-8", ())


async def test_bad_rows_are_reported_and_the_others_go_on(bench: Bench) -> None:
    report = await take(bench, row(1) + b"bad\n" + row(3) + b"bad\n" + row(5))
    assert (report.rows, report.accepted, report.rejected) == (5, 3, 2)
    assert [(one.row, one.column, one.code, one.value) for one in report.problems] == [
        (2, "nik", "bad_cell", "b**"), (4, "nik", "bad_cell", "b**")
    ]  # fmt: skip


@pytest.mark.parametrize("before", range(5))
async def test_a_row_with_two_bad_cells_is_one_row_also_where_a_chunk_ends(bench: Bench, before: int) -> None:
    data = rows(*range(1, before + 1)) + b"bad bad bad\n" + row(90)
    report = await take(bench, data)
    assert (report.rows, report.accepted, report.rejected) == (before + 2, before + 1, 1)
    assert [one.row for one in report.problems] == [before + 1] * 3


async def test_a_row_that_no_route_takes_is_a_problem_of_that_row(bench: Bench) -> None:
    report = await take(bench, rows(1, 2), recipients=("bpjs/vclaim",))
    assert (report.accepted, report.rejected) == (0, 2)
    assert {one.code for one in report.problems} == {Reason.UNKNOWN_RECIPIENT}


async def test_every_problem_is_in_the_report_however_many_a_row_has(bench: Bench) -> None:
    """A page of the journal ends in the middle of a row."""
    report = await take(bench, b"bad bad bad\n" * 400)
    assert (report.rows, report.rejected) == (400, 400)
    assert [one.row for one in report.problems] == [number for number in range(1, 401) for _ in range(3)]


async def test_a_repeat_is_answered_with_the_original_receipt_and_report(bench: Bench) -> None:
    data = row(1) + b"bad\n"
    first = await bench.batches.take(received(bench, data), PlainCodec())
    again = await bench.batches.take(received(bench, data, "m-2"), PlainCodec())
    assert again.repeated
    assert changed(again, repeated=False) == first
    assert len(await children(bench)) == 1


POINTS = ["batch.before_chunk", "batch.after_chunk", "batch.before_parent", "batch.after_parent"]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("time", [1, 2])
async def test_a_restart_goes_on_where_the_file_stopped(bench: Bench, point: str, time: int) -> None:
    data = rows(*range(1, 7)) + b"bad\n" + rows(8, 9)
    left = time

    def die() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            bench.barriers.clear()
            raise Died

    bench.barriers[point] = die
    reached = True
    try:
        await bench.batches.take(received(bench, data), PlainCodec())
        reached = False
    except Died:
        pass
    assert reached is not ("parent" in point and time == 2)
    recorded = await bench.batches.take(received(bench, data), PlainCodec())
    report = recorded.report
    assert report is not None
    assert (report.rows, report.accepted, report.rejected) == (9, 8, 1)
    assert [one.row for one in report.problems] == [7]
    assert len(await children(bench)) == 8
    assert len(await bench.queued(GUDANG)) == 8
    assert len(recorded.receipts) == 1
    assert (await bench.names()).count("batch_accepted") == 1


async def test_another_drop_of_a_file_that_was_never_finished_doubles_no_row(bench: Bench) -> None:
    def die() -> None:
        raise Died

    bench.barriers["batch.before_parent"] = die
    with pytest.raises(Died):
        await bench.batches.take(received(bench, rows(1, 2, 3, 4, 5)), PlainCodec())
    bench.barriers.clear()
    report = await take(bench, rows(1, 2, 3, 4, 5), message="m-2")
    assert (report.rows, report.accepted) == (5, 5)
    assert len(await children(bench)) == 5
    assert len(await bench.queued(GUDANG)) == 5


class Breaks(PlainCodec):
    """Gives its rows and then refuses to read on."""

    def __init__(self, after: int, error: Exception) -> None:
        self.after, self.error = after, error

    def to_documents(self, inbound: Inbound) -> Iterator[Any]:
        for count, item in enumerate(super().to_documents(inbound)):
            if count == self.after:
                raise self.error
            yield item


async def test_what_cannot_be_read_at_all_is_refused_whole(bench: Bench) -> None:
    codec = Breaks(0, Refused(Reason.WRONG_CHARSET, "no text"))
    with pytest.raises(Refused) as caught:
        await bench.batches.take(received(bench, rows(1)), codec)
    assert caught.value.reason is Reason.WRONG_CHARSET
    assert await children(bench) == []


@pytest.mark.parametrize("after", [3, 4, 5])
async def test_a_file_that_breaks_off_keeps_its_rows_and_says_so(bench: Bench, after: int) -> None:
    codec = Breaks(after, Refused(Reason.WRONG_CHARSET, "no text from here on"))
    report = (await bench.batches.take(received(bench, rows(*range(1, 8))), codec)).report
    assert report is not None
    assert (report.accepted, report.rejected) == (after, 1)
    assert [(one.row, one.code, one.message) for one in report.problems] == [
        (after + 1, "wrong_charset", "no text from here on")
    ]
    assert report.sha256 == hashlib.sha256(rows(*range(1, 8))).hexdigest()


async def test_a_disk_that_hangs_gives_the_file_back(bench: Bench) -> None:
    gate = threading.Event()

    def stream() -> Iterator[bytes]:
        gate.wait(10)
        yield rows(1)

    bench.batches._decode_seconds = 0.001
    with pytest.raises(TryLater):
        await bench.batches.take(received(bench, b"", stream=stream), PlainCodec())
    gate.set()


async def test_a_batch_without_a_stream_is_refused(bench: Bench) -> None:
    one = received(bench, b"")
    with pytest.raises(Refused) as caught:
        await bench.batches.take(changed(one, inbound=changed(one.inbound, stream=None)), PlainCodec())
    assert caught.value.reason is Reason.BAD_REQUEST


async def test_the_walk_settles_a_batch_with_its_report(bench: Bench) -> None:
    def inbound(name: str) -> Inbound:
        return bench.inbound("person.deliver", message_id=name, batch=True, stream=lambda: iter([rows(1)]), key="f")

    first = await bench.walk.take(inbound("m-1"), Caller(FOLDER), PlainCodec())
    again = await bench.walk.take(inbound("m-2"), Caller(FOLDER), PlainCodec())
    assert isinstance(first, Accepted)
    assert isinstance(again, Duplicate)
    assert first.report == again.report
    rejected = await bench.walk.take(
        changed(inbound("m-3"), stream=lambda: iter([b"{}\n"]), key="g"), Caller(FOLDER), PlainCodec()
    )
    assert isinstance(rejected, Rejected)
    assert (rejected.stage, rejected.error.reason) == ("batch", Reason.SCHEMA_INVALID)


async def test_no_report_of_what_is_no_batch(bench: Bench) -> None:
    message = await bench.record("person.deliver", person())
    assert await bench.batches.report_of(message) is None
    assert await bench.batches.report_of("m-404") is None


async def test_problems_are_sealed(bench: Bench) -> None:
    await take(bench, row(1) + b"bad\n")
    await bench.close()
    stored = b"".join(path.read_bytes() for path in (bench.folder / "journal").iterdir())
    assert b"this is no number" not in stored


def test_the_problems_of_a_row_stay_in_one_handful() -> None:
    def problem(row: int, column: str) -> RowProblem:
        return RowProblem(row, column, "missing_value", "a value is missing")

    given = [problem(1, "a"), problem(2, "a"), problem(2, "b"), problem(2, "c"), problem(3, "a")]
    rows = batch._Rows(iter(given))
    handfuls = []
    while items := batch._some(rows, 2)[0]:
        handfuls.append([one.row for one in items if isinstance(one, RowProblem)])
    assert handfuls == [[1, 2, 2, 2], [3]]


async def test_a_row_that_its_route_cannot_release_is_a_problem_of_that_row(tmp_path: Path, narrow: Federation) -> None:
    async with running(tmp_path, narrow) as bench:
        report = await take(bench, row(1) + row(2, noKartu="0001234567890"), recipients=(GUDANG,))
        assert [(one.row, one.code) for one in report.problems] == [(1, Reason.NOT_RELEASABLE)]
        assert report.accepted == 1


async def test_a_row_that_the_recipient_refuses_comes_back_with_its_number_its_batch_and_its_source(
    bench: Bench,
) -> None:
    asked: list[tuple[str, str | None]] = []
    plain = bench.find_sink

    def find_sink(work: Any, source: str | None = None) -> Any:
        asked.append((work.kind, source))
        return plain(work)

    bench.worker._find_sink = find_sink
    polled = Caller(FOLDER, "source", f"{FOLDER}:source:inbox")
    name = bench.ids.new()
    took = dataclasses.replace(received(bench, row(1) + b"bad\n" + row(3) + row(4), name), caller=polled)
    await bench.batches.take(took, PlainCodec())
    bench.sink(GUDANG).says = [None, Refused(Reason.RECIPIENT_REFUSED)]
    await bench.run(GUDANG)
    await bench.run(f"{FOLDER}#receipts")
    (back,) = bench.sink(FOLDER).taken
    assert (back.kind, back.batch, back.row, back.name) == ("receipt", name, 3, "penduduk.jsonl")
    assert back.message_id != name
    assert asked == [("document", "inbox")] * 3 + [("receipt", "inbox")]


async def test_what_came_by_a_call_names_no_source_and_no_row(bench: Bench) -> None:
    await bench.record("organisation.deliver", organisation(), by=FOLDER)
    await bench.run(GUDANG)
    (out,) = bench.sink(GUDANG).taken
    assert (out.batch, out.row) == (None, None)
