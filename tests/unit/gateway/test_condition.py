"""Whether anything is taken now, and why not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.attention import Attention
from gateway.condition import Condition
from gateway.contract.reasons import Reason
from gateway.settings import Settings


def condition(*, stopping: bool = False, room: bool = True, seconds: float = 0.0) -> Condition:
    health = SimpleNamespace(open=True, waiting=2, units=5, batches=3)
    journal: Any = SimpleNamespace(seconds_in_flight=lambda: seconds, health=lambda: health)
    reserve: Any = SimpleNamespace(ok=lambda: room, free_bytes=lambda: 7)
    attention = Attention()
    attention.said("a", ["no key"])
    return Condition(
        settings=Settings(), config="sha256:x", journal=journal, reserve=reserve, attention=attention,
        next_number=lambda: 9, stopping=lambda: stopping,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({}, None),
        ({"stopping": True, "room": False}, Reason.STOPPING),
        ({"room": False}, Reason.DISK_RESERVE),
        ({"seconds": 10.0}, None),
        ({"seconds": 10.1}, Reason.BUSY),
    ],
)
def test_why_nothing_is_taken(state: dict[str, Any], reason: Reason | None) -> None:
    assert condition(**state).admits() is reason


def test_the_facts() -> None:
    facts = condition().facts()
    assert facts["journal"] == {"open": True, "waiting": 2, "units": 5, "batches": 3}
    assert (facts["disk"]["free"], facts["log"]["next"], facts["stopping"]) == (7, 9, False)
    assert facts["attention"] == [{"name": "a", "says": "no key"}]
