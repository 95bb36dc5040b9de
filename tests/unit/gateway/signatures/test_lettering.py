"""Text in Helvetica; pdfminer's metrics are the judge of the widths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdfminer.fontmetrics import FONT_METRICS

from gateway.signatures.lettering import LARGEST, LEADING, SMALLEST, NoRoom, fitted, wide, written


def test_widths_are_those_of_the_font() -> None:
    metrics = FONT_METRICS["Helvetica"][1]
    assert [char for char in map(chr, range(32, 127)) if wide(char) != metrics[char]] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Siti Nurhaliza, S.H.", "Siti Nurhaliza, S.H."),
        ("Żółw Đorđe", "Zólw Dorde"),
        ("Ärzte – “Dinas”", "Ärzte – “Dinas”"),
        ("ﬁne ①", "fine 1"),
        ("ꦱꦶꦠꦶ", "??"),
        ("a\u202eb\x00c", "abc"),
        ("\ud800", ""),
    ],
)
def test_what_has_no_letter_is_written_sensibly(text: str, told: str) -> None:
    assert written(text) == told


def test_short_lines_have_the_largest_size() -> None:
    assert fitted(["Kepala Dinas"], 140, 80).size == LARGEST


def test_long_lines_are_wrapped_at_words() -> None:
    block = fitted(["Kepala Dinas Kependudukan dan Pencatatan Sipil Kabupaten Contoh"], 140, 80)
    assert len(block.lines) > 1
    assert all(wide(one.decode("cp1252")) * block.size / 1000 <= 140 for one in block.lines)


def test_a_text_too_long_for_any_size_has_no_room() -> None:
    with pytest.raises(NoRoom):
        fitted(["kata " * 400], 140, 80)


@given(st.lists(st.text(max_size=120), max_size=6), st.floats(20, 400), st.floats(10, 200))
def test_whatever_is_given_fits_or_has_no_room(lines: list[str], width: float, height: float) -> None:
    try:
        block = fitted(lines, width, height)
    except NoRoom:
        return
    assert SMALLEST <= block.size <= LARGEST
    assert len(block.lines) * LEADING * block.size <= height
