"""Names that strangers send."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.contract import Reason, Refused
from gateway.contract.names import plain_media_type, plain_name


@pytest.mark.parametrize("name", ["surat.pdf", "Undangan Rapat (2).pdf", "..surat", "été.txt", "surat kedua.PDF", "a"])
def test_a_plain_name_passes(name: str) -> None:
    assert plain_name(name, 255) == name


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "/", "../a", "a/b", "a\\b", "a\0b", "a\nb", "a\u202eb", "a\ud800", "\u200b"]
)
def test_another_does_not(name: str) -> None:
    with pytest.raises(Refused) as caught:
        plain_name(name, 255)
    assert caught.value.reason is Reason.NAME_REFUSED


def test_the_limit_is_in_bytes() -> None:
    assert plain_name("é" * 4, 8) == "é" * 4
    with pytest.raises(Refused) as caught:
        plain_name("é" * 5, 8)
    assert caught.value.limit == 8


@settings(max_examples=100)
@given(st.text())
def test_a_name_that_passes_can_stand_in_a_header_and_a_folder(name: str) -> None:
    try:
        passed = plain_name(name, 255)
    except Refused:
        return
    assert not {"/", "\\", "\0", "\r", "\n"} & set(passed)
    assert len(passed.encode()) <= 255


def test_media_types() -> None:
    assert plain_media_type("Application/PDF; charset=x") == "application/pdf"
    for bad in ("", "pdf", "a/b/c", "a/b\r\nX: 1", "/", "a /b"):
        with pytest.raises(Refused):
            plain_media_type(bad)
