"""Codes are long enough, and forgiven what people do while they type."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.letters.code import ALPHABET, LENGTH, grouped, mint, plain


def test_a_code_has_eighty_random_bits() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("0O1I") & set(ALPHABET)
    assert mint(lambda count: bytes(range(count))) == ALPHABET[:LENGTH]
    assert len({mint(os.urandom) for _ in range(1000)}) == 1000


def test_however_it_is_typed_it_is_the_same_code() -> None:
    code = mint(os.urandom)
    told = grouped(code)
    assert [len(group) for group in told.split("-")] == [4, 4, 4, 4]
    for typed in (code, told, told.lower(), f"  {told} ", told.replace("-", " "), told.replace("-", "\u2013")):
        assert plain(typed) == code


@pytest.mark.parametrize("typed", ["", "-", "ABCD", "0" * 16, "O" * 16, "A" * 17, "A" * 100_000, "ß" * 16, "Ａ" * 16])
def test_what_is_none_is_none(typed: str) -> None:
    assert plain(typed) is None


@given(st.text())
def test_anything_typed_is_a_code_or_none(typed: str) -> None:
    found = plain(typed)
    assert found is None or plain(grouped(found)) == found
