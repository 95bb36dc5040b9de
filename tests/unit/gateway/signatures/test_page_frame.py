"""A page as it is seen and as its coordinates are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signatures.page_frame import Frame, OutsidePage, framed

TURNS = (0, 90, 180, 270)


@pytest.mark.parametrize(
    ("turned", "own"),
    [
        (0, (110, 220, 140, 260)),
        (90, (350, 210, 390, 240)),
        (180, (370, 550, 400, 590)),
        (270, (120, 570, 160, 600)),
    ],
)
def test_a_seen_place_in_the_pages_own_coordinates(turned: int, own: tuple[float, ...]) -> None:
    assert Frame((100, 200, 410, 610), turned).own((10, 20, 40, 60)) == own


@given(st.sampled_from(TURNS), st.tuples(*[st.floats(-1000, 1000)] * 4))
def test_there_and_back(turned: int, numbers: tuple[float, float, float, float]) -> None:
    frame = Frame((-20, 30, 575, 872), turned)
    x0, y0, x1, y1 = numbers
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    assert frame.seen(frame.own(box)) == pytest.approx(box)


def test_a_turned_page_is_as_wide_as_it_was_high() -> None:
    assert Frame((0, 0, 595, 842), 90).size == (842, 595)


@pytest.mark.parametrize(
    "box",
    [(-1, 0, 50, 50), (0, 0, 600, 50), (0, 800, 50, 850), (9, 9, 9, 50), (math.nan, 0, 50, 50), (0, 0, math.inf, 9)],
)
def test_a_place_outside_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(OutsidePage):
        Frame((0, 0, 595, 842)).inside(box)


def test_what_is_shown() -> None:
    assert framed([595, 842, 0, 0], None, 0).box == (0, 0, 595, 842)
    assert framed([0, 0, 595, 842], [50, 60, 9000, 800], -90) == Frame((50, 60, 595, 800), 270)
    assert framed([0, 0, 595, 842], [900, 900, 990, 990], 45) == Frame((0, 0, 595, 842), 0)
    for broken in ([0, 0, 595], [0, 0, math.nan, 1]):
        with pytest.raises(OutsidePage):
            framed(broken, None, 0)
