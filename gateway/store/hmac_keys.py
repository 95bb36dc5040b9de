"""Names that tell a stranger nothing: keyed digests for part addresses and for what we look up.

Enters: an agency and a SHA-256, or the words of a lookup. Leaves: HMAC-SHA-256 under a secret of the key folder.
Refuses: to be printed or pickled.

A bare SHA-256 of a form letter is guessed from its template; under an agency's own key nobody learns from an address
whether another agency holds the same file, nor from a stored idempotency key what it was made of.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import orjson

from gateway.store.keyed import Keyed, hmac_sha256
from gateway.store.keyfiles import secret


def _joined(*words: str) -> bytes:
    """Words as bytes in which no two lists of words are equal: a JSON list."""
    return orjson.dumps(words)


class HmacKeys:
    """Keys in memory, from `keys/part-address.key` and `keys/lookup.key`."""

    __slots__ = ("_agency_key", "_lookup")

    def __init__(self, part_address: bytes, lookup: bytes) -> None:
        def agency_key(agency: str) -> Keyed:
            return Keyed(hmac_sha256(part_address, _joined("agency", agency)))

        self._agency_key: Callable[[str], Keyed] = lru_cache(maxsize=4096)(agency_key)
        self._lookup = Keyed(lookup)

    @classmethod
    def load(cls, directory: Path, *, make: bool) -> HmacKeys:
        """From the files of the key folder; with `make`, those that are missing are made."""
        return cls(
            secret(directory / "part-address.key", make=make),
            secret(directory / "lookup.key", make=make),
        )

    def part_address(self, agency: str, sha256: bytes) -> str:
        """Where this agency's part with this digest is kept: 64 hex digits."""
        return self._agency_key(agency).digest(sha256).hex()

    def lookup(self, kind: str, *words: str) -> bytes:
        """32 bytes by which something is found again; `kind` keeps uses apart: `idempotency`, `subject`."""
        return self._lookup.digest(_joined(kind, *words))

    def __repr__(self) -> str:
        return "HmacKeys()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are not pickled")
