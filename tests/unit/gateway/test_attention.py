"""What a person should look at is told once, and no longer than it holds."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.attention import KINDS, Attention
from gateway.contract.errors import NeedsOperator


class Asked:
    """An adapter that says what it was given, or raises it."""

    def __init__(self, says: Any) -> None:
        self._says = says

    async def check(self) -> list[str]:
        if isinstance(self._says, Exception):
            raise self._says
        return list(self._says)


async def test_every_adapter_is_asked_and_none_stops_the_others() -> None:
    one = Attention()
    adapters: Any = [
        ("a", Asked(["no key"])), ("b", Asked([])), ("c", Asked(ValueError("3273010101010001"))),
        ("d", Asked(NeedsOperator("put it there"))),
    ]  # fmt: skip
    with capture_logs() as lines:
        await one.look(adapters)
    assert [name for name, _ in one.all()] == ["a", "c", "d"]
    assert dict(one.all())["d"] == "put it there"
    assert "3273" not in str(one.all()) + str(lines)
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NeedsOperator("the inbox is no folder"), "the inbox is no folder"),
        (OSError(13, "3273010101010001"), "it cannot be polled (PermissionError)"),
        (ValueError("3273010101010001"), "it cannot be polled (ValueError)"),
    ],
)
def test_a_source_in_trouble_is_logged_once_and_named_until_it_works(error: Exception, says: str) -> None:
    one = Attention()
    one.said("s", ["something old"])
    with capture_logs() as lines:
        for _ in range(3):
            one.trouble("s", error)
        assert one.all() == [("s", says)]
        one.well("s")
        one.well("s")
    assert one.all() == []
    assert [line["event"] for line in lines] == ["source in trouble", "source works again"]


def test_what_a_channel_waits_for_is_logged_once_and_named_until_a_delivery_goes_well() -> None:
    one = Attention()
    one.said("c", ["the outbox is gone"])
    with capture_logs() as lines:
        for says in ("mount the share", "mount the share", None, None):
            one.channel("c", says)
            assert one.all() == ([("c", says)] if says else [])
        one.channel("other", None)
    assert [line["event"] for line in lines] == ["channel in trouble", "channel works again"]


def test_what_a_check_said_stays_while_polls_go_well() -> None:
    one = Attention()
    one.said("s", ["the archive is full of links"])
    one.well("s")
    assert one.all() == [("s", "the archive is full of links")]


async def test_what_is_well_again_is_forgotten_and_the_same_is_logged_once() -> None:
    one, sink = Attention(), Asked(["it does not answer"])
    adapters: Any = [("s", sink)]
    with capture_logs() as lines:
        await one.look(adapters)
        await one.look(adapters)
        assert one.all() == [("s", "it does not answer")]
        sink._says = []
        await one.look(adapters)
        await one.look(adapters)
    assert one.all() == []
    assert [line["says"] for line in lines] == ["it does not answer", "it works again"]


def failed(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_what_nobody_foresaw_is_logged_once_a_kind_and_told_until_a_delivery_goes_well() -> None:
    one = Attention()
    with capture_logs() as lines:
        for _ in range(3):
            one.channel("a/b:channel", failed(ValueError("3273010101010001")))
            one.channel("a/b:channel", failed(KeyError("3273010101010001")))
        one.channel("c/d:channel", failed(ValueError("3273010101010001")))
        told = one.all()
        assert [name for name, _ in told] == ["a/b:channel", "a/b:channel", "c/d:channel"]
        assert "ValueError at test_attention.py:" in dict(told)["c/d:channel"]
        one.channel("a/b:channel", None)
        one.channel("a/b:channel", None)
        assert [name for name, _ in one.all()] == ["c/d:channel"]
        one.channel("a/b:channel", failed(ValueError("3273010101010001")))
    assert [(line["event"], line.get("error")) for line in lines] == [
        ("unforeseen", "ValueError"), ("unforeseen", "KeyError"), ("unforeseen", "ValueError"),
        ("channel works again", None), ("unforeseen", "ValueError"),
    ]  # fmt: skip
    assert "3273" not in str(told)


def test_what_is_logged_already_is_told_all_the_same_and_kinds_are_counted() -> None:
    one = Attention()
    with capture_logs() as lines:
        one.channel("a", failed(ValueError()), logged=True)
        for number in range(100):
            one.channel("b", failed(type(f"E{number}", (Exception,), {})()))
    assert len(one.all()) == 1 + KINDS
    assert len(lines) == KINDS
