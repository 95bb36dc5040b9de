"""A folder of letters whose process dies between any two rooms: each letter arrives once, whole, and leaves its inbox.

The recipient is down until the end, so that what a restart does to a recorded letter shows in what arrives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.http import examples
from tests.e2e.evidence import nothing_is_held, parts_are_of_messages, the_log_is_whole
from tests.e2e.process import Gateway, Place, until
from tests.e2e.recipients import Recipient
from tests.e2e.scenes import once, play, rest

pytestmark = pytest.mark.peers

CHAINS: dict[str, Sequence[tuple[str, int, str | None]]] = {
    "before custody": [
        ("part.before_fsync", 1, None),
        ("part.after_rename", 1, None),
        ("walk.after_intake", 1, None),
        ("walk.after_route", 1, None),
        ("walk.after_verify", 1, None),
    ],
    "after custody": [
        ("walk.after_record", 1, None),
        ("walk.before_settle", 1, None),
        ("journal.before_commit", 1, "walk.after_verify"),
        ("journal.after_commit", 1, "walk.after_verify"),
        ("journal.before_commit", 1, "walk.before_settle"),
        ("journal.after_commit", 1, "walk.before_settle"),
    ],
}


class Kelurahan:
    """Drops a letter, and waits until its receipt is there."""

    def __init__(self, place: Place) -> None:
        self.drop = place.state / "drop" / "kelurahan"
        self.inbox, self.outbox = self.drop / "inbox", self.drop / "outbox"
        self.sent: dict[str, str] = {}

    async def step(self, gateway: Gateway) -> None:
        number = f"K-{len(self.sent) + 1:02d}"
        content = b"%PDF-1.7\n% " + number.encode() * 50_000
        self.sent[number] = hashlib.sha256(content).hexdigest()
        document = {**examples.DOCUMENTS["letter.deliver"], "letterNumber": number}
        document.pop("mainFile")
        self.put(f"{number}.pdf.json", json.dumps(document).encode())
        self.put(f"{number}.pdf", content)
        await until(lambda: self.receipt(number).exists(), "the receipt of a letter")

    def put(self, name: str, content: bytes) -> None:
        (self.inbox / f".{name}").write_bytes(content)
        (self.inbox / f".{name}").rename(self.inbox / name)

    def receipt(self, number: str) -> Path:
        return self.outbox / f"{number}.pdf.accepted.receipt.json"


def place_of(root: Path, recipient: Recipient) -> Place:
    source = {
        "name": "inbox",
        "adapter": "filedrop",
        "config": {
            "inbox": "drop/kelurahan/inbox",
            "outbox": "drop/kelurahan/outbox",
            "ready": {"mode": "rename"},
            "formats": ["pdf"],
            "document": "letter/1",
            "service": "letter.deliver",
        },
    }
    systems: dict[str, Any] = {
        "kelurahan": {
            "may_use": ["letter.deliver"],
            "sources": [source],
            "receipts": {"adapter": "filedrop", "config": {"outbox": "drop/kelurahan/bukti"}},
        },
        "dinas": {"channel": rest(recipient.url, "idempotent")},
    }
    return Place(root, systems, [{"service": "letter.deliver", "to": ["uji/dinas"]}])


@pytest.mark.parametrize("name", CHAINS)
async def test_a_folder_loses_and_doubles_nothing(name: str, tmp_path: Path) -> None:
    recipient = Recipient(idempotent=True)
    await recipient.start()
    await recipient.stop()
    place = place_of(tmp_path, recipient)
    agency = Kelurahan(place)
    for at, nth, after in CHAINS[name]:
        async with place.running({"at": at, "nth": nth, "after": after}) as gateway:
            await play(gateway, agency)
    async with place.running() as gateway:
        await agency.step(gateway)
        await until(lambda: all(agency.receipt(one).exists() for one in agency.sent), "every letter's receipt")
        await recipient.start()
        await gateway.drained()
        await until(lambda: not list((agency.drop / "work").iterdir()), "the work folder to be empty")
    await recipient.stop()
    assert sorted(once(recipient)) == sorted(agency.sent)
    assert {one["letterNumber"]: recipient.files[key] for key, one in recipient.documents.items()} == {
        number: [digest] for number, digest in agency.sent.items()
    }
    assert list(agency.inbox.iterdir()) == []
    assert len(list((agency.drop / "archive").iterdir())) == 2 * len(agency.sent)
    assert len(list((agency.drop / "bukti").glob("*.delivered.receipt.json"))) == len(agency.sent)
    events = the_log_is_whole(place.state)
    assert len([event for event in events if event["event"] == "accepted"]) == len(agency.sent)
    nothing_is_held(place.state)
    parts_are_of_messages(place.state)


async def test_a_letter_dropped_twice_is_answered_with_the_first_receipt(tmp_path: Path) -> None:
    recipient = Recipient(idempotent=True)
    await recipient.start()
    place = place_of(tmp_path, recipient)
    agency = Kelurahan(place)
    async with place.running() as gateway:
        await agency.step(gateway)
        first = agency.receipt("K-01").read_bytes()
        await gateway.drained()
        agency.receipt("K-01").rename(agency.outbox / "kept")
        agency.sent.clear()
        await agency.step(gateway)
        assert agency.receipt("K-01").read_bytes() == first
        await gateway.drained()
    await recipient.stop()
    assert sorted(once(recipient)) == ["K-01"]
