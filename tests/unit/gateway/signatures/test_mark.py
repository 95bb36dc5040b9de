"""The mark as a drawing: its bars are painted here and zxing reads them."""

import re

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from gateway.signatures.lettering import NoRoom
from gateway.signatures.mark import LEAST_MODULE, QUIET, drawn, modules
from gateway.signatures.signing import Placement
from tests.zoo.letters import LINES, QR, mark

_MM = 72 / 25.4


def bars(operators: bytes) -> list[tuple[int, int, int]]:
    found = re.findall(rb"^(\d+) (\d+) (\d+) 1 re$", operators, re.MULTILINE)
    return [(int(x), int(y), int(length)) for x, y, length in found]


def painted(operators: bytes, side: int, scale: int = 4) -> Image.Image:
    picture = Image.new("L", (side * scale, side * scale), 255)
    for x, y, length in bars(operators):
        box = (x * scale, y * scale, (x + length) * scale - 1, (y + 1) * scale - 1)
        ImageDraw.Draw(picture).rectangle(box, fill=0)
    return picture


def test_the_qr_says_what_it_was_given() -> None:
    read = zxingcpp.read_barcodes(painted(drawn(mark(), 252, 90), modules(QR)))
    assert [one.text for one in read] == [QR]
    assert read[0].ec_level in ("M", "Q", "H")


def test_the_quiet_zone_is_part_of_the_mark() -> None:
    size = modules(QR)
    found = bars(drawn(mark(), 252, 90))
    assert min(x for x, _, _ in found) == min(y for _, y, _ in found) == QUIET
    assert max(x + length for x, _, length in found) == max(y + 1 for _, y, _ in found) == size - QUIET


@pytest.mark.parametrize("length", [30, 62, 84])
def test_at_the_default_size_a_module_is_large_enough_to_scan(length: int) -> None:
    place = Placement()
    assert place.height / modules("h" * length) >= 0.69 * _MM
    assert drawn(mark("h" * length), place.width, place.height)


@pytest.mark.parametrize("qr", ["h" * 300, "h" * 5000])
def test_an_address_too_long_for_the_place_has_no_room(qr: str) -> None:
    with pytest.raises(NoRoom):
        drawn(mark(qr), 252, 90)


def test_a_place_too_small_has_no_room() -> None:
    with pytest.raises(NoRoom):
        drawn(mark(), 252, LEAST_MODULE * modules(QR) - 1)


@pytest.mark.parametrize("qr", [QR, None])
@pytest.mark.parametrize("lines", [LINES, (), ("(Nama) \\ dan ) kurung",)])
def test_every_mixture_is_drawn(qr: str | None, lines: tuple[str, ...]) -> None:
    operators = drawn(mark(qr, lines), 252, 90)
    assert bool(bars(operators)) == (qr is not None)
    assert (b"Tj" in operators) == bool(lines)
    assert operators.startswith(b"q 1 g 0 0 252 90 re f")
    assert operators.count(b"q") == operators.count(b"Q")
