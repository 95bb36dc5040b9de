"""The mark as a drawing: a QR (ISO/IEC 18004) on the left, the human block beside it.

Enters: a `Mark`, its width and height in points. Leaves: operators of a PDF content stream, from the lower left corner
of the mark. Refuses: a QR whose modules would be too small to scan, text that does not fit (`NoRoom`). Pure.

1. The background is white: a tag printed below the mark is hidden by it, and the QR has its contrast.
2. The quiet zone of four modules lies inside the mark.
3. All modules are one path: no viewer draws seams between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import segno

from gateway.signatures import lettering
from gateway.signatures.lettering import NoRoom
from gateway.signatures.signing import Mark

QUIET = 4
"""Modules of white around the QR (ISO/IEC 18004, section 6.3.8)."""
LEAST_MODULE = 0.5 * 72 / 25.4
"""Points: a smaller module is lost on the way over a printer and a camera. From 0.69 mm on a copy at 100 dpi that is
rescaled to half still scans; a placement's default size gives that to addresses of up to 84 characters."""
_EDGE = 3.0
_HALF = 0.5


def drawn(mark: Mark, width: float, height: float) -> bytes:
    """The mark as operators. The text needs the font resource `/F1` (Helvetica, WinAnsi)."""
    parts = [b"q 1 g 0 0 %s %s re f" % (_number(width), _number(height))]
    left = _EDGE
    if mark.qr is not None:
        side = min(height, width * _HALF if mark.lines else width)
        parts.append(_qr(mark.qr, side, 0.0 if mark.lines else (width - side) / 2, (height - side) / 2))
        # The quiet zone is the gap.
        left = side
    if mark.lines:
        parts.append(_text(mark.lines, left, width - left - _EDGE, height))
    return b"\n".join([*parts, b"Q"])


def modules(content: str) -> int:
    """How many modules wide the QR of `content` is, with its quiet zone."""
    return int(_code(content).symbol_size(border=QUIET)[0])


def _code(content: str) -> segno.QRCode:
    try:
        # Level M, and a higher one where it costs no module.
        return segno.make_qr(content, error="m", boost_error=True)
    except segno.DataOverflowError as error:
        raise NoRoom from error


def _qr(content: str, side: float, x: float, y: float) -> bytes:
    code = _code(content)
    scale = side / code.symbol_size(border=QUIET)[0]
    if scale < LEAST_MODULE:
        raise NoRoom
    rows = list(code.matrix_iter(border=QUIET))
    move = b"q 0 g %s 0 0 %s %s %s cm" % tuple(_number(one) for one in (scale, -scale, x, y + side))
    bars = b"\n".join(b"%d %d %d 1 re" % bar for bar in _bars(rows))
    return b"%s\n%s\nf Q" % (move, bars)


def _bars(rows: Iterable[Iterable[int]]) -> Iterator[tuple[int, int, int]]:
    """Dark modules side by side as one bar: column, row, length."""
    for number, row in enumerate(rows):
        start: int | None = None
        for column, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                yield start, number, column - start
                start = None


def _text(lines: Iterable[str], x: float, width: float, height: float) -> bytes:
    block = lettering.fitted(tuple(lines), width, height - 2 * _EDGE)
    leading = block.size * lettering.LEADING
    # In the middle of the height; the first foot lies below the letters' height.
    top = (height + leading * len(block.lines)) / 2 - block.size * 0.9
    head = b"0 g BT /F1 %s Tf %s TL %s %s Td" % tuple(_number(one) for one in (block.size, leading, x, top))
    return b"\n".join([head, *(b"<%s> Tj T*" % line.hex().encode() for line in block.lines), b"ET"])


def _number(value: float) -> bytes:
    return f"{value:.4f}".rstrip("0").rstrip(".").encode()
