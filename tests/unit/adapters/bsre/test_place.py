"""Points from the lower left corner become the service's pixels, or a refusal."""

from __future__ import annotations

import math
from typing import Any

import pytest

from adapters.bsre.config import SignerConfig
from adapters.bsre.look import Look
from adapters.bsre.place import Place, place
from gateway.contract import Reason, Refused
from tests.unit.adapters.bsre.bench import document, marked
from tests.unit.adapters.bsre.test_config import GOOD

A4 = Look(pages=3, signatures=0, page=3, width=595.0, height=842.0)


def config(**more: Any) -> SignerConfig:
    return SignerConfig.model_validate({**GOOD, **more})


def test_a_point_is_a_pixel_unless_said_otherwise() -> None:
    assert place(marked(), A4, config()) == Place(3, 3, 30, 40, 90, 90)
    assert place(marked(), A4, config(pixels_per_inch=144)) == Place(3, 3, 60, 80, 180, 180)


def test_a_service_may_count_from_the_top() -> None:
    assert place(marked(), A4, config(origin="upper_left")) == Place(3, 3, 30, 842 - 40 - 90, 90, 90)


def test_a_tag_takes_the_place_of_a_corner() -> None:
    assert place(marked(tag="#"), A4, config(origin="upper_left")) == Place(3, 3, 0, 0, 90, 90, "#")
    assert place(marked(tag="$", width=0.0, height=0.0), A4, config()) == Place(3, 3, 0, 0, 0, 0, "$")


def test_without_a_mark_there_is_no_place() -> None:
    assert place(document(), A4, config()) is None


@pytest.mark.parametrize(
    "given",
    [
        {"tag": "##"}, {"tag": ""}, {"tag": " "}, {"tag": "\n"}, {"x": -1.0}, {"y": -1.0}, {"x": 510.0}, {"y": 760.0},
        {"width": 0.0}, {"height": -5.0}, {"width": math.nan}, {"x": math.nan}, {"y": math.inf}, {"width": math.inf},
        {"tag": "#", "width": math.nan}, {"tag": "#", "height": 900.0},
    ],
)  # fmt: skip
def test_what_lies_nowhere_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        place(marked(**given), A4, config())
    assert caught.value.reason is Reason.BAD_REQUEST


def test_a_rounded_edge_is_on_the_page() -> None:
    assert place(marked(x=505.3), A4, config()) is not None
