"""What every part store promises, wherever it keeps the bytes. A further store joins by a line in `STORES`."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Set
from pathlib import Path

import pytest

from gateway.store.hmac_keys import HmacKeys
from gateway.store.local_parts import LocalParts
from gateway.store.parts import (
    DiskFull,
    PartError,
    PartMissing,
    PartsBusy,
    PartsFailed,
    PartStore,
    PartTooLarge,
    StoredPart,
)
from gateway.store.sealing import DataKey, SealBroken
from gateway.store.streams import HEADER, TAG

CHUNK = 4096
KEY = DataKey(bytes(range(32)))
KEYS = HmacKeys(b"p" * 32, b"l" * 32)
BIG = 1 << 40

Build = Callable[..., PartStore]


def build_local(root: Path, **more: object) -> PartStore:
    more.setdefault("on_fatal", lambda error: None)
    return LocalParts(root / "parts", KEYS, chunk_bytes=CHUNK, max_writers=8, **more)  # type: ignore[arg-type]


STORES = {"local": build_local}


@pytest.fixture(params=STORES.values(), ids=STORES.keys())
def build(request: pytest.FixtureRequest) -> Build:
    found: Build = request.param
    return found


@pytest.fixture
async def store(build: Build, tmp_path: Path) -> AsyncIterator[PartStore]:
    one = build(tmp_path)
    await one.open()
    yield one
    await one.close()


async def put(store: PartStore, pieces: Iterable[bytes], message: str = "m1", agency: str = "a") -> StoredPart:
    writer = await store.open_writer(message, KEY, agency, BIG)
    for piece in pieces:
        await writer.write(piece)
    return await writer.finish()


async def get(store: PartStore, address: str, *span: int, message: str = "m1", key: DataKey = KEY) -> bytes:
    return b"".join([piece async for piece in await store.read(message, address, key, *span)])


def content(size: int) -> bytes:
    return hashlib.shake_128(size.to_bytes(8, "big")).digest(size)


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 10 * CHUNK + 5])
@pytest.mark.parametrize("step", [1000, CHUNK, 50_000])
async def test_what_goes_in_comes_out(store: PartStore, size: int, step: int) -> None:
    body = content(size)
    part = await put(store, [body[at : at + step] for at in range(0, size, step)])
    assert (part.sha256, part.size) == (hashlib.sha256(body).digest(), size)
    assert part.address == KEYS.part_address("a", part.sha256)
    assert await get(store, part.address) == body


async def test_any_range_is_that_slice(store: PartStore) -> None:
    body = content(3 * CHUNK + 100)
    part = await put(store, [body])
    edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK, len(body) - 1, len(body), len(body) + 9]
    for start in edges:
        assert await get(store, part.address, start) == body[start:]
        for stop in edges:
            assert await get(store, part.address, start, stop) == body[start:stop]


async def test_pieces_are_never_larger_than_a_chunk_nor_empty(store: PartStore) -> None:
    part = await put(store, [content(5 * CHUNK)])
    sizes = [len(piece) async for piece in await store.read("m1", part.address, KEY, 10)]
    assert sizes == [CHUNK - 10, CHUNK, CHUNK, CHUNK, CHUNK]


async def test_a_reader_may_leave_early(store: PartStore) -> None:
    part = await put(store, [content(20 * CHUNK)])
    pieces = await store.read("m1", part.address, KEY)
    async for piece in pieces:
        assert len(piece) == CHUNK
        break
    await pieces.aclose()  # type: ignore[attr-defined]
    await store.delete_message("m1")


async def test_agencies_with_the_same_file_have_different_addresses(store: PartStore) -> None:
    one = await put(store, [b"same"], agency="a")
    two = await put(store, [b"same"], agency="b", message="m2")
    again = await put(store, [b"same"], agency="a", message="m3")
    assert one.sha256 == two.sha256
    assert one.address != two.address
    assert one.address == again.address


async def test_the_same_part_twice_in_one_message_is_one(store: PartStore) -> None:
    one, two = await asyncio.gather(put(store, [b"same"]), put(store, [b"same"]))
    assert one == two
    assert await get(store, one.address) == b"same"


async def test_another_key_or_message_opens_nothing(store: PartStore, tmp_path: Path) -> None:
    part = await put(store, [content(3 * CHUNK)])
    with pytest.raises(SealBroken):
        await get(store, part.address, key=DataKey(bytes(32)))
    with pytest.raises(PartMissing):
        await get(store, part.address, message="m2")


@pytest.mark.parametrize("address", ["0" * 64, "../../etc/passwd", "", "A" * 64, "0" * 63])
async def test_what_is_not_there_is_missing(store: PartStore, address: str) -> None:
    with pytest.raises(PartMissing):
        await get(store, address)


@pytest.mark.parametrize("message", ["", "..", "../x", "a/b", "a\x00", ".hidden", "x" * 200, "m1\n"])
async def test_a_message_id_is_a_plain_name(store: PartStore, message: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        await store.open_writer(message, KEY, "a", BIG)
    with pytest.raises(ValueError, match="message id"):
        await store.delete_message(message)


async def test_a_part_over_its_limit_is_refused_and_leaves_nothing(store: PartStore, tmp_path: Path) -> None:
    writer = await store.open_writer("m1", KEY, "a", 3 * CHUNK)
    await writer.write(content(3 * CHUNK))
    with pytest.raises(PartTooLarge) as caught:
        await writer.write(b"x")
    assert caught.value.limit == 3 * CHUNK
    assert files(tmp_path) == []
    with pytest.raises(PartError):
        await writer.finish()


async def test_an_aborted_part_leaves_nothing(store: PartStore, tmp_path: Path) -> None:
    writer = await store.open_writer("m1", KEY, "a", BIG)
    await writer.write(content(5 * CHUNK))
    await writer.abort()
    await writer.abort()
    assert files(tmp_path) == []
    with pytest.raises(PartError):
        await writer.write(b"x")


async def test_writers_are_bounded_and_given_back(store: PartStore) -> None:
    writers = [await store.open_writer("m1", KEY, "a", BIG) for _ in range(8)]
    with pytest.raises(PartsBusy):
        await store.open_writer("m1", KEY, "a", BIG)
    await writers[0].abort()
    await writers[1].finish()
    for _ in range(2):
        await store.open_writer("m1", KEY, "a", BIG)


async def test_a_cancelled_writer_leaves_nothing_once_aborted(build: Build, tmp_path: Path) -> None:
    store = build(tmp_path)
    await store.open()
    writer = await store.open_writer("m1", KEY, "a", BIG)
    task = asyncio.ensure_future(writer.write(content(50 * CHUNK)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await writer.abort()
    await store.close()
    assert files(tmp_path) == []


async def test_deleting_a_message_deletes_its_parts_only(store: PartStore) -> None:
    gone = await put(store, [b"gone"])
    stays = await put(store, [b"stays"], message="m2")
    await store.delete_message("m1")
    await store.delete_message("m1")
    with pytest.raises(PartMissing):
        await get(store, gone.address)
    assert await get(store, stays.address, message="m2") == b"stays"


async def test_a_sweep_removes_what_nobody_knows(build: Build, store: PartStore, tmp_path: Path) -> None:
    kept = await put(store, [b"kept"], message="kept")
    await put(store, [b"orphan"], message="orphan")
    writer = await store.open_writer("kept", KEY, "a", BIG)
    await writer.write(content(3 * CHUNK))
    asked: set[str] = set()

    async def keep(messages: Set[str]) -> Set[str]:
        asked.update(messages)
        return {"kept"}

    with pytest.raises(RuntimeError):
        await store.sweep(keep)
    after_restart = build(tmp_path)
    await after_restart.open()
    assert await after_restart.sweep(keep) == 1
    assert asked == {"kept", "orphan"}
    assert [path.name for path in files(tmp_path)] == [kept.address]
    assert await get(after_restart, kept.address, message="kept") == b"kept"
    await after_restart.close()
    assert store.free_bytes() > 0


# What is on the disk of the local store, and what is done to it.


async def test_nothing_is_in_the_clear_and_nobody_else_may_read(tmp_path: Path) -> None:
    store = build_local(tmp_path)
    await store.open()
    await put(store, [b"NIK 3201010101010001 " * 1000])
    await store.close()
    (file,) = files(tmp_path)
    assert b"3201" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def _cut(size: int) -> Callable[[bytearray], bytes]:
    return lambda sealed: bytes(sealed[:size])


def _flip(at: int) -> Callable[[bytearray], bytes]:
    def change(sealed: bytearray) -> bytes:
        sealed[at] ^= 1
        return bytes(sealed)

    return change


def _swap(sealed: bytearray) -> bytes:
    one, two, three = HEADER, HEADER + CHUNK + TAG, HEADER + 2 * (CHUNK + TAG)
    return bytes(sealed[:one] + sealed[two:three] + sealed[one:two] + sealed[three:])


DAMAGE = {
    "empty": _cut(0),
    "header only": _cut(HEADER),
    "cut in a chunk": _cut(HEADER + CHUNK),
    "cut between chunks": _cut(HEADER + 2 * (CHUNK + TAG)),
    "last byte cut": _cut(HEADER + 3 * (CHUNK + TAG) + 100 + TAG - 1),
    "magic": _flip(0),
    "chunk size": _flip(6),
    "salt": _flip(10),
    "first chunk": _flip(HEADER),
    "middle chunk": _flip(HEADER + CHUNK + TAG + 7),
    "last chunk": _flip(-1),
    "appended": lambda sealed: bytes(sealed) + b"\x00",
    "appended chunk": lambda sealed: bytes(sealed) + bytes(CHUNK + TAG),
    "reordered": _swap,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
async def test_damage_is_found(tmp_path: Path, damage: Callable[[bytearray], bytes]) -> None:
    store = build_local(tmp_path)
    await store.open()
    part = await put(store, [content(3 * CHUNK + 100)])
    (file,) = files(tmp_path)
    file.write_bytes(damage(bytearray(file.read_bytes())))
    with pytest.raises(SealBroken):
        await get(store, part.address)
    await store.close()


async def test_a_part_under_the_name_of_another_is_found_at_the_first_byte(tmp_path: Path) -> None:
    store = build_local(tmp_path)
    await store.open()
    one = await put(store, [content(3 * CHUNK)])
    two = await put(store, [content(4 * CHUNK)])
    path = {file.name: file for file in files(tmp_path)}
    path[two.address].replace(path[one.address])
    with pytest.raises(SealBroken):
        await get(store, one.address, 0, 10)
    await store.close()


@pytest.mark.parametrize("call", ["write", "fdatasync"])
async def test_a_full_disk_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    fatal: list[BaseException] = []
    store = build_local(tmp_path, on_fatal=fatal.append)
    await store.open()

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patch:
        if call == "write":
            patch.setattr("gateway.store.local_parts._write_all", full)
        else:
            patch.setattr(os, "fdatasync", full)
        with pytest.raises(DiskFull):
            await put(store, [content(3 * CHUNK)])
    assert fatal == []
    assert files(tmp_path) == []
    part = await put(store, [b"room again"])
    assert await get(store, part.address) == b"room again"
    await store.close()


async def test_a_failed_sync_is_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fatal: list[BaseException] = []
    calls = 0

    def broken(fd: int) -> None:
        nonlocal calls
        calls += 1
        raise OSError(errno.EIO, "input/output error")

    store = build_local(tmp_path, on_fatal=fatal.append)
    await store.open()
    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(PartsFailed):
        await put(store, [b"x"])
    assert calls == 1
    assert [type(error) for error in fatal] == [OSError]
    with pytest.raises(PartsFailed):
        await put(store, [b"y"])
    assert calls == 1
    await store.close()


KILLED = """
import asyncio, os, sys
from pathlib import Path
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("contract", sys.argv[1])
contract = module_from_spec(spec)
sys.modules["contract"] = contract
spec.loader.exec_module(contract)

