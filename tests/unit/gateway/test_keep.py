"""Answers and keys are dropped when their time is over, a bounded number at a time."""

from __future__ import annotations

import pytest

from gateway import keep
from gateway.keep import Keeper
from gateway.store.engine import Step
from tests.unit.gateway.bench import GUDANG, QUERY, Bench, organisation


def keeper(bench: Bench) -> Keeper:
    return Keeper(bench.journal, keep_ms=600_000, now_ms=bench.now_ms)


async def answers(bench: Bench) -> int:
    return len(bench.journal._db.execute("SELECT message FROM answers").fetchall())


async def keys(bench: Bench) -> int:
    return len(await bench.journal.read("keys_after", {"after": b"", "limit": 1000}))


async def test_an_answer_is_kept_for_its_time_and_no_longer(bench: Bench) -> None:
    await bench.take("coverage.lookup", QUERY, key="k")
    one = keeper(bench)
    bench.clock.advance(599)
    await one.step()
    assert (await answers(bench), await keys(bench)) == (1, 1)
    bench.clock.advance(2)
    await one.step()
    assert (await answers(bench), await keys(bench)) == (0, 0)


async def test_a_key_whose_window_is_open_stays(bench: Bench) -> None:
    await bench.record("organisation.deliver", organisation(), key="short")
    await bench.record("person.deliver", {"nik": "3273014107900001", "fullName": "Siti", "birthDate": "1990-07-01",
                                          "sex": "female"}, key="long")  # fmt: skip
    bench.clock.advance(3600)
    await keeper(bench).step()
    assert await keys(bench) == 1
    assert len(await bench.queued(GUDANG)) == 2


async def test_many_keys_are_walked_in_small_steps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "ROWS", 4)
    rows = [
        {"key": bytes([n]) * 32, "message": "m", "content": b"", "expires": 0 if n % 2 else 2**60} for n in range(10)
    ]
    await bench.commit(Step("insert_key", rows))
    one = keeper(bench)
    left = []
    for _ in range(3):
        await one.step()
        left.append(await keys(bench))
    assert left == [8, 6, 5]
    await one.step()
    assert await keys(bench) == 5
