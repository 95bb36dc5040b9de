"""A disk that is full, that is nearly full, and that fails: refuse, refuse early, and end."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest

from tests.e2e.evidence import parts_are_of_messages, rows, the_log_is_whole
from tests.e2e.process import PATIENCE, Place, until
from tests.e2e.scenes import letter
from tests.walk.inside import inside, pulling

ROUTES: list[dict[str, Any]] = [{"service": "letter.deliver", "to": ["uji/tarik"]}]


class Breaks:
    """A barrier at which the disk fails once it is armed."""

    def __init__(self, name: str, error: Exception) -> None:
        self._name, self._error = name, error
        self.armed = False

    def __call__(self, name: str) -> None:
        if self.armed and name == self._name:
            raise self._error


async def test_a_full_disk_takes_nothing_and_ends_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, pulling(), ROUTES)
    disk = Breaks("part.before_fsync", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    async with inside(place, disk) as gateway:
        disk.armed = True
        status, told = await gateway.post(letter("L-1"), "pengirim", key="satu")
        assert (status, told["code"]) == (503, "disk_reserve")
        assert list((place.state / "parts").glob("??/*")) == []
        disk.armed = False
        status, told = await gateway.post(letter("L-1"), "pengirim", key="satu")
        assert status == 202
    parts_are_of_messages(place.state)


async def test_below_the_reserve_nothing_new_is_taken_and_the_rest_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path, pulling(), ROUTES)
    async with inside(place) as gateway:
        _, told = await gateway.post(letter("L-1"), "pengirim")
    config = (place.config / "gateway.yaml").read_text().replace("reserve_bytes: 0", f"reserve_bytes: {2**53 - 1}")
    (place.config / "gateway.yaml").write_text(config)
    async with inside(place) as gateway:
        async with gateway.http.post(
            f"{gateway.url}/api/v1/messages", json=letter("L-2"), headers=place.auth("pengirim")
        ) as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "disk_reserve")
            assert int(answer.headers["Retry-After"]) > 0
        (waiting,) = (await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]
        path = f"/api/v1/inbox/{waiting['envelope']['deliveryId']}/ack"
        status, told = await gateway.call("POST", path, "tarik", json={"outcome": "delivered"})
        assert (status, told["state"]) == (200, "delivered")
        status, told = await gateway.call("GET", "/health")
        assert told["status"] == "degraded"


@pytest.mark.parametrize(
    ("barrier", "error"),
    [
        ("part.before_fsync", OSError(errno.EIO, os.strerror(errno.EIO))),
        ("part.before_rename", OSError(errno.EROFS, os.strerror(errno.EROFS))),
        ("journal.before_commit", apsw.IOError("disk I/O error")),
        ("journal.before_begin", apsw.CorruptError("database disk image is malformed")),
    ],
)
async def test_a_failing_disk_ends_the_process_and_a_start_reconciles(
    tmp_path: Path, barrier: str, error: Exception
) -> None:
    place = Place(tmp_path, pulling(), ROUTES)
    disk = Breaks(barrier, error)
    async with inside(place, disk, code=1) as gateway:
        status, first = await gateway.post(letter("L-1"), "pengirim", key="satu")
        assert status == 202
        disk.armed = True
        try:
            status, told = await gateway.post(letter("L-2"), "pengirim", key="dua")
        except aiohttp.ClientError:
            status = 0
        # Nothing is answered for that is not durable.
        assert status in (0, 500, 503)
        await asyncio.wait_for(gateway.node.wait(), PATIENCE)
        disk.armed = False
    async with inside(place) as gateway:
        status, told = await gateway.post(letter("L-1"), "pengirim", key="satu")
        assert (status, told["receipts"]) == (200, first["receipts"])
        status, told = await gateway.post(letter("L-2"), "pengirim", key="dua")
        assert status == 202
        await until(lambda: rows(place.state, "SELECT count(*) FROM messages") == [(2,)], "both to be there")
    parts_are_of_messages(place.state)
    the_log_is_whole(place.state)
