"""The XAdES properties of an XML signature: when and with which certificate, and what was gathered since.

Enters: a signature's parts and its references after their check. Leaves: `Properties`. Refuses, as findings: properties
that the signature does not sign (then none of them is used), doubled ones, values that cannot be read.

Of EN 319 132-1: SigningTime (5.2.1), SigningCertificateV2 (5.2.2) and its predecessor, CertificateValues and
RevocationValues (5.4), timestamps (see xades_stamps.py). Schemas before 1.3.2 are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from asn1crypto import tsp, x509
from lxml import etree

from gateway.signatures.findings import Finding, found
from gateway.signatures.xml_algorithms import DIGESTS
from gateway.signatures.xml_document import DS, XADES, XADES141, Fault, children, clean, decoded, text
from gateway.signatures.xml_keys import MOST_CERTIFICATES, Bound, certificate
from gateway.signatures.xml_parts import Parts
from gateway.signatures.xml_references import Reference

Read = TypeVar("Read")

SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
MOST_VALUES = 200
_PROPERTIES = (XADES + "SignedProperties", XADES + "UnsignedProperties")
_SIGNATURE_PROPERTIES = f"{XADES}SignedProperties/{XADES}SignedSignatureProperties/"


@dataclass
class Properties:
    """`used` says whether they count; `element` is the QualifyingProperties. `bound`: the certificates that each
    SigningCertificate names, the newer form first. `crls` and `ocsps` are DER."""

    used: bool = False
    element: etree._Element | None = None
    claimed_at: datetime | None = None
    bound: list[tuple[Bound, ...]] = field(default_factory=list)
    certificates: list[x509.Certificate] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    ocsps: list[bytes] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_properties(parts: Parts, references: Sequence[Reference]) -> Properties:
    """The properties of one signature."""
    properties = Properties()
    every = [one for each in parts.objects for one in children(each) if one.tag == XADES + "QualifyingProperties"]
    if not every:
        return properties
    if len(every) > 1:
        properties.findings.append(found("format_broken", "more than one set of XAdES properties"))
        return properties
    properties.element = every[0]
    if every[0].get("Target", "#" + parts.signature.get("Id", "")) != "#" + parts.signature.get("Id", ""):
        properties.findings.append(found("format_broken", "XAdES properties of another signature"))
    elif any(one.tag not in _PROPERTIES for one in children(every[0])):
        properties.findings.append(found("format_broken", "XAdES properties with something else among them"))
    elif _signed(every[0], references, properties.findings):
        properties.used = True
        _read(properties, every[0])
    return properties


def _signed(element: etree._Element, references: Sequence[Reference], findings: list[Finding]) -> bool:
    signed = [one for one in children(element) if one.tag == XADES + "SignedProperties"]
    if len(signed) > 1:
        findings.append(found("format_broken", "SignedProperties twice"))
        return False
    about = [
        one for one in references
        if signed and one.type == SIGNED_PROPERTIES and one.nodes is not None and one.nodes.apex is signed[0]
        and not one.as_text and not one.nodes.without
    ]  # fmt: skip
    if not about:
        findings.append(found("unsupported", "XAdES properties that the signature does not sign; they are not used"))
    return any(one.held for one in about)


def _read(properties: Properties, element: etree._Element) -> None:
    time = element.find(_SIGNATURE_PROPERTIES + XADES + "SigningTime")
    if time is not None:
        properties.claimed_at = _attempt(properties, _time, time)
    for name in ("SigningCertificateV2", "SigningCertificate"):
        certificates = element.find(_SIGNATURE_PROPERTIES + XADES + name)
        entries = children(certificates)[:MOST_CERTIFICATES] if certificates is not None else []
        bound = [_attempt(properties, _bound, one) for one in entries]
        properties.bound += [tuple(one for one in bound if one is not None)] if certificates is not None else []
    for value in _values(element, "EncapsulatedX509Certificate"):
        read = _attempt(properties, _certificate, value)
        properties.certificates += [read] if read is not None else []
    for name, kept in (("EncapsulatedCRLValue", properties.crls), ("EncapsulatedOCSPValue", properties.ocsps)):
        for value in _values(element, name):
            der = _attempt(properties, decoded, value)
            kept += [der] if der is not None else []


def _attempt(properties: Properties, step: Callable[[etree._Element], Read], element: etree._Element) -> Read | None:
    try:
        return step(element)
    except Fault as fault:
        properties.findings.append(fault.finding)
        return None


def _certificate(element: etree._Element) -> x509.Certificate:
    return certificate(decoded(element))


def _time(element: etree._Element) -> datetime:
    """An xs:dateTime; without a zone it is taken as UTC."""
    try:
        time = datetime.fromisoformat(text(element).strip())
        time = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Fault("format_broken", "a signing time that is none") from None


def _bound(entry: etree._Element) -> Bound:
    method, value = entry.find(f"{XADES}CertDigest/{DS}DigestMethod"), entry.find(f"{XADES}CertDigest/{DS}DigestValue")
    if method is None or value is None:
        raise Fault("format_broken", "a SigningCertificate without a digest")
    algorithm = method.get("Algorithm", "")
    if algorithm not in DIGESTS:
        raise Fault("unsupported", f"the digest {clean(algorithm)}")
    return Bound(DIGESTS[algorithm], decoded(value), *_issuer_and_serial(entry))


def _issuer_and_serial(entry: etree._Element) -> tuple[int | None, bytes | None]:
    older, newer = entry.find(f"{XADES}IssuerSerial/{DS}X509SerialNumber"), entry.find(XADES + "IssuerSerialV2")
    try:
        if newer is not None:
            both = tsp.IssuerSerial.load(decoded(newer), strict=True)
            names = both["issuer"]
            directory = names[0].chosen.dump() if len(names) == 1 and names[0].name == "directory_name" else None
            return int(both["serial_number"].native), directory
        return (int(text(older).strip()) if older is not None else None), None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Fault("format_broken", "a serial number of a certificate that is none") from None


def _values(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """What was gathered, of this signature alone: not of the counter-signatures in it."""
    count = 0
    for one in unsigned(element):
        if one.tag in _GATHERED:
            for value in one.iter(XADES + name):
                count += 1
                if count > MOST_VALUES:
                    return
                yield value


_GATHERED = frozenset(
    (XADES + "CertificateValues", XADES + "RevocationValues", XADES141 + "TimeStampValidationData",
     XADES + "AttrAuthoritiesCertValues", XADES + "AttributeRevocationValues")
)  # fmt: skip


def unsigned(element: etree._Element) -> list[etree._Element]:
    """The unsigned signature properties in their order."""
    place = element.find(f"{XADES}UnsignedProperties/{XADES}UnsignedSignatureProperties")
    return children(place) if place is not None else []