def barrier(name):
    if name == sys.argv[4] and armed:
        os.write(1, b"barrier\\n")
        sys.stdin.buffer.read()

armed = False

async def main():
    global armed
    store = contract.STORES[sys.argv[2]](Path(sys.argv[3]), barrier=barrier)
    await store.open()
    part = await contract.put(store, [contract.content(20000)], message="first")
    os.write(1, part.address.encode() + b"\\n")
    armed = True
    await contract.put(store, [contract.content(30000)], message="second")

asyncio.run(main())
"""


@pytest.mark.parametrize("where", ["part.before_fsync", "part.before_rename", "part.after_rename"])
@pytest.mark.parametrize("kind", STORES.keys())
async def test_after_a_kill_a_part_is_whole_or_swept(kind: str, tmp_path: Path, where: str) -> None:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", KILLED, __file__, kind, str(tmp_path), where],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    address = process.stdout.readline().decode().strip()
    assert process.stdout.readline() == b"barrier\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdin.close()
    process.stdout.close()

    async def keep(messages: Set[str]) -> Set[str]:
        return messages

    store = STORES[kind](tmp_path)
    await store.open()
    await store.sweep(keep)
    assert await get(store, address, message="first") == content(20000)
    second = KEYS.part_address("a", hashlib.sha256(content(30000)).digest())
    if where == "part.after_rename":
        assert await get(store, second, message="second") == content(30000)
    else:
        with pytest.raises(PartMissing):
            await get(store, second, message="second")
    assert not [file for file in files(tmp_path) if file.suffix == ".tmp"]
    await store.close()
