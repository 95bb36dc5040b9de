from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.nik import PROVINCES, nik_birth_dates, nik_refusal, nik_warnings


@pytest.mark.parametrize(
    ("nik", "code"),
    [
        ("3273010107900001", None),
        ("3273014107900001", None),
        ("3273017112990001", None),
        ("3273012902000001", None),  # 2000 was a leap year
        ("3273016902040001", None),
        ("3273012902960010", None),
        ("3273012902010001", "nik_date"),  # neither 1901 nor 2001
        ("3273013002960001", "nik_date"),
        ("3273013104900001", "nik_date"),
        ("3273010013900001", "nik_date"),
        ("3273013207900001", "nik_date"),
        ("3273014007900001", "nik_date"),
        ("3273017207900001", "nik_date"),
        ("3273010100900001", "nik_date"),
        ("3273010107900000", "nik_serial"),
        ("2073010107900001", "nik_province"),
        ("0073010107900001", "nik_province"),
        ("9773010107900001", "nik_province"),
        ("327301010790000", "nik_format"),
        ("32730101079000011", "nik_format"),
        ("'3273010107900001", "nik_format"),
        ("3273010107900001\n", "nik_format"),
        ("٣٢٧٣٠١٠١٠٧٩٠٠٠٠١", "nik_format"),
        ("", "nik_format"),
        ("3.27301E+15", "nik_destroyed"),
        ("3,27301E+15", "nik_destroyed"),
    ],
)
def test_the_rules(nik: str, code: str | None) -> None:
    found = nik_refusal(nik)
    assert (found and found[0]) == code


@given(
    st.sampled_from(sorted(PROVINCES)),
    st.dates(date(1920, 1, 1), date(2019, 12, 31)),
    st.booleans(),
    st.integers(1, 9999),
)
def test_every_birth_date_makes_a_nik_that_gives_it_back(province: int, born: date, woman: bool, serial: int) -> None:
    nik = f"{province}0101{born.day + 40 * woman:02}{born:%m%y}{serial:04}"
    assert nik_refusal(nik) is None
    assert born in nik_birth_dates(nik)
    assert nik_warnings(nik, born, "female" if woman else "male") == []


def test_doubts_are_warnings() -> None:
    def codes(*given: object) -> list[str]:
        return [warning.code for warning in nik_warnings(*given)]  # type: ignore[arg-type]

    assert codes("3200010107900001") == ["nik_regency"]
    assert codes("3270000107900001") == ["nik_regency", "nik_district"]
    assert codes("3273010107900001", date(1990, 7, 2), "female") == ["nik_birth_date", "nik_sex"]
    assert codes("3273010107900001", date(1890, 7, 1)) == ["nik_birth_date"]
    assert codes("3273010107900001", None, "unknown") == []


def test_29_february_has_only_leap_candidates() -> None:
    assert nik_birth_dates("3273012902000001") == (date(2000, 2, 29),)
    assert nik_birth_dates("3273012902040001") == (date(1904, 2, 29), date(2004, 2, 29))
