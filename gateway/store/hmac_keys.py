"""Names that tell a stranger nothing: keyed digests for part addresses and for what we look up.

Enters: an agency and a SHA-256, or the words of a lookup. Leaves: HMAC-SHA-256 under a secret of the key folder.
Refuses: to be printed or pickled.

A bare SHA-256 of a form letter is guessed from its template; under an agency's own key nobody learns from an address
whether another agency holds the same file, nor from a stored idempotency key what it was made of.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from gateway.store.keyfiles import secret


def _joined(*words: str) -> bytes:
    """Words as bytes in which no two lists of words are equal: each is preceded by its length."""
    encoded = [word.encode() for word in words]
    return b"".join(len(word).to_bytes(4, "big") + word for word in encoded)


class HmacKeys:
    """Keys in memory, from `keys/part-address.key` and `keys/lookup.key`."""

    __slots__ = ("_agency_key", "_lookup")

    def __init__(self, part_address: bytes, lookup: bytes) -> None:
        def agency_key(agency: str) -> bytes:
            return hmac.digest(part_address, _joined("agency", agency), "sha256")

        self._agency_key: Callable[[str], bytes] = lru_cache(maxsize=4096)(agency_key)
        self._lookup = lookup

    @classmethod
    def load(cls, directory: Path, *, make: bool) -> HmacKeys:
        """From the files of the key folder; with `make`, those that are missing are made."""
        return cls(
            secret(directory / "part-address.key", make=make),
            secret(directory / "lookup.key", make=make),
        )

    def part_address(self, agency: str, sha256: bytes) -> str:
        """Where this agency's part with this digest is kept: 64 hex digits."""
        return hmac.digest(self._agency_key(agency), sha256, "sha256").hex()

    def lookup(self, kind: str, *words: str) -> bytes:
        """32 bytes by which something is found again; `kind` keeps uses apart: `idempotency`, `subject`."""
        return hmac.digest(self._lookup, _joined(kind, *words), "sha256")

    def __repr__(self) -> str:
        return "HmacKeys()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are not pickled")
