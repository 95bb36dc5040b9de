"""One `ds:Signature` taken apart, exactly as its schema has it.

Enters: an element. Leaves: its `Parts`. Refuses (`Fault` with `format_broken`): a part that is missing, doubled, out of
order or unknown; a second SignedInfo is how signatures are forged.
"""

from __future__ import annotations

from lxml import etree

from gateway.contract.frozen import frozen
from gateway.signatures.xml_document import DS, Fault, children

_ORDER = [DS + "SignedInfo", DS + "SignatureValue"]
_HEAD = [DS + "CanonicalizationMethod", DS + "SignatureMethod"]


@frozen
class Parts:
    """XML Signature 1.1, section 4."""

    signature: etree._Element
    signed_info: etree._Element
    canonicalisation: etree._Element
    method: etree._Element
    references: tuple[etree._Element, ...]
    value: etree._Element
    key_info: etree._Element | None
    objects: tuple[etree._Element, ...]


def taken_apart(signature: etree._Element) -> Parts:
    """The parts of a signature."""
    parts = children(signature)
    names = [str(one.tag) for one in parts]
    rest = parts[2:]
    key_info = rest.pop(0) if rest and rest[0].tag == DS + "KeyInfo" else None
    if _stray(signature) or names[:2] != _ORDER or any(one.tag != DS + "Object" for one in rest):
        raise Fault("format_broken", "a signature of another form")
    inner = children(parts[0])
    if [str(one.tag) for one in inner[:2]] != _HEAD:
        raise Fault("format_broken", "a SignedInfo of another form")
    references = inner[2:]
    if not references or any(one.tag != DS + "Reference" for one in references):
        raise Fault("format_broken", "a SignedInfo without references, or with more than those")
    return Parts(signature, parts[0], inner[0], inner[1], tuple(references), parts[1], key_info, tuple(rest))


def _stray(signature: etree._Element) -> bool:
    """Whether text stands between its parts."""
    return any((each or "").strip() for each in (signature.text, *(one.tail for one in signature)))
