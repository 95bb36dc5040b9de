"""The bytes of a message in UTF-8, whatever encoding the caller declared.

Enters: body bytes and the charset parameter of the content type. Leaves: UTF-8 bytes, without an XML declaration if
they had to be converted. Refuses (wrong_charset): two declarations that disagree, encodings off the short list, bytes
that do not fit. Nothing is guessed.
Sources: RFC 7303 section 3 (byte order mark, then charset parameter, then XML declaration), XML 1.0 appendix F.
"""

from __future__ import annotations

import codecs
import re

from gateway.contract import Reason, Refused

_DECLARATION = re.compile(rb"<\?xml[ \t\r\n][^>]{0,200}?\?>")
_ENCODING = re.compile(rb"[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z0-9._\-]{1,40})[\"']")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_STARTS = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"))
#: What toolkits send. ASCII is read as UTF-8, of which it is a part.
_KNOWN = {
    "utf-8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "iso8859-1",
    "iso-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_ALIASES = {"utf8": "utf-8", "ascii": "us-ascii", "latin1": "iso-8859-1", "cp1252": "windows-1252"}


_PLAIN = frozenset(("utf-8", "UTF-8"))
_PLAIN_BYTES = frozenset((b"utf-8", b"UTF-8"))
_PARAMETER = re.compile(r";\s*charset\s*=\s*\"?([^\";\s]{1,40})", re.IGNORECASE)


def charset_of(content_type: str) -> str | None:
    """The charset parameter of a content type."""
    found = _PARAMETER.search(content_type)
    return found[1] if found else None


def _known(name: str) -> str:
    folded = name.strip("\"' ").lower()
    codec = _KNOWN.get(_ALIASES.get(folded, folded))
    if codec is None:
        raise Refused(Reason.WRONG_CHARSET, "UTF-8, UTF-16, ISO-8859-1, ISO-8859-15 and Windows-1252 are read")
    return codec


def to_utf8(body: bytes, charset: str | None) -> bytes:
    """The message in UTF-8; the common case (UTF-8 said or unsaid) is handed through untouched."""
    if (charset is None or charset in _PLAIN) and body[:1] == b"<" and body[1:2] != b"\x00":
        named = _ENCODING.search(head.group()) if (head := _DECLARATION.match(body)) else None
        if named is None or named.group(1) in _PLAIN_BYTES:
            return body
    marked = next((codec for mark, codec in _MARKS if body.startswith(mark)), None)
    started = next((codec for start, codec in _STARTS if body.startswith(start)), None)
    said = _known(charset) if charset else None
    if "utf-16" in (said or marked or started or ""):
        return _from_utf16(body, said, marked, started)
    declared = _declared(body[3:] if marked else body)
    names = {"utf-8" if name == "ascii" else name for name in (said, marked, declared) if name is not None}
    if len(names) > 1:
        raise Refused(Reason.WRONG_CHARSET, "the byte order mark, the content type and the XML declaration disagree")
    codec = names.pop() if names else "utf-8"
    return body if codec == "utf-8" else _recode(body, codec)


def _declared(body: bytes) -> str | None:
    head = _DECLARATION.match(body)
    named = _ENCODING.search(head.group()) if head else None
    return _known(named.group(1).decode("ascii")) if named else None


def _from_utf16(body: bytes, said: str | None, marked: str | None, started: str | None) -> bytes:
    found = marked or started or (said if said != "utf-16" else None)
    if found is None or (said is not None and said not in ("utf-16", found)):
        raise Refused(Reason.WRONG_CHARSET, "UTF-16 starts with a byte order mark, as declared")
    return _recode(body[2:] if marked else body, found, declared="utf-16")


def _recode(body: bytes, codec: str, declared: str | None = None) -> bytes:
    try:
        recoded = body.decode(codec, "strict").encode("utf-8")
    except UnicodeError:
        raise Refused(Reason.WRONG_CHARSET) from None
    if declared is not None and (inside := _declared(recoded)) is not None and not inside.startswith(declared):
        raise Refused(Reason.WRONG_CHARSET, "the byte order mark, the content type and the XML declaration disagree")
    head = _DECLARATION.match(recoded)
    return recoded[head.end() :] if head else recoded
