"""Digests by the names that CMS and its relatives use.

Enters: a name as in `sha256` and bytes in pieces. Leaves: a digest. Refuses: a name that is none (`ValueError`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_KNOWN = frozenset(
    ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512_256", "sha512_224",
     "sha3_224", "sha3_256", "sha3_384", "sha3_512")
)  # fmt: skip


def digest_of(name: str, pieces: Iterable[bytes | memoryview]) -> bytes:
    """The digest of all pieces. MD5 and SHA-1 are computed too: whether to rely on them is asked elsewhere."""
    if name not in _KNOWN:
        raise ValueError(f"no digest is called {name[:40]}")
    state = hashlib.new(name, usedforsecurity=False)
    for piece in pieces:
        state.update(piece)
    return state.digest()
