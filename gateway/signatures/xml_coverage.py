"""Does a signature cover all that its document offers? The answer to wrapping.

Enters: a signature's parts and its references. Leaves: in words what it covers, and what is wrong with that. Refuses:
nothing; a part that is not covered is an error.

A document is covered when one of these holds:
1. A reference names its root; only signatures are taken out.
2. The signature is the root and signs each of its own Objects (enveloping), or files outside (detached).
3. The root only holds signatures, and this one signs its own Objects or files outside.
4. The root only holds parts, and each child is a signature or named by a reference.
5. It is a counter-signature over the value of the signature that it lies in.
A root that is not signed must say nothing: by text, by attributes, or by its name, so in 3 and 4 only names are taken
that mean a holder and no more. What the schema has no place for in a signature's own unsigned parts is not covered.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from gateway.signatures.findings import Finding, found
from gateway.signatures.xml_document import DS, SIGNATURE, XADES, XML, Document, children, clean, local
from gateway.signatures.xml_parts import Parts
from gateway.signatures.xml_references import Reference, external_name

_MANIFEST = "http://www.w3.org/2000/09/xmldsig#Manifest"
_HOLDS_SIGNATURES = frozenset(
    ("{http://uri.etsi.org/02918/v1.2.1#}XAdESSignatures", "{http://uri.etsi.org/02918/v1.1.1#}XAdESSignatures")
)
_HOLDS_PARTS = "internally-detached"
"""How the programs around the EU's DSS name it."""
_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_IN_KEY_INFO = (DS, "{http://www.w3.org/2009/xmldsig11#}")
_PLACE = [
    XADES + "CounterSignature", XADES + "UnsignedSignatureProperties", XADES + "UnsignedProperties",
    XADES + "QualifyingProperties", DS + "Object", SIGNATURE,
]  # fmt: skip


def coverage(document: Document, parts: Parts, references: Sequence[Reference]) -> tuple[str, list[Finding]]:
    """In words what is covered, and findings."""
    findings = [found("unsupported", "the references in a manifest") for one in references if one.type == _MANIFEST]
    countersigned = _countersigned(parts)
    if countersigned is not None:
        if any(_names(one, countersigned) for one in references):
            return "the value of the signature that it confirms", findings
        return "not the signature that it lies in", [*findings, found("not_covered", "a counter-signature")]
    covered = [one for one in references if one.nodes is not None or one.material is not None]
    content = [one for one in covered if not _own(one, parts)]
    if any(not _signed(one, references) for one in parts.objects):
        findings.append(found("not_covered", "an Object in the signature that it does not sign"))
    findings += _beside(parts, references)
    words, whole = _reach(document, parts, content)
    unsettled = any(one.nodes is None and one.material is None for one in references)
    if not whole and not (unsettled and not content):
        findings.append(found("not_covered", words))
    return words, findings


def _reach(document: Document, parts: Parts, content: list[Reference]) -> tuple[str, bool]:
    root = document.root
    outside = [one for one in content if one.material is not None]
    names = [clean(external_name(one.uri) or "the file beside it") for one in outside[:5]]
    files = ", ".join(names) + (f" and {len(outside) - 5} more" if len(outside) > 5 else "")
    if any(_names(one, root) for one in content):
        return "the whole document" + (f" and {files}" if files else ""), True
    objects = [one for one in content if one.nodes is not None and _within(one.nodes.apex, parts)]
    if root is parts.signature or _holds_signatures(root):
        told = [f"{len(objects)} object(s) in the signature"] if objects else []
        told += [files] if files else []
        return " and ".join(told) or "no content", bool(told) and len(objects) + len(outside) == len(content)
    open_ = [one for one in children(root) if one.tag != SIGNATURE and not any(_names(ref, one) for ref in content)]
    if content and not open_ and root.tag == _HOLDS_PARTS and _silent(root):
        return "all elements of the document", True
    named = [clean(local(str(one.nodes.apex.tag))) for one in content if one.nodes is not None]
    told = [f"the element(s) {', '.join(named[:5])}"] if named else []
    told += [files] if files else []
    return " and ".join(told) or "no content", False


