"""Something in `work` that is not as we left it: named to a person, left where it is, and in nobody's way."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from adapters.filedrop.strange import Strange, of_one_room
from adapters.filedrop.workroom import Damaged
from gateway.contract import Accepted, NeedsOperator


def forged(work: Path, name: str) -> Path:
    room = work / name
    room.mkdir()
    (room / "item").write_text("somebody's")
    (room / "claim.json").write_text(json.dumps({"files": {"item": {"name": "../x"}}}))
    return room


async def test_a_strange_folder_stops_no_file_and_is_named_when_there_is_time(desk, person):
    d = await desk()
    await d.round()
    strange = forged(d.work, "bukan-milik-kita")
    await d.restart()
    for number in range(3):
        d.drop(f"warga-{number}.json", person | {"nik": f"327301420590000{number + 1}"})
    taken = await d.round()
    assert [type(one.settlement) for one in taken] == [Accepted] * 3
    for _ in range(2):
        with pytest.raises(NeedsOperator, match=r"bukan-milik-kita \(claim.json\).*move it out"):
            await d.round()
    d.drop("lagi.json", person | {"nik": "3273014205900009"})
    assert len(await d.round()) == 1
    assert sorted(path.name for path in strange.iterdir()) == ["claim.json", "item"]
    for path in strange.iterdir():
        path.unlink()
    strange.rmdir()
    assert await d.round() == []


@pytest.mark.parametrize("note", [b"{", b"[]", b'{"files": {"item": 1}}'])
async def test_a_claim_whose_note_is_damaged_stops_no_other_claim(desk, person, note):
    d = await desk()
    for number in (1, 2):
        d.drop(f"warga-{number}.json", person | {"nik": f"327301420590000{number}"})
    claims = [inbound.item.held async for inbound in d.source.poll(2)]
    rooms = {held.name: d.work / held.claim for held in claims}
    (rooms["warga-1.json"] / "claim.json").write_bytes(note)
    await d.restart()
    (taken,) = await d.round()
    assert taken.inbound.name == "warga-2.json"
    with pytest.raises(NeedsOperator, match=rooms["warga-1.json"].name):
        await d.round()
    # A person takes it out and puts the file back: it is taken as a new one.
    (rooms["warga-1.json"] / "item").rename(d.inbox / "warga-1.json")
    (rooms["warga-1.json"] / "claim.json").unlink()
    rooms["warga-1.json"].rmdir()
    names = [one.inbound.name for _ in range(3) for one in await d.round()]
    assert names == ["warga-1.json"]


async def test_a_folder_inside_one_of_ours_stops_no_other_file(desk, person):
    d = await desk()
    d.drop("warga-1.json", person)
    async for inbound in d.source.poll(1):
        (d.work / inbound.item.held.claim / "subur").mkdir()
        with pytest.raises(NeedsOperator):
            await d.source.settle(inbound, Accepted(inbound.message_id, ()))
    d.drop("warga-2.json", person | {"nik": "3273014205900002"})
    names = [one.inbound.name for one in await d.round()]
    assert names == ["warga-2.json"]
    with pytest.raises(NeedsOperator, match="cannot be read as ours"):
        await d.round()
    (room,) = d.work.iterdir()
    (room / "subur").rmdir()
    assert await d.round() == []
    assert list(d.work.iterdir()) == []
    assert len(d.names(d.archive)) == 2


def test_a_full_disk_is_about_all_of_them() -> None:
    assert of_one_room(Damaged("claim.json"))
    assert of_one_room(IsADirectoryError(errno.EISDIR, "Is a directory"))
    assert not of_one_room(OSError(errno.ENOSPC, "No space left on device"))
    assert not of_one_room(PermissionError(errno.EACCES, "Permission denied"))


def test_a_sentence_names_three_and_counts_the_rest() -> None:
    strange = Strange()
    for name in "abcde":
        strange.aside(name, Damaged("outcome.json"))
    said = strange.sentence(Path("/w"))
    assert "a (outcome.json), b (outcome.json), c (outcome.json) and 2 more" in said
    strange.look(lambda room: room == "e")
    assert "e (outcome.json) cannot" in strange.sentence(Path("/w"))
    assert "e" in strange
    strange.look(lambda room: False)
    assert not strange
