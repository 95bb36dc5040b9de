"""A parsed XML document as signatures see it: what an id names, and how much work it may still cause.

Enters: hostile bytes and bounds. Leaves: a `Document`. Refuses, as a `Fault` that carries its finding: what the one XML
parser refuses, too many attributes of one element, and any work beyond the budget.

Canonicalisation costs more than linear time in libxml2: each element is compared with all namespaces in scope, each
attribute is sorted in by a linear search, and the exclusive form repeats a namespace wherever it is used first. All
work is paid from one budget per document, in bytes, before it is done.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Hashable
from dataclasses import dataclass, field

from lxml import etree

from gateway.signatures.findings import Finding, found
from gateway.signatures.material import Bounds
from schemas.safe_xml import XmlLimits, XmlRefused, parse

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
XADES141 = "{http://uri.etsi.org/01903/v1.4.1#}"
XML = "{http://www.w3.org/XML/1998/namespace}"
SIGNATURE = DS + "Signature"

MOST_ATTRIBUTES = 1_000
"""Of one element: libxml2 sorts them by linear search."""

_IDS = frozenset(("Id", "ID", "id", "AssertionID"))
_NAMESPACE = re.compile(rb"xmlns(?::[^\s=]{0,200})?\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_STRANGE = re.compile(r"[^A-Za-z0-9._/#:()'-]")
_LONG = {"too_large": "bytes", "too_deep": "levels of elements", "too_many_tags": "elements or attributes"}


class Fault(Exception):
    """Something that ends one step of the check; `finding` says it."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.finding: Finding = found(code, detail)
        super().__init__(self.finding.message)


@dataclass
class Budget:
    """Work that is left, in bytes written (a step of libxml2 counts as an eighth)."""

    left: int

    def take(self, amount: int) -> None:
        self.left -= max(amount, 0)
        if self.left < 0:
            raise Fault("too_costly", "its signatures ask for too much work on this document")


@dataclass
class Document:
    """`ids`: what each id names. `scope`: most namespaces in scope of an element; `longest`: bytes of the longest."""

    root: etree._Element
    bounds: Bounds
    budget: Budget
    ids: dict[str, list[etree._Element]] = field(default_factory=dict)
    scope: int = 0
    depth: int = 0
    longest: int = 0
    done: dict[Hashable, bytes] = field(default_factory=dict)
    below: dict[etree._Element, frozenset[etree._Element]] = field(default_factory=dict)

    def named(self, name: str) -> etree._Element:
        """The one element with this id; `Fault` if none or several have it."""
        elements = self.ids.get(name, [])
        if len(elements) > 1:
            raise Fault("ambiguous_id", clean(name))
        if not elements:
            raise Fault("content_missing", f"no element has the id {clean(name)}")
        return elements[0]

    def signatures_in(self, element: etree._Element) -> frozenset[etree._Element]:
        """All signatures in a part, the part itself too."""
        if element not in self.below:
            self.below[element] = frozenset(element.iter(SIGNATURE))
        return self.below[element]

    @property
    def signatures(self) -> list[etree._Element]:
        return list(self.root.iter(SIGNATURE))


def read(data: bytes, bounds: Bounds, budget: Budget | None = None) -> Document:
    """Parse it and learn its ids; comments are kept where a signature could cover them."""
    comments = b"<!--" in data and b"WithComments" in data
    root = parsed(data, bounds, comments=comments)
    document = Document(root, bounds, budget or Budget(4 * bounds.xml_bytes))
    document.longest = max((len(one[0] or one[1]) for one in _NAMESPACE.findall(data)), default=0)
    _walk(document)
    return document


def parsed(data: bytes, bounds: Bounds, *, comments: bool) -> etree._Element:
    """The one parser with our bounds; its refusals as a `Fault`."""
    limits = XmlLimits(bounds.xml_bytes, bounds.xml_depth, bounds.xml_tags, bounds.xml_tags)
    try:
        return parse(data, limits, comments=comments)
    except XmlRefused as refused:
        raise _fault(refused, data) from None


def _fault(refused: XmlRefused, data: bytes) -> Fault:
    if refused.code in _LONG:
        return Fault("too_large", f"more than {refused.limit} {_LONG[refused.code]}")
    if refused.code in ("doctype", "processing_instruction"):
        return Fault("unsafe", str(refused))
    if refused.code == "wrong_charset" and (data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"encoding" in data[:200]):
        return Fault("unsupported", "XML that is not in UTF-8")
    return Fault("format_broken", "it is not well-formed XML")


def _walk(document: Document) -> None:
    scope = depth = 0
    for event, element in etree.iterwalk(document.root, events=("start", "end", "start-ns", "end-ns")):
        if event == "start-ns":
            scope += 1
            document.scope = max(scope, document.scope)
        elif event == "end-ns":
            scope -= 1
        elif event == "end":
            depth -= 1
        else:
            depth += 1
            document.depth = max(depth, document.depth)
            _learn(document, element)


def _learn(document: Document, element: etree._Element) -> None:
    attributes = element.attrib
    if not attributes:
        return
    if len(attributes) > MOST_ATTRIBUTES:
        raise Fault("too_large", f"more than {MOST_ATTRIBUTES} attributes of one element")
    values = {str(value) for name, value in attributes.items() if local(str(name)) in _IDS or name == XML + "id"}
    for value in values:
        document.ids.setdefault(value, []).append(element)


def local(tag: str) -> str:
    return tag.rpartition("}")[2]


def clean(name: str) -> str:
    """A name out of a hostile file, fit to be shown: at most 60 plain characters."""
    return _STRANGE.sub("?", name[:60])


def children(element: etree._Element) -> list[etree._Element]:
    """Its elements, without comments."""
    return [one for one in element if isinstance(one.tag, str)]


def text(element: etree._Element) -> str:
    """All of its own text, also behind comments; an element within is a `Fault`."""
    if len(element) and children(element):
        raise Fault("format_broken", f"an element within {clean(local(str(element.tag)))}")
    return (element.text or "") + "".join(one.tail or "" for one in element)


def decoded(element: etree._Element) -> bytes:
    """Its text as base64, strictly: white space is all that may be in between, and there is one way to write it."""
    plain = "".join(text(element).split())
    try:
        data = base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        raise Fault("format_broken", f"bad base64 in {clean(local(str(element.tag)))}") from None
    if base64.b64encode(data).decode() != plain:
        raise Fault("format_broken", f"bad base64 in {clean(local(str(element.tag)))}")
    return data
