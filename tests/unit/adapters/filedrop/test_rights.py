"""Folders that do not work as they are, and files that may not be read or moved: told, and nobody else waits."""

from __future__ import annotations

import errno
import os
import shutil

import pytest

from adapters.filedrop.source import REST_SECONDS
from gateway.contract import Accepted, NeedsOperator


def denied(*arguments, **named):
    raise PermissionError(errno.EACCES, "Permission denied")


async def polled(d):
    return [item async for item in d.source.poll(100)]


async def test_a_source_whose_folder_is_a_file_opens_and_says_so_at_its_first_poll(desk, person):
    d = await desk()
    await d.source.close()
    shutil.rmtree(d.outbox)
    d.outbox.write_text("no folder")
    await d.source.open()
    with pytest.raises(NeedsOperator, match=r"outbox \(.*\) is not a folder"):
        await polled(d)
    d.drop("warga.json", person)
    with pytest.raises(NeedsOperator):
        await polled(d)
    assert (d.inbox / "warga.json").exists()
    d.outbox.unlink()
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)


async def test_an_inbox_made_anew_is_looked_into(desk, person):
    d = await desk()
    assert await d.round() == []
    d.inbox.rename(d.inbox.parent / "put aside")
    d.inbox.mkdir()
    d.drop("warga.json", person)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)
    assert not (d.inbox / "warga.json").exists()


async def test_a_file_that_may_not_be_read_is_put_aside_with_what_to_do(desk, person, monkeypatch):
    d = await desk()
    secret = d.drop("rahasia.json", person).stat().st_ino
    d.drop("warga.json", person)
    opened = os.open

    def guarded(name, flags, *arguments, **named):
        if name == "item" and os.stat(name, dir_fd=named["dir_fd"]).st_ino == secret:
            denied()
        return opened(name, flags, *arguments, **named)

    monkeypatch.setattr(os, "open", guarded)
    await d.round()
    told = d.notice(d.errors, "rahasia.json.error.json")
    assert told["code"] == "file_unsafe"
    assert "right to read" in told["reason"]
    (kept,) = [path.name for path in d.archive.rglob("*") if path.is_file()]
    assert kept.startswith("warga.json")


async def test_a_file_that_may_not_be_moved_stays_is_told_once_and_rests(desk, person, monkeypatch):
    d = await desk()
    d.drop("lengket.json", person)
    d.drop("warga.json", person)
    rename, tries = os.rename, []

    def sticky(name, *arguments, **named):
        if name == "lengket.json":
            tries.append(name)
            denied()
        return rename(name, *arguments, **named)

    monkeypatch.setattr(os, "rename", sticky)
    await d.round()
    assert (d.inbox / "lengket.json").exists()
    assert not (d.inbox / "warga.json").exists()
    told = d.notice(d.errors, "lengket.json.error.json")
    assert "may not move this file" in told["reason"]
    for _ in range(5):
        await d.round()
    assert len(tries) == 1
    assert len(list(d.errors.glob("lengket*"))) == 1
    monkeypatch.undo()
    d.host.clock.advance(REST_SECONDS + 1)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)
    assert not (d.inbox / "lengket.json").exists()
