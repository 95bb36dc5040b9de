"""Folders that were there before: what is gone is told, what was tidied away alone may come again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from adapters.filedrop.known import NAME, Gone, Known


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    share = tmp_path / "share"
    made = {name: share / name for name in ("inbox", "work", "outbox")}
    for path in made.values():
        path.mkdir(parents=True)
    return made


def noted(tmp_path: Path, places: dict[str, Path]) -> Known:
    known = Known(str(tmp_path / "state"))
    for path in places.values():
        known.note(path)
    return known


def test_what_was_never_there_is_not_gone(tmp_path: Path, places: dict[str, Path]) -> None:
    known = Known(str(tmp_path / "state"))
    places["inbox"].rmdir()
    assert known.gone(places) == []
    assert known.gone({"new": tmp_path / "new" / "inbox"}) == []
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("again", [True, False])
def test_a_share_that_is_not_mounted_is_named_folder_by_folder(
    tmp_path: Path, places: dict[str, Path], again: bool
) -> None:
    known = noted(tmp_path, places)
    known = Known(str(tmp_path / "state")) if again else known
    known.must_stand(places)
    (tmp_path / "share").rename(tmp_path / "put aside")
    for _ in range(2):
        said = known.gone(places)
        assert [one.split(" ")[0] for one in said] == list(places)
        assert all("mount the share" in one for one in said)
        with pytest.raises(Gone, match="outbox"):
            known.must_stand(places)
        # The folder that a share is mounted on stays when the share goes.
        (tmp_path / "share").mkdir(exist_ok=True)
    (tmp_path / "share").rmdir()
    (tmp_path / "put aside").rename(tmp_path / "share")
    known.must_stand(places)


def test_a_folder_that_is_gone_beside_one_that_stands_was_tidied_away(tmp_path: Path, places: dict[str, Path]) -> None:
    known = noted(tmp_path, places)
    places["work"].rmdir()
    assert known.gone(places) == []
    assert len(known.gone({"work": places["work"]})) == 1


def test_what_stands_elsewhere_says_nothing_of_a_share(tmp_path: Path, places: dict[str, Path]) -> None:
    elsewhere = tmp_path / "elsewhere" / "archive"
    elsewhere.mkdir(parents=True)
    known = noted(tmp_path, {**places, "archive": elsewhere})
    (tmp_path / "share").rename(tmp_path / "put aside")
    assert len(known.gone({**places, "archive": elsewhere})) == 3


def test_a_link_or_a_file_in_its_place_is_not_gone(tmp_path: Path, places: dict[str, Path]) -> None:
    known = noted(tmp_path, places)
    for path in places.values():
        path.rmdir()
    places["inbox"].symlink_to(tmp_path / "nowhere")
    assert known.gone(places) == []


def test_what_is_known_is_for_its_owner_alone_and_written_once(tmp_path: Path, places: dict[str, Path]) -> None:
    known = noted(tmp_path, places)
    folder = tmp_path / "state" / NAME
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    notes = [json.loads(path.read_bytes()) for path in folder.iterdir()]
    assert sorted(note["path"] for note in notes) == sorted(map(str, places.values()))
    for path in folder.iterdir():
        path.unlink()
    known.note(places["inbox"])
    assert list(folder.iterdir()) == []


class Mounts:
    """What `ismount` says: the root, and what was mounted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = {"/"}
        monkeypatch.setattr(os.path, "ismount", lambda path: os.fspath(path) in self.at)


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch) -> Mounts:
    return Mounts(monkeypatch)


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("below", ["", "inbox"])
def test_the_folder_under_a_share_is_not_taken_for_the_one_on_it(
    tmp_path: Path, places: dict[str, Path], mounts: Mounts, again: bool, below: str
) -> None:
    share = tmp_path / "share"
    place = {"outbox": share / below if below else share}
    mounts.at.add(str(share))
    known = noted(tmp_path, place)
    assert known.gone(place) == []
    mounts.at.remove(str(share))
    known = Known(str(tmp_path / "state")) if again else known
    # It stands, and so does what is beside it.
    [said] = known.gone(place)
    assert said.startswith(f"outbox ({place['outbox']}) lay on a share at {share} that is not mounted: mount the share")
    with pytest.raises(Gone):
        known.must_stand({**places, **place})
    # As it says.
    [note] = (tmp_path / "state" / NAME).iterdir()
    assert str(note) in said
    note.unlink()
    assert known.gone(place) == []


def test_where_the_state_is_nothing_can_be_missing(tmp_path: Path, places: dict[str, Path], mounts: Mounts) -> None:
    mounts.at.add(str(tmp_path))
    known = noted(tmp_path, places)
    mounts.at.remove(str(tmp_path))
    assert known.gone(places) == []


def test_a_share_that_is_mounted_later_over_the_same_folder_is_known_from_then(
    tmp_path: Path, places: dict[str, Path], mounts: Mounts
) -> None:
    known = noted(tmp_path, places)
    mounts.at.add(str(tmp_path / "share"))
    known.note(places["outbox"])
    mounts.at.remove(str(tmp_path / "share"))
    assert [one.split(" ")[0] for one in known.gone(places)] == ["outbox"]


@pytest.mark.parametrize("left", [b"", b'{"path": "/x', b"[]", b"{}"])
def test_a_note_that_was_cut_short_says_that_the_folder_was_there(
    tmp_path: Path, places: dict[str, Path], left: bytes
) -> None:
    noted(tmp_path, places)
    for note in (tmp_path / "state" / NAME).iterdir():
        note.write_bytes(left)
    known = Known(str(tmp_path / "state"))
    assert known.gone(places) == []
    (tmp_path / "share").rename(tmp_path / "put aside")
    assert len(known.gone(places)) == 3
