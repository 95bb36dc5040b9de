"""Thousands of tiny files in one inbox: what one poll costs is counted, and the inbox beside it is served meanwhile."""

from __future__ import annotations

import os
import tracemalloc
from collections import Counter

import pytest

from adapters.filedrop.lookout import FRESH_SECONDS
from gateway.contract import Accepted

FEW, MANY = 500, 5_000
SCAN, ITEMS, POLLS = 200, 32, 6


def crowd(d, count: int) -> None:
    for number in range(count):
        (d.inbox / f"{number:05d}.json").write_bytes(b"{")


@pytest.fixture
def asked(monkeypatch):
    """How often the disk was asked."""
    counts = Counter[str]()

    def counted(name):
        real = getattr(os, name)

        def call(*arguments, **named):
            counts[name] += 1
            return real(*arguments, **named)

        return call

    for name in ("scandir", "stat", "open", "fsync"):
        monkeypatch.setattr(os, name, counted(name))
    return counts


async def cost_of_polls(d, asked) -> tuple[int, Counter[str]]:
    """The most memory that a poll took over what was there before, and how often the disk was asked in all polls."""
    await d.round(limit=ITEMS)
    asked.clear()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(POLLS):
        d.host.clock.advance(FRESH_SECONDS + 1)
        assert len(await d.round(limit=ITEMS)) == ITEMS
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak, Counter(asked)


async def test_a_poll_costs_what_it_takes_and_not_what_lies_in_the_folder(desk, tmp_path, asked):
    small, large = tmp_path / "few", tmp_path / "many"
    few = await desk(small, scan=SCAN)
    many = await desk(large, scan=SCAN)
    crowd(few, FEW)
    crowd(many, MANY)
    little, asked_of_few = await cost_of_polls(few, asked)
    much, asked_of_many = await cost_of_polls(many, asked)
    assert asked_of_many == asked_of_few
    assert asked_of_many["stat"] < POLLS * (SCAN + 1 + 20 * ITEMS)
    assert much < 2 * little


async def test_the_inbox_beside_a_crowd_is_served_between_its_polls(desk, person, tmp_path):
    crowded = await desk(tmp_path, inbox="ramai/inbox", name="ramai", scan=SCAN)
    quiet = await desk(tmp_path, inbox="sepi/inbox", name="sepi")
    crowd(crowded, MANY)
    refused = set[str]()
    for turn in range(POLLS):
        quiet.drop(f"warga-{turn}.json", {**person, "fullName": f"Siti Contoh {turn}"})
        refused |= {one.inbound.name for one in await crowded.round(limit=ITEMS)}
        (taken,) = await quiet.round(limit=ITEMS)
        assert isinstance(taken.settlement, Accepted)
    assert refused == {f"{number:05d}.json" for number in range(POLLS * ITEMS)}
    assert len(crowded.names(crowded.inbox)) == MANY - POLLS * ITEMS
    assert crowded.names(crowded.work) == []
