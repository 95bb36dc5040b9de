"""A folder office whose system says nothing of receipts and has no key: it hears of every refusal in its own outbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import the_log_is_whole
from tests.e2e.process import Gateway, Place, until
from tests.e2e.recipients import Recipient, answers
from tests.e2e.scenes import rest


@pytest.fixture
async def recipient() -> AsyncIterator[Recipient]:
    one = Recipient(idempotent=True)
    await one.start()
    yield one
    await one.stop()


def place_of(root: Path, recipient: Recipient, **route: Any) -> Place:
    source = {
        "name": "warga",
        "adapter": "filedrop",
        "config": {
            "inbox": "drop/desa/warga",
            "outbox": "drop/desa/jawaban",
            "ready": {"mode": "rename"},
            "formats": ["csv"],
            "document": "person/1",
            "service": "person.deliver",
            "csv": {
                "columns": {"NIK": "nik", "NAMA": "fullName", "LAHIR": "birthDate", "SEX": "sex"},
                "values": {"sex": {"L": "male"}},
            },
        },
    }
    systems: dict[str, Any] = {
        "desa": {"may_use": ["person.deliver"], "sources": [source]},
        "capil": {"channel": rest(recipient.url, "idempotent")},
    }
    return Place(root, systems, [{"service": "person.deliver", "to": ["uji/capil"], **route}], {})


def drop(place: Place, name: str, *persons: tuple[str, str]) -> None:
    lines = ["NIK,NAMA,LAHIR,SEX", *(f"{nik},{name},1990-05-01,L" for nik, name in persons)]
    inbox = place.state / "drop/desa/warga"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / ".draft").write_text("\n".join(lines) + "\n")
    (inbox / ".draft").rename(inbox / name)


async def told(place: Place, gateway: Gateway, name: str) -> dict[str, Any]:
    path = place.state / "drop/desa/jawaban" / name
    await until(path.exists, name)
    await gateway.drained()
    value: dict[str, Any] = json.loads(path.read_bytes())
    return value


GOOD = [(f"32730101059000{number:02d}", f"Warga {number}") for number in range(1, 5)]


async def test_a_row_that_the_recipient_refuses_comes_back_beside_its_report(
    tmp_path: Path, recipient: Recipient
) -> None:
    place = place_of(tmp_path, recipient)
    recipient.always = answers(422)
    async with place.running() as gateway:
        drop(place, "tolak.csv", ("3E+15", "Rusak"), GOOD[0])
        report = await told(place, gateway, "tolak.csv.rows.json")
        refused = await told(place, gateway, "tolak.csv.row-2.refused.receipt.json")
    assert (report["accepted"], report["rejected"]) == (1, 1)
    assert "in a file of their own" in report["advice"]
    assert (refused["row"], refused["batchId"], refused["code"]) == (2, report["messageId"], "recipient_refused")
    assert refused["title"]
    assert refused["advice"]
    the_log_is_whole(place.state)


async def test_a_corrected_table_dropped_whole_moves_only_what_was_corrected(
    tmp_path: Path, recipient: Recipient
) -> None:
    place = place_of(tmp_path, recipient, idempotency_fields=["nik"])
    async with place.running() as gateway:
        drop(place, "warga.csv", *GOOD[:3], ("3E+15", "Warga 4"))
        first = await told(place, gateway, "warga.csv.rows.json")
        assert "drop the whole file again" in first["advice"]
        drop(place, "lagi.csv", *GOOD)
        second = await told(place, gateway, "lagi.csv.rows.json")
    assert (first["accepted"], first["rejected"]) == (3, 1)
    assert (second["accepted"], second["rejected"]) == (4, 0)
    assert "advice" not in second
    assert sorted(one["fullName"] for one in recipient.documents.values()) == [name for _, name in GOOD]
    assert len(recipient.taken) == 4
    assert set(recipient.taken.values()) == {1}
    names = [event["event"] for event in the_log_is_whole(place.state)]
    assert (names.count("accepted"), names.count("duplicate_answered")) == (4, 3)
