"""A repair of asn1crypto: a length that ends in the octet 0x80 is no indefinite length.

Enters: nothing; to import it is enough. Leaves: the library's `dump` returning the bytes that were read. Refuses:
nothing.

asn1crypto 1.5.1 takes a header such as `30 82 0a 80` for one of indefinite length (only a sole length octet 0x80 is,
X.690, section 8.1.3.6) and encodes the value anew, twice at each level within: bytes that are signed may change, and a
small file that is nested a few levels deep costs minutes. Values that were changed are encoded anew as before. The
library's own report of this is wbond/asn1crypto#249.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asn1crypto import core

Dump = Callable[..., bytes]


def misread(header: bytes | None) -> bool:
    """Whether this header has a definite length whose last octet is 0x80."""
    if header is None or header[-1:] != b"\x80":
        return False
    # The length octets begin after the tag: one octet, or as many as say that another follows (X.690, 8.1.2.4).
    begin = 1
    if header[0] & 0x1F == 0x1F:
        while begin < len(header) and header[begin] & 0x80:
            begin += 1
        begin += 1
    return len(header) - begin > 1


def _repaired(original: Dump) -> Dump:
    def dump(self: Any, force: bool = False) -> bytes:
        if not force and misread(self._header):
            # Reading the contents encodes them anew, and forgets the header, if anything was changed.
            contents = self.chosen.dump() if isinstance(self, core.Choice) else self.contents
            if self._header is not None:
                return bytes(self._header + contents + self._trailer)
        return original(self, force)

    dump.__doc__ = original.__doc__
    dump.repaired = True  # type: ignore[attr-defined]
    return dump


def repair() -> None:
    """Repairs every class of the library that has its own `dump`; again does nothing."""
    kinds = {core.Asn1Value, *_below(core.Asn1Value)}
    for kind in kinds:
        own = vars(kind).get("dump")
        if own is not None and not hasattr(own, "repaired"):
            kind.dump = _repaired(own)


def _below(kind: type) -> set[type]:
    subclasses: list[type] = kind.__subclasses__()
    return {each for one in subclasses for each in (one, *_below(one))}


repair()
