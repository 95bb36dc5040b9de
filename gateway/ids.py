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
        self._pool, self._at = b"", 0

    def new(self) -> str:
        """A fresh identifier, later than every earlier one of this object."""
        now = self._now_ms()
        if now > self._last:
            self._last, self._count = now, 0
        else:
            self._count += 1
            if self._count > 0xFFF:
                # 4,096 in one millisecond: borrow the next one, so that the order holds.
                self._last, self._count = self._last + 1, 0
        if self._at >= len(self._pool):
            self._pool, self._at = self._random(2048), 0
        tail = self._pool[self._at : self._at + 8].hex()
        self._at += 8
        head = f"{self._last:012x}"
        variant = "89ab"[int(tail[0], 16) & 3]
        return f"{head[:8]}-{head[8:]}-7{self._count:03x}-{variant}{tail[1:4]}-{tail[4:]}"


def time_ms(identifier: str) -> int:
    """The instant in an identifier, in milliseconds since 1970. Raises ValueError for what is not a UUID version 7."""
    digits = identifier.replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        raise ValueError("not a UUID version 7")
    return int(digits[:12], 16)
