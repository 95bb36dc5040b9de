"""Files of the log, as they are written and as they are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.audit import log_files
from gateway.audit.log_files import append, cut, kept, line, log_file, set_aside, survey


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two full files and one with two lines."""
    monkeypatch.setattr(log_files, "EVENTS_PER_FILE", 3)
    append(tmp_path, 0, [line(number, b"{}") for number in range(8)])
    return tmp_path


def test_the_file_of_a_number() -> None:
    assert log_file(Path("log"), 99_999) == Path("log/events-000000000000.jsonl")
    assert log_file(Path("log"), 100_000) == Path("log/events-000000100000.jsonl")


def test_what_is_whole_is_found_whole(written: Path) -> None:
    found = survey(written)
    assert [(one.first, one.count, one.reaches) for one in found] == [(0, 3, 3), (3, 3, 6), (6, 2, 8)]
    assert [one.ends for one in found] == [
        (line(one, b"{}"), line(two, b"{}")) for one, two in ((0, 2), (3, 5), (6, 7))
    ]


def test_a_torn_line_counts_for_nothing_and_is_cut_off(written: Path) -> None:
    path = log_file(written, 6)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"number":8,"ev')
    found = survey(written)[-1]
    assert (found.count, found.reaches) == (2, 8)
    cut(found)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        (line(8, b"{}"), 9),
        (line(6, b"{}") + line(8, b"{}"), 9),
        (line(99, b"{}"), 6),
        (line(2, b"{}"), 6),
        (b'{"number":-7,"event":{}}\n', 6),
        (b'{"number":' + b"9" * 40 + b',"event":{}}\n', 6),
        (b"\n", 6),
    ],
)
def test_numbers_that_do_not_follow_each_other_are_no_count(written: Path, text: bytes, reaches: int) -> None:
    log_file(written, 6).write_bytes(text)
    assert [(one.count, one.reaches) for one in survey(written)][-1] == (None, reaches)


@pytest.mark.parametrize("text", [b"", b"\n", b"x" * 200_000, line(4, b"{}"), line(3, b"{}") + b'{"number":5,"ev'])
def test_an_older_file_begins_and_ends_with_its_numbers(written: Path, text: bytes) -> None:
    log_file(written, 3).write_bytes(text)
    assert [one.count for one in survey(written)] == [3, None, 2]


def test_what_is_set_aside_is_no_file_of_the_log(written: Path) -> None:
    assert kept(written) == []
    aside = set_aside(log_file(written, 3))
    assert (kept(written), aside.parent) == (["events-000000000003.jsonl.kept-1"], written)
    assert [one.first for one in survey(written)] == [0, 6]


def test_a_link_is_not_followed(written: Path, tmp_path: Path) -> None:
    path = log_file(written, 6)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        survey(written)
