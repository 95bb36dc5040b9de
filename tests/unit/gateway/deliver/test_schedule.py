"""Waits grow, are bounded, and end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.deliver.schedule import wait_ms
from gateway.settings import Retry

RETRY = Retry(first=1, factor=2, cap=60, jitter=0.25, attempts=10, age=3600)
CHANCE = st.floats(0, 1, exclude_max=True)
ATTEMPTS = st.integers(1, 9)


@settings(max_examples=200)
@given(attempts=ATTEMPTS, chance=CHANCE, age=st.integers(0, 3_599_999), after=st.none() | st.floats(0, 1e6))
def test_a_wait_is_at_least_a_millisecond_and_at_most_the_cap(
    attempts: int, chance: float, age: int, after: float | None
) -> None:
    wait = wait_ms(RETRY, attempts=attempts, age_ms=age, chance=chance, after=after)
    assert wait is not None
    assert 1 <= wait <= 60_000


@settings(max_examples=100)
@given(attempts=ATTEMPTS, chance=CHANCE)
def test_jitter_stays_within_its_share(attempts: int, chance: float) -> None:
    plain = min(1000 * 2 ** (attempts - 1), 60_000)
    wait = wait_ms(RETRY, attempts=attempts, age_ms=0, chance=chance)
    assert wait is not None
    assert min(plain * 0.75, 60_000) - 1 <= wait <= min(plain * 1.25, 60_000) + 1


@settings(max_examples=100)
@given(attempts=st.integers(1, 8), chance=CHANCE)
def test_without_luck_a_later_wait_is_not_shorter(attempts: int, chance: float) -> None:
    first, second = (wait_ms(RETRY, attempts=n, age_ms=0, chance=chance) for n in (attempts, attempts + 1))
    assert first is not None
    assert second is not None
    assert first <= second


@settings(max_examples=100)
@given(after=st.floats(0, 60), chance=CHANCE, attempts=ATTEMPTS)
def test_what_the_recipient_asked_for_is_kept_up_to_the_cap(after: float, chance: float, attempts: int) -> None:
    wait = wait_ms(RETRY, attempts=attempts, age_ms=0, chance=chance, after=after)
    assert wait is not None
    assert wait >= round(after * 1000)


@pytest.mark.parametrize(("attempts", "age"), [(10, 0), (11, 0), (1, 3_600_000), (1, 4_000_000)])
def test_attempts_and_age_run_out(attempts: int, age: int) -> None:
    assert wait_ms(RETRY, attempts=attempts, age_ms=age, chance=0.5) is None


def test_the_ten_thousandth_attempt_does_not_overflow() -> None:
    patient = RETRY.model_copy(update={"attempts": 1_000_000, "factor": 100.0})
    assert wait_ms(patient, attempts=10_000, age_ms=0, chance=0.5) == 60_000
