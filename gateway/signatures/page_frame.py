"""A page as it is seen, and as its coordinates are: turned by its /Rotate, cut by its CropBox (ISO 32000-1, 14.11.2).

Enters: the boxes and the rotation of a page. Leaves: rectangles in either frame. Refuses: a place outside of the page,
a box that is none (`OutsidePage`). Pure.

The seen frame has its origin at the lower left corner of what is shown, x to the right, y up, in points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gateway.contract.frozen import frozen

Box = tuple[float, float, float, float]
_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
_SLACK = 0.01
_LEAST = 12.0


class OutsidePage(Exception):
    """The place is not on the page."""


@frozen
class Frame:
    """What is shown of a page: `box` in its own coordinates, `turned` clockwise by 0, 90, 180 or 270 degrees."""

    box: Box
    turned: int = 0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as seen."""
        width, height = self.box[2] - self.box[0], self.box[3] - self.box[1]
        return (height, width) if self.turned in (90, 270) else (width, height)

    @property
    def turn(self) -> tuple[int, int, int, int]:
        """The matrix (a b c d) by which a drawing must be turned to be seen upright."""
        return _TURNS[self.turned]

    def inside(self, seen: Box) -> Box:
        """The same rectangle, if it is one and lies on the page."""
        width, height = self.size
        x0, y0, x1, y1 = seen
        if not all(math.isfinite(one) for one in seen) or x1 - x0 < _LEAST or y1 - y0 < _LEAST:
            raise OutsidePage
        if x0 < -_SLACK or y0 < -_SLACK or x1 > width + _SLACK or y1 > height + _SLACK:
            raise OutsidePage
        return seen

    def own(self, seen: Box) -> Box:
        """A seen rectangle in the page's own coordinates."""
        return _ordered(self._own(seen[0], seen[1]), self._own(seen[2], seen[3]))

    def seen(self, own: Box) -> Box:
        """A rectangle in the page's own coordinates as it is seen."""
        return _ordered(self._seen(own[0], own[1]), self._seen(own[2], own[3]))

    def _own(self, x: float, y: float) -> tuple[float, float]:
        x0, y0, x1, y1 = self.box
        points = {0: (x0 + x, y0 + y), 90: (x1 - y, y0 + x), 180: (x1 - x, y1 - y), 270: (x0 + y, y1 - x)}
        return points[self.turned]

    def _seen(self, x: float, y: float) -> tuple[float, float]:
        x0, y0, x1, y1 = self.box
        points = {0: (x - x0, y - y0), 90: (y - y0, x1 - x), 180: (x1 - x, y1 - y), 270: (y1 - y, x - x0)}
        return points[self.turned]


def _ordered(one: tuple[float, float], other: tuple[float, float]) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1])


def framed(media: Sequence[float], crop: Sequence[float] | None, turned: float) -> Frame:
    """The frame of a page by its MediaBox, CropBox and /Rotate; corners may come in any order."""
    whole = _box(media)
    shown = whole if crop is None else _cut(_box(crop), whole)
    quarter = round(turned / 90) * 90 % 360 if math.isfinite(turned) and turned % 90 == 0 else 0
    return Frame(shown, int(quarter))


def _box(numbers: Sequence[float]) -> Box:
    if len(numbers) != 4 or not all(math.isfinite(one) for one in numbers):
        raise OutsidePage
    return _ordered((numbers[0], numbers[1]), (numbers[2], numbers[3]))


def _cut(one: Box, whole: Box) -> Box:
    """What both boxes share; a CropBox that lies elsewhere is passed over, as viewers do."""
    cut = max(one[0], whole[0]), max(one[1], whole[1]), min(one[2], whole[2]), min(one[3], whole[3])
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else whole
