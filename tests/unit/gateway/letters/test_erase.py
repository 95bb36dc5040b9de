"""When a letter's time is over, what it said goes and that there was one stays; a crash in between is finished."""

from __future__ import annotations

import pytest

from gateway.letters.erase import LetterEraser
from gateway.policy import DAY_MS
from tests.unit.gateway.bench import Bench
from tests.unit.gateway.letters.example import code_of, found, issued


class Killed(BaseException):
    pass


def eraser(bench: Bench) -> LetterEraser:
    return LetterEraser(
        journal=bench.journal, parts=bench.parts, events=bench.events, now_ms=bench.now_ms, barrier=bench.barrier
    )


async def test_a_letter_is_kept_for_its_time_and_no_longer(bench: Bench) -> None:
    letter = await issued(bench)
    assert await eraser(bench).step() == 0
    bench.clock.advance(bench.settings.letters.keep_days * DAY_MS / 1000 + 1)
    assert await eraser(bench).step() == 1
    gone = await found(bench, code_of(letter))
    assert (gone.facts, gone.file, gone.state) == (None, None, "active")
    assert await bench.names(letter.question) == ["letter_reserved", "letter_activated", "erased"]
    assert await eraser(bench).step() == 0
    assert [piece async for piece in bench.letters.read(gone)] == []


@pytest.mark.parametrize("at", ["letters.after_key", "letters.after_parts"])
async def test_a_crash_in_between_is_finished(bench: Bench, at: str) -> None:
    def kill() -> None:
        raise Killed

    letter = await issued(bench)
    bench.clock.advance(bench.settings.letters.keep_days * DAY_MS / 1000 + 1)
    bench.barriers[at] = kill
    with pytest.raises(Killed):
        await eraser(bench).step()
    bench.barriers.clear()
    assert (await found(bench, code_of(letter))).facts is None
    assert await eraser(bench).step() == 1
    rows = await bench.journal.read("find_letter", {"code": letter.key})
    assert rows[0][9:] == (None, None, None, None)
    assert (await bench.names(letter.question)).count("erased") == 1
