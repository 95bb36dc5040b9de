"""A call of a shared service, read from hostile bytes: pure functions, no I/O.

Enters: body bytes, the charset the caller declared, the service, the limits. Leaves: a `Request` whose wrapper is
valid. Refuses: what is no envelope of this service's operation, a wrapper that does not fit its schema (paths and
lines, never values), inline content over its limit, parts named by URL, MTOM.

The document element is taken out of the wrapper and renamed to the root its own schema declares; it is judged where
every document is judged. Base64 is taken out as text before the wrapper is validated: a large attachment costs one
copy.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from lxml import etree

from adapters.soap.charset import to_utf8
from adapters.soap.envelope import Version, open_envelope
from adapters.soap.findings import Finding, document_findings, line_of, wrapper_findings
from adapters.soap.names import Words
from adapters.soap.wsdl import declared_names, wrapper_schema
from gateway.contract import Limits, Reason, Refused
from schemas.document import Document, SchemaError
from schemas.safe_xml import XmlLimits, XmlRefused, parse
from schemas.scalars import instant
from schemas.xml import from_xml
from schemas.xsd import namespace, root_name

_REASONS = {
    "too_large": Reason.BODY_TOO_LARGE,
    "wrong_charset": Reason.WRONG_CHARSET,
    "doctype": Reason.DOCTYPE_REFUSED,
    "processing_instruction": Reason.NOT_A_SOAP_ENVELOPE,
    "too_deep": Reason.TOO_DEEP,
    "too_many_tags": Reason.TOO_MANY_ELEMENTS,
    "not_xml": Reason.NOT_XML,
}
#: A wrapper has no attributes of its own; toolkits repeat `xsi:type` at its elements.
_ATTRIBUTES = 1000
_CHUNK = 65536 // 3 * 4


@dataclass(frozen=True)
class InlinePart:
    """A part as it stands in the message: `content` is base64 without blanks, its alphabet not judged yet."""

    index: int
    line: int
    content: bytes
    media_type: str
    name: str | None = None
    sha256: str | None = None
    size: int | None = None

    def decoded(self) -> Iterator[bytes]:
        """The bytes in chunks of at most 64 KiB. Raises `Refused` at the first character that is no base64."""
        for start in range(0, len(self.content), _CHUNK):
            chunk, last = self.content[start : start + _CHUNK], start + _CHUNK >= len(self.content)
            try:
                yield binascii.a2b_base64(chunk, strict_mode=True)
            except binascii.Error:
                raise self.broken() from None
            if not last and chunk.endswith(b"="):
                raise self.broken()

    def broken(self) -> Refused:
        return refused([(f"part.{self.index}.content", "not_base64", f"line {self.line}: base64 is due")])


@dataclass(frozen=True)
class Request:
    """A call whose envelope and wrapper are valid.

    `document` as an element has its own schema's root name and is not judged yet; a `Document` is.
    """

    document: etree._Element | Document
    envelope: dict[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None
    parts: tuple[InlinePart, ...] = ()
    message_id: str | None = None


def refused(findings: list[Finding], reason: Reason = Reason.SCHEMA_INVALID) -> Refused:
    return Refused(reason, errors=findings)


def read_xml(body: bytes, charset: str | None, max_bytes: int, max_depth: int) -> etree._Element:
    """Parse the bytes of a message, hardened; raise `Refused` by name."""
    try:
        return parse(to_utf8(body, charset), XmlLimits(max_bytes, max_depth))
    except XmlRefused as error:
        detail = "processing instructions are not taken" if error.code == "processing_instruction" else ""
        raise Refused(_REASONS[error.code], detail, limit=error.limit) from None


@dataclass(frozen=True)
class Apart:
    """A call taken apart, its wrapper not validated yet: the document and the base64 are out of it."""

    words: Words
    wrapper: etree._Element
    document: etree._Element
    parts: tuple[etree._Element, ...]
    contents: tuple[bytes | None, ...]
    message_id: str | None


def take_apart(body: bytes, charset: str | None, words: Words, version: Version, limits: Limits) -> Apart:
    """Parse a call of a service and take the large things out; raise `Refused`. Safe in a thread of its own."""
    opened = open_envelope(read_xml(body, charset, limits.soap_body_bytes, limits.nesting), version)
    wrapper = opened.wrapper
    if wrapper.tag != words.request:
        raise Refused(Reason.UNKNOWN_OPERATION)
    found = tuple(wrapper.findall(words.tag("part")))
    if found and not words.service.parts_allowed:
        raise Refused(Reason.PART_UNUSED)
    if len(found) > limits.parts:
        raise Refused(Reason.TOO_MANY_PARTS, limit=limits.parts)
    document = take_document(wrapper, words, words.service.request)
    contents = tuple(_take_content(part, index, words, limits.inline_part_bytes) for index, part in enumerate(found))
    return Apart(words, wrapper, document, found, contents, opened.message_id)


def judge(apart: Apart, limits: Limits, schema: etree.XMLSchema | None = None) -> Request:
    """Validate the wrapper and read what it says; raise `Refused`. Another thread than the loop's brings its `schema`.

    What may stand often is counted first: libxml2 logs every fault, and its log has no limit of its own.
    """
    words, wrapper = apart.words, apart.wrapper
    envelopes = wrapper.findall(words.tag("envelope"))
    for element in envelopes:
        if next(islice(element.iterfind(words.tag("recipients")), limits.recipients, None), None) is not None:
            raise Refused(Reason.TOO_MANY_RECIPIENTS, limit=limits.recipients)
    check_wrapper(wrapper, words, Reason.SCHEMA_INVALID, schema)
    envelope = _read_envelope(envelopes[0], words) if envelopes else {}
    pairs = zip(apart.parts, apart.contents, strict=True)
    parts = tuple(_read_part(part, index, content, words) for index, (part, content) in enumerate(pairs))
    return Request(apart.document, envelope, _expiry(envelope), parts, apart.message_id)


def judged_document(element: etree._Element | Document) -> Document:
    """The document an element holds; raise `Refused` with paths and lines."""
    if isinstance(element, Document):
        return element
    try:
        return from_xml(element)
    except SchemaError as error:
        raise refused(document_findings(error, element)) from None


def check_wrapper(wrapper: etree._Element, words: Words, reason: Reason, schema: etree.XMLSchema | None = None) -> None:
    said = 0
    for element in wrapper.iter("*"):
        said += len(element.attrib)
        if said > _ATTRIBUTES:
            raise refused([("", "attribute", f"line {line_of(element)}: attributes are not known here")], reason)
    schema = wrapper_schema(words) if schema is None else schema
    if not schema.validate(wrapper):
        raise refused(wrapper_findings(schema, wrapper, declared_names(words)), reason)


def take_document(wrapper: etree._Element, words: Words, doc_type: str) -> etree._Element:
    tag, after = f"{{{words.namespace}}}document", f"{{{words.namespace}}}part"
    children = list(wrapper)
    found = [child for child in children if child.tag == tag]
    if len(found) != 1:
        code = ("repeated", "document stands once only") if found else ("missing", "a required element is absent")
        raise refused([("document", code[0], f"line {line_of(wrapper)}: {code[1]}")])
    document = found[0]
    place = children.index(document)
    if any(child.tag == after for child in children[:place]):
        raise refused([("document", "unexpected_element", f"line {line_of(document)}: document stands before part")])
    if any(child.tag != after for child in children[place + 1 :]):
        raise refused([("document", "unexpected_element", f"line {line_of(document)}: only part may follow it")])
    if document.tail and document.tail.strip():
        raise refused([("", "text", f"line {line_of(document)}: text stands where only elements may be")])
    document.tail = None
    wrapper.remove(document)
    document.tag = f"{{{namespace(doc_type)}}}{root_name(doc_type)}"
    return document


def _take_content(part: etree._Element, index: int, words: Words, limit: int) -> bytes | None:
    content = part.find(words.tag("content"))
    if content is None:
        return None
    if len(content):
        detail = "content holds an element; MTOM (XOP) is not read here, send base64"
        raise Refused(Reason.SCHEMA_INVALID, detail, errors=[(f"part.{index}.content", "not_base64", "base64 is due")])
    said = content.text or ""
    content.text = None
    try:
        encoded = said.encode("ascii").translate(None, b" \t\r\n")
    except UnicodeEncodeError:
        # Not base64: `InlinePart.decoded` says so with the part's place.
        encoded = b"!"
    padding = 2 if encoded.endswith(b"==") else int(encoded.endswith(b"="))
    if len(encoded) // 4 * 3 - padding > limit:
        raise Refused(Reason.INLINE_TOO_LARGE, limit=limit)
    return encoded


def _read_part(part: etree._Element, index: int, content: bytes | None, words: Words) -> InlinePart:
    said = {child.tag: (child.text or "").strip() for child in part}
    line = line_of(part)
    if content is None:
        if words.tag("href") in said:
            raise Refused(Reason.PART_MISSING, "a part named by URL is not fetched; send its bytes as content")
        raise refused([(f"part.{index}.content", "missing", f"line {line}: a required element is absent")])
    if words.tag("href") in said:
        raise refused([(f"part.{index}.href", "unexpected_element", f"line {line}: send content or href, not both")])
    size = said.get(words.tag("size"))
    name = part.findtext(words.tag("name"))
    return InlinePart(
        index,
        line,
        content,
        said[words.tag("mediaType")],
        name or None,
        said[words.tag("sha256")].lower() if words.tag("sha256") in said else None,
        int(size) if size is not None else None,
    )


def _read_envelope(element: etree._Element, words: Words) -> dict[str, Any]:
    said: dict[str, Any] = {}
    start = len(words.namespace) + 2
    for child in element:
        name, value = str(child.tag)[start:], child.text or ""
        if name == "recipients":
            said.setdefault(name, []).append(value)
        else:
            said[name] = value
    return said


def _expiry(envelope: dict[str, Any]) -> datetime | None:
    said = envelope.get("expiresAt")
    if said is None:
        return None
    try:
        return instant(said.strip())
    except ValueError:
        raise refused([("envelope.expiresAt", "instant", "an instant is RFC 3339 with an offset")]) from None
