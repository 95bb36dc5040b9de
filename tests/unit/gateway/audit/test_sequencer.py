"""Dense numbers by presence, and files that say the same as the journal after any crash."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable

import apsw
import orjson
import pytest
from structlog.testing import capture_logs

from gateway.audit import log_files
from gateway.audit.log_files import log_file
from gateway.audit.sequencer import LogAhead, LogDamaged, Sequencer
from gateway.store.engine import Step
from tests.unit.gateway.bench import Bench

PATIENCE = 10
Change = Callable[[list[bytes]], list[bytes]]


def event(name: str, message: str | None = None) -> Step:
    return Step("insert_event", {"id": name, "message": message, "body": orjson.dumps({"id": name})})


async def put(bench: Bench, *names: str, message: str | None = None) -> None:
    await bench.commit(*(event(name, message) for name in names))


def lines(bench: Bench) -> list[tuple[int, str]]:
    found = []
    for path in sorted((bench.folder / "log").glob("*.jsonl")):
        assert path.read_bytes()[-1:] in (b"", b"\n")
        found += [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return [(one["number"], one["event"]["id"]) for one in found]


async def numbered(bench: Bench) -> list[tuple[int, str]]:
    rows = await bench.journal.read("events_after", {"after": -1, "limit": 1000})
    return [(int(number), orjson.loads(body)["id"]) for number, body in rows]


def again(bench: Bench, limit: int = 100) -> Sequencer:
    return Sequencer(bench.journal, bench.folder / "log", limit=limit, interval=0.001, barrier=bench.barrier)


async def test_numbers_are_dense_and_the_file_says_the_same(bench: Bench) -> None:
    await put(bench, "a", "b")
    await put(bench, "c", message="m")
    await bench.sequencer.drain()
    assert await numbered(bench) == lines(bench) == [(0, "a"), (1, "b"), (2, "c")]
    assert bench.sequencer.next_number == 3
    assert await bench.journal.read("events_of_message", {"message": "m", "limit": 9}) == [(2, b'{"id":"c"}')]
    assert await bench.journal.read("outbox_waits", {}) == []


async def test_events_are_taken_by_presence_not_by_their_ids(bench: Bench) -> None:
    """An id that is older than the last one numbered came late; it is not skipped."""
    await put(bench, "z")
    await bench.sequencer.drain()
    await put(bench, "a")
    await bench.sequencer.drain()
    assert await numbered(bench) == [(0, "z"), (1, "a")]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_handfuls_leave_no_gap(bench: Bench, limit: int) -> None:
    one = again(bench, limit)
    await one.open()
    await put(bench, *(f"e{n}" for n in range(7)))
    await one.drain()
    assert await numbered(bench) == lines(bench) == [(n, f"e{n}") for n in range(7)]


async def test_many_that_drain_at_once_share_the_work(bench: Bench) -> None:
    await put(bench, *(f"e{n}" for n in range(250)))
    await asyncio.gather(*(bench.sequencer.drain() for _ in range(5)))
    assert [number for number, _ in lines(bench)] == list(range(250))


async def test_a_restart_goes_on_counting(bench: Bench) -> None:
    await put(bench, "a")
    await bench.sequencer.drain()
    one = again(bench)
    await one.open()
    assert one.next_number == 1
    await put(bench, "b")
    await one.drain()
    assert lines(bench) == [(0, "a"), (1, "b")]


@pytest.mark.parametrize("cut", [1, 5, 25, 30])
async def test_a_torn_file_is_cut_to_its_last_whole_line_and_filled_up(bench: Bench, cut: int) -> None:
    await put(bench, "a", "b", "c")
    await bench.sequencer.drain()
    path = log_file(bench.folder / "log", 0)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    await again(bench).open()
    assert path.read_bytes() == whole


async def test_a_log_that_is_ahead_of_its_journal_is_never_written_on(bench: Bench) -> None:
    await put(bench, "a", "b")
    await bench.sequencer.drain()
    path = log_file(bench.folder / "log", 0)
    with path.open("ab") as file:
        file.write(b'{"number":2,"event":{}}\n')
    whole = path.read_bytes()
    with pytest.raises(LogAhead, match="3 events, the journal only 2"):
        await again(bench).open()
    assert path.read_bytes() == whole


def without(number: int) -> Change:
    return lambda lines: [one for at, one in enumerate(lines) if at != number]


def instead(number: int, line: bytes) -> Change:
    return lambda lines: [line if at == number else one for at, one in enumerate(lines)]


@pytest.mark.parametrize(
    "change",
    [
        without(0),
        without(2),
        lambda lines: [*lines[:2], *lines],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        instead(4, b'{"number":99999999,"event":{}}\n'),
        instead(2, b'{"number":99999999,"event":{}}\n'),
        instead(4, b'{"number":4,"event":{}}\n'),
        instead(0, b'{"number":0,"event":{}}\n'),
        instead(2, b"\n"),
        lambda lines: [*without(2)(lines), b'{"torn'],
    ],
)
async def test_a_file_that_was_changed_is_kept_and_written_anew(bench: Bench, change: Change) -> None:
    await put(bench, *(f"e{n}" for n in range(5)))
    await bench.sequencer.drain()
    path = log_file(bench.folder / "log", 0)
    whole = path.read_bytes()
    changed = b"".join(change(whole.splitlines(keepends=True)))
    path.write_bytes(changed)
    with capture_logs() as logs:
        [told] = await again(bench).open()
    kept = path.with_name(path.name + ".kept-1")
    assert (path.read_bytes(), kept.read_bytes()) == (whole, changed)
    assert told.startswith(kept.name)
    assert [(one["event"], one["file"], one["kept"]) for one in logs] == [("log_written_anew", path.name, kept.name)]
    with capture_logs() as logs:
        one = again(bench)
        assert await one.open() == [told], "until somebody takes it away"
        kept.unlink()
        assert await one.open() == []
    assert logs == []
    await put(bench, "late")
    await one.drain()
    assert await numbered(bench) == lines(bench) == [*((n, f"e{n}") for n in range(5)), (5, "late")]


async def test_what_is_kept_is_never_written_over(bench: Bench) -> None:
    await put(bench, "a", "b")
    await bench.sequencer.drain()
    path = log_file(bench.folder / "log", 0)
    for text in (b"first\n", b"second\n"):
        path.write_bytes(text)
        await again(bench).open()
    assert [path.with_name(f"{path.name}.kept-{n}").read_bytes() for n in (1, 2)] == [b"first\n", b"second\n"]


@pytest.mark.parametrize("file", [0, 3, 6])
@pytest.mark.parametrize("change", [None, without(0), without(-1), lambda lines: lines[:-1], lambda lines: [b"x\n"]])
async def test_every_file_is_looked_at(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, file: int, change: Change | None
) -> None:
    monkeypatch.setattr(log_files, "EVENTS_PER_FILE", 3)
    await put(bench, *(f"e{n}" for n in range(8)))
    await bench.sequencer.drain()
    path = log_file(bench.folder / "log", file)
    before = path.read_bytes().splitlines(keepends=True)
    if change is None:
        path.unlink()
    else:
        path.write_bytes(b"".join(change(before)))
    await again(bench).open()
    assert lines(bench) == [(n, f"e{n}") for n in range(8)]


async def test_a_file_under_a_name_that_none_has_is_set_aside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "EVENTS_PER_FILE", 3)
    await put(bench, *(f"e{n}" for n in range(5)))
    await bench.sequencer.drain()
    stray = bench.folder / "log" / "events-000000000001.jsonl"
    stray.write_bytes(b'{"number":1,"event":{}}\n')
    assert len(await again(bench).open()) == 1
    assert lines(bench) == [(n, f"e{n}") for n in range(5)]


async def test_a_changed_file_that_is_ahead_is_not_touched_either(bench: Bench) -> None:
    """An older journal, and a log in which a line is missing besides: what it lacks, the log may still have."""
    await put(bench, "a", "b")
    await bench.sequencer.drain()
    path = log_file(bench.folder / "log", 0)
    changed = path.read_bytes().splitlines(keepends=True)[0] + b'{"number":2,"event":{}}\n'
    path.write_bytes(changed)
    with pytest.raises(LogAhead, match="3 events, the journal only 2"):
        await again(bench).open()
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == changed


@pytest.mark.parametrize("gone", [True, False])
async def test_nothing_starts_if_the_journal_cannot_write_it_anew(bench: Bench, gone: bool) -> None:
    await put(bench, "a", "b", "c")
    await bench.sequencer.drain()
    path = log_file(bench.folder / "log", 0)
    changed = b"".join(without(1)(path.read_bytes().splitlines(keepends=True)))
    path.unlink() if gone else path.write_bytes(changed)
    with apsw.Connection(str(bench.folder / "journal" / "journal.db")) as other:
        other.execute("DELETE FROM events WHERE number = 1")
    with pytest.raises(LogDamaged, match=r"events-000000000000\.jsonl .* from 0 to 2 .*put back this file"):
        await again(bench).open()
    if not gone:
        assert path.read_bytes() == changed


async def test_only_its_owner_reads_the_log(bench: Bench) -> None:
    await put(bench, "a")
    await bench.sequencer.drain()
    path = log_file(bench.folder / "log", 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_file_that_is_gone_is_written_again(bench: Bench) -> None:
    await put(bench, "a", "b")
    await bench.sequencer.drain()
    path = log_file(bench.folder / "log", 0)
    whole = path.read_bytes()
    path.unlink()
    await again(bench).open()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("point", ["sequencer.before_commit", "sequencer.before_file"])
async def test_a_crash_between_numbers_and_file_loses_and_doubles_nothing(bench: Bench, point: str) -> None:
    class Died(Exception):
        pass

    def die() -> None:
        raise Died

    await put(bench, "a", "b")
    bench.barriers[point] = die
    with pytest.raises(Died):
        await bench.sequencer.drain()
    bench.barriers.clear()
    one = again(bench)
    await one.open()
    await one.drain()
    assert await numbered(bench) == lines(bench) == [(0, "a"), (1, "b")]


async def test_files_are_of_bounded_length(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "EVENTS_PER_FILE", 3)
    await put(bench, *(f"e{n}" for n in range(8)))
    await bench.sequencer.drain()
    folder = bench.folder / "log"
    assert [path.name for path in sorted(folder.iterdir())] == [
        "events-000000000000.jsonl", "events-000000000003.jsonl", "events-000000000006.jsonl"
    ]  # fmt: skip
    assert lines(bench) == [(n, f"e{n}") for n in range(8)]
    log_file(folder, 6).write_bytes(b'{"torn')
    await again(bench).open()
    assert lines(bench) == [(n, f"e{n}") for n in range(8)]


async def test_the_loop_takes_what_comes(bench: Bench) -> None:
    task = asyncio.create_task(again(bench).run())
    try:
        await put(bench, "a")
        async with asyncio.timeout(PATIENCE):
            while await bench.journal.read("outbox_waits", {}):
                continue
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await numbered(bench) == [(0, "a")]
