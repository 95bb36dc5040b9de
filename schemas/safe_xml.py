"""The one XML parser: hardened, bounded, one per thread.

Enters: UTF-8 bytes. Leaves: the root element, comments dropped unless asked for. Refuses, by code: `too_large`,
`wrong_charset`, `doctype` (any), `processing_instruction`, `too_deep`, `too_many_tags`, `not_xml`. A refusal never
quotes its input.

libxml2 keeps every name it has read in a dictionary of the thread, for as long as the thread lives: elements and
attributes are counted in the bytes, before it sees them.

The DOCTYPE is looked for in the prolog before libxml2 sees a byte, so no entity is ever declared; the parsed tree is
asked again. Only then may text be larger than libxml2's own 10 MB: our byte limit has been checked first.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from lxml import etree


@dataclass(frozen=True)
class XmlLimits:
    """Limits in bytes, levels of elements, elements, and attributes with namespace declarations."""

    max_bytes: int = 16 << 20
    max_depth: int = 64
    max_tags: int = 10_000
    max_attributes: int = 10_000


DEFAULT = XmlLimits()
#: Above this many bytes libxml2's own text limit (10 MB) could strike; ours has been checked by then.
_HUGE = 9_000_000

MESSAGES = {
    "too_large": "the size exceeds the limit",
    "wrong_charset": "XML is taken in UTF-8 only",
    "doctype": "a DOCTYPE is never taken",
    "processing_instruction": "processing instructions are not taken",
    "too_deep": "the nesting exceeds the limit",
    "too_many_tags": "the number of elements or attributes exceeds the limit",
    "not_xml": "this is not well-formed XML",
}


class XmlRefused(ValueError):
    """The bytes are not XML as we take it. `code` says why; `limit` is set where a limit was exceeded."""

    def __init__(self, code: str, limit: int | None = None) -> None:
        self.code = code
        self.limit = limit
        super().__init__(MESSAGES[code] + (f" ({limit})" if limit is not None else ""))


_DECLARATION = re.compile(rb"<\?xml[ \t\r\n][^>]{0,200}?\?>")
_ENCODING = re.compile(rb"encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z0-9._\-]*)[\"']")
_ATTRIBUTE = re.compile(rb"=[ \t\r\n]*[\"']")
_SPACE = re.compile(rb"[ \t\r\n]*")


def _check_prolog(data: bytes) -> int:
    """Refuse by what stands before the root element; give the offset behind the XML declaration."""
    at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:4]:
        raise XmlRefused("wrong_charset")
    declaration = _DECLARATION.match(data, at)
    if declaration is not None:
        named = _ENCODING.search(declaration.group())
        if named is not None and named.group(1).lower() not in (b"utf-8", b"utf8", b"us-ascii"):
            raise XmlRefused("wrong_charset")
        at = declaration.end()
    start = at
    while True:
        at = _SPACE.match(data, at).end()  # type: ignore[union-attr]
        if data.startswith(b"<!--", at):
            end = data.find(b"-->", at + 4)
            if end < 0:
                raise XmlRefused("not_xml")
            at = end + 3
        elif data.startswith(b"<!", at):
            raise XmlRefused("doctype" if data[at : at + 9].upper() == b"<!DOCTYPE" else "not_xml")
        elif data.startswith(b"<?", at):
            # A declaration in the wrong place or of a strange form is no instruction.
            misplaced = data[at + 2 : at + 5].lower() == b"xml" and data[at + 5 : at + 6] in (b" ", b"\t", b"\r", b"\n")
            raise XmlRefused("not_xml" if misplaced else "processing_instruction")
        else:
            return start


def _count(data: bytes, limits: XmlLimits) -> int:
    """Give at least the number of elements; refuse too many of them, or of attributes.

    CDATA and comments count as if they were markup: nothing written there can make the count smaller, for an end tag
    takes away only its own bracket.
    """
    tags = data.count(b"<") - data.count(b"</")
    if tags > limits.max_tags:
        raise XmlRefused("too_many_tags", limits.max_tags)
    most = limits.max_attributes
    # Text may be full of equals signs; an attribute has a quote behind its sign.
    if data.count(b"=") > most and next(islice(_ATTRIBUTE.finditer(data), most, None), None) is not None:
        raise XmlRefused("too_many_tags", most)
    return tags


@lru_cache(maxsize=16)
def _deeper_than(limit: int) -> etree.XPath:
    return etree.XPath("boolean(/" + "/".join(["*"] * (limit + 1)) + ")")


_INSTRUCTION = etree.XPath("boolean(//processing-instruction())")


class _Parsers(threading.local):
    """A parser costs as much as parsing a small message; between messages it keeps names only, as its thread does."""

    plain: etree.XMLParser | None = None


_parsers = _Parsers()


def _parser(*, huge: bool, comments: bool) -> etree.XMLParser:
    if huge or comments:
        return _hardened(huge=huge, comments=comments)
    if _parsers.plain is None:
        _parsers.plain = _hardened(huge=False, comments=False)
    return _parsers.plain


def _hardened(*, huge: bool, comments: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        remove_comments=not comments,
        huge_tree=huge,
    )


def parse(data: bytes, limits: XmlLimits = DEFAULT, *, comments: bool = False) -> etree._Element:
    """Parse hostile bytes into an element; raise XmlRefused. `comments` are kept for signatures that cover them."""
    if len(data) > limits.max_bytes:
        raise XmlRefused("too_large", limits.max_bytes)
    start = _check_prolog(data)
    tags = _count(data, limits)
    try:
        root = etree.fromstring(data, _parser(huge=len(data) > _HUGE or limits.max_depth > 250, comments=comments))
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise _refusal(data, fault, limits) from None
    info: Any = root.getroottree().docinfo
    if info.doctype:
        raise XmlRefused("doctype")
    if data.find(b"<?", start) >= 0 and _INSTRUCTION(root):
        raise XmlRefused("processing_instruction")
    if tags > limits.max_depth and _deeper_than(limits.max_depth)(root):
        raise XmlRefused("too_deep", limits.max_depth)
    return root


def _refusal(data: bytes, fault: Exception, limits: XmlLimits) -> XmlRefused:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return XmlRefused("wrong_charset")
    if "xcessive depth" in str(fault):
        return XmlRefused("too_deep", limits.max_depth)
    return XmlRefused("not_xml")
