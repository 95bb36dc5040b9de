"""Folders that were there before: what is gone is told, what was tidied away alone may come again."""

from __future__ import annotations

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
    assert {path.read_text() for path in folder.iterdir()} == {f"{path}\n" for path in places.values()}
    for path in folder.iterdir():
        path.unlink()
    known.note(places["inbox"])
    assert list(folder.iterdir()) == []
