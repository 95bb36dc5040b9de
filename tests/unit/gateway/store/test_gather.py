from __future__ import annotations

import asyncio

import pytest

from gateway.store.engine import JournalBusy
from gateway.store.gather import Gather


def gather(sent: list[list[int]], *, max_waiting: int = 100, max_batch: int = 100) -> Gather[int, str]:
    return Gather(asyncio.get_running_loop(), sent.append, max_waiting=max_waiting, max_batch=max_batch)


async def turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_who_is_ready_in_one_turn_flies_together_and_the_rest_gathers() -> None:
    sent: list[list[int]] = []
    one = gather(sent)
    first = [one.put(1), one.put(2)]
    await turn()
    later = [one.put(3), one.put(4), one.put(5)]
    await turn()
    assert sent == [[1, 2]]
    assert one.waiting == 5
    one.landed(["a", "b"])
    assert sent == [[1, 2], [3, 4, 5]]
    one.landed(["c", ValueError("d"), "e"])
    assert [future.result() for future in first] == ["a", "b"]
    assert later[0].result() == "c"
    assert isinstance(later[1].exception(), ValueError)
    assert one.waiting == 0


async def test_a_batch_has_its_limit() -> None:
    sent: list[list[int]] = []
    one = gather(sent, max_batch=2)
    futures = [one.put(number) for number in range(3)]
    await turn()
    one.landed(["a", "b"])
    one.landed(["c"])
    assert sent == [[0, 1], [2]]
    assert [future.result() for future in futures] == ["a", "b", "c"]


async def test_one_too_many_is_refused() -> None:
    one = gather([], max_waiting=1)
    one.put(1)
    with pytest.raises(JournalBusy):
        one.put(2)


async def test_who_gave_up_does_not_fly() -> None:
    sent: list[list[int]] = []
    one = gather(sent)
    gone, stays = one.put(1), one.put(2)
    gone.cancel()
    await turn()
    assert sent == [[2]]
    one.landed(["a"])
    assert stays.result() == "a"


async def test_if_all_gave_up_nothing_flies_and_the_next_does() -> None:
    sent: list[list[int]] = []
    one = gather(sent)
    one.put(1).cancel()
    await turn()
    assert sent == []
    await one.quiet()
    one.put(2)
    await turn()
    assert sent == [[2]]


async def test_quiet_comes_after_the_last_answer() -> None:
    one = gather([])
    await one.quiet()
    one.put(1)
    quiet = asyncio.ensure_future(one.quiet())
    await turn()
    assert not quiet.done()
    one.landed(["a"])
    await quiet


async def test_failing_answers_everybody() -> None:
    one = gather([], max_batch=1)
    futures = [one.put(1), one.put(2)]
    await turn()
    one.fail(lambda: OSError("disk"))
    assert all(isinstance(future.exception(), OSError) for future in futures)
    await one.quiet()
