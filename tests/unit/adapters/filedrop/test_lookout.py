"""Folders with more files than anybody looks at: what is listed, looked at and claimed is counted, never timed."""

from __future__ import annotations

import os
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from adapters.filedrop.config import SourceConfig
from adapters.filedrop.folder import Folder
from adapters.filedrop.lookout import FRESH_SECONDS, STAY_SECONDS, Lookout
from gateway.contract import Reason
from gateway.contract.testing.host import FakeClock


class Scene:
    """An inbox and its lookout. `listed` and `seen` count what was asked of the disk."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, **config):
        settings = {"inbox": "inbox", "ready": {"mode": "rename", "min_age": "0s"}, "zero_bytes": "accept", **config}
        self.root, self.clock, self.asked = root, FakeClock(), Counter[str]()
        self.lookout = Lookout(SourceConfig.model_validate(settings), self.clock, lambda names, watch: None)
        self.inbox = Folder(root)
        for name in ("scandir", "stat"):
            monkeypatch.setattr(os, name, self._counted(name, getattr(os, name)))

    def _counted(self, name, real):
        def counted(*args, **named):
            self.asked[name] += 1
            return real(*args, **named)

        return counted

    def put(self, *names: str, mtime: int = 1):
        for name in names:
            (self.root / name).write_bytes(b"")
            os.utime(self.root / name, ns=(mtime, mtime))

    def look(self, take: int = 10_000) -> list[str]:
        """What a poll that takes at most `take` files would take, and takes it away."""
        ready, names = self.lookout.candidates(self.inbox), []
        while ready and len(names) < take:
            one = ready.popleft()
            names.append(one.item.name)
            for seen in (one.item, one.sidecar, one.marker, one.sidecar_marker):
                if seen is not None:
                    (self.root / seen.name).unlink()
        return names


@pytest.fixture
def scene(tmp_path, monkeypatch):
    made = []

    def make(**config):
        made.append(Scene(tmp_path, monkeypatch, **config))
        return made[-1]

    yield make
    for one in made:
        one.inbox.close()


def numbered(count: int, form: str = "{:04d}.json") -> list[str]:
    return [form.format(number) for number in range(count)]


def test_many_files_are_listed_once_for_each_window_and_not_for_each_poll(scene):
    s = scene(scan=100)
    s.put(*numbered(400))
    s.asked.clear()
    taken = [s.look(10) for _ in range(40)]
    assert list(chain(*taken)) == numbered(400)
    assert s.asked["scandir"] <= 2 * 4
    assert s.asked["stat"] <= 400


def test_a_folder_at_rest_is_listed_once_a_look_and_no_name_twice(scene):
    s = scene(scan=100, ready={"mode": "stable", "polls": 2, "min_age": "60s"})
    s.put(*numbered(90))
    s.asked.clear()
    for _ in range(5):
        assert s.look() == []
        s.clock.advance(1)
    assert (s.asked["scandir"], s.asked["stat"]) == (5, 5 * 90)


def test_a_look_that_took_long_is_followed_by_a_pause(scene, monkeypatch):
    s = scene(scan=100, ready={"mode": "stable", "polls": 2, "min_age": "600s"})
    s.put(*numbered(5))
    real = s.inbox.names

    def slow():
        s.clock.advance(1)
        return real()

    monkeypatch.setattr(s.inbox, "names", slow)
    looks = 0
    for _ in range(200):
        s.asked.clear()
        s.look()
        looks += s.asked["scandir"]
        s.clock.advance(0.5)
    assert looks <= 12


def test_what_was_found_is_looked_at_again_after_a_while(scene):
    s = scene(scan=100)
    s.put("b.json", "c.json")
    assert s.look(1) == ["b.json"]
    s.put("a.json")
    assert s.lookout.candidates(s.inbox)[0].item.name == "c.json"
    s.clock.advance(FRESH_SECONDS)
    assert s.look() == ["a.json", "c.json"]


def test_a_file_that_was_given_back_is_not_overtaken(scene):
    s = scene(scan=100)
    s.put("b.json", "c.json")
    assert s.look(1) == ["b.json"]
    s.put("b.json")
    s.lookout.again()
    assert s.look() == ["b.json", "c.json"]


def test_no_number_of_temporary_files_hides_a_finished_one(scene):
    s = scene(scan=10)
    s.put(*numbered(50, "{:04d}.tmp"), "z.json")
    s.asked.clear()
    assert s.look() == ["z.json"]
    assert s.asked["stat"] == 1


def test_no_number_of_unfinished_files_hides_a_finished_one(scene):
    s = scene(scan=10, zero_bytes="wait", formats=["json"])
    s.put(*numbered(35))
    (s.root / "z.json").write_bytes(b"{}")
    os.utime(s.root / "z.json", ns=(1, 1))
    found = []
    for _ in range(12):
        found += s.look()
        s.clock.advance(1)
    assert found == ["z.json"]


def test_after_the_last_name_comes_the_first_again(scene):
    s = scene(scan=10, zero_bytes="wait", formats=["json"])
    s.put(*numbered(25, "m{:04d}.json"))
    found = []
    for number in range(60):
        s.clock.advance(1)
        found += s.look()
        if number == 30:
            (s.root / "a.json").write_bytes(b"{}")
            (s.root / "z.json").write_bytes(b"{}")
    assert sorted(found) == ["a.json", "z.json"]


def test_behind_the_first_window_nobody_stays_for_ever(scene):
    """Files come in all the time behind a window of unfinished ones; one among the first gets its turn."""
    s = scene(scan=10, zero_bytes="wait", formats=["json"])
    s.put(*numbered(10, "a{:04d}.json"))
    found = []
    for number in range(2 * int(STAY_SECONDS)):
        (s.root / f"m{number:04d}.json").write_bytes(b"{}")
        if number == 10:
            (s.root / "a0003.json").write_bytes(b"{}")
        s.clock.advance(1)
        found += s.look()
    assert "a0003.json" in found
    assert len(found) > STAY_SECONDS


@pytest.mark.parametrize("mode", ["rename", "marker"])
def test_a_file_and_what_belongs_to_it_are_in_one_window(scene, mode):
    """Between a letter and its sidecar other names may stand, and there the window may end."""
    s = scene(scan=3, ready={"mode": mode, "min_age": "0s"})
    marked = (lambda *names: [n for name in names for n in (name, f"{name}.done")]) if mode == "marker" else list_of
    s.put(*marked("b.pdf", "b.pdf-1.json", "b.pdf-2.json", "b.pdf.json", "C.PDF", "c.pdf.json", "d.json"))
    taken = []
    for _ in range(8):
        ready = s.lookout.candidates(s.inbox)
        assert [one.trouble for one in ready] == [None] * len(ready)
        taken += s.look()
        s.clock.advance(1)
    assert sorted(taken) == ["C.PDF", "b.pdf", "b.pdf-1.json", "b.pdf-2.json", "d.json"]
    assert os.listdir(s.root) == []


def list_of(*names):
    return list(names)


def test_what_lacked_something_is_judged_anew_before_it_is_refused(scene):
    s = scene(scan=100, sidecar={"wait": "5s"})
    s.put("a.json", "b.pdf")
    assert s.look() == ["a.json"]
    s.clock.advance(10)
    s.put("a.json")
    ready = s.lookout.candidates(s.inbox)
    assert [one.trouble for one in ready] == [None, Reason.SIDECAR_MISSING]
    (s.root / "b.pdf.json").write_bytes(b"")
    ready.popleft()
    (s.root / "a.json").unlink()
    (again,) = s.lookout.candidates(s.inbox)
    assert (again.item.name, again.trouble) == ("b.pdf", None)


def test_order_by_time_is_that_of_the_whole_folder_and_not_of_the_first_names(scene):
    s = scene(scan=3, order="mtime", formats=["json"])
    for age, name in enumerate(reversed(numbered(12))):
        s.put(name, mtime=age + 1)
    taken = [s.look(2) for _ in range(12)]
    assert list(chain(*taken)) == list(reversed(numbered(12)))


def test_order_by_name_does_not_change_where_one_window_ends(scene):
    names = ["A.json", "b.json", "C.json", "d.json", "E.json"]
    for scan in (2, 100):
        s = scene(scan=scan, formats=["json"])
        s.put(*names)
        assert list(chain(*(s.look() for _ in range(5)))) == names


def test_memory_holds_one_window_and_no_more(scene):
    s = scene(scan=10, ready={"mode": "stable", "polls": 2, "min_age": "600s"}, formats=["json"])
    s.put(*numbered(200))
    for _ in range(30):
        s.look()
        s.clock.advance(100)
        assert len(s.lookout.watch._seen) <= 10
