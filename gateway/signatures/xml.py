"""XML signatures (XML-DSig, XAdES): all of a document, enveloped, enveloping or over files beside it.

Enters: an XML file, and what its signatures may name beside it. Leaves: an `Outcome`. Refuses, as findings: a DOCTYPE
or processing instruction, XSLT, addresses (nothing is ever fetched), whatever exceeds the bounds.

A caller that needs the content takes `Outcome.signed`: the canonical octets of each reference, in order, of signatures
without an error. Never the document: what is not in these octets can be anybody's.

The library for XML signatures, signxml, does not verify here; it signs, and the tests ask it as a second judge. It
skips transforms that it does not know, stops at the first digest that fails, loses the `xml:` attributes above a
part, changes the tree that others still need, and asks the clock. So libxml2 canonicalises (xml_canonical.py) and
`cryptography` verifies (xml_algorithms.py).
"""

from __future__ import annotations

from lxml import etree

from gateway.signatures.examined import Outcome
from gateway.signatures.findings import found
from gateway.signatures.material import Bounds, Material, TooLarge
from gateway.signatures.xml_document import DS, Document, Fault, read
from gateway.signatures.xml_references import Resolve, external_name
from gateway.signatures.xml_signature import examine_signature

_REFERENCE = f"{DS}SignedInfo/{DS}Reference"


def examine(material: Material, beside: Material | None, bounds: Bounds = Bounds()) -> Outcome:
    """All signatures of a file. `beside` is what a detached signature names: the one file named, by whatever name, or
    the one of its own name where several are."""
    return _examine(material, None, beside, bounds)


def examine_with(material: Material, resolve: Resolve, bounds: Bounds = Bounds()) -> Outcome:
    """All signatures of a file that lies in a container. `resolve` gives members by the name in a reference, without
    its percent signs (`a b.txt`, `/message.xml`); None where there is no such member."""
    return _examine(material, resolve, None, bounds)


def _examine(material: Material, resolve: Resolve | None, beside: Material | None, bounds: Bounds) -> Outcome:
    outcome = Outcome("xml")
    try:
        document = read(material.whole(bounds.xml_bytes), bounds)
        one = _Beside(document, beside)
        _all(outcome, document, resolve or one.resolve)
        if beside is not None and outcome.signatures and not one.asked:
            outcome.findings.append(found("not_covered", "no signature is about the file beside it"))
    except TooLarge as large:
        outcome.findings.append(found("too_large", f"more than {large.limit} bytes"))
    except Fault as fault:
        outcome.findings.append(fault.finding)
    except OSError:
        outcome.findings.append(found("unreadable"))
    except (etree.LxmlError, MemoryError, RecursionError):
        outcome.findings.append(found("too_costly"))
    return outcome


def _all(outcome: Outcome, document: Document, resolve: Resolve) -> None:
    signatures, left = document.signatures, document.bounds.references
    if len(signatures) > document.bounds.signatures:
        outcome.findings.append(found("too_large", f"more than {document.bounds.signatures} signatures"))
    for one in signatures[: document.bounds.signatures]:
        count = len(one.findall(_REFERENCE))
        examined, signed = examine_signature(document, one, resolve, left)
        left -= min(count, left)
        outcome.signatures.append(examined)
        outcome.signed += signed


class _Beside:
    """One file beside the signature stands for the one that is named, or for its own name. `asked`: it was."""

    def __init__(self, document: Document, beside: Material | None) -> None:
        uris = (one.get("URI") for each in document.signatures for one in each.findall(_REFERENCE))
        self._names = {name for name in map(external_name, uris) if name is not None}
        self._beside, self.asked = beside, False

    def resolve(self, name: str) -> Material | None:
        beside = self._beside
        if beside is None or (len(self._names) > 1 and name.rpartition("/")[2] != beside.name.rpartition("/")[2]):
            return None
        self.asked = True
        return beside
