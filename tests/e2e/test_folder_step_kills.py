"""SIGKILL between the steps of the folder adapter itself: claim, note, move, archive, and every file that it writes.

Two inboxes lie side by side, one of letters and one of tables, and all that arrives is written into a folder. In the
end every letter and every row is there once and whole, each drop has left its inbox, and nothing half is lying about.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import adapters.filedrop
from gateway.http import examples
from tests.e2e.evidence import nothing_is_held, parts_are_of_messages, the_log_is_whole
from tests.e2e.process import Gateway, Place, until
from tests.e2e.scenes import play

pytestmark = pytest.mark.peers

Kill = tuple[str, int, str | None]

CHAINS: dict[str, Sequence[Sequence[Kill]]] = {
    "taking": (
        [
            ("filedrop.source claimed", 1, None),
            ("filedrop.source room made", 1, None),
            ("filedrop.source draft.written", 1, None),
            ("filedrop.source draft.synced", 1, None),
            ("filedrop.source draft.renamed", 1, None),
        ],
        [
            ("filedrop.source manifest written", 1, None),
            ("filedrop.source moved in item", 1, None),
            ("filedrop.source moved in sidecar", 1, None),
            ("filedrop.source moved in marker", 1, None),
            ("filedrop.source moved in", 1, None),
            ("filedrop.source moved in", 3, None),
        ],
    ),
    "settling": (
        [
            ("filedrop.source draft.synced", 1, "walk.before_settle"),
            ("filedrop.source draft.renamed", 1, "walk.before_settle"),
            ("filedrop.source receipt accepted", 1, None),
            ("filedrop.source rows written", 1, None),
            ("filedrop.source error written", 1, None),
            ("filedrop.source outcome written", 2, None),
        ],
        [
            ("filedrop.source outcome written", 1, None),
            ("filedrop.source moved out sidecar", 1, None),
            ("filedrop.source moved out item", 1, None),
            ("filedrop.source moved out item", 3, None),
            ("filedrop.source room empty", 1, None),
            ("filedrop.source settling", 1, None),
        ],
    ),
    "writing": (
        [
            ("filedrop.sink draft.written", 1, None),
            ("filedrop.sink draft.synced", 1, None),
            ("filedrop.sink draft.renamed", 1, None),
            ("filedrop.sink part written", 1, None),
            ("filedrop.sink draft.written", 2, "filedrop.sink part written"),
        ],
        [
            ("filedrop.sink draft.synced", 1, "filedrop.sink part written"),
            ("filedrop.sink draft.renamed", 1, "filedrop.sink part written"),
            ("filedrop.sink draft.synced", 2, "filedrop.sink part written"),
            ("filedrop.sink draft.renamed", 2, "filedrop.sink part written"),
            ("filedrop.sink draft.renamed", 5, None),
        ],
    ),
}

INSIDE = {"given back {local}", "room fetched"}
"""Steps that no traffic from outside brings about; their deaths are played within the test's own process."""

COLUMNS = {"NIK": "nik", "NAMA": "fullName", "LAHIR": "birthDate", "SEX": "sex"}


class Drops:
    """Drops a letter, a table and something broken at each step, and waits until each is answered."""

    def __init__(self, place: Place) -> None:
        self.drop = place.state / "drop"
        self.letters: dict[str, str] = {}
        self.rows: list[str] = []

    async def step(self, gateway: Gateway) -> None:
        number = f"K-{len(self.letters) + 1:02d}"
        content = b"%PDF-1.7\n% " + number.encode() * 50_000
        self.letters[number] = hashlib.sha256(content).hexdigest()
        document = {**examples.DOCUMENTS["letter.deliver"], "letterNumber": number}
        document.pop("mainFile")
        self.put("surat", f"{number}.pdf", content)
        self.put("surat", f"{number}.pdf.json", json.dumps(document).encode())
        self.put("surat", f"{number}.json", b"{")
        for row in range(2):
            self.rows.append(f"Warga {number} {row}")
        good = "".join(f"327301420590000{row + 1};{name};1990-05-02;P\n" for row, name in enumerate(self.rows[-2:]))
        self.put("warga", f"{number}.csv", f"NIK;NAMA;LAHIR;SEX\n{good}3E+15;Budi;1990-05-02;L\n".encode())
        await until(lambda: self.answered(number), "the answers to what was dropped")

    def put(self, inbox: str, name: str, content: bytes) -> None:
        """The file first, under its own name: only its marker makes it whole."""
        (self.drop / inbox / name).write_bytes(content)
        (self.drop / inbox / f"{name}.done").touch()

    def answered(self, number: str) -> bool:
        due = [f"{number}.pdf.accepted.receipt.json", f"{number}.csv.accepted.receipt.json", f"{number}.csv.rows.json"]
        return (
            all((self.drop / "outbox" / name).exists() for name in due)
            and (self.drop / "errors" / f"{number}.json.error.json").exists()
        )

    def at_rest(self) -> bool:
        return not any(list((self.drop / name).iterdir()) for name in ("surat", "warga", "surat.work", "warga.work"))


