"""Folders that do not work as they are, and files that may not be read or moved: told, and nobody else waits."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from adapters.filedrop.source import REST_SECONDS
from gateway.contract import Accepted, NeedsOperator, Reason


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


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("mount_point", [True, False])
async def test_an_inbox_on_a_share_that_is_not_mounted_is_waited_for(desk, person, again, mount_point):
    d = await desk(inbox="share/desa/inbox")
    assert await d.round() == []
    d.drop("warga.json", person)
    share = d.root / "share"
    share.rename(d.root / "put aside")
    if mount_point:
        share.mkdir()
    if again:
        await d.restart()
    for _ in range(2):
        with pytest.raises(NeedsOperator, match=r"inbox .* was there before and is gone: mount the share") as caught:
            await polled(d)
        assert caught.value.reason is Reason.FOLDER_GONE
        assert len(await d.source.check()) == 5
        assert list(share.iterdir()) == [] if mount_point else not share.exists()
    if mount_point:
        share.rmdir()
    (d.root / "put aside").rename(share)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)
    assert await d.source.check() == []


async def test_a_folder_that_was_tidied_away_beside_the_inbox_is_made_again(desk, person):
    d = await desk()
    await d.round()
    for folder in (d.work, d.archive, d.errors, d.outbox):
        folder.rmdir()
    await d.restart()
    d.drop("warga.json", person)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)
    assert d.names(d.outbox) == ["warga.json.accepted.receipt.json"]


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


def test_another_user_s_inboxes_under_a_gateway_that_is_not_root():
    """Each agency's folder for itself: shut, sticky, open with one file that its owner lets nobody read."""
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o755)
        ran = subprocess.run(
            [sys.executable, "-m", "tests.unit.adapters.filedrop.as_another_user", made],
            cwd=Path(__file__).parents[4], capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        found = json.loads(ran.stdout)
        (Path(made) / "tertutup/inbox").chmod(0o755)
    shut, sticky, open_ = found["tertutup"], found["lengket"], found["terbuka"]
    assert "inbox (" in shut["told"]
    assert f"id {found['uid']}" in shut["told"]
    assert (shut["inbox"], shut["errors"], shut["archive"]) == (["warga.json"], [], [])
    assert open_["told"] == ""
    assert open_["inbox"] == []
    assert sorted(open_["errors"]) == ["rahasia.json", "rahasia.json.error.json"]
    assert "right to read" in open_["reasons"][0]
    assert [name.startswith("warga.json.") for name in open_["archive"]] == [True]
    assert sticky["told"] == ""
    if found["root"]:
        # Only root can make two users of this: else the file is the gateway's own, and may be moved.
        assert sticky["inbox"] == ["milik-dinas.json"]
        assert sticky["errors"] == ["milik-dinas.json.error.json"]
        assert "may not move this file" in sticky["reasons"][0]
    else:
        assert sticky["inbox"] == []
        assert len(sticky["archive"]) == 1


@pytest.mark.parametrize("name", ["inbox", "work", "archive", "errors", "outbox"])
async def test_a_folder_put_in_place_as_a_link_is_never_followed(desk, person, tmp_path, name):
    """Who may write beside a folder could make it a link to what they may not read, and find that in the errors."""
    d = await desk()
    assert await d.round() == []
    secret = tmp_path / "keys"
    secret.mkdir()
    (secret / "node.key").write_text("rahasia")
    place = d.source.places[name]
    place.rename(place.parent / "put aside")
    place.symlink_to(secret)
    for _ in range(3):
        with pytest.raises(NeedsOperator, match=rf"{name} \(.*\) is a link"):
            await polled(d)
    assert [path.name for path in secret.iterdir()] == ["node.key"]
    assert "is a link" in " ".join(await d.source.check())
    await d.restart()
    with pytest.raises(NeedsOperator, match="is a link"):
        await polled(d)
    assert [path.name for path in secret.iterdir()] == ["node.key"]
    place.unlink()
    (place.parent / "put aside").rename(place)
    d.drop("warga.json", person)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_folder_that_a_link_above_it_leads_to_the_gateways_own_is_not_used(desk, person, tmp_path, restarts):
    d = await desk()
    assert await d.round() == []
    (tmp_path / "journal" / "inbox").mkdir(parents=True)
    (tmp_path / "journal" / "inbox" / "journal.db").write_text("all of it")
    above = d.source.places["inbox"].parent
    above.rename(tmp_path / "put aside")
    above.symlink_to(tmp_path / "journal")
    if restarts:
        await d.restart()
    for _ in range(3):
        with pytest.raises(NeedsOperator, match=r"inbox \(.*\) lies in the gateway's journal"):
            await polled(d)
    assert "lies in the gateway's journal" in " ".join(await d.source.check())
    # Nothing is taken from there, and no folder of the source is made there.
    assert sorted(path.name for path in (tmp_path / "journal").rglob("*")) == ["inbox", "journal.db"]
    above.unlink()
    (tmp_path / "put aside").rename(above)
    d.drop("warga.json", person)
    (taken,) = await d.round()
    assert isinstance(taken.settlement, Accepted)


async def test_a_folder_made_anew_costs_no_descriptor(desk, person):
    d = await desk()
    await d.round()
    before = len(os.listdir("/proc/self/fd"))
    for turn in range(20):
        d.inbox.rename(d.inbox.parent / f"old {turn}")
        d.inbox.mkdir()
        await d.round()
    assert len(os.listdir("/proc/self/fd")) <= before + 1
