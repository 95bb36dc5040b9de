"""Where a text is printed in a PDF.

Enters: the bytes of a PDF, a text. Leaves: its page and its box in the page's own coordinates, in points. Refuses: a
text that is not there (`TagMissing`) or that is there more than once (`TagAmbiguous`), a page that cannot be read
(`PageUnreadable`).

Blanks do not count: programs set words apart by moving, not by a character. A text that is drawn twice at one place, as
programs do to make it bold, is one.

The home of pdfminer.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

from pdfminer.pdfdevice import PDFTextDevice
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdffont import PDFUnicodeNotDefined
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.utils import apply_matrix_pt

from gateway.contract.frozen import frozen
from gateway.signatures.page_frame import Box

_NEAR = 2.0
_PLAIN = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

logging.getLogger("pdfminer").setLevel(logging.CRITICAL)


class TagMissing(Exception):
    """The text is printed on no page."""


class TagAmbiguous(Exception):
    """The text is printed more than once. `places` counts what was found before the search ended."""

    def __init__(self, places: int) -> None:
        super().__init__(f"{places} places")
        self.places = places


class PageUnreadable(Exception):
    """A page cannot be read, so nobody can say what is printed on it. `page` counts from 1."""

    def __init__(self, page: int) -> None:
        super().__init__(f"page {page}")
        self.page = page


@frozen
class Spot:
    """Where the text is. `page` counts from 0."""

    page: int
    box: Box


def locate(data: bytes, text: str) -> Spot:
    """The one place where `text` is printed."""
    wanted = "".join(text.split())
    if not wanted:
        raise TagMissing
    spots: list[Spot] = []
    for number, device in _pages(data):
        for box in device.places(wanted):
            if not any(one.page == number and _same(one.box, box) for one in spots):
                spots.append(Spot(number, box))
        if len(spots) > 1:
            raise TagAmbiguous(len(spots))
    if not spots:
        raise TagMissing
    return spots[0]


def _same(one: Box, other: Box) -> bool:
    return all(abs(a - b) < _NEAR for a, b in zip(one, other, strict=True))


def _pages(data: bytes) -> Iterator[tuple[int, _Letters]]:
    number = 0
    try:
        resources = PDFResourceManager(caching=True)
        for page in PDFPage.create_pages(PDFDocument(PDFParser(io.BytesIO(data)))):
            device = _Letters(resources)
            PDFPageInterpreter(resources, device).render_contents(page.resources, page.contents, ctm=_PLAIN)
            yield number, device
            number += 1
    except (TagMissing, TagAmbiguous, MemoryError, RecursionError, GeneratorExit):
        raise
    except Exception as error:  # the library meets anything in a page that was made to break it
        raise PageUnreadable(number + 1) from error


class _Letters(PDFTextDevice):
    """Collects each printed character with its box, in the order of printing."""

    def __init__(self, resources: PDFResourceManager) -> None:
        super().__init__(resources)
        self._text: list[str] = []
        self._boxes: list[Box] = []

    def places(self, wanted: str) -> Iterator[Box]:
        """The boxes of all places where `wanted` stands."""
        text, start = "".join(self._text), -1
        while (start := text.find(wanted, start + 1)) >= 0:
            boxes = self._boxes[start : start + len(wanted)]
            yield (
                min(one[0] for one in boxes), min(one[1] for one in boxes),
                max(one[2] for one in boxes), max(one[3] for one in boxes),
            )  # fmt: skip

    def render_char(
        self,
        matrix: Any,
        font: Any,
        fontsize: float,
        scaling: float,
        rise: float,
        cid: int,
        ncs: Any,
        graphicstate: Any,
    ) -> float:
        advance = float(font.char_width(cid) * fontsize * scaling)
        try:
            text = str(font.to_unichr(cid))
        except PDFUnicodeNotDefined:
            text = "\ufffd"
        foot = font.get_descent() * fontsize + rise
        corners = [apply_matrix_pt(matrix, (x, y)) for x in (0, advance) for y in (foot, foot + fontsize)]
        xs, ys = [one[0] for one in corners], [one[1] for one in corners]
        # One code may print several characters (a ligature): each counts as standing where all stand.
        for char in "".join(text.split()):
            self._text.append(char)
            self._boxes.append((min(xs), min(ys), max(xs), max(ys)))
        return advance
