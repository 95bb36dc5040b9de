"""SIGKILL at every barrier there is: nothing accepted is lost, nothing is doubled, nobody is told two things.

Each chain is one state folder that dies at one barrier after the other, each time under traffic, each time started
again on what the last death left; in the end all of it is judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import barriers_in_source
from tests.e2e.scenes import (
    Scene,
    Sender,
    nothing_lost_nothing_doubled,
    play,
    recipients,
    settle,
    the_state_is_whole,
)
from tests.e2e.test_batch_kills import KILLS as BATCH_KILLS
from tests.e2e.test_erase_kills import KILLS as ERASE_KILLS
from tests.e2e.test_letters import LETTER_KILLS

pytestmark = pytest.mark.peers

Kill = tuple[str, int, str | None]
"""The barrier, the how-manieth time, and the barrier after which the counting begins."""

CHAINS: dict[str, tuple[Sequence[Kill], Sequence[Kill]]] = {
    "arriving": (
        [
            ("part.before_fsync", 1, None),
            ("part.before_rename", 1, None),
            ("part.after_rename", 1, None),
            ("walk.after_intake", 2, None),
            ("walk.after_normalise", 2, None),
            ("walk.after_route", 2, None),
        ],
        [
            ("walk.after_verify", 3, None),
            ("walk.after_record", 1, None),
            ("walk.after_record", 3, None),
            ("walk.before_settle", 1, None),
            ("walk.before_settle", 2, None),
            ("walk.before_settle", 3, None),
        ],
    ),
    "committing": (
        [
            ("journal.before_begin", 1, "walk.after_verify"),
            ("journal.before_commit", 1, "walk.after_verify"),
            ("journal.after_commit", 1, "walk.after_verify"),
            ("journal.before_commit", 1, "deliver.before_outcome"),
            ("journal.after_commit", 1, "deliver.before_outcome"),
            ("journal.before_commit", 3, "deliver.before_outcome"),
        ],
        [
            ("sequencer.before_commit", 3, None),
            ("sequencer.before_file", 3, None),
            ("journal.before_commit", 1, "sequencer.before_commit"),
            ("journal.after_commit", 1, "sequencer.before_commit"),
            ("journal.before_commit", 2, None),
            ("journal.after_commit", 2, None),
        ],
    ),
    "delivering": (
        [
            ("deliver.after_lease", 1, None),
            ("deliver.after_lease", 4, None),
            ("deliver.before_send", 1, None),
            ("deliver.before_send", 3, None),
            ("deliver.before_send", 5, None),
        ],
        [
            ("deliver.after_send", 1, None),
            ("deliver.after_send", 3, None),
            ("deliver.before_outcome", 2, None),
            ("deliver.before_outcome", 4, None),
            ("deliver.after_outcome", 1, None),
            ("deliver.after_outcome", 4, None),
        ],
    ),
}


def as_stop(kill: Kill) -> dict[str, Any]:
    at, nth, after = kill
    return {"at": at, "nth": nth, "after": after}


async def chain(root: Path, kills: Sequence[Kill]) -> None:
    async with recipients() as found:
        scene, sender = Scene(root, found), Sender("surat")
        for kill in kills:
            async with scene.place.running(as_stop(kill)) as gateway:
                await play(gateway, sender)
        async with scene.place.running() as gateway:
            await sender.repeat(gateway)
            await settle(scene, sender, gateway)
            await sender.repeat(gateway)
            await nothing_lost_nothing_doubled(scene, sender, gateway)
            await gateway.healthy()
        the_state_is_whole(scene, sender)


@pytest.mark.parametrize("name", CHAINS)
async def test_death_at_every_barrier(name: str, tmp_path: Path) -> None:
    # Two processes at a time, since each waits for its disk most of the time.
    async with asyncio.TaskGroup() as both:
        for number, kills in enumerate(CHAINS[name]):
            both.create_task(chain(tmp_path / str(number), kills))


def test_no_barrier_of_the_source_is_left_out() -> None:
    tested = {kill[0] for chains in CHAINS.values() for kills in chains for kill in kills}
    # Those of erasing letters are raised in tests/unit/gateway/letters/test_erase.py.
    letters = {*LETTER_KILLS, "letters.after_key", "letters.after_parts"}
    assert tested | letters | {kill[0] for kill in (*BATCH_KILLS, *ERASE_KILLS)} == barriers_in_source()
