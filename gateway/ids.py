"""Time-ordered identifiers: UUID version 7 (RFC 9562 section 5.7) in their canonical text form.

Enters: a clock and a source of randomness. Leaves: strings that sort by the instant they were made, also within one
millisecond of one process. Refuses: to go backwards when the clock does.
"""

from __future__ import annotations

import os
from collections.abc import Callable


class Ids:
    """Makes identifiers. `now_ms` gives milliseconds since 1970; `random_bytes(n)` gives n random bytes."""

    def __init__(self, now_ms: Callable[[], int], random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._now_ms, self._random = now_ms, random_bytes
        self._last, self._count = 0, 0
        self._pool, self._at, self._head = "", 0, _head(0)

    def new(self) -> str:
        """A fresh identifier, later than every earlier one of this object."""
        now = self._now_ms()
        if now > self._last:
            self._last, self._count = now, 0
            self._head = _head(now)
        else:
            self._count += 1
            if self._count > 0xFFF:
                # 4,096 in one millisecond: borrow the next one, so that the order holds.
                self._last, self._count = self._last + 1, 0
                self._head = _head(self._last)
        at = self._at
        if at >= len(self._pool):
            # Sixteen hex digits each; the first carries the variant of RFC 9562.
            self._pool, at = self._random(2048).hex(), 0
        self._at = at + 16
        tail = self._pool[at : at + 16]
        return f"{self._head}{self._count:03x}-{_VARIANT[tail[0]]}{tail[1:4]}-{tail[4:]}"


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def _head(at_ms: int) -> str:
    digits = f"{at_ms:012x}"
    return f"{digits[:8]}-{digits[8:]}-7"


def time_ms(identifier: str) -> int:
    """The instant in an identifier, in milliseconds since 1970. Raises ValueError for what is not a UUID version 7."""
    digits = identifier.replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        raise ValueError("not a UUID version 7")
    return int(digits[:12], 16)
