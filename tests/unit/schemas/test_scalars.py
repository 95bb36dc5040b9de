from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from schemas.scalars import civil_date, instant, instant_text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-01-02T10:00:00+07:00", "2026-01-02T10:00:00+07:00"),
        ("2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z"),
        ("2026-01-02T10:00:00+00:00", "2026-01-02T10:00:00Z"),
        ("2026-01-02T10:00:00-00:00", "2026-01-02T10:00:00Z"),
        ("2026-01-02T10:00:00.000Z", "2026-01-02T10:00:00Z"),
        ("2026-01-02T10:00:00.5+09:00", "2026-01-02T10:00:00.500000+09:00"),
        ("2026-12-31T23:59:59.999999-14:00", "2026-12-31T23:59:59.999999-14:00"),
    ],
)
def test_an_instant_keeps_its_offset(text: str, canonical: str) -> None:
    assert instant_text(instant(text)) == canonical
    assert instant(canonical) == instant(text)


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-02T10:00:00", "2026-01-02 10:00:00Z", "2026-01-02T24:00:00Z", "2026-12-31T23:59:60Z",
        "2026-02-30T10:00:00Z", "2026-01-02T10:00Z", "2026-01-02T10:00:00.1234567Z", "2026-01-02t10:00:00z",
        "2026-01-02T10:00:00+14:01", "2026-01-02T10:00:00+0700", "1899-12-31T10:00:00Z", "2026-01-02", "1767322800",
        "2026-01-02T10:00:00Z\n", 1767322800, 1767322800.0, True, date(2026, 1, 2), datetime(2026, 1, 2),
        datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=15))),
        datetime(2026, 1, 2, tzinfo=timezone(timedelta(seconds=90))),
    ],
)  # fmt: skip
def test_no_instant(value: Any) -> None:
    with pytest.raises(PydanticCustomError):
        instant(value)


@pytest.mark.parametrize(
    "value",
    ["2026-02-29", "2026-1-2", "02-01-2026", "20260102", "2026-01-02Z", " 2026-01-02", "2026-01-02\n", "0000-01-01",
     "２026-01-02", "", 20260102, 1.5, True, datetime(2026, 1, 2)],
)  # fmt: skip
def test_no_civil_date(value: Any) -> None:
    with pytest.raises(PydanticCustomError):
        civil_date(value)


def test_a_civil_date_is_text_or_a_date() -> None:
    assert civil_date("2024-02-29") == civil_date(date(2024, 2, 29)) == date(2024, 2, 29)
