"""What is arriving is sealed and synced, within limits, and gone if it is not recorded."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from gateway.arrivals import Arrivals
from gateway.contract.errors import Refused, TryLater
from gateway.contract.reasons import Reason
from gateway.settings import Limits, Settings
from gateway.store.parts import DiskFull, PartsBusy
from gateway.store.sealing import DataKey
from gateway.uploads import Uploads
from tests.unit.gateway.bench import PDF, Bench, chunks


def small(bench: Bench, uploads: int = 8) -> Arrivals:
    limits = Limits(part_bytes=10, parts=2, name_bytes=16)
    return Arrivals(
        bench.parts, limits, bench.ids.new, bench.clock.now, Uploads(Settings(concurrency={"uploads": uploads}))
    )


def files(bench: Bench) -> list[bytes]:
    return [path.read_bytes() for path in (bench.folder / "parts").rglob("*") if path.is_file()]


async def test_a_part_is_sealed_and_read_back(bench: Bench) -> None:
    part = await bench.spool("m", PDF, name="surat.pdf", sha256=hashlib.sha256(PDF).hexdigest(), size=len(PDF))
    assert (part.number, part.size, part.name) == (1, len(PDF), "surat.pdf")
    assert all(PDF not in stored for stored in files(bench))
    assert b"".join([piece async for piece in bench.host_parts.read("m", part)]) == PDF


async def test_what_is_not_recorded_is_discarded(bench: Bench) -> None:
    await bench.spool("m", PDF)
    await bench.arrivals.discard("m")
    assert files(bench) == []
    assert bench.arrivals.key_of("m") is None
    await bench.arrivals.discard("m")


async def test_what_is_recorded_stays(bench: Bench) -> None:
    await bench.spool("m", PDF)
    key = bench.arrivals.take_key("m")
    assert key is bench.arrivals.key_of("m")
    bench.arrivals.keep("m")
    await bench.arrivals.discard("m")
    assert len(files(bench)) == 1


async def test_without_parts_there_is_a_fresh_key_each_time(bench: Bench) -> None:
    assert bench.arrivals.take_key("m").expose() != bench.arrivals.take_key("m").expose()


async def test_the_parts_of_a_recorded_message_stay_whatever_comes_of_the_repeat(bench: Bench) -> None:
    known = DataKey.random()

    async def recorded() -> DataKey | None:
        return known

    arrival = bench.arrivals.begin("kota", "m", recorded)
    part = await arrival.spool(chunks(PDF), media_type="application/pdf")
    await bench.arrivals.discard("m")
    read = await bench.parts.read("m", part.address, known)
    assert b"".join([piece async for piece in read]) == PDF


@pytest.mark.parametrize(
    ("data", "more", "reason", "limit"),
    [
        (b"12345678901", {}, Reason.PART_TOO_LARGE, 10),
        (b"1", {"size": 11}, Reason.PART_TOO_LARGE, 10),
        (b"1", {"size": 2}, Reason.DIGEST_MISMATCH, None),
        (b"1", {"sha256": "0" * 64}, Reason.DIGEST_MISMATCH, None),
        (b"1", {"name": "../x"}, Reason.NAME_REFUSED, None),
        (b"1", {"name": "n" * 17}, Reason.NAME_REFUSED, 16),
    ],
)
async def test_limits_and_declarations(
    bench: Bench, data: bytes, more: dict[str, str], reason: Reason, limit: int | None
) -> None:
    arrivals = small(bench)
    with pytest.raises(Refused) as caught:
        await arrivals.begin("kota", "m").spool(chunks(data), media_type="text/plain", **more)  # type: ignore[arg-type]
    assert (caught.value.reason, caught.value.limit) == (reason, limit)
    await arrivals.discard("m")
    assert files(bench) == []


async def test_names_are_composed(bench: Bench) -> None:
    part = await bench.spool("m", b"1", name="re\u0301sume\u0301.pdf")
    assert part.name == "résumé.pdf"


async def test_too_many_parts(bench: Bench) -> None:
    arrival = small(bench).begin("kota")
    for _ in range(2):
        await arrival.spool(chunks(b"1"), media_type="text/plain")
    with pytest.raises(Refused) as caught:
        await arrival.spool(chunks(b"1"), media_type="text/plain")
    assert (caught.value.reason, caught.value.limit) == (Reason.TOO_MANY_PARTS, 2)


@pytest.mark.parametrize(("error", "reason"), [(DiskFull("no room"), Reason.DISK_RESERVE), (PartsBusy(1), Reason.BUSY)])
async def test_no_room_means_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: Reason
) -> None:
    async def refuse(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(bench.parts, "open_writer", refuse)
    with pytest.raises(TryLater) as caught:
        await bench.spool("m", b"1")
    assert caught.value.reason is reason


async def test_the_disk_reserve_is_watched_while_a_part_arrives(bench: Bench) -> None:
    """A part of unknown length, or several at once, may reach it between the first byte and the last."""
    left = 100
    arrivals = Arrivals(bench.parts, Limits(), bench.ids.new, bench.clock.now, Uploads(Settings()), room=lambda: left)

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal left
        yield b"x" * 60
        left = 40
        yield b"x" * 60

    with pytest.raises(TryLater) as caught:
        await arrivals.begin("kota", "m").spool(pieces(), media_type="a/b")
    assert caught.value.reason is Reason.DISK_RESERVE
    assert files(bench) == []


async def test_a_part_of_known_length_is_refused_before_its_first_byte(bench: Bench) -> None:
    arrivals = Arrivals(bench.parts, Limits(), bench.ids.new, bench.clock.now, Uploads(Settings()), room=lambda: 100)
    asked: list[bytes] = []

    async def pieces() -> AsyncIterator[bytes]:
        asked.append(b"")
        yield b"x" * 101

    with pytest.raises(TryLater) as caught:
        await arrivals.begin("kota", "m").spool(pieces(), media_type="a/b", size=101)
    assert (caught.value.reason, asked) == (Reason.DISK_RESERVE, [])


async def test_a_stream_that_breaks_leaves_nothing(bench: Bench) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await bench.arrivals.begin("kota", "m").spool(broken(), media_type="text/plain")
    await bench.arrivals.discard("m")
    assert files(bench) == []


async def test_uploads_wait_for_one_another(bench: Bench) -> None:
    arrivals = small(bench, uploads=1)
    gate, begun, order = asyncio.Event(), asyncio.Event(), []

    async def slow() -> AsyncIterator[bytes]:
        order.append("slow begins")
        begun.set()
        await gate.wait()
        order.append("slow ends")
        yield b"1"

    async def quick() -> AsyncIterator[bytes]:
        order.append("quick")
        yield b"2"

    async with asyncio.TaskGroup() as group:
        group.create_task(arrivals.begin("kota").spool(slow(), media_type="text/plain"))
        group.create_task(arrivals.begin("kota").spool(quick(), media_type="text/plain"))
        await begun.wait()
        gate.set()
    assert order == ["slow begins", "slow ends", "quick"]
