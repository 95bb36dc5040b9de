"""zeep as a reader of contracts: each of its traps stays shut."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.soap.contract import CATALOGUE, Caller, misfits, read_contract
from adapters.soap.envelope import SOAP11, SOAP12, wrap
from adapters.soap.names import all_words, words_of
from adapters.soap.wsdl import wsdl
from gateway.contract import HttpReply, Reason, Refused
from gateway.contract.testing import FakeHost

FOREIGN = """<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:foreign" targetNamespace="urn:foreign">
  <w:types><x:schema targetNamespace="urn:foreign" elementFormDefault="qualified">{imports}
    <x:element name="Count"><x:complexType><x:sequence><x:element name="of" type="x:string"/></x:sequence></x:complexType></x:element>
    <x:element name="CountResponse"><x:complexType><x:sequence><x:element name="n" type="x:int"/></x:sequence></x:complexType></x:element>
  </x:schema></w:types>
  <w:message name="in"><w:part name="p" element="t:Count"/></w:message>
  <w:message name="out"><w:part name="p" element="t:CountResponse"/></w:message>
  <w:portType name="PT"><w:operation name="Count"><w:input message="t:in"/><w:output message="t:out"/></w:operation></w:portType>
  <w:binding name="B" type="t:PT"><s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <w:operation name="Count"><s:operation soapAction="urn:count"/><w:input><s:body use="literal"/></w:input><w:output><s:body use="literal"/></w:output></w:operation></w:binding>
  <w:service name="S"><w:port name="P" binding="t:B"><s:address location="http://foreign.example/count"/></w:port></w:service>
</w:definitions>"""  # noqa: E501
PLAIN = FOREIGN.format(imports="").encode()
BINDING = "{urn:foreign}B"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return lambda: None


@pytest.mark.usefixtures("no_network")
def test_our_own_contracts_are_read_without_a_network() -> None:
    for words in all_words():
        contract = read_contract(wsdl(words, "https://gateway.example"))
        assert contract.operations == {words.operation: frozenset({SOAP11.namespace, SOAP12.namespace})}
        assert contract.request_of(words.operation) == words.request
        assert contract.request_of("Another") is None


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("place", ["http://127.0.0.1:9/x.xsd", "file:///etc/hostname", "/etc/hostname", "x.xsd"])
def test_an_import_from_outside_the_catalogue_is_refused(place: str) -> None:
    source = FOREIGN.format(imports=f'<x:import namespace="urn:other" schemaLocation="{place}"/>').encode()
    with pytest.raises(Refused):
        read_contract(source)


@pytest.mark.usefixtures("no_network")
def test_an_import_inside_the_catalogue_is_read() -> None:
    place = CATALOGUE + "other.xsd"
    source = FOREIGN.format(imports=f'<x:import namespace="urn:other" schemaLocation="{place}"/>').encode()
    other = b'<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:other"/>'
    assert "Count" in read_contract(source, {place: other}).operations


@pytest.mark.parametrize(
    "source",
    [b"", b"<a/>", b"not xml", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', PLAIN[:-40],
     PLAIN.replace(b't:Count"', b't:Nothing"')],
)  # fmt: skip
def test_what_is_no_contract_is_refused_by_us(source: bytes) -> None:
    with pytest.raises(Refused):
        read_contract(source)


def test_a_doctype_in_an_imported_document_is_refused() -> None:
    place = CATALOGUE + "other.xsd"
    source = FOREIGN.format(imports=f'<x:import namespace="urn:other" schemaLocation="{place}"/>').encode()
    with pytest.raises(Refused) as caught:
        read_contract(source, {place: b"<!DOCTYPE a><a/>"})
    assert caught.value.reason is Reason.NOT_XML


def test_an_address_is_not_rewritten_to_https() -> None:
    contract = read_contract(PLAIN)
    (service,) = contract.document.services.values()
    assert service.ports["P"].binding_options["address"] == "http://foreign.example/count"


def test_misfits_are_told_in_sentences() -> None:
    good = wsdl(words_of("letter.deliver"), "http://x")
    assert misfits(good, "http://x/y") == []
    assert "none of the shared services" in misfits(PLAIN, "http://x/y")[0]
    assert "no contract" in misfits(b"<a/>", "http://x/y")[0]
    other = good.replace(b"urn:lintas:service:letter.deliver", b"urn:other:letter")
    assert "another element" in misfits(other, "http://x/y")[0]


def answer(inside: bytes) -> HttpReply:
    body = wrap(SOAP11, b'<CountResponse xmlns="urn:foreign">' + inside + b"</CountResponse>")
    return HttpReply(200, {"Content-Type": "text/xml; charset=utf-8"}, body, "text/xml")


async def test_a_foreign_contract_is_called_over_the_hosts_client(host: FakeHost) -> None:
    host.http.on("POST", "http://foreign.example/count", answer(b"<n>7</n>"))
    caller = Caller(PLAIN, host, timeout=5.0, headers={"Authorization": "Bearer x"})
    assert await caller.call(BINDING, "http://foreign.example/count", "Count", of="people") == 7
    (sent,) = host.http.sent
    assert b"people" in sent.body
    assert sent.headers["SOAPAction"] == '"urn:count"'
    assert sent.headers["Authorization"] == "Bearer x"


@pytest.mark.parametrize("inside", [b"<n>seven</n>", b"<n>99999999999</n>", b"<n/>", b"", b"<m>7</m>"])
async def test_a_bad_value_is_refused_before_zeep_makes_none_of_it(host: FakeHost, inside: bytes) -> None:
    host.http.on("POST", "http://foreign.example/count", answer(inside))
    caller = Caller(PLAIN, host, timeout=5.0)
    with pytest.raises(Refused) as caught:
        await caller.call(BINDING, "http://foreign.example/count", "Count", of="people")
    assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID


async def test_a_foreign_fault_is_a_refusal_without_its_words(host: FakeHost) -> None:
    body = wrap(
        SOAP11, b"<soap:Fault><faultcode>soap:Client</faultcode><faultstring>rahasia</faultstring></soap:Fault>"
    )
    host.http.on("POST", "http://foreign.example/count", HttpReply(500, {}, body, "text/xml"))
    with pytest.raises(Refused) as caught:
        await Caller(PLAIN, host, timeout=5.0).call(BINDING, "http://foreign.example/count", "Count", of="people")
    assert caught.value.reason is Reason.RECIPIENT_REFUSED
    assert "rahasia" not in str(caught.value)


async def test_a_call_that_does_not_fit_never_leaves(host: FakeHost) -> None:
    with pytest.raises(Refused):
        await Caller(PLAIN, host, timeout=5.0).call(BINDING, "http://foreign.example/count", "Count")
    assert host.http.sent == []


def test_a_contract_on_disk_is_not_looked_for(tmp_path: Path) -> None:
    (tmp_path / "x.xsd").write_bytes(b"<x/>")
    source = FOREIGN.format(imports=f'<x:include schemaLocation="{tmp_path}/x.xsd"/>').encode()
    with pytest.raises(Refused):
        read_contract(source)
