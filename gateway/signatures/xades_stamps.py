"""The timestamps of a XAdES signature, each with the octets that it must have been made for.

Enters: the parts, references and properties of one signature. Leaves: tokens. Refuses, as findings: tokens that cannot
be read (`timestamp_broken`), kinds of timestamps that are not computed here (`unsupported`); those prove nothing.

What each covers (EN 319 132-1), canonicalised by the method that the timestamp names:
- SignatureTimeStamp (5.3): the SignatureValue element.
- AllDataObjectsTimeStamp (5.2.8.1): what the references digest, but the signed properties.
- ArchiveTimeStamp of 1.4.1 (5.5.2): what the references digest; SignedInfo, SignatureValue, KeyInfo; the unsigned
  properties before it; the Objects but the one with the properties.
So the order of a token is the number of archive timestamps up to it. A signature timestamp behind one is covered by
none before it, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from asn1crypto import cms
from lxml import etree

from gateway.contract.frozen import frozen
from gateway.signatures.cms_archive import LATE
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.examined import Token, TokenKind
from gateway.signatures.findings import Finding, found
from gateway.signatures.material import TooLarge
from gateway.signatures.xades import SIGNED_PROPERTIES, Properties, unsigned
from gateway.signatures.xml_canonical import Method, Nodes, method_of, octets
from gateway.signatures.xml_document import DS, XADES, XADES141, Document, Fault, children, clean, decoded, local
from gateway.signatures.xml_parts import Parts
from gateway.signatures.xml_references import Reference

MOST_TOKENS = 20
_REVOCATION = (XADES + "RevocationValues", XADES141 + "TimeStampValidationData")
_DATA_PROPERTIES = f"{XADES}SignedProperties/{XADES}SignedDataObjectProperties"


@frozen
class Signed:
    """One signature, as its timestamps see it."""

    document: Document
    parts: Parts
    references: Sequence[Reference]


Pieces = Callable[[Signed, Method], Iterator[bytes]]


def read_tokens(signed: Signed, properties: Properties, findings: list[Finding]) -> list[Token]:
    """All timestamps of one signature whose properties are used."""
    tokens: list[Token] = []
    if properties.element is None or not properties.used:
        return tokens
    archives = 0
    for element, kind, pieces, covers in _found(properties.element, findings):
        archives += kind == "archive"
        if archives and kind == "signature":
            findings.append(found("unsupported", LATE))
            continue
        made = _tokens(signed, element, kind, pieces, covers, findings)
        tokens += [replace(one, order=archives) for one in made]
    if len(tokens) > MOST_TOKENS:
        findings.append(found("too_large", f"more than {MOST_TOKENS} timestamps"))
    return tokens[:MOST_TOKENS]


def _found(
    element: etree._Element, findings: list[Finding]
) -> Iterator[tuple[etree._Element, TokenKind, Pieces, bool]]:
    before: list[etree._Element] = []
    data = element.find(_DATA_PROPERTIES)
    for one in [*(children(data) if data is not None else []), *unsigned(element)]:
        if one.tag == XADES + "SignatureTimeStamp":
            yield one, "signature", _value, False
        elif one.tag == XADES + "AllDataObjectsTimeStamp":
            yield one, "content", _contents, False
        elif one.tag == XADES141 + "ArchiveTimeStamp":
            yield one, "archive", _archived(tuple(before)), any(each.tag in _REVOCATION for each in before)
        elif local(str(one.tag)).endswith("TimeStamp") or local(str(one.tag)).endswith("TimeStampV2"):
            findings.append(found("unsupported", f"the timestamp {clean(local(str(one.tag)))}, which proves nothing"))
        before += [one] if data is None or one.getparent() is not data else []


def _tokens(
    signed: Signed, element: etree._Element, kind: TokenKind, pieces: Pieces, covers: bool, findings: list[Finding]
) -> list[Token]:
    tokens: list[Token] = []
    try:
        method = method_of(element.find(DS + "CanonicalizationMethod"))
        if element.find(XADES + "Include") is not None or element.find(XADES + "XMLTimeStamp") is not None:
            raise Fault("unsupported", "a timestamp with Include or in XML")
        for one in element.findall(XADES + "EncapsulatedTimeStamp"):
            tokens.append(Token(kind, _signed_data(decoded(one)), _imprint(signed, method, pieces), covers))
        if not tokens:
            raise Fault("timestamp_broken", "it is empty")
    except Fault as fault:
        code = "timestamp_broken" if fault.finding.code == "format_broken" else ""
        findings.append(found(code, "it cannot be read") if code else fault.finding)
    return tokens


def _signed_data(der: bytes) -> cms.SignedData:
    try:
        info = cms.ContentInfo.load(der, strict=True)
        content = info["content"]
        if info["content_type"].native != "signed_data" or not isinstance(content, cms.SignedData):
            raise ValueError
        return content
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Fault("timestamp_broken", "it cannot be read") from None


def _imprint(signed: Signed, method: Method, pieces: Pieces) -> Callable[[str], bytes | None]:
    def imprint(name: str) -> bytes | None:
        try:
            return digest_of(name, pieces(signed, method))
        except (Fault, TooLarge, OSError, EOFError, ValueError):
            return None

    return imprint


def _value(signed: Signed, method: Method) -> Iterator[bytes]:
    yield octets(signed.document, Nodes(signed.parts.value, comments=True), method)


def _contents(signed: Signed, method: Method) -> Iterator[bytes]:
    for one in signed.references:
        if one.type != SIGNED_PROPERTIES:
            yield from one.pieces(signed.document, method)


def _archived(before: tuple[etree._Element, ...]) -> Pieces:
    def pieces(signed: Signed, method: Method) -> Iterator[bytes]:
        parts = signed.parts
        for reference in signed.references:
            yield from reference.pieces(signed.document, method)
        own = [parts.signed_info, parts.value, *([parts.key_info] if parts.key_info is not None else [])]
        objects = [one for one in parts.objects if one.find(XADES + "QualifyingProperties") is None]
        for element in [*own, *before, *objects]:
            yield octets(signed.document, Nodes(element, comments=True), method)

    return pieces