def _names(reference: Reference, element: etree._Element) -> bool:
    """Whether it covers this element with its tags, or with nothing but text in it."""
    if reference.nodes is None or reference.nodes.apex is not element:
        return False
    return not reference.as_text


def _signed(one: etree._Element, references: Sequence[Reference]) -> bool:
    """An Object is signed by itself, by the only thing that it holds, or as properties, which are asked elsewhere."""
    inner = children(one)
    if any(_names(ref, one) for ref in references):
        return True
    if any(ref.as_text and ref.nodes is not None and ref.nodes.apex is one for ref in references):
        return not inner
    if len(inner) != 1 or (one.text or "").strip() or any((each.tail or "").strip() for each in one):
        return False
    return inner[0].tag == XADES + "QualifyingProperties" or any(_names(ref, inner[0]) for ref in references)


def _own(reference: Reference, parts: Parts) -> bool:
    """Whether it is about the signature itself: its key, its value, its properties."""
    if reference.nodes is None:
        return False
    apex = reference.nodes.apex
    return _within(apex, parts) and (
        apex.tag == XADES + "SignedProperties"
        or any(each is apex for each in (parts.key_info, parts.value, parts.signed_info))
        or (parts.key_info is not None and any(above is parts.key_info for above in apex.iterancestors()))
    )


def _within(apex: etree._Element, parts: Parts) -> bool:
    return any(above is parts.signature for above in apex.iterancestors())


def _beside(parts: Parts, references: Sequence[Reference]) -> list[Finding]:
    """What the parts of the signature that it does not sign say beside what they must (XML Signature 1.1, section 4:
    each has an Id; an Object a type and an encoding too)."""
    own = (parts.signature, parts.value, parts.key_info, *parts.objects)
    open_ = [one for one in own if one is not None and not any(_names(ref, one) for ref in references)]
    findings = []
    if any(_foreign(one, one in parts.objects) for one in open_):
        findings.append(found("not_covered", "an attribute of the signature that has no place there"))
    if any(one.get("MimeType") is not None for one in open_ if one.tag == DS + "Object"):
        findings.append(found("unsigned_beside", "the type of an Object (MimeType)"))
    if parts.key_info is not None and any(one is parts.key_info for one in open_) and _speaks(parts.key_info):
        findings.append(found("unsigned_beside", "text or foreign elements in KeyInfo"))
    return findings


def _foreign(element: etree._Element, typed: bool) -> bool:
    known = ("Id", "MimeType", "Encoding") if typed else ("Id",)
    return any(name not in known and not name.startswith((_INSTANCE, XML)) for name in map(str, element.attrib))


def _speaks(key_info: etree._Element) -> bool:
    return bool(_text(key_info)) or any(not str(one.tag).startswith(_IN_KEY_INFO) for one in children(key_info))


def _holds_signatures(root: etree._Element) -> bool:
    inner = children(root)
    return (
        root.tag in _HOLDS_SIGNATURES and bool(inner) and all(one.tag == SIGNATURE for one in inner) and _silent(root)
    )


def _silent(root: etree._Element) -> bool:
    """Whether a root says nothing by itself, in text or attributes; an id could say anything too."""
    return not root.attrib and not _text(root)


def _text(root: etree._Element) -> str:
    return ((root.text or "") + "".join(one.tail or "" for one in root)).strip()


def _countersigned(parts: Parts) -> etree._Element | None:
    """The SignatureValue of the signature whose counter-signature this is by its place."""
    above = list(parts.signature.iterancestors())[: len(_PLACE)]
    if not above or above[0].tag != _PLACE[0]:
        return None
    value = above[-1].find(DS + "SignatureValue") if [str(one.tag) for one in above] == _PLACE else None
    return value if value is not None else parts.signature
