"""The code of a letter: short enough to type, too long to guess.

Enters: randomness; what somebody typed. Leaves: 16 characters of an alphabet of 32, which are 80 random bits; or None.
Refuses: nothing by an error: what can be no code is None, like one that was never given out.

The alphabet has no 0, O, 1 and I, which are taken for each other in print. Upper and lower case are the same, and
spaces and dashes between the characters say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 16
_CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
_GAPS = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_LONGEST = 64


def mint(random_bytes: Callable[[int], bytes]) -> str:
    """A fresh code: five bits of each byte choose a character."""
    return "".join(ALPHABET[byte & 31] for byte in random_bytes(LENGTH))


def plain(text: str) -> str | None:
    """The code in its one form, or None if this can be none."""
    if len(text) > _LONGEST:
        return None
    # Only ASCII is folded: other scripts have letters whose upper case is longer than they are.
    found = _GAPS.sub("", text)
    found = found.upper() if found.isascii() else ""
    return found if _CODE.fullmatch(found) else None


def grouped(code: str) -> str:
    """For a reader: four groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))
