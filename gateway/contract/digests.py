"""Content-Digest fields (RFC 9530): what a sender says its bytes hash to.

Enters: the lines of a field. Leaves: the digests in them by algorithm. Refuses (`digest_mismatch`): a digest of SHA-256
or SHA-512 that is none, and two different ones. Other algorithms are left alone, as the RFC allows (section 2).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason

FIELD = "Content-Digest"
_SIZES = {"sha-256": 32, "sha-512": 64}
_MEMBER = re.compile(r"(?:^|,)\s*(sha-256|sha-512)\s*(?:=\s*([^,;]*))?", re.IGNORECASE)


def declared(lines: Iterable[str]) -> dict[str, bytes]:
    """`{"sha-256": …}`, empty if nothing is said that is read here."""
    said: dict[str, bytes] = {}
    for line in lines:
        for name, value in _MEMBER.findall(line):
            algorithm, digest = name.lower(), _bytes(value.strip())
            if len(digest) != _SIZES[algorithm] or said.setdefault(algorithm, digest) != digest:
                raise Refused(Reason.DIGEST_MISMATCH, f"the {FIELD} holds no {algorithm} digest, or two different ones")
    return said


def _bytes(item: str) -> bytes:
    """A byte sequence of RFC 8941, section 3.3.5."""
    if len(item) < 2 or item[0] != ":" or item[-1] != ":":
        return b""
    try:
        return base64.b64decode(item[1:-1], validate=True)
    except (binascii.Error, ValueError):
        return b""


def check(said: Mapping[str, bytes], data: bytes) -> None:
    """Refuses bytes that are not those of which `said` speaks."""
    for algorithm, digest in said.items():
        if hashlib.new(algorithm.replace("-", ""), data).digest() != digest:
            raise mismatch(algorithm)


def mismatch(algorithm: str) -> Refused:
    return Refused(Reason.DIGEST_MISMATCH, f"the bytes do not have the {algorithm} digest that was declared")
