"""Text in Helvetica, one of the fonts that every PDF viewer has (ISO 32000-1, section 9.6.2.2).

Enters: any text, a width and a height in points. Leaves: lines in WinAnsi bytes and the size at which they fit.
Refuses: what does not fit at a size that can be read (`NoRoom`). Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from gateway.contract.frozen import frozen

LARGEST, SMALLEST, _STEP = 8.5, 4.5, 0.25
LEADING = 1.2
"""From one line's foot to the next, in sizes of the font."""

_ASCII = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
"""Advance widths of the characters 32 to 126, in thousandths of the size."""
_WIDE = {"Æ": 1000, "Œ": 1000, "…": 1000, "—": 1000, "™": 1000, "‰": 1000, "œ": 944, "æ": 889, "¾": 834, "¼": 834,
         "½": 834, "©": 737, "®": 737, "Ø": 778, "Ð": 722, "Þ": 667}  # fmt: skip
_REST = 620
_PLAIN = str.maketrans({
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "ng", "ʼ": "'", "ʻ": "'", "ʾ": "'",
    "ʿ": "'", "‐": "-", "‑": "-", "‒": "-", "―": "-", "−": "-", "′": "'", "″": '"', "₂": "2", "\t": " ", "\n": " ",
    "\r": " ", "\u2028": " ", "\u2029": " ",
})  # fmt: skip


class NoRoom(Exception):
    """The text does not fit its place at a size that can be read."""


@frozen
class Block:
    """Lines that fit, at `size` points."""

    lines: tuple[bytes, ...]
    size: float


def fitted(lines: Sequence[str], width: float, height: float) -> Block:
    """The lines, wrapped at words, at the largest size at which all fit."""
    given = [written(one).split() for one in lines]
    size = LARGEST
    while size >= SMALLEST:
        wrapped = [line for words in given for line in _wrapped(words, width * 1000 / size)]
        if len(wrapped) * LEADING * size <= height:
            return Block(tuple(line.encode("cp1252") for line in wrapped), size)
        size -= _STEP
    raise NoRoom


def written(text: str) -> str:
    """The text in characters of WinAnsi: accents are dropped where they have none there, the rest becomes `?`."""
    return "".join(_one(char) for char in unicodedata.normalize("NFC", text).translate(_PLAIN))


def _one(char: str) -> str:
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Mn"):
        return ""
    if _known(char):
        return char
    bare = "".join(one for one in unicodedata.normalize("NFKD", char) if not unicodedata.combining(one))
    return bare if bare and _known(bare) else "?"


def _known(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def wide(text: str) -> int:
    """How wide the text is, in thousandths of the size."""
    return sum(_wide(char) for char in text)


def _wide(char: str) -> int:
    code = ord(char)
    if 32 <= code <= 126:
        return _ASCII[code - 32]
    if char in _WIDE:
        return _WIDE[char]
    base = ord(unicodedata.normalize("NFD", char)[0])
    return _ASCII[base - 32] if 32 <= base <= 126 else _REST


def _wrapped(words: Sequence[str], most: float) -> Iterator[str]:
    """Lines of at most `most` thousandths; a word that is too long for one is broken anywhere."""
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if wide(longer) <= most:
            line = longer
            continue
        if line:
            yield line
        line = word
        while wide(line) > most and len(line) > 1:
            fits = max(1, next(n for n in range(len(line), 0, -1) if n == 1 or wide(line[:n]) <= most))
            yield line[:fits]
            line = line[fits:]
    if line:
        yield line
