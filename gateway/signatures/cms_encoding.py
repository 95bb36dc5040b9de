"""CMS as it arrives: PEM, base64, DER or BER, made into DER with definite lengths.

Enters: bytes of anybody. Leaves: the encoding of one value, and how many bytes follow it. Refuses: what is damaged, too
deep or of too many parts, and text around, between or within PEM (`Unreadable`).

The walk is a loop, not a recursion, and comes before any library: depth and lengths are known to be sane after it.
Streaming programs (OpenSSL with -stream, Windows) write indefinite lengths and strings in pieces (X.690, sections
8.1.3.6 and 8.7.3); a part that has neither keeps its bytes, since signatures are over them.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

MOST_DEPTH, MOST_VALUES = 64, 1_000_000
_OCTETS, _OCTETS_IN_PIECES = 0x04, 0x24
_PEM_NAMES = (b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA")
_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 #]{1,40})-----")

Bytes = bytes | memoryview


class Unreadable(Exception):
    """`code` is that of the finding; `detail` says what is wrong."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def _broken(detail: str) -> Unreadable:
    return Unreadable("format_broken", detail)


def unarmored(data: bytes) -> bytes:
    """The binary value in PEM or base64; what is binary already stays.

    One PEM block without headers (RFC 7468, section 3, strict but for the length of lines), and nothing beside it: what
    people read around a block, or in a second one, nobody signed."""
    if data[:1] == b"\x30":
        return data
    text = data.strip()
    begin = _BEGIN.match(text)
    if begin is None:
        return _decoded(text, "neither DER, PEM nor base64")
    name, end = begin.group(1), b"-----END " + begin.group(1) + b"-----"
    if name not in _PEM_NAMES:
        raise _broken("the PEM block holds no CMS")
    if not text.endswith(end):
        raise _broken("damaged PEM, or something beside the block")
    return _decoded(text[begin.end() : -len(end)], "damaged PEM, or more than one block")


def _decoded(text: bytes, otherwise: str) -> bytes:
    """Base64 with white space; there is one way to write each value (RFC 4648, section 3.5)."""
    plain = b"".join(text.split())
    try:
        value = base64.b64decode(plain, validate=True)
    except (ValueError, binascii.Error) as error:
        raise _broken(otherwise) from error
    if not value or base64.b64encode(value) != plain:
        raise _broken(otherwise)
    return value


@dataclass
class _Open:
    """A constructed value whose end is not reached: `end` is None where its length is indefinite."""

    start: int
    body: int
    end: int | None
    identifier: bytes
    pieces: list[Bytes] = field(default_factory=list)
    changed: bool = False


def definite(data: bytes) -> tuple[bytes, int]:
    """The first value of `data` with definite lengths throughout, and how many bytes follow it.

    Strings in pieces are put together. Bytes of parts without indefinite lengths are untouched."""
    view = memoryview(data)
    stack: list[_Open] = []
    position = number = 0
    while True:
        number += 1
        if number > MOST_VALUES:
            raise Unreadable("too_large", f"more than {MOST_VALUES} values in one structure")
        position = _step(view, position, stack)
        while stack and stack[-1].end == position and len(stack) > 1:
            _close(view, stack, position)
        if stack[0].end == position:
            return bytes(_whole(view, stack[0], position)), len(data) - position


def _step(view: memoryview, position: int, stack: list[_Open]) -> int:
    """Reads one header, or one whole primitive value; returns where the next begins."""
    limit = next((one.end for one in reversed(stack) if one.end is not None), len(view))
    identifier, length, body = _header(view, position, limit)
    if identifier == b"\x00" and length == 0:
        return _end_of_contents(view, stack, body)
    constructed = identifier[0] & 0x20
    if not constructed:
        if not stack:
            raise _broken("not a CMS structure")
        if length is None:
            raise _broken("a plain value without a length")
        stack[-1].pieces.append(view[position : body + length])
        return body + length
    if len(stack) >= MOST_DEPTH:
        raise Unreadable("unsafe", f"nested deeper than {MOST_DEPTH} levels")
    stack.append(_Open(position, body, None if length is None else body + length, identifier, changed=length is None))
    return body


def _end_of_contents(view: memoryview, stack: list[_Open], position: int) -> int:
    if not stack or stack[-1].end is not None:
        raise _broken("an end without a beginning")
    stack[-1].end = position
    return position


def _close(view: memoryview, stack: list[_Open], position: int) -> None:
    one = stack.pop()
    stack[-1].pieces.append(_whole(view, one, position))
    stack[-1].changed = stack[-1].changed or one.changed


def _whole(view: memoryview, one: _Open, position: int) -> Bytes:
    """A closed value: its own bytes, or encoded anew where something within had no length."""
    if one.identifier[0] == _OCTETS_IN_PIECES:
        one.changed = True
        bodies = [_body(piece) for piece in one.pieces]
        return _encoded(bytes([_OCTETS]), bodies)
    return _encoded(one.identifier, one.pieces) if one.changed else view[one.start : position]


def _body(piece: Bytes) -> Bytes:
    if piece[0] != _OCTETS:
        raise _broken("a string whose pieces are no strings")
    view = memoryview(piece)
    return view[_header(view, 0, len(view))[2] :]


def _encoded(identifier: bytes, pieces: list[Bytes]) -> bytes:
    size = sum(len(piece) for piece in pieces)
    if size < 0x80:
        return b"".join((identifier, bytes([size]), *pieces))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return b"".join((identifier, bytes([0x80 | len(octets)]), octets, *pieces))


def _header(view: memoryview, position: int, limit: int) -> tuple[bytes, int | None, int]:
    """Identifier octets, length (None if indefinite), where the body begins (X.690, section 8.1)."""
    start = position
    try:
        first, position = view[position], position + 1
        if first & 0x1F == 0x1F:
            while view[position] & 0x80 and position - start < 6:
                position += 1
            position += 1
        identifier = bytes(view[start:position])
        octet, position = view[position], position + 1
        if octet == 0x80:
            return identifier, None, position
        if octet & 0x80:
            count = octet & 0x7F
            octet = int.from_bytes(view[position : position + count], "big") if count <= 8 else 1 << 64
            position += count
    except IndexError:
        raise _broken("it ends too early") from None
    if position + octet > limit:
        raise _broken("it ends too early" if limit == len(view) else "a length exceeds what holds it")
    return identifier, octet, position


def children(der: Bytes) -> list[bytes]:
    """The encodings of the values within one constructed value with definite lengths; `Unreadable` if damaged."""
    view = memoryview(der)
    _, length, position = _header(view, 0, len(view))
    stop = position + (length or 0)
    found = []
    while position < stop:
        _, size, body = _header(view, position, stop)
        found.append(bytes(view[position : body + (size or 0)]))
        position = body + (size or 0)
    return found
