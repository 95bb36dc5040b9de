"""The WSDL of every shared service, generated from the catalogue and the documents' XSD.

Enters: a service in SOAP words and the public URL of the gateway. Leaves: WSDL 1.1 bytes, the same for the same input,
with one binding and port for SOAP 1.1 and one for SOAP 1.2 (document/literal wrapped), and the compiled schema of the
wrappers. Refuses: nothing.

The wrapper is checked without its document: the document is taken out first and checked by its own schema, which is
the one the WSDL embeds. So nothing is validated twice, and the shared documents have one place that judges them.
Sources: WSDL 1.1 (W3C Note), the W3C submission on its SOAP 1.2 binding, WS-I Basic Profile 1.1.
"""

from __future__ import annotations

from functools import cache

from lxml import etree

from adapters.soap.envelope import SOAP11, SOAP12, Version, text
from adapters.soap.faults import fault_schema
from adapters.soap.names import FAULT_NAMESPACE, Words
from schemas.xsd import XS, namespace, root_name, xsd_element

_BINDINGS = {
    SOAP11: ("soap11", "http://schemas.xmlsoap.org/wsdl/soap/", "Soap11"),
    SOAP12: ("soap12", "http://schemas.xmlsoap.org/wsdl/soap12/", "Soap12"),
}
#: Question and answer both hold a `document`; JAX-WS cannot make one Java method's parameters of them and must not try.
_JAXWS = (
    '<jaxws:bindings xmlns:jaxws="http://java.sun.com/xml/ns/jaxws">'
    "<jaxws:enableWrapperStyle>false</jaxws:enableWrapperStyle></jaxws:bindings>"
)
_HTTP = "http://schemas.xmlsoap.org/soap/http"
_MEDIA_TYPE = "[A-Za-z0-9][A-Za-z0-9!#$&amp;^_.+\\-]*/[A-Za-z0-9][A-Za-z0-9!#$&amp;^_.+\\-]*"
#: What the wrapper says by itself: the operation is the service, and the service has one type.
_IMPLIED = {"service", "schema", "raw"}

_COMMON_TYPES = f"""
<xs:complexType name="Part">
  <xs:annotation><xs:documentation>Bytes beside the document: inline as base64, or by the URL they are read from.</xs:documentation></xs:annotation>
  <xs:sequence>
    <xs:element name="name" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="500"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="mediaType"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="{_MEDIA_TYPE}"/><xs:maxLength value="127"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="size" minOccurs="0"><xs:simpleType><xs:restriction base="xs:long"><xs:minInclusive value="0"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="sha256" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[0-9a-fA-F]{{64}}"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="content" type="xs:base64Binary" minOccurs="0"/>
    <xs:element name="href" type="xs:anyURI" minOccurs="0"/>
  </xs:sequence>
</xs:complexType>
<xs:complexType name="Receipt">
  <xs:annotation><xs:documentation>A signed statement (compact JWS); keep it as evidence.</xs:documentation></xs:annotation>
  <xs:sequence>
    <xs:element name="kind" type="xs:string"/>
    <xs:element name="delivery" type="xs:string" minOccurs="0"/>
    <xs:element name="registrationNumber" type="xs:string" minOccurs="0"/>
    <xs:element name="jws" type="xs:string"/>
  </xs:sequence>
</xs:complexType>
"""  # noqa: E501


@cache
def _envelope_types() -> str:
    """The Envelope type and its simple types, from envelope/1 less what the wrapper implies; nothing is required."""
    schema = xsd_element("envelope/1")
    kept = []
    for child in schema:
        if child.tag == f"{{{XS}}}complexType" and child.get("name") == "Envelope":
            sequence = child.find(f"{{{XS}}}sequence")
            assert sequence is not None
            for element in list(sequence):
                if element.get("name") in _IMPLIED:
                    sequence.remove(element)
                else:
                    element.set("minOccurs", "0")
            kept.append(child)
    named = {child.get("name"): child for child in schema if child.tag == f"{{{XS}}}simpleType"}
    used = {str(element.get("type")).removeprefix("tns:") for element in kept[0].iter(f"{{{XS}}}element")}
    kept += [named[str(name)] for name in sorted(used & {str(known) for known in named})]
    source = "".join(etree.tostring(child, encoding="unicode", with_tail=False) for child in kept)
    # Copied into another schema, `tns` is that schema's own namespace.
    return source.replace(f' xmlns:tns="{namespace("envelope/1")}"', "")


def _type(doc_type: str) -> str:
    root = root_name(doc_type)
    return root[0].upper() + root[1:]


