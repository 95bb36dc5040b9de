"""Where a text is printed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signatures.locate import PageUnreadable, TagAmbiguous, TagMissing, locate
from tests.zoo.letters import page
from tests.zoo.pdf import good


@pytest.mark.parametrize(
    "operators",
    [
        "BT /F1 10 Tf 100 300 Td (${ttd}) Tj ET",
        "BT /F1 10 Tf 100 300 Td [(${) 20 (t) -3000 (td}) ] TJ ET",
        "BT /F1 10 Tf 1 0 0 1 100 300 Tm ($ { t t d }) Tj ET",
        "q 1 0 0 1 90 290 cm BT /F1 10 Tf 10 10 Td (Tanda: ) Tj ET BT /F1 10 Tf 10 10 Td (${ttd}) Tj ET Q",
        # Drawn twice to be bold.
        "BT /F1 10 Tf 100 300 Td (${ttd}) Tj ET BT /F1 10 Tf 100.3 300 Td (${ttd}) Tj ET",
    ],
)
def test_a_tag_is_found(operators: str) -> None:
    spot = locate(page(operators), "${ttd}")
    assert spot.page == 0
    assert spot.box[0] == pytest.approx(100, abs=0.5)
    assert spot.box[1] < 300 < spot.box[3] < 310


def test_a_tag_within_a_line_starts_where_its_own_letters_do() -> None:
    spot = locate(page("BT /F1 10 Tf 100 300 Td (WWWW#) Tj ET"), "#")
    assert spot.box[0] == pytest.approx(100 + 4 * 9.44, abs=0.1)


def test_a_tag_on_another_page() -> None:
    assert locate(page(more=("BT /F1 10 Tf 9 9 Td (#ttd#) Tj ET",)), "#ttd#").page == 1


@pytest.mark.parametrize("tag", ["#ttd#", "", "   "])
def test_a_tag_that_is_not_there(tag: str) -> None:
    with pytest.raises(TagMissing):
        locate(page(), tag)


@pytest.mark.parametrize("more", [(), ("BT /F1 10 Tf 9 9 Td (#) Tj ET",)])
def test_a_tag_that_is_there_twice(more: tuple[str, ...]) -> None:
    twice = "BT /F1 10 Tf 9 9 Td (#) Tj 0 50 Td (#) Tj ET" if not more else "BT /F1 10 Tf 9 9 Td (#) Tj ET"
    with pytest.raises(TagAmbiguous):
        locate(page(twice, more=more), "#")


@given(st.integers(0, len(good()) - 1), st.binary(max_size=8))
def test_a_damaged_file_ends_in_a_word(at: int, noise: bytes) -> None:
    data = good()
    with contextlib.suppress(TagMissing, TagAmbiguous, PageUnreadable):
        locate(data[:at] + noise + data[at + len(noise) :], "Surat")
