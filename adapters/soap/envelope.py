"""SOAP envelopes, both versions: opened on arrival, wrapped on leaving.

Enters: a parsed root element, or the bytes of a body. Leaves: the one element of the body with the plain WS-Addressing
MessageID, or an envelope in bytes. Refuses: a foreign envelope namespace (version_mismatch), a header that must be
understood (must_understand, with its name), anything but exactly one element in the body (not_a_soap_envelope).
Sources: SOAP 1.1 (W3C Note, 8 May 2000) sections 4 and 5, SOAP 1.2 Part 1 sections 2, 5 and 5.4.7, WS-Addressing 1.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from lxml import etree

from gateway.contract import Reason, Refused

_ADDRESSING = (
    "{http://www.w3.org/2005/08/addressing}MessageID",
    "{http://schemas.xmlsoap.org/ws/2004/08/addressing}MessageID",
)
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME_LIMIT = 200
_HEADERS_LIMIT = 64
_SPECIAL = re.compile("[&<>\r]")


@dataclass(frozen=True)
class Version:
    """One version of SOAP: names, media type, and which roles mean us (the last receiver, or whoever comes next)."""

    name: str
    namespace: str
    media_type: str
    role: str
    ours: frozenset[str]

    def tag(self, name: str) -> str:
        return f"{{{self.namespace}}}{name}"

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset=utf-8"


SOAP11 = Version(
    "1.1",
    "http://schemas.xmlsoap.org/soap/envelope/",
    "text/xml",
    "actor",
    frozenset({"", "http://schemas.xmlsoap.org/soap/actor/next"}),
)
SOAP12 = Version(
    "1.2",
    "http://www.w3.org/2003/05/soap-envelope",
    "application/soap+xml",
    "role",
    frozenset(
        {
            "",
            "http://www.w3.org/2003/05/soap-envelope/role/next",
            "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
        }
    ),
)
VERSIONS = (SOAP11, SOAP12)


def version_of(media_type: str) -> Version | None:
    """The version that a media type stands for; None for a media type that carries no plain envelope."""
    return next((version for version in VERSIONS if version.media_type == media_type), None)


@dataclass(frozen=True)
class Opened:
    """What an envelope held: the one element of its body, and the caller's WS-Addressing MessageID if it sent one."""

    version: Version
    wrapper: etree._Element
    message_id: str | None = None


def open_envelope(root: etree._Element, expected: Version | None = None) -> Opened:
    """Open an envelope; with `expected`, an envelope of the other version is a version mismatch.

    The version a message claims by its media type must be the version it is written in: the answer, a fault above
    all, goes by the media type, also when the envelope could not be read.
    """
    version = next((known for known in VERSIONS if root.tag == known.tag("Envelope")), None)
    if version is None:
        if etree.QName(root).localname == "Envelope":
            raise Refused(Reason.VERSION_MISMATCH)
        raise Refused(Reason.NOT_A_SOAP_ENVELOPE)
    if expected is not None and version is not expected:
        detail = f"the media type stands for SOAP {expected.name}, the envelope is SOAP {version.name}"
        raise Refused(Reason.VERSION_MISMATCH, detail)
    children = [child for child in root if isinstance(child.tag, str)]
    header = None
    if children and children[0].tag == version.tag("Header"):
        header = children.pop(0)
    if len(children) != 1 or children[0].tag != version.tag("Body"):
        raise Refused(Reason.NOT_A_SOAP_ENVELOPE, "an Envelope holds an optional Header and one Body, nothing after it")
    message_id = None if header is None else _read_header(header, version)
    content = [child for child in children[0] if isinstance(child.tag, str)]
    if len(content) != 1:
        raise Refused(Reason.NOT_A_SOAP_ENVELOPE, "the Body holds exactly one element")
    return Opened(version, content[0], message_id)


def _read_header(header: etree._Element, version: Version) -> str | None:
    must, role = version.tag("mustUnderstand"), version.tag(version.role)
    message_id, strange, seen = None, [], 0
    for block in header:
        if not isinstance(block.tag, str):
            continue
        seen += 1
        if seen > _HEADERS_LIMIT:
            raise Refused(Reason.NOT_A_SOAP_ENVELOPE, "too many header blocks", limit=_HEADERS_LIMIT)
        if block.get(role, "").strip() not in version.ours:
            continue
        if block.get(must, "").strip() in ("1", "true"):
            strange.append((block.tag[:_NAME_LIMIT], "not_understood", "this header is not processed here"))
        elif block.tag in _ADDRESSING and message_id is None:
            message_id = (block.text or "").strip() or None
    if strange:
        raise Refused(Reason.MUST_UNDERSTAND, errors=strange)
    return message_id


def escaped(value: str) -> str:
    """Text for an element, of characters that XML 1.0 carries; a carriage return is kept through line-end folding."""
    if _SPECIAL.search(value) is None:
        return value
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def text(value: str) -> str:
    """Text for an element or attribute, of any characters; what XML 1.0 cannot carry becomes U+FFFD."""
    return escape(_UNFIT.sub("\ufffd", value)).replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")


def around(version: Version, header: bytes = b"") -> tuple[bytes, bytes]:
    """The bytes before and after a body."""
    before = f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{version.namespace}">'.encode()
    if header:
        before += b"<soap:Header>" + header + b"</soap:Header>"
    return before + b"<soap:Body>", b"</soap:Body></soap:Envelope>"


_AROUND = {version: around(version) for version in VERSIONS}


def wrap(version: Version, body: bytes) -> bytes:
    """A whole envelope around a body that is XML already."""
    before, after = _AROUND[version]
    return before + body + after