def place_of(root: Path) -> Place:
    def source(inbox: str, **config: Any) -> dict[str, Any]:
        ready = {"mode": "marker", "marker_suffix": ".done"}
        return {"name": inbox, "adapter": "filedrop", "config": {"inbox": f"drop/{inbox}", "ready": ready, **config}}

    letters = source("surat", formats=["pdf", "json"], document="letter/1", service="letter.deliver")
    tables = source("warga", formats=["csv"], document="person/1", service="person.deliver", csv={"columns": COLUMNS})
    systems: dict[str, Any] = {
        "kota": {
            "may_use": ["letter.deliver", "person.deliver"],
            "sources": [letters, tables],
            "receipts": {"adapter": "filedrop", "config": {"outbox": "drop/bukti"}},
        },
        "dinas": {"channel": {"adapter": "filedrop", "config": {"outbox": "drop/kotak", "marker": ".done"}}},
    }
    return Place(
        root, systems, [{"service": name, "to": ["uji/dinas"]} for name in ("letter.deliver", "person.deliver")]
    )


async def chain(root: Path, kills: Sequence[Kill]) -> None:
    place = place_of(root)
    drops = Drops(place)
    for at, nth, after in kills:
        async with place.running({"at": at, "nth": nth, "after": after}) as gateway:
            await play(gateway, drops)
    async with place.running() as gateway:
        await drops.step(gateway)
        await until(lambda: all(map(drops.answered, drops.letters)), "the answers to everything")
        await until(drops.at_rest, "the inboxes and work folders to be empty")
        await gateway.drained()
        assert await gateway.quarantine() == []
    nothing_lost_nothing_doubled(drops)
    the_log_is_whole(place.state)
    nothing_is_held(place.state)
    parts_are_of_messages(place.state)


def nothing_lost_nothing_doubled(drops: Drops) -> None:
    box, count = drops.drop / "kotak", len(drops.letters)
    arrived: list[str] = []
    people: list[str] = []
    for path in box.glob("*.json"):
        assert (box / f"{path.name}.done").exists()
        told = json.loads(path.read_bytes())
        document = told["document"]
        if "letterNumber" not in document:
            people.append(document["fullName"])
            continue
        arrived.append(document["letterNumber"])
        (part,) = told["parts"]
        digest = hashlib.sha256((box / part["file"]).read_bytes()).hexdigest()
        assert digest == part["sha256"] == drops.letters[document["letterNumber"]]
    assert sorted(arrived) == sorted(drops.letters)
    assert sorted(people) == sorted(drops.rows)
    assert len(list(box.iterdir())) == 2 * len(people) + 3 * len(arrived)
    assert len(list((drops.drop / "archive").iterdir())) == 3 * count
    assert len(list((drops.drop / "outbox").iterdir())) == 3 * count
    assert sorted(path.name for path in (drops.drop / "errors").iterdir()) == sorted(
        name for number in drops.letters for name in (f"{number}.json", f"{number}.json.error.json")
    )
    assert not list(drops.drop.rglob(".tmp-*"))


@pytest.mark.parametrize("name", CHAINS)
async def test_death_between_the_steps_of_a_folder(name: str, tmp_path: Path) -> None:
    # Two processes at a time, since each waits for its disk most of the time.
    async with asyncio.TaskGroup() as both:
        for number, kills in enumerate(CHAINS[name]):
            both.create_task(chain(tmp_path / str(number), kills))


def test_no_step_of_the_adapter_is_left_out() -> None:
    folder = Path(adapters.filedrop.__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    steps = set(re.findall(r'barrier\(f?"([^"]+)"\)', text)) - INSIDE
    tested = {kill[0].partition(" ")[2] for chains in CHAINS.values() for kills in chains for kill in kills}
    for step in steps:
        form = re.compile(re.sub(r"\\{.*?\\}", ".+", re.escape(step)))
        assert [one for one in tested if form.fullmatch(one)], step
