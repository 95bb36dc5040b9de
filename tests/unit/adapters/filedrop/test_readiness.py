from __future__ import annotations

import stat
from dataclasses import replace

import pytest

from adapters.filedrop.config import SourceConfig
from adapters.filedrop.readiness import Sighting, Watch, is_temporary
from gateway.contract import Reason


def seen(name: str, *, size: int = 10, mtime: int = 1, inode: int = 7, mode: int = stat.S_IFREG, links: int = 1):
    return Sighting(name, 1, inode, size, mtime, mode | 0o644, links)


def watch(**config) -> Watch:
    return Watch(SourceConfig.model_validate({"inbox": "inbox", **config}))


def names(candidates):
    return [c.item.name for c in candidates]


STABLE = {"ready": {"mode": "stable", "polls": 3, "min_age": "4s"}}


def test_stable_needs_both_looks_and_time():
    w = watch(**STABLE)
    item = seen("a.json")
    assert [names(w.look([item], now)) for now in (0, 1, 2)] == [[], [], []]
    assert names(w.look([item], 4)) == ["a.json"]


def test_age_alone_is_never_enough():
    w = watch(**STABLE)
    assert w.look([seen("a.json", mtime=1)], 0) == []
    assert w.look([seen("a.json", mtime=1)], 1000) == []


@pytest.mark.parametrize("change", [{"size": 11}, {"mtime_ns": 2}, {"inode": 8}])
def test_any_change_begins_anew(change):
    w = watch(**STABLE)
    item = seen("a.json")
    for now in (0, 3):
        assert w.look([item], now) == []
    other = replace(item, **change)
    assert [names(w.look([other], now)) for now in (6, 9)] == [[], []]
    assert names(w.look([other], 12)) == ["a.json"]


def test_an_old_time_stamp_does_not_hide_a_file():
    w = watch(**STABLE)
    old = seen("lama.json", mtime=-5)
    for now in (0, 2):
        w.look([old], now)
    assert names(w.look([old], 4)) == ["lama.json"]


SECOND = 1_000_000_000


def test_a_renamed_file_with_an_old_time_stamp_is_ready_at_once():
    w = watch(ready={"mode": "rename", "min_age": "1s"})
    assert names(w.look([seen("a.csv", mtime=5 * SECOND)], 0, 6 * SECOND)) == ["a.csv"]


