"""A table of persons whose process dies in the middle: it goes on at the chunk, and every row moves exactly once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import nothing_is_held, rows, the_log_is_whole
from tests.e2e.process import Gateway, Place, until
from tests.e2e.recipients import Recipient
from tests.e2e.scenes import play, rest

pytestmark = pytest.mark.peers

Kill = tuple[str, int, str | None]
KILLS: Sequence[Kill] = [
    ("batch.before_chunk", 1, None),
    ("batch.before_chunk", 3, None),
    ("journal.before_commit", 1, "batch.before_chunk"),
    ("journal.after_commit", 1, "batch.before_chunk"),
    ("batch.after_chunk", 2, None),
    ("batch.before_parent", 1, None),
    ("journal.before_commit", 1, "batch.before_parent"),
    ("journal.after_commit", 1, "batch.before_parent"),
    ("batch.after_parent", 1, None),
    ("walk.before_settle", 1, None),
]
ROWS, CHUNK = 60, 8
BAD = {7: "3E+15", 8: "12", 41: "3.27301E+15"}
"""Rows with a destroyed NIK: in the middle of a chunk, at its end, and in a later one."""


def table(name: str) -> bytes:
    """A header and rows, counted from 1; each person has the row in the name."""
    lines = ["NIK;NAMA;LAHIR;SEX"]
    for row in range(1, ROWS + 1):
        nik = BAD.get(row, f"327301{1 + row % 28:02d}0590{row:04d}")
        lines.append(f"{nik};{name} BARIS {row};{1 + row % 28:02d}-05-1990;L")
    return "\n".join(lines).encode() + b"\n"


def place_of(root: Path, recipient: Recipient, chunk: int = CHUNK, **route: Any) -> Place:
    source = {
        "name": "inbox",
        "adapter": "filedrop",
        "config": {
            "inbox": "drop/desa/inbox",
            "outbox": "drop/desa/outbox",
            "ready": {"mode": "rename"},
            "formats": ["csv"],
            "document": "person/1",
            "service": "person.deliver",
            "csv": {
                "columns": {"NIK": "nik", "NAMA": "fullName", "LAHIR": "birthDate", "SEX": "sex"},
                "dates": "dd-MM-yyyy",
                "values": {"sex": {"L": "male"}},
            },
        },
    }
    systems: dict[str, Any] = {
        "desa": {"may_use": ["person.deliver"], "sources": [source]},
        "capil": {"channel": rest(recipient.url, "idempotent")},
    }
    settings = {"concurrency": {"batch_chunk": chunk}}
    return Place(root, systems, [{"service": "person.deliver", "to": ["uji/capil"], **route}], settings)


class Desa:
    """Drops a table, and waits until its report is there."""

    def __init__(self, place: Place) -> None:
        self.drop = place.state / "drop" / "desa"
        self.sent: list[str] = []

    async def step(self, gateway: Gateway) -> None:
        await self.drop_one()
        await until(lambda: self.report(self.sent[-1]).exists(), "the report of a table")

    async def drop_one(self) -> None:
        name = f"TABEL {len(self.sent) + 1}"
        self.sent.append(name)
        inbox = self.drop / "inbox"
        (inbox / ".draft").write_bytes(table(name))
        (inbox / ".draft").rename(inbox / f"{name}.csv")

    def report(self, name: str) -> Path:
        return self.drop / "outbox" / f"{name}.csv.rows.json"


def judged(place: Place, agency: Desa, recipient: Recipient) -> None:
    """Every good row once at the recipient, every bad one in the report; one parent per table."""
    assert set(recipient.taken.values()) <= {1}
    moved = sorted(one["fullName"] for one in recipient.documents.values())
    good = [row for row in range(1, ROWS + 1) if row not in BAD]
    assert moved == sorted(f"{name} BARIS {row}" for name in agency.sent for row in good)
    for name in agency.sent:
        told = json.loads(agency.report(name).read_bytes())
        counts = (told["rows"], told["accepted"], told["rejected"])
        assert counts == (ROWS, ROWS - len(BAD), len(BAD)), (name, counts)
        assert [one["row"] for one in told["errors"]] == list(BAD)
    events = [event["event"] for event in the_log_is_whole(place.state)]
    assert events.count("batch_accepted") == len(agency.sent)
    assert events.count("accepted") == events.count("delivered") == len(moved)
    assert list((agency.drop / "inbox").iterdir()) == []
    nothing_is_held(place.state)
    kinds = dict(rows(place.state, "SELECT kind, count(*) FROM messages GROUP BY kind"))
    assert kinds == {"batch": len(agency.sent), "row": len(moved)}


@pytest.mark.parametrize("kills", [KILLS[:5], KILLS[5:]], ids=["chunks", "parents"])
async def test_a_batch_goes_on_at_the_chunk(kills: Sequence[Kill], tmp_path: Path) -> None:
    recipient = Recipient(idempotent=True)
    await recipient.start()
    place = place_of(tmp_path, recipient)
    agency = Desa(place)
    for at, nth, after in kills:
        async with place.running({"at": at, "nth": nth, "after": after}) as gateway:
            await play(gateway, agency)
    async with place.running() as gateway:
        await until(lambda: all(agency.report(one).exists() for one in agency.sent), "the reports of all tables")
        await gateway.drained()
    await recipient.stop()
    judged(place, agency, recipient)


async def test_a_table_that_was_left_half_done_and_dropped_again_moves_no_row_twice(tmp_path: Path) -> None:
    recipient = Recipient(idempotent=True)
    await recipient.start()
    place = place_of(tmp_path, recipient)
    agency = Desa(place)
    async with place.running({"at": "batch.before_chunk", "nth": 4, "after": None}) as gateway:
        await play(gateway, agency)
    # Somebody tidied up by hand: the work folder is gone, and the agency drops the same table again.
    shutil.rmtree(agency.drop / "work")
    async with place.running() as gateway:
        agency.sent.clear()
        await agency.step(gateway)
        await gateway.drained()
    await recipient.stop()
    judged(place, agency, recipient)


async def test_the_same_table_again_is_answered_with_its_first_report(tmp_path: Path) -> None:
    recipient = Recipient(idempotent=True)
    await recipient.start()
    place = place_of(tmp_path, recipient, chunk=256)
    agency = Desa(place)
    async with place.running() as gateway:
        await agency.step(gateway)
        first = json.loads(agency.report("TABEL 1").read_bytes())
        agency.report("TABEL 1").unlink()
        agency.sent.clear()
        await agency.step(gateway)
        again = json.loads(agency.report("TABEL 1").read_bytes())
        assert again == first, "the same file again is answered with the first report"
        await gateway.drained()
    await recipient.stop()
    judged(place, agency, recipient)


class Corrected(Desa):
    """Drops the first table again and again, each time whole, under another name, with one more row corrected."""

    async def drop_one(self) -> None:
        lines = table("ORANG").decode().splitlines()
        for row in list(BAD)[: len(self.sent)]:
            lines[row] = lines[row].replace(BAD[row], f"327301{1 + row % 28:02d}0590{row:04d}")
        name = f"TABEL {len(self.sent) + 1}"
        self.sent.append(name)
        inbox = self.drop / "inbox"
        (inbox / ".draft").write_text("\n".join(lines) + "\n")
        (inbox / ".draft").rename(inbox / f"{name}.csv")


async def test_corrected_tables_whose_process_dies_move_each_row_once(tmp_path: Path) -> None:
    """Most of each chunk is known; the process ends around the unit that says so."""
    recipient = Recipient(idempotent=True)
    await recipient.start()
    place = place_of(tmp_path, recipient, idempotency_fields=["nik"])
    agency = Corrected(place)
    kills: Sequence[Kill] = [
        ("batch.after_chunk", 3, None),
        ("batch.before_chunk", 2, None),
        ("journal.after_commit", 2, "batch.before_chunk"),
    ]
    for at, nth, after in kills:
        async with place.running({"at": at, "nth": nth, "after": after}) as gateway:
            await play(gateway, agency, most=1)
    async with place.running() as gateway:
        await until(lambda: agency.report(agency.sent[-1]).exists(), "the reports so far")
        await agency.step(gateway)
        await gateway.drained()
    await recipient.stop()
    assert len(agency.sent) == len(BAD) + 1
    for corrected, name in enumerate(agency.sent):
        told = json.loads(agency.report(name).read_bytes())
        assert (told["rows"], told["rejected"]) == (ROWS, len(BAD) - corrected)
        assert [one["row"] for one in told["errors"]] == list(BAD)[corrected:]
    assert sorted(one["fullName"] for one in recipient.documents.values()) == sorted(
        f"ORANG BARIS {row}" for row in range(1, ROWS + 1)
    )
    assert set(recipient.taken.values()) == {1}
    events = [event["event"] for event in the_log_is_whole(place.state)]
    assert events.count("accepted") == ROWS
    known = sum(ROWS - len(BAD) + corrected - 1 for corrected in range(1, len(BAD) + 1))
    assert events.count("duplicate_answered") == known
    nothing_is_held(place.state)
