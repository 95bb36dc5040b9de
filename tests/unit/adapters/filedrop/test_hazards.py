"""What is known to go wrong with folders, one test each."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import socket
import threading
from pathlib import Path

import pytest

from adapters.filedrop import FolderSource, folder
from gateway.contract import (
    Accepted,
    BatchReport,
    Duplicate,
    NeedsOperator,
    Part,
    Reason,
    ReceiptCopy,
    Refused,
    Rejected,
    TryLater,
)
from schemas.catalogue import parse_json
from schemas.xml import to_xml_bytes

COLUMNS = {"NIK": "nik", "NAMA": "fullName", "LAHIR": "birthDate", "SEX": "sex"}
ROWS = "NIK;NAMA;LAHIR;SEX\n3273014205900001;Zoë;1990-05-02;P\n3E+15;Budi;1990-05-02;L\n"


async def error_of(d, name):
    return d.notice(d.errors, f"{name}.error.json")["code"]


async def test_partial_write_is_not_taken_until_it_stays_the_same(desk, person):
    d = await desk(ready={"mode": "stable", "polls": 2, "min_age": "2s"})
    target = d.inbox / "warga.json"
    whole = json.dumps(person).encode()
    for end in (10, 20, 30):
        target.write_bytes(whole[:end])
        assert await d.round() == []
        d.host.clock.advance(60)
    target.write_bytes(whole)
    assert await d.round() == []
    d.host.clock.advance(60)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)


async def grow_while_read(d, monkeypatch, times):
    """A writer that still holds the file appends while it is being read."""
    seen = folder.chunks
    left = [times]

    def growing(fd, sighting, size=folder.CHUNK):
        pieces = seen(fd, sighting, size)
        yield next(pieces)
        if left[0]:
            left[0] -= 1
            for room in d.work.iterdir():
                with open(room / "item", "ab") as writer:
                    writer.write(b" ")
        yield from pieces

    monkeypatch.setattr("adapters.filedrop.arrive.chunks", growing)


async def test_a_file_written_while_it_is_read_goes_back_until_it_is_still(desk, person, monkeypatch):
    d = await desk()
    await grow_while_read(d, monkeypatch, 2)
    d.drop("warga.json", person)
    assert await d.round() == []
    assert d.names(d.inbox) == ["warga.json"]
    assert d.names(d.work) == []
    assert await d.round() == []
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)
    assert len(d.ledger.documents) == 1


async def test_a_file_that_never_stands_still_is_refused(desk, person, monkeypatch):
    d = await desk(changes=1)
    await grow_while_read(d, monkeypatch, 100)
    d.drop("warga.json", person)
    assert await d.round() == []
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Rejected)
    assert await error_of(d, "warga.json") == "file_changed"


async def test_a_file_replaced_between_look_and_move_is_not_mistaken(desk, person):
    d = await desk()
    d.drop("warga.json", person)

    def replace(point):
        if point == "manifest written" and not replaced:
            replaced.append(point)
            d.drop("warga.json", {**person, "fullName": "Nama Baru"})
        return False

    replaced = []
    d.dies_at = replace
    assert await d.round() == []
    (taken,) = await d.round()
    assert [one.full_name for one in taken.documents] == ["Nama Baru"]
    assert d.names(d.work) == []


async def test_a_table_changed_after_its_claim_is_refused_whole(desk):
    d = await desk(csv={"columns": COLUMNS})
    d.drop("warga.csv", ROWS.encode())
    async for inbound in d.source.poll(1):
        (room,) = d.work.iterdir()
        (room / "item").write_bytes(ROWS.encode() + b"x")
        with pytest.raises(Refused) as refused:
            list(d.source.codec.to_documents(inbound))
        assert refused.value.reason is Reason.FILE_CHANGED


async def settled_while_written(d):
    """The file is taken and recorded; its writer, who kept it open, adds a row before it is settled."""
    async for inbound in d.source.poll(1):
        report = BatchReport(2, 1, 1, inbound.content.sha256, inbound.content.encoding)
        (room,) = d.work.iterdir()
        with (room / "item").open("ab") as writer:
            writer.write(b"3273014205900009;Tono;1990-05-02;L\n")
        receipts = (ReceiptCopy("accepted", "e30.e30.c2ln"),)
        d.host.claims.commit(inbound.message_id)
        await d.source.settle(inbound, Accepted(inbound.message_id, receipts, report))


@pytest.mark.parametrize("mode", ["rename", "stable", "marker"])
async def test_a_file_that_grew_after_it_was_read_is_not_archived_in_silence(desk, mode):
    d = await desk(csv={"columns": COLUMNS}, ready={"mode": mode, "min_age": "0s"})
    d.drop("warga.csv", ROWS.encode())
    if mode == "marker":
        d.drop("warga.csv.done", b"")
    if mode == "stable":
        assert await d.round() == []
    await settled_while_written(d)
    assert d.names(d.archive) == d.names(d.work) == []
    assert "warga.csv" in d.names(d.errors)
    notice = d.notice(d.errors, "warga.csv.error.json")
    assert notice["code"] == "file_changed"
    assert "drop the whole file again" in notice["reason"]
    assert d.names(d.outbox) == ["warga.csv.accepted.receipt.json", "warga.csv.rows.json"]
    assert d.host.metrics.counts["filedrop_changed_after_reading"] == 1
    assert await d.host.claims.unsettled() == []


async def test_a_writer_in_place_under_the_rename_mode_loses_no_row(desk):
    d = await desk(csv={"columns": COLUMNS}, ready={"mode": "rename", "min_age": "1s"})
    lines = ROWS.encode().splitlines(keepends=True)
    path = d.inbox / "warga.csv"
    path.write_bytes(b"".join(lines[:2]))
    assert await d.round() == []
    with path.open("ab") as writer:
        writer.write(b"".join(lines[2:]))
    d.host.clock.advance(0.9)
    assert await d.round() == []
    d.host.clock.advance(1.1)
    (taken,) = await d.round()
    assert len(taken.documents) + len(taken.problems) == len(lines) - 1
    assert len(d.names(d.archive)) == 1


async def test_a_directory_in_the_inbox_is_told_once_and_stays(desk, person):
    d = await desk(work="drop/inbox/work")
    (d.inbox / "map").mkdir()
    (d.inbox / "map" / "warga.json").write_text(json.dumps(person))
    assert await d.until_still() == []
    notice = d.notice(d.errors, "map.error.json")
    assert (notice["code"], notice["file"]) == ("file_unsafe", "map")
    (d.errors / "map.error.json").unlink()
    assert await d.until_still() == []
    assert d.names(d.errors) == []
    assert d.names(d.inbox) == ["map", "work"]
    await d.restart()
    for _ in range(2):
        await d.until_still()
    assert d.names(d.errors) == ["map.error.json"]


async def test_folders_on_different_file_systems_are_refused_by_check(desk, monkeypatch):
    d = await desk()

    class Elsewhere:
        def __init__(self, found):
            self._found = found
            self.st_dev = found.st_dev + 1

        def __getattr__(self, name):
            return getattr(self._found, name)

    own = Path.stat
    monkeypatch.setattr(
        Path, "stat", lambda self, **k: Elsewhere(own(self, **k)) if self.name == "archive" else own(self, **k)
    )
    (sentence,) = await d.source.check()
    assert "archive" in sentence
    assert "file system" in sentence


async def test_a_rename_across_file_systems_needs_an_operator_and_loses_nothing(desk, person, monkeypatch):
    d = await desk()
    d.drop("warga.json", person)

    def rename(*_, **__):
        raise OSError(18, "Invalid cross-device link")

    with monkeypatch.context() as patched:
        patched.setattr("adapters.filedrop.workroom.os.rename", rename)
        with pytest.raises(NeedsOperator, match="one file system"):
            await d.round()
    assert d.names(d.inbox) == ["warga.json"]
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)


async def test_check_says_what_is_no_folder_and_what_is_the_same_folder(desk):
    d = await desk(archive="drop/errors")
    d.outbox.rmdir()
    d.outbox.write_bytes(b"")
    sentences = await d.source.check()
    assert any("outbox" in s and "not a folder" in s for s in sentences)
    assert any("same folder" in s for s in sentences)


async def test_check_says_which_column_names_no_field(desk):
    d = await desk(csv={"columns": {"NIK": "nik", "NAMA": "nama"}})
    (sentence,) = await d.source.check()
    assert "'nama'" in sentence


async def test_a_file_moved_in_with_an_old_time_stamp_is_not_missed(desk, person):
    d = await desk()
    d.drop("baru.json", person)
    await d.round()
    os.utime(d.drop("lama.json", {**person, "fullName": "Budi"}), ns=(1, 1))
    (taken,) = await d.round()
    assert taken.inbound.name == "lama.json"


async def test_the_same_name_again_with_other_content_is_another_message(desk, person):
    d = await desk()
    for name in ("Siti", "Budi"):
        d.drop("warga.json", {**person, "fullName": name})
        (taken,) = await d.round()
        assert isinstance(taken.settlement, Accepted)
    assert len(d.names(d.archive)) == 2
    second = taken.inbound.message_id
    assert d.names(d.outbox) == sorted(
        ["warga.json.accepted.receipt.json", f"warga.json.{second}.accepted.receipt.json"]
    )


async def test_the_same_content_again_is_a_duplicate_with_the_same_receipt(desk, person):
    d = await desk()
    d.drop("warga.json", person)
    await d.round()
    before = (d.outbox / "warga.json.accepted.receipt.json").read_bytes()
    (d.outbox / "warga.json.accepted.receipt.json").unlink()
    d.drop("warga.json", person)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Duplicate)
    assert (d.outbox / "warga.json.accepted.receipt.json").read_bytes() == before
    assert len(d.ledger.documents) == 1
    assert len(d.names(d.archive)) == 2


async def test_another_name_or_period_is_another_key(desk):
    keys = set()
    for period in ("2026-01", "2026-02"):
        d = await desk(csv={"columns": COLUMNS, "period": period})
        for name in ("a.csv", "b.csv"):
            d.drop(name, ROWS.encode())
        keys |= {taken.inbound.key for taken in await d.round()}
    assert len(keys) == 4
    d = await desk(csv={"columns": COLUMNS, "period_from_name": r"_(\d{6})\."})
    d.drop("desa_202601.csv", ROWS.encode())
    (taken,) = await d.round()
    assert taken.inbound.content.period == "202601"


async def test_an_archived_file_moved_back_is_answered_again(desk, person):
    d = await desk()
    d.drop("warga.json", person)
    await d.round()
    (kept,) = d.archive.iterdir()
    kept.rename(d.inbox / "warga.json")
    taken = []
    for _ in range(8):
        taken += await d.round()
    (again,) = taken
    assert isinstance(again.settlement, Duplicate)
    assert d.names(d.inbox) == []


@pytest.mark.parametrize("kind", ["symlink", "dangling", "hardlink", "fifo", "socket"])
async def test_what_is_no_plain_file_never_opens(desk, person, kind, tmp_path, monkeypatch):
    d = await desk()
    secret = tmp_path / "rahasia.json"
    secret.write_text(json.dumps(person))
    target = d.inbox / "warga.json"
    if kind == "symlink":
        target.symlink_to(secret)
    elif kind == "dangling":
        target.symlink_to(tmp_path / "nowhere")
    elif kind == "hardlink":
        os.link(secret, target)
    elif kind == "fifo":
        os.mkfifo(target)
    else:
        monkeypatch.chdir(d.inbox)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("warga.json")
    taken = await d.until_still()
    assert [type(one.settlement) for one in taken] == [Rejected]
    assert await error_of(d, "warga.json") == "file_unsafe"
    assert d.ledger.documents == []
    assert secret.exists()


async def test_a_link_put_in_place_of_a_claimed_file_is_not_followed(desk, person, tmp_path):
    d = await desk()
    secret = tmp_path / "rahasia.json"
    secret.write_text("{}")
    d.drop("warga.json", person)
    async for _ in d.source.poll(1):
        pass
    (room,) = d.work.iterdir()
    (room / "item").unlink()
    (room / "item").symlink_to(secret)
    await d.restart()
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Rejected)
    assert await error_of(d, "warga.json") == "file_unsafe"


@pytest.mark.parametrize(("policy", "code"), [("refuse", "zero_bytes"), ("accept", "not_json")])
async def test_zero_bytes(desk, policy, code):
    d = await desk(zero_bytes=policy)
    d.drop("kosong.json", b"")
    await d.until_still()
    assert await error_of(d, "kosong.json") == code


async def test_zero_bytes_may_wait(desk):
    d = await desk(zero_bytes="wait")
    d.drop("kosong.json", b"")
    assert await d.until_still() == []
    assert d.names(d.inbox) == ["kosong.json"]


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
async def test_json_with_a_byte_order_mark(desk, person, mark):
    d = await desk()
    d.drop("warga.json", json.dumps({**person, "fullName": "Zoë"}).encode(mark))
    (taken,) = await d.round()
    assert [one.full_name for one in taken.documents] == ["Zoë"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_tables_in_every_encoding_and_their_row_report(desk, encoding):
    d = await desk(csv={"columns": COLUMNS})
    data = ROWS.encode(encoding)
    d.drop("warga.csv", data)
    (taken,) = await d.round()
    assert [one.full_name for one in taken.documents] == ["Zoë"]
    assert taken.inbound.batch
    assert taken.inbound.content.sha256 == hashlib.sha256(data).hexdigest()
    report = d.notice(d.outbox, "warga.csv.rows.json")
    assert (report["rows"], report["accepted"], report["rejected"]) == (2, 1, 1)
    (row,) = report["errors"]
    assert (row["row"], row["column"], row["code"], row["value"]) == (2, "NIK", "identifier_destroyed", "9x+99")


async def test_xml_is_taken_by_its_root(desk, person):
    d = await desk(service=None, document=None)
    d.drop("warga.xml", to_xml_bytes(parse_json("person/1", person)))
    (taken,) = await d.round()
    assert (taken.inbound.service, taken.inbound.document_type) == ("person.deliver", "person/1")
    assert taken.documents[0] == parse_json("person/1", person)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.xml", b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "doctype_refused"),
        ("a.xml", b"<a", "not_xml"),
        ("a.json", b'{"a":1,"a":2}', "duplicate_json_key"),
        ("a.json", b"[" * 20, "not_json"),
        ("a.json", b"[" * 100 + b"]" * 100, "too_deep"),
        ("a.json", b'{"a":"\xff"}', "wrong_charset"),
        ("a.json", b"[]", "schema_invalid"),
        ("a.json", b'{"envelope":{"service":"X"},"document":{}}', "schema_invalid"),
        ("a.json", b'{"envelope":{"service":"x.y","schema":"nothing/9"},"document":{}}', "unknown_document_type"),
        ("a.docx", b"PK", "format_unknown"),
        ("tanpa-akhiran", b"x", "format_unknown"),
        ("a.csv", b"x;y\n1;2\n", "header_unknown"),
        ("a.json", b" " * 1024 * 1024 + b"{}", "body_too_large"),
    ],
)
async def test_poison_is_put_aside_with_its_reason(desk, name, data, code):
    d = await desk(csv={"columns": COLUMNS})
    d.drop(name, data)
    await d.until_still()
    assert await error_of(d, name) == code
    assert d.names(d.inbox) == d.names(d.work) == []
    assert (d.errors / name).read_bytes() == data


@pytest.mark.parametrize("name", [b"a\nb.json", b"a\xffb.json", b"a\\b.json", "a\u202eb.json".encode()])
async def test_names_that_may_not_pass_are_put_aside_under_safe_ones(desk, person, name):
    d = await desk()
    path = d.drop("x.json", person)
    os.rename(os.fsencode(path), os.fsencode(d.inbox) + b"/" + name)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Rejected)
    kept = d.names(d.errors)
    assert len(kept) == 2
    assert all(one.isprintable() and "\\" not in one for one in kept)
    (notice,) = [one for one in kept if one.endswith(".error.json")]
    told = d.notice(d.errors, notice)
    assert (told["code"], told["stage"], told.get("limit")) == ("name_refused", "arrive", None)


@pytest.mark.parametrize(
    ("name", "data", "stage"),
    [("a.docx", b"PK", "arrive"), ("a.json", b"", "arrive"), ("a.json", b"{", "arrive"), ("a.json", b"{}", None)],
)
async def test_a_file_refused_before_it_is_a_message_says_so(desk, name, data, stage):
    d = await desk()
    d.drop(name, data)
    # What a room refuses is told by the room; the one of this desk has no name.
    await d.until_still()
    assert d.notice(d.errors, f"{name}.error.json").get("stage") == stage


async def test_a_name_that_fills_the_limit_still_gets_its_receipt(desk, person):
    d = await desk()
    name = "n" * 250 + ".json"
    d.drop(name, person)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)
    assert len(d.names(d.outbox)) == len(d.names(d.archive)) == 1


async def test_two_names_equal_but_for_case_are_two_messages(desk, person):
    d = await desk()
    d.drop("Warga.json", person)
    d.drop("warga.json", {**person, "fullName": "Budi"})
    assert len(await d.round()) == 2
    assert len(d.names(d.archive)) == len(d.names(d.outbox)) == 2


async def test_the_same_bad_name_twice_keeps_both(desk):
    d = await desk()
    for data in (b"{", b"["):
        d.drop("rusak.json", data)
        await d.round()
    assert len(d.names(d.errors)) == 4


async def test_what_says_nothing_about_the_file_sends_it_back(desk, person):
    d = await desk()
    d.drop("warga.json", person)
    async for inbound in d.source.poll(1):
        await d.source.settle(inbound, Rejected(inbound.message_id, Refused(Reason.DISK_RESERVE), 5.0))
    assert d.names(d.inbox) == ["warga.json"]
    assert d.names(d.errors) == []
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)


async def test_a_file_that_is_sent_back_for_ever_so_often_is_not_held_for_a_failure(desk, person):
    d = await desk(attempts=2)
    d.drop("warga.json", person)
    for _ in range(6):
        async for inbound in d.source.poll(1):
            await d.source.settle(inbound, Rejected(inbound.message_id, Refused(Reason.BUSY), 5.0))
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)


async def test_a_file_that_fails_again_and_again_is_put_aside(desk, person):
    d = await desk(attempts=2)
    d.drop("warga.json", person)
    async for _ in d.source.poll(1):
        pass
    claims = d.host.disk.claims
    for key, (seen, claim) in list(claims.items()):
        claims[key] = (seen, dataclasses.replace(claim, attempts=3))
    await d.restart()
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Rejected)
    assert await error_of(d, "warga.json") == "attempts_exhausted"


async def test_a_released_file_whose_name_is_taken_stays_held_and_comes_again(desk, person):
    d = await desk()
    d.drop("warga.json", person)
    async for inbound in d.source.poll(1):
        d.drop("warga.json", {**person, "fullName": "Budi"})
        await d.source.release(inbound)
    assert sorted(p.full_name for t in await d.round() for p in t.documents) == ["Budi", "Siti Contoh"]


async def test_a_sidecar_that_lies_about_the_file_is_refused(desk, letter):
    d = await desk(service=None, document=None)
    d.drop("surat.pdf", b"%PDF-")
    d.drop("surat.pdf.json", {**letter, "mainFile": {"sha256": "0" * 64}})
    await d.round()
    assert await error_of(d, "surat.pdf") == "digest_mismatch"
    assert d.names(d.errors) == ["surat.pdf", "surat.pdf.error.json", "surat.pdf.json"]


async def test_a_lonely_pdf_is_refused_after_its_wait(desk):
    d = await desk(sidecar={"wait": "5s"})
    d.drop("surat.pdf", b"%PDF-")
    assert await d.round() == []
    d.host.clock.advance(10)
    await d.round()
    assert await error_of(d, "surat.pdf") == "sidecar_missing"


@pytest.mark.parametrize(
    ("data", "taken"),
    [(b"MZ\x90\x00" + b"x" * 2000, False), (b"<html>%PD", False), (b"\xef\xbb\xbf  %PDF-1.4\n", True),
     (b"x" * 1100 + b"%PDF-1.4", False)],
)  # fmt: skip
async def test_what_is_called_a_pdf_begins_as_one(desk, letter, data, taken):
    d = await desk(service=None, document=None)
    d.drop("surat.pdf", data)
    d.drop("surat.pdf.json", letter)
    (one,) = await d.round()
    if taken:
        assert isinstance(one.settlement, Accepted)
    else:
        told = d.notice(d.errors, "surat.pdf.error.json")
        assert (told["code"], told["errors"][0]["code"]) == ("schema_invalid", "not_pdf")


async def test_folders_that_are_made_are_for_their_owner_alone(desk):
    d = await desk(archive="deep/er/archive")
    made = [d.work, d.archive, d.archive.parent, d.errors, d.outbox]
    assert [oct(path.stat().st_mode & 0o777) for path in made] == ["0o700"] * len(made)


async def test_five_gigabytes_stream_through(desk, letter):
    d = await desk(service=None, document=None, max_bytes=6 * 1024**3)
    size = 5 * 1024**3
    d.host.__dict__["limits"] = dataclasses.replace(d.host.limits, part_bytes=6 * 1024**3)
    seen = Spool()
    d.host.claims.arrive = seen.arrive
    aside = d.root / "aside"
    aside.write_bytes(b"%PDF-1.7\n")
    os.truncate(aside, size)
    aside.rename(d.inbox / "besar.pdf")
    d.drop("besar.pdf.json", letter)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)
    assert (seen.total, seen.peak <= folder.CHUNK) == (size, True)
    assert taken.inbound.parts[0].size == size


class Spool:
    """Counts what is spooled and throws it away."""

    def __init__(self):
        self.total = self.peak = 0
        self.message_id, self.at = "message-spool", None

    def arrive(self, claim):
        return self

    async def spool(self, chunks, *, media_type, name=None, sha256=None, size=None):

        async for chunk in chunks:
            self.total += len(chunk)
            self.peak = max(self.peak, len(chunk))
        return Part(1, "0" * 64, self.total, media_type, name, "spooled")


async def test_a_part_over_its_limit_is_refused_before_it_is_read(desk, letter):
    d = await desk(service=None, document=None)
    (d.root / "aside").touch()
    os.truncate(d.root / "aside", d.host.limits.part_bytes + 1)
    (d.root / "aside").rename(d.inbox / "besar.pdf")
    d.drop("besar.pdf.json", letter)
    await d.round()
    assert d.notice(d.errors, "besar.pdf.error.json")["limit"] == d.host.limits.part_bytes


async def test_no_file_is_touched_in_the_event_loop(desk, person, monkeypatch):
    d = await desk()
    loop_thread, seen = threading.get_ident(), set()
    for name in ("open", "scandir", "rename", "fsync", "stat", "unlink", "mkdir"):
        real = getattr(os, name)

        def watched(*args, _real=real, **kwargs):
            seen.add(threading.get_ident())
            return _real(*args, **kwargs)

        monkeypatch.setattr(os, name, watched)
    d.drop("warga.json", person)
    seen.clear()
    async for inbound in d.source.poll(1):
        await d.source.settle(inbound, Accepted(inbound.message_id, ()))
    assert seen
    assert loop_thread not in seen


async def test_a_cancelled_poll_leaves_nothing_behind(desk, person):
    d = await desk()
    d.drop("warga.json", person)

    async def poll():
        async for _ in d.source.poll(1):
            pass

    for passes in range(12):
        task = asyncio.ensure_future(poll())
        for _ in range(passes):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await d.restart()
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)


async def test_two_processes_on_one_folder_take_each_file_once(desk, person):
    d = await desk()
    other = FolderSource(d.config, d.host)
    await other.open()
    try:
        for number in range(6):
            d.drop(f"{number}.json", {**person, "fullName": f"Warga {number}"})
        taken = [i.name async for i in other.poll(3)]
        assert taken == ["0.json", "1.json", "2.json"]
        assert sorted(p.name for p in d.inbox.iterdir()) == ["3.json", "4.json", "5.json"]
    finally:
        await other.close()


async def test_a_disk_that_is_full_gives_the_file_back(desk, letter):
    d = await desk(service=None, document=None)
    d.drop("surat.pdf", b"%PDF-")
    d.drop("surat.pdf.json", letter)

    class Full:
        message_id, at = "message-full", None

        async def spool(self, chunks, **_):
            raise TryLater(Reason.DISK_RESERVE)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(d.host.claims, "arrive", lambda claim: Full())
        assert await d.round() == []
    assert d.host.metrics.counts["filedrop_put_off"] == 1
    assert d.names(d.inbox) == ["surat.pdf", "surat.pdf.json"]
    assert d.names(d.work) == []
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)


async def test_an_outbox_that_fails_is_for_an_operator_and_the_file_is_settled_later(desk, person):
    d = await desk()
    d.drop("warga.json", person)
    with pytest.MonkeyPatch.context() as patched:

        def fsync(fd):
            raise OSError(28, "No space left on device")

        async for inbound in d.source.poll(1):
            patched.setattr(folder.os, "fsync", fsync)
            with pytest.raises(NeedsOperator, match="No space left"):
                await d.source.settle(inbound, Accepted(inbound.message_id, (ReceiptCopy("accepted", "a.b.c"),)))
    assert d.names(d.outbox) == []
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)
    assert d.names(d.outbox) == ["warga.json.accepted.receipt.json"]
    assert d.names(d.work) == []


@pytest.mark.parametrize("note", [b"{", b"[]", b'{"files": {"item": 1}}'])
async def test_a_damaged_note_is_for_an_operator_and_the_file_stays(desk, person, note):
    d = await desk()
    d.drop("warga.json", person)
    async for _ in d.source.poll(1):
        pass
    (room,) = d.work.iterdir()
    (room / "claim.json").write_bytes(note)
    await d.restart()
    for _ in range(2):
        with pytest.raises(NeedsOperator, match=room.name):
            await d.round()
    assert (room / "item").exists()
