"""The SOAP adapter over real sockets, called by zeep, and the kit every adapter passes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib.util
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
import zeep
import zeep.exceptions
from zeep.transports import Transport

from adapters.soap import EndpointConfig, SinkConfig, SoapEndpoint, SoapSink
from adapters.soap.codec import SoapCodec
from adapters.soap.envelope import SOAP11, wrap
from adapters.soap.names import words_of
from adapters.soap.wsdl import wsdl
from gateway.contract import HttpReply, Inbound, Native, Outbound, Part, Reason, ReceiptCopy, Refused, Rejected
from gateway.contract.conformance import (
    MARKER,
    SECRET_FILE,
    CodecConformance,
    EndpointConformance,
    HttpSinkConformance,
    SinkWithParts,
)
from gateway.contract.testing import LIMITS, FakeCall, FakeHost, outbound_for
from schemas.catalogue import parse_json
from schemas.xml import to_xml


def _shell() -> ModuleType:
    path = Path(__file__).parents[1] / "peers" / "soap" / "shell.py"
    spec = importlib.util.spec_from_file_location("soap_shell", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["soap_shell"] = module
    spec.loader.exec_module(module)
    return module


SHELL = _shell()
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
LETTER: dict[str, Any] = {
    "letterNumber": "000.1/12/2026",
    "letterDate": "2026-11-23",
    "letterType": "surat_dinas",
    "subject": "Undangan rapat <koordinasi> & evaluasi",
    "securityLevel": "B",
    "urgency": "biasa",
    "archiveClass": "000.1.2",
    "sender": {"name": "Kelurahan Antapani"},
    "recipients": [{"kind": "internal", "organisation": {"name": "Dinas Kominfo"}}],
    "mainFile": {
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "size": len(PDF),
        "mediaType": "application/pdf",
        "name": "surat.pdf",
    },
}


@pytest.fixture
async def shell() -> AsyncIterator[Any]:
    async with SHELL.serve() as running:
        yield running


def _client(url: str, service: str, port: str) -> Any:
    session = requests.Session()
    session.auth = ("peer", SHELL.KEY)
    client = zeep.Client(
        f"{url}/soap/{service}?wsdl",
        transport=Transport(session=session),
        settings=zeep.Settings(force_https=False, forbid_dtd=True),
    )
    name = next(iter(client.wsdl.services))
    return client.bind(name, next(found for found in client.wsdl.services[name].ports if found.endswith(port)))


@pytest.mark.parametrize("port", ["Soap11", "Soap12"])
async def test_zeep_asks_and_reads_the_answer(shell: Any, port: str) -> None:
    def ask() -> Any:
        service = _client(shell.url, "coverage.lookup", port)
        return service.CoverageLookup(document={"noKartu": "0001234567891", "serviceDate": "2026-11-23"})

    answer = await asyncio.to_thread(ask)
    assert answer.document.noKartu == "0001234567891"
    assert answer.document.fullName == "Siti <Aminah> & Rekan"
    assert answer.document.careClass.name == "Kelas I"
    assert answer.messageId == shell.inbounds[0].message_id


@pytest.mark.parametrize("port", ["Soap11", "Soap12"])
async def test_zeep_delivers_with_an_inline_attachment_and_repeats(shell: Any, port: str) -> None:
    def deliver() -> Any:
        service = _client(shell.url, "letter.deliver", port)
        return service.LetterDeliver(
            envelope={"idempotencyKey": "surat-12", "recipients": ["dinas-kominfo/surat"]},
            document=LETTER,
            part=[{"name": "surat.pdf", "mediaType": "application/pdf", "content": PDF}],
        )

    first = await asyncio.to_thread(deliver)
    second = await asyncio.to_thread(deliver)
    assert (first.state, second.state) == ("accepted", "duplicate")
    assert second.messageId == first.messageId
    assert [copy.jws for copy in second.receipt] == [copy.jws for copy in first.receipt]
    assert shell.part(0) == PDF
    assert shell.inbounds[0].recipients == ("dinas-kominfo/surat",)
    assert shell.inbounds[0].key == "surat-12"


@pytest.mark.parametrize("port", ["Soap11", "Soap12"])
async def test_zeep_sees_a_fault_with_code_message_id_and_advice(shell: Any, port: str) -> None:
    shell.refuse_with = Rejected("", Refused(Reason.NO_ROUTE))

    def ask() -> None:
        service = _client(shell.url, "coverage.lookup", port)
        service.CoverageLookup(document={"noKartu": "0001234567891", "serviceDate": "2026-11-23"})

    with pytest.raises(zeep.exceptions.Fault) as caught:
        await asyncio.to_thread(ask)
    assert "No route" in caught.value.message
    detail = {child.tag.rpartition("}")[2]: child.text for child in caught.value.detail.iter()}
    assert detail["code"] == "no_route"
    assert detail["messageId"] == shell.inbounds[0].message_id
    assert detail["advice"]


LOOKUP, LETTERS = "coverage.lookup", "organisation.deliver"
NS, IN = "urn:lintas:service:", "urn:lintas:schema:"
URL = "http://rs.example/soap/organisation.deliver"
ORGANISATION = {
    "id": "D-01",
    "scheme": "urn:contoh",
    "name": "Dinas Contoh",
    "kind": "dinas",
    "timeZone": "Asia/Jakarta",
}
QUESTION = {"noKartu": "0001234567890", "serviceDate": "2026-11-23"}


def _call(host: FakeHost, service: str, body: bytes, **headers: str) -> FakeCall:
    fields = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', **headers}
    return FakeCall(host, "POST", f"/soap/{service}", body, headers=fields, match={"service": service})


def _message(service: str, inside: str) -> bytes:
    operation = "".join(word.capitalize() for word in service.split("."))
    return (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><{operation} xmlns="{NS}{service}">'
        f"{inside}</{operation}></s:Body></s:Envelope>"
    ).encode()


def _fields(doc_type: str, fields: Mapping[str, str]) -> str:
    uri = IN + doc_type.replace("/", ":")
    return "<document>" + "".join(f'<{k} xmlns="{uri}">{v}</{k}>' for k, v in fields.items()) + "</document>"


def _element(doc_type: str, value: dict[str, Any]) -> Any:
    return to_xml(parse_json(doc_type, value))


def _answer(document: str = "") -> bytes:
    return _message(LOOKUP, f"<messageId>theirs</messageId>{document}").replace(
        b"CoverageLookup ", b"CoverageLookupResponse "
    ).replace(b"</CoverageLookup>", b"</CoverageLookupResponse>")  # fmt: skip


class TestSoapEndpoint(EndpointConformance):
    def make(self, host: FakeHost) -> SoapEndpoint:
        return SoapEndpoint(EndpointConfig(), host)

    def delivery(self, host: FakeHost, key: str) -> FakeCall:
        said = f"<envelope><idempotencyKey>{key}</idempotencyKey></envelope>"
        return _call(host, LETTERS, _message(LETTERS, said + _fields("organisation/1", ORGANISATION)))

    def query(self, host: FakeHost) -> FakeCall:
        return _call(host, LOOKUP, _message(LOOKUP, _fields("eligibility-query/1", QUESTION)))

    def bad_calls(self, host: FakeHost) -> Sequence[tuple[FakeCall, Reason]]:
        def ask(inside: str, **headers: str) -> FakeCall:
            return _call(host, LOOKUP, _message(LOOKUP, inside), **headers)

        good = _fields("eligibility-query/1", QUESTION)
        return [
            (ask(""), Reason.SCHEMA_INVALID),
            (ask(good + good), Reason.SCHEMA_INVALID),
            (ask(f"<envelope><sender>{MARKER}</sender></envelope>{good}"), Reason.SCHEMA_INVALID),
            (ask(f"<envelope><{MARKER}/></envelope>{good}"), Reason.SCHEMA_INVALID),
            (ask(_fields("eligibility-query/1", {"noKartu": MARKER, "serviceDate": MARKER})), Reason.SCHEMA_INVALID),
            (ask(_fields("eligibility-query/1", {MARKER: "1"})), Reason.SCHEMA_INVALID),
            (ask(f"{good}<part><mediaType>a/b</mediaType></part>"), Reason.PART_UNUSED),
            (ask(good, SOAPAction=f'"{MARKER}"'), Reason.UNKNOWN_OPERATION),
            (_call(host, LOOKUP, _message(LETTERS, good)), Reason.UNKNOWN_OPERATION),
            (_call(host, MARKER, b""), Reason.UNKNOWN_SERVICE),
            (_call(host, LOOKUP, f"<{MARKER}".encode()), Reason.NOT_XML),
            (_call(host, LOOKUP, f"<{MARKER}/>".encode()), Reason.NOT_A_SOAP_ENVELOPE),
            (_call(host, LOOKUP, f'<!DOCTYPE a SYSTEM "{MARKER}"><a/>'.encode()), Reason.DOCTYPE_REFUSED),
            (ask(good, **{"Content-Type": f"application/{MARKER}"}), Reason.UNSUPPORTED_MEDIA_TYPE),
            (ask(good, **{"Content-Type": f"text/xml; charset={MARKER}"}), Reason.WRONG_CHARSET),
        ]


class TestSoapSink(HttpSinkConformance, SinkWithParts):
    def make(self, host: FakeHost) -> SoapSink:
        config = {"url": URL, "key": {"file": SECRET_FILE}, "recipient": "idempotent"}
        return SoapSink(SinkConfig.model_validate(config), host)

    def succeed(self, host: FakeHost) -> None:
        def take(sent: Any) -> HttpReply:
            match = re.search(rb'<([A-Za-z]+Deliver) xmlns="([^"]+)"', sent.body)
            assert match is not None
            body = b'<%bResponse xmlns="%b"><messageId>theirs</messageId><state>accepted</state></%bResponse>'
            return HttpReply(200, {}, wrap(SOAP11, body % (match[1], match[2], match[1])), "text/xml")

        host.http.on("POST", URL, take)
        host.http.on("GET", URL, HttpReply(200, {}, wsdl(words_of("organisation.deliver"), "http://rs.example"), ""))

    def outbound(self, host: FakeHost, delivery_id: str) -> Outbound:
        return outbound_for("organisation/1", ORGANISATION, service="organisation.deliver", delivery_id=delivery_id)

    def receipt(self, host: FakeHost, delivery_id: str) -> Outbound:
        copy = ReceiptCopy("delivered", "a.b.c", "delivery-0")
        return outbound_for(
            "letter/1", {}, service="letter.deliver", delivery_id=delivery_id, kind="receipt", receipt=copy
        )

    def with_part(self, host: FakeHost, delivery_id: str, part: Part) -> Outbound:
        return outbound_for("letter/1", LETTER, service="letter.deliver", delivery_id=delivery_id, parts=(part,))

    def seen(self, host: FakeHost) -> Sequence[str]:
        posted = [one.body for one in host.http.sent if one.method == "POST"]
        found = [re.search(rb"<idempotencyKey>([^<]*)<", body) for body in posted]
        return [match[1].decode() for match in found if match is not None]

    def part_bytes(self, host: FakeHost) -> bytes:
        found = re.search(rb"<content>([^<]*)</content>", host.http.sent[-1].body)
        assert found is not None
        return base64.b64decode(found[1], validate=True)


class TestSoapCodec(CodecConformance):
    def codec(self) -> SoapCodec:
        return SoapCodec(LIMITS)

    def _inbound(self, doc_type: str, content: Any) -> Inbound:
        return Inbound("message-1", datetime(2026, 11, 23, tzinfo=UTC), "any.deliver", doc_type, content)

    def inbounds(self) -> Sequence[Inbound]:
        values = {"eligibility-query/1": QUESTION, "organisation/1": ORGANISATION, "letter/1": LETTER}
        return [self._inbound(doc_type, _element(doc_type, value)) for doc_type, value in values.items()]

    def bad_inbounds(self) -> Sequence[tuple[Inbound, Reason]]:
        wrong = _element("eligibility-query/1", QUESTION)
        wrong[0].text = MARKER
        strange = _element("organisation/1", ORGANISATION)
        strange[0].tag = f"{{{IN}organisation:1}}{MARKER}"
        return [
            (self._inbound("eligibility-query/1", wrong), Reason.SCHEMA_INVALID),
            (self._inbound("organisation/1", strange), Reason.SCHEMA_INVALID),
        ]

    def outbounds(self) -> Sequence[Outbound]:
        part = Part(1, "ab" * 32, 9, "application/pdf", "surat.pdf", "x")
        return [
            outbound_for("organisation/1", ORGANISATION, service="organisation.deliver"),
            outbound_for("letter/1", LETTER, service="letter.deliver", parts=(part,)),
            outbound_for("eligibility-query/1", QUESTION, service="coverage.lookup", kind="query"),
        ]

    def answers(self) -> Sequence[tuple[Native, str]]:
        good = _answer(_fields("coverage/1", {"noKartu": "0001234567890", "status": "active"}))
        return [(Native((good,), "text/xml"), "coverage/1")]

    def bad_answers(self) -> Sequence[tuple[Native, str]]:
        bodies = [
            b"",
            MARKER.encode(),
            _answer(),
            _answer(f"<{MARKER}/>"),
            _answer(_fields("coverage/1", {"noKartu": MARKER})),
            _message(LETTERS, ""),
        ]
        return [(Native((body,), "text/xml"), "coverage/1") for body in bodies]
