"""Nodes of a document to the octets that are digested: Canonical XML 1.0 and 1.1, and the exclusive form.

Enters: a part of a document. Leaves: octets. Refuses, as a `Fault`: other algorithms, what libxml2 cannot write,
`#default` in a list of prefixes where it counts (exclusive C14N, section 3), and `xml:base` above a part that is
canonicalised by version 1.1 (section 2.4 would have it joined).

libxml2 writes the octets. It gets a part as a document of its own, for lxml has no node sets: the part is written out
with all its namespaces, read again, and receives the `xml:` attributes of its ancestors (C14N 1.0, section 2.4). What a
transform takes out is removed from that copy; the document itself never changes.
"""

from __future__ import annotations

from lxml import etree

from gateway.contract.frozen import frozen
from gateway.signatures.xml_document import SIGNATURE, XML, Document, Fault, clean, parsed

_PREFIXES = "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"


@frozen
class Method:
    """A canonicalisation. `version` is 10 or 11; `prefixes` are treated inclusively by the exclusive form."""

    exclusive: bool = False
    comments: bool = False
    version: int = 10
    prefixes: tuple[str, ...] = ()


PLAIN = Method()
"""Where nothing is said: Canonical XML 1.0 (XML Signature 1.1, section 4.4.3.2)."""

_METHODS = {
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": PLAIN,
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": Method(comments=True),
    "http://www.w3.org/2006/12/xml-c14n11": Method(version=11),
    "http://www.w3.org/2006/12/xml-c14n11#WithComments": Method(version=11, comments=True),
    "http://www.w3.org/2001/10/xml-exc-c14n#": Method(exclusive=True),
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments": Method(exclusive=True, comments=True),
}


@frozen
class Nodes:
    """A part of a document: all below `apex`, or the document with what surrounds its root (`whole`).

    `without`: signatures that are taken out. `comments`: whether they belong to the part."""

    apex: etree._Element
    whole: bool = False
    comments: bool = False
    without: frozenset[etree._Element] = frozenset()


def known(algorithm: str) -> bool:
    return algorithm in _METHODS


def method_of(element: etree._Element | None) -> Method:
    """What a CanonicalizationMethod or a Transform asks for."""
    if element is None:
        return PLAIN
    algorithm = element.get("Algorithm", "")
    method = _METHODS.get(algorithm)
    if method is None:
        raise Fault("unsupported", f"the canonicalisation {clean(algorithm)}")
    listed = element.find(_PREFIXES)
    if not method.exclusive or listed is None:
        return method
    return Method(True, method.comments, 10, tuple(listed.get("PrefixList", "").split()))


def octets(document: Document, nodes: Nodes, method: Method) -> bytes:
    """The canonical form. The same question is answered once."""
    key = (nodes, method)
    if key not in document.done:
        document.done[key] = _written(document, nodes, method)
    return document.done[key]


def _written(document: Document, nodes: Nodes, method: Method) -> bytes:
    if nodes.apex in nodes.without:
        raise Fault("not_covered", "a reference that signs nothing")
    _pay(document, nodes, method)
    if "#default" in method.prefixes and _default_matters(nodes.apex):
        raise Fault("unsupported", "#default in a list of prefixes")
    own = nodes.apex is document.root and not nodes.without
    apex = document.root if own else _copied(document, nodes, method)
    try:
        data = etree.tostring(
            apex.getroottree() if nodes.whole else apex,
            method="c14n",
            exclusive=method.exclusive,
            with_comments=method.comments and nodes.comments,
            inclusive_ns_prefixes=list(method.prefixes) or None,
        )
    except (etree.LxmlError, ValueError, TypeError):
        raise Fault("unsupported", "XML that has no canonical form, such as a relative namespace") from None
    document.budget.take(len(data))
    return bytes(data)


def _default_matters(apex: etree._Element) -> bool:
    """Whether `#default` could change the octets. lxml drops it, for it knows prefixes only from the document; elements
    without a prefix use the default namespace anyway."""
    declared = None in apex.nsmap or any(None in one.nsmap for one in apex.iter(etree.Element))
    return declared and any(one.prefix is not None for one in apex.iter(etree.Element))


def _pay(document: Document, nodes: Nodes, method: Method) -> None:
    elements = attributes = 0
    for one in nodes.apex.iter(etree.Element):
        elements += 1
        attributes += len(one.attrib)
    scope = document.scope + 1
    steps = elements * scope * (scope + document.depth)
    repeated = (elements + attributes) * document.longest if method.exclusive else scope * document.longest
    document.budget.take(steps // 8 + repeated)


def _copied(document: Document, nodes: Nodes, method: Method) -> etree._Element:
    """The part as a document of its own, without what is taken out."""
    source = nodes.apex.getroottree() if nodes.whole else nodes.apex
    data = etree.tostring(source, encoding="utf-8", with_tail=False)
    document.budget.take(len(data))
    copy = parsed(data, document.bounds, comments=True)
    signatures = list(copy.iter(SIGNATURE))
    gone = [at for at, one in enumerate(nodes.apex.iter(SIGNATURE)) if one in nodes.without]
    for at in gone:
        _take_out(signatures[at])
    if not method.exclusive:
        for name, value in _inherited(nodes.apex, method).items():
            copy.set(name, value)
    return copy


def _take_out(element: etree._Element) -> None:
    """Remove it and leave the text behind it where it is."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if parent is None:
        return
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _inherited(apex: etree._Element, method: Method) -> dict[str, str]:
    """`xml:` attributes of its ancestors that it lacks, the nearest first (C14N 1.1, section 2.4: not `xml:id`)."""
    values: dict[str, str] = {}
    for above in apex.iterancestors():
        for name, value in above.attrib.items():
            name, value = str(name), str(value)
            if not name.startswith(XML):
                continue
            if method.version == 11 and name == XML + "base":
                raise Fault("unsupported", "xml:base above a part that is canonicalised by version 1.1")
            if not (method.version == 11 and name == XML + "id") and name not in apex.attrib:
                values.setdefault(name, value)
    return values