@pytest.mark.parametrize("stamp", [6 * SECOND, 90 * SECOND])
def test_a_fresh_file_waits_until_it_stands_still_also_where_writers_rename(stamp):
    w = watch(ready={"mode": "rename", "min_age": "1s"})
    assert w.look([seen("a.csv", mtime=stamp)], 0, 6 * SECOND) == []
    grown = seen("a.csv", mtime=stamp + 1, size=20)
    assert w.look([grown], 0.5, 6 * SECOND + SECOND // 2) == []
    assert names(w.look([grown], 1.5, 7 * SECOND + SECOND // 2)) == ["a.csv"]


def test_a_directory_that_stays_is_told_apart():
    w = watch(**STABLE)
    items = [seen("sub", mode=stat.S_IFDIR), seen(".sub", mode=stat.S_IFDIR)]
    told = [(w.look(items, now), [one.name for one in w.directories]) for now in (0, 2, 4)]
    assert told == [([], []), ([], []), ([], ["sub"])]


def test_a_marker_makes_ready_and_is_no_item():
    w = watch(ready={"mode": "marker"})
    assert w.look([seen("a.json")], 0) == []
    (found,) = w.look([seen("a.json"), seen("a.json.done", size=0)], 1)
    assert (found.item.name, found.marker.name) == ("a.json", "a.json.done")


@pytest.mark.parametrize("name", ["a.tmp", "A.TMP", "a.json.part", ".a.json", "~a.json", ".tmp-1"])
def test_temporary_names_are_not_looked_at(name):
    w = watch(ready={"mode": "rename"})
    assert w.look([seen(name)], 0) == []
    assert is_temporary(name, w._config.ready.temp_patterns)


@pytest.mark.parametrize(
    "odd",
    [{"mode": stat.S_IFLNK}, {"mode": stat.S_IFIFO}, {"mode": stat.S_IFSOCK}, {"mode": stat.S_IFCHR}, {"links": 2}],
)
def test_what_is_no_plain_file_is_refused_once_it_stays(odd):
    w = watch(ready={"mode": "rename"})
    item = seen("a.json", **odd)
    assert w.look([item], 0) == []
    (found,) = w.look([item], 2)
    assert found.trouble is Reason.FILE_UNSAFE


def test_folders_are_left_alone():
    w = watch(ready={"mode": "rename"})
    assert [w.look([seen("sub", mode=stat.S_IFDIR)], now) for now in (0, 5, 500)] == [[], [], []]


@pytest.mark.parametrize(("policy", "trouble"), [("refuse", Reason.ZERO_BYTES), ("accept", None)])
def test_zero_bytes_by_policy(policy, trouble):
    w = watch(ready={"mode": "rename"}, zero_bytes=policy)
    empty = seen("a.json", size=0)
    w.look([empty], 0)
    (found,) = w.look([empty], 5)
    assert found.trouble is trouble


def test_zero_bytes_can_wait_for_ever():
    w = watch(ready={"mode": "rename"}, zero_bytes="wait")
    assert [w.look([seen("a.json", size=0)], now) for now in (0, 5, 500)] == [[], [], []]


def test_a_pdf_waits_for_its_sidecar_and_takes_it_along():
    w = watch(ready={"mode": "rename"})
    pdf, sidecar = seen("surat.pdf"), seen("surat.pdf.json")
    assert w.look([pdf], 0) == []
    (found,) = w.look([pdf, sidecar], 1)
    assert (found.item, found.sidecar) == (pdf, sidecar)


def test_a_pdf_and_a_sidecar_left_alone_are_refused():
    w = watch(ready={"mode": "rename"}, sidecar={"wait": "10s"})
    files = [seen("surat.pdf"), seen("lain.pdf.json")]
    assert w.look(files, 0) == []
    assert w.look(files, 9) == []
    found = {c.item.name: c.trouble for c in w.look(files, 10)}
    assert found == {"surat.pdf": Reason.SIDECAR_MISSING, "lain.pdf.json": Reason.PART_MISSING}


def test_a_sidecar_of_another_case_counts_if_nothing_else_is_meant():
    w = watch(ready={"mode": "rename"})
    (found,) = w.look([seen("SURAT.PDF"), seen("surat.pdf.json")], 0)
    assert found.sidecar.name == "surat.pdf.json"
    w = watch(ready={"mode": "rename"})
    pair = [seen("SURAT.PDF"), seen("surat.pdf"), seen("surat.pdf.json")]
    assert names(w.look(pair, 0)) == ["surat.pdf"]


def test_the_whole_listing_is_sorted():
    files = [seen("c.json", mtime=1), seen("a.json", mtime=2), seen("b.json", mtime=3)]
    assert names(watch(ready={"mode": "rename"}).look(files, 0)) == ["a.json", "b.json", "c.json"]
    by_time = watch(ready={"mode": "rename"}, order="mtime").look(files, 0)
    assert names(by_time) == ["c.json", "a.json", "b.json"]


def test_what_is_gone_is_forgotten():
    w = watch(**STABLE)
    item = seen("a.json")
    for now in (0, 3):
        w.look([item], now)
    w.look([], 5)
    assert w.look([item], 6) == []
    assert w.look([item], 8) == []


def test_a_marker_left_alone_is_refused_before_it_can_lie():
    w = watch(ready={"mode": "marker"}, sidecar={"wait": "10s"})
    alone = seen("a.json.done", size=0)
    assert [w.look([alone], now) for now in (0, 5)] == [[], []]
    (found,) = w.look([alone], 10)
    assert found.trouble is Reason.PART_MISSING
