"""The references of one XML signature: what each names, what its transforms make of it, whether its digest holds.

Enters: a `ds:Reference`, its document, whoever can give further files. Leaves: a `Reference`. Refuses, as findings of
that reference: addresses (never fetched), transforms outside the list, ids that two elements have.

1. Dereference (XML Signature 1.1, section 4.4.3.2): the document, an element by id, or a file by its relative name.
2. Transform: enveloped-signature, canonicalisation, base64, and two forms of XPath that only take signatures out.
3. Nodes that are left are canonicalised by version 1.0; the digest of the octets must be the one that was signed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from lxml import etree

from gateway.signatures.cms_digest import digest_of
from gateway.signatures.findings import Finding
from gateway.signatures.material import Material, TooLarge
from gateway.signatures.xml_algorithms import DIGESTS
from gateway.signatures.xml_canonical import PLAIN, Method, Nodes, known, method_of, octets
from gateway.signatures.xml_document import DS, SIGNATURE, Document, Fault, children, clean, decoded, local, read, text

Resolve = Callable[[str], Material | None]
"""Gives a file by the relative name in a reference, without its percent signs. What it gives may raise `TooLarge`,
`OSError`, `EOFError` or `ValueError` when it is read."""

MOST_TRANSFORMS = 8
_STREAMED, _DIGESTED = 256, 4
"""How many bytes of a file that is read again, and of octets that are digested, count as one of the budget."""
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_BASE64 = "http://www.w3.org/2000/09/xmldsig#base64"
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
_XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|//|\\\\")
_POINTER = re.compile(r"#xpointer\(id\((?:'([^']+)'|\"([^\"]+)\")\)\)")
_ALL_SIGNATURES = re.compile(r"not\(ancestor-or-self::([A-Za-z_][\w.-]*):Signature\)")
_SUBTRACTED = re.compile(r"(?:/descendant::|//)([A-Za-z_][\w.-]*):Signature")
_SUBTRACTED_OWN = re.compile(r"here\(\)/ancestor::([A-Za-z_][\w.-]*):Signature\[1\]")


@dataclass
class Reference:
    """One reference. `held` is None while it could not be computed. `nodes` is what it names in its own document;
    `as_text` that only the text within counts; `material` a file outside; `data` the octets that were digested."""

    number: int
    element: etree._Element
    uri: str | None
    type: str
    digest: str = ""
    held: bool | None = None
    nodes: Nodes | None = None
    left: Nodes | None = None
    as_text: bool = False
    material: Material | None = None
    data: bytes | None = None
    findings: list[Finding] = field(default_factory=list)

    def pieces(self, document: Document, method: Method) -> Iterator[bytes]:
        """What was digested, once more; nodes that were left by the transforms are canonicalised by `method`."""
        if self.left is not None:
            yield octets(document, self.left, method)
        elif self.data is not None:
            yield self.data
        elif self.material is not None:
            document.budget.take(self.material.size // _STREAMED)
            yield from self.material.pieces()
        else:
            raise Fault("content_missing")


def external_name(uri: str | None) -> str | None:
    """The relative name of a file; an empty one where there is no URI at all. None for all else."""
    if uri is None:
        return ""
    if uri == "" or uri.startswith("#") or _SCHEME.match(uri):
        return None
    return unquote(uri, errors="replace")


def evaluate(element: etree._Element, number: int, document: Document, resolve: Resolve) -> Reference:
    """All about one reference. `number` counts from 1."""
    reference = Reference(number, element, element.get("URI"), element.get("Type", ""))
    try:
        _evaluate(reference, document, resolve)
    except Fault as fault:
        reference.findings.append(_about(reference, fault.finding))
    except TooLarge as large:
        reference.findings.append(_about(reference, Fault("too_large", f"more than {large.limit} bytes").finding))
    except (OSError, EOFError, ValueError):
        reference.findings.append(_about(reference, Fault("content_missing", "it cannot be read").finding))
    return reference


def _about(reference: Reference, one: Finding) -> Finding:
    message = f"{one.message} (reference {reference.number})"
    return Finding(one.code, one.weight, one.sub_indication, message, one.advice)


def _evaluate(reference: Reference, document: Document, resolve: Resolve) -> None:
    transforms, algorithm, value = _parts(reference.element)
    if algorithm not in DIGESTS:
        raise Fault("unsupported", f"the digest {clean(algorithm)}")
    reference.digest = DIGESTS[algorithm]
    _dereference(reference, document, resolve)
    _transform(reference, transforms, document)
    expected = decoded(value)
    if reference.left is not None:
        reference.data = octets(document, reference.left, PLAIN)
    reference.held = _digest(reference, document) == expected
    if not reference.held:
        raise Fault("hash_mismatch")


def _digest(reference: Reference, document: Document) -> bytes:
    """Of a file as it is only once, however many references name it."""
    if reference.data is None:
        return b"" if reference.material is None else reference.material.digest(reference.digest)
    document.budget.take(len(reference.data) // _DIGESTED)
    return digest_of(reference.digest, [reference.data])


def _parts(element: etree._Element) -> tuple[list[etree._Element], str, etree._Element]:
    """Transforms, the digest's address, the digest: in this order and nothing else."""
    parts = children(element)
    names = [str(one.tag) for one in parts]
    transforms: list[etree._Element] = []
    if names and names[0] == DS + "Transforms":
        transforms = children(parts[0])
        parts, names = parts[1:], names[1:]
    if names != [DS + "DigestMethod", DS + "DigestValue"] or any(one.tag != DS + "Transform" for one in transforms):
        raise Fault("format_broken", "a reference of another form")
    if len(transforms) > MOST_TRANSFORMS:
        raise Fault("too_large", f"more than {MOST_TRANSFORMS} transforms")
    return transforms, parts[0].get("Algorithm", ""), parts[1]


