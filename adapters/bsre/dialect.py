"""What both versions of the service have in common: calls to be made, and what a signature's answer holds.

Enters and leaves: plain values. Refuses: nothing by itself; see `v1` and `v2`, which fill it.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Protocol

from adapters.bsre.opinion import Opinion
from adapters.bsre.place import Place
from gateway.contract import HttpReply, Native, PdfToSign
from gateway.contract.frozen import frozen

NIK = re.compile(r"[0-9]{16}")


@frozen
class Call:
    """One request: a path below the service's address, and its body. Both may hold what nobody is to read."""

    method: str
    path: str = field(repr=False)
    native: Native | None = field(default=None, repr=False)


@frozen
class Elsewhere:
    """The signed PDF is not in the answer; it can be fetched once, by this call."""

    call: Call


class Dialect(Protocol):
    """One version. All pure: no I/O, no clock."""

    def knows(self, signer: str) -> bool:
        """Whether this is a name of a signer that the version takes."""
        ...

    def status(self, signer: str) -> Call: ...
    def sign(self, document: PdfToSign, secret: str, at: Place | None) -> Call: ...

    def signed(self, reply: HttpReply) -> bytes | Elsewhere:
        """What an answer holds. Raises what an error means (see `answers`), and Refused for what is no PDF."""
        ...

    def answer_bytes(self, pdf: bytes) -> int:
        """The largest answer that a signature on `pdf` may have."""
        ...

    def code(self, signer: str) -> Call | None: ...
    def verify(self, pdf: bytes) -> Call: ...
    def opinion(self, reply: HttpReply, limit: int) -> Opinion: ...


def most(pdf: bytes) -> int:
    """The largest PDF that may come back: the service may write the file anew, and adds a mark and a signature."""
    return 2 * len(pdf) + (4 << 20)