def service_schema(words: Words, *, embedded: bool) -> str:
    """The schema of the wrappers. `embedded`: as the WSDL shows it; otherwise with room for a document taken out."""
    service = words.service
    imports, request, answer = "", 'type="xs:anyType" minOccurs="0"', 'type="xs:anyType" minOccurs="0"'
    spaces = ""
    if embedded:
        spaces = f' xmlns:in="{namespace(service.request)}"'
        imports = f'<xs:import namespace="{namespace(service.request)}"/>'
        request = f'type="in:{_type(service.request)}"'
        if service.answer is not None:
            answer = f'type="out:{_type(service.answer)}"'
            spaces += f' xmlns:out="{namespace(service.answer)}"'
            if service.answer != service.request:
                imports += f'<xs:import namespace="{namespace(service.answer)}"/>'
    parts = '<xs:element name="part" type="tns:Part" minOccurs="0" maxOccurs="unbounded"/>'
    if service.kind == "query":
        said = f'<xs:element name="document" {answer}/>'
    else:
        said = (
            '<xs:element name="state" type="xs:string"/>'
            '<xs:element name="registrationNumber" type="xs:string" minOccurs="0"/>'
            '<xs:element name="receipt" type="tns:Receipt" minOccurs="0" maxOccurs="unbounded"/>'
        )
    return (
        f'<xs:schema xmlns:xs="{XS}" xmlns:tns="{words.namespace}"{spaces} targetNamespace="{words.namespace}"'
        f' elementFormDefault="qualified">{imports}'
        f'<xs:element name="{words.operation}"><xs:complexType><xs:sequence>'
        f'<xs:element name="envelope" type="tns:Envelope" minOccurs="0"/>'
        f'<xs:element name="document" {request}/>{parts if service.parts_allowed else ""}'
        f"</xs:sequence></xs:complexType></xs:element>"
        f'<xs:element name="{words.operation}Response"><xs:complexType><xs:sequence>'
        f'<xs:element name="messageId" type="xs:string"/>{said}'
        f"</xs:sequence></xs:complexType></xs:element>{_envelope_types()}{_COMMON_TYPES}</xs:schema>"
    )


@cache
def wrapper_schema(words: Words) -> etree.XMLSchema:
    """The compiled schema of a service's wrappers, their documents taken out; for the event loop's thread."""
    return compile_wrapper_schema(words)


def compile_wrapper_schema(words: Words) -> etree.XMLSchema:
    """The same compiled anew: a schema's log of errors is its own, so no two threads share one."""
    return etree.XMLSchema(_element(service_schema(words, embedded=False)))


@cache
def declared_names(words: Words) -> frozenset[str]:
    """Every element name the wrappers may hold: only these are repeated in an error."""
    schema = _element(service_schema(words, embedded=False))
    return frozenset(str(element.get("name")) for element in schema.iter(f"{{{XS}}}element"))


def _element(source: str) -> etree._Element:
    return etree.fromstring(source, etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True))


def _binding(words: Words, version: Version) -> str:
    prefix, _, suffix = _BINDINGS[version]
    name, body = words.operation, f'<{prefix}:body use="literal"/>'
    return (
        f'<wsdl:binding name="{name}{suffix}" type="tns:{name}PortType">'
        f'<{prefix}:binding style="document" transport="{_HTTP}"/>'
        f'<wsdl:operation name="{name}"><{prefix}:operation soapAction="{words.action}" style="document"/>'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output>"
        f'<wsdl:fault name="refusal"><{prefix}:fault name="refusal" use="literal"/></wsdl:fault>'
        f"</wsdl:operation></wsdl:binding>"
    )


def _message(name: str, part: str, element: str) -> str:
    return f'<wsdl:message name="{name}"><wsdl:part name="{part}" element="{element}"/></wsdl:message>'


def _port(words: Words, version: Version, address: str) -> str:
    prefix, _, suffix = _BINDINGS[version]
    return (
        f'<wsdl:port name="{words.operation}{suffix}" binding="tns:{words.operation}{suffix}">'
        f'<{prefix}:address location="{text(address)}"/></wsdl:port>'
    )


def address_of(public_url: str, service: str) -> str:
    return f"{public_url.rstrip('/')}/soap/{service}"


@cache
def wsdl(words: Words, public_url: str) -> bytes:
    """The WSDL of one service at this gateway's public URL."""
    name, service = words.operation, words.service
    spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri, _ in _BINDINGS.values())
    bindings = "".join(_binding(words, version) for version in _BINDINGS)
    address = address_of(public_url, service.name)
    ports = "".join(_port(words, version, address) for version in _BINDINGS)
    root = _element(
        f'<wsdl:definitions name="{name}" targetNamespace="{words.namespace}" xmlns:tns="{words.namespace}"'
        f' xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="{XS}" xmlns:fault="{FAULT_NAMESPACE}"{spaces}>'
        f"<wsdl:documentation>{text(service.title)}</wsdl:documentation><wsdl:types/>"
        f"{_message(name + 'Request', 'parameters', f'tns:{name}')}"
        f"{_message(name + 'Response', 'parameters', f'tns:{name}Response')}"
        f"{_message(name + 'Refusal', 'refusal', 'fault:Error')}"
        f'<wsdl:portType name="{name}PortType">{_JAXWS}<wsdl:operation name="{name}">'
        f'<wsdl:input message="tns:{name}Request"/><wsdl:output message="tns:{name}Response"/>'
        f'<wsdl:fault name="refusal" message="tns:{name}Refusal"/></wsdl:operation></wsdl:portType>'
        f'{bindings}<wsdl:service name="{name}Service">{ports}</wsdl:service></wsdl:definitions>'
    )
    types = root.find("{*}types")
    assert types is not None
    shared = sorted({service.request, *([service.answer] if service.answer else [])})
    types.extend(xsd_element(doc_type) for doc_type in shared)
    types.append(_element(fault_schema()))
    types.append(_element(service_schema(words, embedded=True)))
    etree.indent(root, "  ")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"
