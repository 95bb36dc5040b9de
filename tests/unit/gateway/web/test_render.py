"""Both languages say the same things, and dates are written as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.web.render import ASSETS, POLICY, asset, day, language_of, moment, words


def shape(value: Any) -> Any:
    return {key: shape(one) for key, one in value.items()} if isinstance(value, dict) else type(value).__name__


def test_the_languages_have_the_same_words() -> None:
    assert shape(words("id")) == shape(words("en"))


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, None, "id"),
        ("en", "id", "en"),
        ("id", "en", "id"),
        ("xx", "en-GB,en;q=0.9", "en"),
        (None, "id-ID,en;q=0.8", "id"),
        (None, "en;q=0.5, id;q=0.7", "id"),
        (None, "de, en;q=0.4", "en"),
        (None, "de", "id"),
        (None, "en;q=9;;;, \x00" * 1000, "id"),
    ],
)
def test_the_language_is_the_readers(asked: str | None, accepted: str | None, language: str) -> None:
    assert language_of(asked, accepted) == language


def test_dates_are_written_out() -> None:
    assert day("2026-11-05", "id") == "5 November 2026"
    assert day("2026-08-17", "id") == "17 Agustus 2026"
    assert moment(1_795_600_000_000, "Asia/Jayapura", "en") == "25 November 2026, at 18.46 WIT"
    assert moment(0, "No/Where", "id") == "1 Januari 1970, pukul 00.00 UTC"


def test_the_policy_allows_its_own_files_alone() -> None:
    assert POLICY.startswith("default-src 'none';")
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    for name in ASSETS:
        assert b"http" not in asset(name).lower()
        assert b"innerHTML" not in asset(name)
