"""One XML signature from its element to what is known about it, before anyone asks whom to trust.

Enters: a `ds:Signature` in its document, whoever can give further files. Leaves: an `Examined`, and the octets that it
signs if it holds. Refuses, as findings: shared secrets and no algorithm at all, unknown algorithms, any other form.

1. Take the signature apart; its schema is exact.
2. Check each reference by itself, whatever became of the others.
3. Read the XAdES properties, if one of these references signs them.
4. Find the certificate, and check the value of the signature over the canonical SignedInfo.
5. See whether it covers all of the document.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from lxml import etree

from gateway.signatures.chain import Known
from gateway.signatures.examined import Examined
from gateway.signatures.findings import found
from gateway.signatures.verdict import Integrity
from gateway.signatures.xades import Properties, read_properties
from gateway.signatures.xades_stamps import Signed, read_tokens
from gateway.signatures.xml_algorithms import SIGNATURES, SignatureMethod, fits, without_key
from gateway.signatures.xml_canonical import Nodes, method_of, octets
from gateway.signatures.xml_coverage import coverage
from gateway.signatures.xml_document import Document, Fault, clean, decoded
from gateway.signatures.xml_keys import Choice, Keys, choose, read_keys
from gateway.signatures.xml_parts import Parts, taken_apart
from gateway.signatures.xml_references import Reference, Resolve, evaluate


def examine_signature(
    document: Document, element: etree._Element, resolve: Resolve, most: int
) -> tuple[Examined, list[bytes]]:
    """`most`: how many references may still be checked. The octets are those of each reference in order, without files
    that are signed as they are; none unless all of the signature holds."""
    one = Examined("XML-DSig", "nothing that can be told", baseline=False)
    one.name = clean(element.get("Id", "")) or None
    try:
        parts = taken_apart(element)
        if len(parts.references) > most:
            raise Fault("too_large", f"more than {document.bounds.references} references")
    except Fault as fault:
        one.findings.append(fault.finding)
        return one, []
    references = [evaluate(each, at, document, resolve) for at, each in enumerate(parts.references, 1)]
    _examine(one, document, parts, references)
    sound = one.integrity == "intact" and not any(each.weight == "error" for each in one.findings)
    return one, [each.data for each in references if each.data is not None] if sound else []


def _examine(one: Examined, document: Document, parts: Parts, references: list[Reference]) -> None:
    for reference in references:
        one.findings += reference.findings
    properties = read_properties(parts, references)
    keys = read_keys(parts.key_info)
    method = _method(one, parts)
    choice = _choice(one, document, parts, keys, properties, method)
    one.findings += [*keys.findings, *properties.findings, *choice.findings]
    one.covers, uncovered = coverage(document, parts, references)
    one.findings += uncovered
    one.integrity = _integrity(choice.fits, references)
    one.signer, one.claimed_at = choice.signer, properties.claimed_at
    one.embedded = _known(keys, properties)
    one.format, one.baseline = ("XAdES", True) if properties.used else ("XML-DSig", False)
    one.tokens = read_tokens(Signed(document, parts, references), properties, one.findings)
    one.digests += [each.digest for each in references if each.digest]
    one.digests += [choice.digest] if choice.digest else []
    one.digests = list(dict.fromkeys(one.digests))
    one.algorithms += list(dict.fromkeys(each.digest for each in references if each.digest))


def _method(one: Examined, parts: Parts) -> SignatureMethod | None:
    algorithm = parts.method.get("Algorithm", "")
    method = SIGNATURES.get(algorithm)
    if method is not None:
        one.algorithms.append(method.name)
        one.digests += [method.digest] if method.digest else []
    elif without_key(algorithm):
        one.findings.append(found("no_key_signature", clean(algorithm)))
    else:
        one.findings.append(found("unsupported", f"the algorithm {clean(algorithm)}"))
    return method


def _choice(
    one: Examined, document: Document, parts: Parts, keys: Keys, properties: Properties, method: SignatureMethod | None
) -> Choice:
    """The signer. Without a known algorithm, or a SignedInfo that can be written, nobody can say whether it fits."""
    try:
        value = decoded(parts.value)
        info = octets(document, Nodes(parts.signed_info, comments=True), method_of(parts.canonicalisation))
    except Fault as fault:
        one.findings.append(fault.finding)
        method, value, info = None, b"", b""

    def verifies(key: PublicKeyTypes) -> bool:
        return method is not None and fits(method, key, info, value)

    choice = choose(keys, properties.certificates, properties.bound, verifies)
    if method is None:
        return Choice(choice.signer, None, choice.findings, choice.digest)
    if choice.fits is False:
        return Choice(choice.signer, False, (found("signature_broken"), *choice.findings), choice.digest)
    return choice


def _integrity(fitting: bool | None, references: list[Reference]) -> Integrity:
    if fitting is False or any(one.held is False for one in references):
        return "broken"
    return "intact" if fitting and all(one.held for one in references) else "unknown"


def _known(keys: Keys, properties: Properties) -> Known:
    certificates = {one.dump(): one for one in [*keys.certificates, *properties.certificates]}
    return Known(tuple(certificates.values()), tuple(keys.crls + properties.crls), tuple(properties.ocsps))
