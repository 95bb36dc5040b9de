"""JSON and base64url as JWS needs them: one way to write a thing, and only one way to read it.

Enters: text of anybody. Leaves: bytes and JSON values. Refuses: keys that stand twice, numbers that are none, base64url
with padding, foreign characters or loose bits (`NotJose`).

Two readers that read one text in two ways are how a signature comes to cover what nobody signed (RFC 7515, sections 4
and 10.12; RFC 4648, section 3.5).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

_BASE64URL = re.compile(rb"[A-Za-z0-9_-]*")


class NotJose(ValueError):
    """The text is not what it must be; the message says why, and holds nothing of the text."""


def b64url_bytes(text: str | bytes) -> bytes:
    """What unpadded base64url holds."""
    raw = _ascii(text)
    if not _BASE64URL.fullmatch(raw) or len(raw) % 4 == 1:
        raise NotJose("text that is not base64url")
    tail = raw[len(raw) // 4 * 4 :]
    end = base64.urlsafe_b64decode(tail + b"=" * (-len(tail) % 4))
    if base64.urlsafe_b64encode(end).rstrip(b"=") != tail:
        raise NotJose("base64url with loose bits at its end")
    return base64.urlsafe_b64decode(raw[: len(raw) - len(tail)]) + end


def b64_bytes(text: Any) -> bytes:
    """What padded base64 holds, as in `x5c` (RFC 7515, section 4.1.6)."""
    if not isinstance(text, str):
        raise NotJose("no text where base64 must stand")
    try:
        return base64.b64decode(_ascii(text), validate=True)
    except binascii.Error as error:
        raise NotJose("text that is not base64") from error


def b64url_text(data: bytes) -> bytes:
    """Unpadded base64url of the data."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def json_object(data: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8 without repeated keys, at any depth."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number)
    except NotJose:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJose("damaged JSON") from error
    if not isinstance(value, dict):
        raise NotJose("JSON that is no object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotJose("a key stands there twice")
    return value


def _no_number(_: str) -> Any:
    raise NotJose("a number that is none")


def _ascii(text: str | bytes) -> bytes:
    try:
        return text.encode("ascii") if isinstance(text, str) else text
    except UnicodeEncodeError:
        raise NotJose("text beyond ASCII where base64 must stand") from None
