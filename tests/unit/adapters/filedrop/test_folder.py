from __future__ import annotations

import os

import pytest

from adapters.filedrop import folder as module
from adapters.filedrop.folder import Changed, Draft, Folder, Taken, Unsafe, chunks


@pytest.fixture
def here(tmp_path):
    with Folder(tmp_path) as opened:
        yield opened


@pytest.fixture(params=["renameat2", "link"])
def rename(request, monkeypatch):
    """Both ways to rename without replacing."""
    if request.param == "link":
        monkeypatch.setattr(module, "_RENAMEAT2", None)
    return request.param


def test_a_move_never_replaces(here, tmp_path, rename):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    with pytest.raises(Taken):
        here.move("a", here, "b")
    assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("a", "b")
    here.move("a", here, "c")
    assert sorted(os.listdir(tmp_path)) == ["b", "c"]


def test_a_move_that_was_half_done_is_finished(here, tmp_path, rename):
    (tmp_path / "a").write_text("a")
    os.link(tmp_path / "a", tmp_path / "b")
    here.move("a", here, "b")
    assert os.listdir(tmp_path) == ["b"]


def test_a_file_appears_whole_and_once(here, tmp_path, rename):
    for _ in range(2):
        here.write("a.json", b"{}", "token")
    with pytest.raises(Taken):
        here.write("a.json", b"[]", "token")
    assert os.listdir(tmp_path) == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"{}"


def test_a_file_is_on_the_disk_before_its_name_and_its_folder_after(tmp_path, monkeypatch):
    order = []
    real_fsync, real_rename = os.fsync, module._rename

    def fsync(fd):
        order.append("folder" if os.path.isdir(f"/proc/self/fd/{fd}") else "file")
        real_fsync(fd)

    def renamed(*args):
        order.append("rename")
        real_rename(*args)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(module, "_rename", renamed)
    with Folder(tmp_path) as here:
        here.write("a.json", b"{}", "token")
    assert order == ["file", "rename", "folder"]


def test_what_an_earlier_process_left_half_written_is_written_anew(here, tmp_path):
    (tmp_path / ".tmp-token").write_bytes(b"half of somethi")
    here.write("a.json", b"{}", "token")
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_link_where_the_draft_would_be_is_removed_not_followed(here, tmp_path):
    (tmp_path / "target").write_text("safe")
    (tmp_path / ".tmp-token").symlink_to(tmp_path / "target")
    with Draft(here, "token") as draft:
        draft.write(b"x")
        draft.publish("a")
    assert (tmp_path / "target").read_text() == "safe"


@pytest.mark.parametrize("kind", ["symlink", "hardlink", "fifo", "folder"])
def test_only_plain_files_open(here, tmp_path, kind):
    (tmp_path / "plain").write_text("x")
    odd = tmp_path / "odd"
    {
        "symlink": lambda: odd.symlink_to("plain"),
        "hardlink": lambda: os.link(tmp_path / "plain", odd),
        "fifo": lambda: os.mkfifo(odd),
        "folder": odd.mkdir,
    }[kind]()
    with pytest.raises(Unsafe):
        here.open("odd")


def test_a_link_put_there_between_look_and_open_is_not_followed(here, tmp_path, monkeypatch):
    (tmp_path / "plain").write_text("x")
    (tmp_path / "odd").symlink_to("plain")
    real = os.stat
    monkeypatch.setattr(module.os, "stat", lambda name, **kw: real("plain" if name == "odd" else name, **kw))
    with pytest.raises(Unsafe):
        here.open("odd")


@pytest.mark.parametrize("data", [b"shorter", b"longer than what was seen"])
def test_bytes_are_counted_against_what_was_seen(here, tmp_path, data):
    (tmp_path / "a").write_bytes(b"0123456789")
    fd, seen = here.open("a")
    try:
        (tmp_path / "a").write_bytes(data)
        with pytest.raises(Changed):
            list(chunks(fd, seen, 4))
    finally:
        os.close(fd)


def test_a_touch_of_the_same_size_is_seen_too(here, tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")
    fd, seen = here.open("a")
    try:
        os.utime(tmp_path / "a", ns=(1, 1))
        with pytest.raises(Changed):
            list(chunks(fd, seen))
    finally:
        os.close(fd)


def test_a_folder_that_is_a_link_is_not_entered(here, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(OSError, match=r"directory|symbolic"):
        here.inside("link")
