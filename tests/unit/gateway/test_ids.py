"""Identifiers sort by the instant they were made."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ids import Ids, time_ms

MS = st.integers(0, 2**48 - 2)


@given(at=MS)
def test_an_identifier_is_a_uuid_of_version_7_and_tells_its_instant(at: int) -> None:
    made = Ids(lambda: at).new()
    value = uuid.UUID(made)
    assert (str(value), value.version, value.variant) == (made, 7, uuid.RFC_4122)
    assert time_ms(made) == at


@settings(max_examples=50)
@given(clock=st.lists(MS, min_size=2, max_size=40))
def test_they_never_go_back_whatever_the_clock_does(clock: list[int]) -> None:
    times = iter(clock)
    ids = Ids(lambda: next(times))
    made = [ids.new() for _ in clock]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_more_than_a_millisecond_holds_are_still_in_order() -> None:
    ids = Ids(lambda: 1_700_000_000_000)
    made = [ids.new() for _ in range(3 * 4096)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert time_ms(made[-1]) <= 1_700_000_000_003


def test_the_random_part_is_what_was_drawn() -> None:
    drawn: list[int] = []

    def zeros(count: int) -> bytes:
        drawn.append(count)
        return bytes(count)

    ids = Ids(lambda: 1, zeros)
    assert ids.new() == "00000000-0001-7000-8000-000000000000"
    assert [ids.new() for _ in range(300)][-1].endswith("-8000-000000000000")
    assert drawn == [2048, 2048]


@pytest.mark.parametrize("text", ["", "x", str(uuid.UUID(int=0)), "018f0000-0000-4000-8000-000000000000"])
def test_another_kind_of_name_tells_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match="not a UUID version 7"):
        time_ms(text)