def _dereference(reference: Reference, document: Document, resolve: Resolve) -> None:
    uri = reference.uri
    name = external_name(uri)
    if name is not None:
        reference.material = resolve(name)
        if reference.material is None:
            raise Fault("content_missing", clean(name))
    elif uri in ("", "#xpointer(/)"):
        reference.nodes = Nodes(document.root, whole=True, comments=uri != "")
    elif uri is not None and uri.startswith("#"):
        reference.nodes = _element(uri, document)
    else:
        raise Fault("external_reference", clean(uri or ""))
    reference.left = reference.nodes


def _element(uri: str, document: Document) -> Nodes:
    pointer = _POINTER.fullmatch(uri)
    if pointer is not None:
        return Nodes(document.named(pointer[1] or pointer[2]), comments=True)
    if "(" in uri:
        raise Fault("unsupported", f"the pointer {clean(uri)}")
    return Nodes(document.named(uri[1:]))


def _transform(reference: Reference, transforms: list[etree._Element], document: Document) -> None:
    """Each in turn. Octets that are read as XML again become a document of their own."""
    if transforms and reference.material is not None:
        document.budget.take(min(reference.material.size, document.bounds.xml_bytes))
        reference.data = reference.material.whole(document.bounds.xml_bytes)
    for one in transforms:
        algorithm = one.get("Algorithm", "")
        if algorithm == _ENVELOPED or algorithm in (_XPATH, _FILTER):
            _without(reference, one, algorithm, document)
        elif known(algorithm):
            method = method_of(one)
            if reference.left is None:
                again = read(reference.data or b"", document.bounds, document.budget)
                reference.data = octets(again, Nodes(again.root, whole=True, comments=True), method)
            else:
                reference.data, reference.left = octets(document, reference.left, method), None
        elif algorithm == _BASE64:
            _decode(reference, document)
        else:
            raise Fault("unsafe" if algorithm == _XSLT else "unsupported", f"the transform {clean(algorithm)}")


def _without(reference: Reference, transform: etree._Element, algorithm: str, document: Document) -> None:
    """Take out this signature, or all of them."""
    nodes = reference.left
    if nodes is None:
        raise Fault("format_broken", "a transform of nodes where there are octets")
    own = next(reference.element.iterancestors(SIGNATURE))
    every = algorithm != _ENVELOPED and _takes_all(transform, algorithm)
    inside = document.signatures_in(nodes.apex)
    found = inside if every else inside & {own}
    reference.left = Nodes(nodes.apex, nodes.whole, nodes.comments, nodes.without | found)


def _takes_all(transform: etree._Element, algorithm: str) -> bool:
    """Whether an XPath takes all signatures out; False if only its own; a `Fault` if it does anything else."""
    parts = children(transform)
    if len(parts) != 1 or local(str(parts[0].tag)) != "XPath":
        raise Fault("unsupported", "an XPath transform of another form")
    expression, scope = "".join(text(parts[0]).split()), parts[0].nsmap
    patterns = {_ALL_SIGNATURES: True}
    if algorithm == _FILTER:
        patterns = {_SUBTRACTED: True, _SUBTRACTED_OWN: False} if parts[0].get("Filter") == "subtract" else {}
    for pattern, every in patterns.items():
        match = pattern.fullmatch(expression)
        if match is not None and "{" + scope.get(match[1], "") + "}" == DS:
            return every
    raise Fault("unsupported", "an XPath transform that does more than take signatures out")


def _decode(reference: Reference, document: Document) -> None:
    if reference.left is not None:
        if reference.left.without:
            raise Fault("unsupported", "base64 of a part without its signatures")
        document.budget.take(len(etree.tostring(reference.left.apex, method="text", encoding="utf-8")))
        reference.data = decoded(reference.left.apex)
    else:
        holder = etree.Element("octets")
        try:
            holder.text = (reference.data or b"").decode("ascii")
        except ValueError:
            raise Fault("format_broken", "bad base64") from None
        reference.data = decoded(holder)
    reference.left, reference.as_text = None, reference.nodes is not None
