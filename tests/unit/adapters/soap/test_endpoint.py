from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from adapters.soap import SoapEndpoint
from adapters.soap.envelope import SOAP11, SOAP12, VERSIONS, Version, open_envelope
from adapters.soap.names import all_words, words_of
from adapters.soap.wsdl import wrapper_schema, wsdl
from gateway.contract import Accepted, Answered, Duplicate, Reason, ReceiptCopy, Refused, Rejected
from gateway.contract.testing import FakeCall, FakeHost
from schemas.catalogue import parse_json, to_json

Wrap = Callable[..., str]
Post = Callable[..., FakeCall]
ACTION = "urn:lintas:service:coverage.lookup/CoverageLookup"


def get(host: FakeHost, service: str, query: dict[str, str]) -> FakeCall:
    return FakeCall(host, "GET", f"/soap/{service}", query=query, match={"service": service})


@pytest.mark.parametrize("name", ["wsdl", "WSDL", "singleWsdl"])
def test_every_service_publishes_its_contract(host: FakeHost, endpoint: SoapEndpoint, name: str) -> None:
    serve = endpoint.routes()[0].serve
    assert serve is not None
    for words in all_words():
        reply = serve(get(host, words.service.name, {name: ""}))
        assert (reply.status, reply.body) == (200, wsdl(words, host.public_url))


def test_a_reader_is_told_where_the_contract_is(host: FakeHost, endpoint: SoapEndpoint) -> None:
    serve = endpoint.routes()[0].serve
    assert serve is not None
    assert b"/soap/coverage.lookup?wsdl" in serve(get(host, "coverage.lookup", {})).body
    with pytest.raises(Refused, match=r"coverage\.lookup") as caught:
        serve(get(host, "no.such", {"wsdl": ""}))
    assert caught.value.reason is Reason.UNKNOWN_SERVICE
    assert "no.such" not in str(caught.value)


@pytest.mark.parametrize("said", ["", '""', f'"{ACTION}"', ACTION, f"'{ACTION}'", '"CoverageLookup"'])
async def test_an_action_is_taken_with_and_without_quotes(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, said: str
) -> None:
    assert await endpoint.decode(post(wrap(question), SOAPAction=said))
    quoted = f"application/soap+xml; charset=utf-8; action={said}" if said else "application/soap+xml"
    assert await endpoint.decode(post(wrap(question, version=SOAP12), content_type=quoted))


@pytest.mark.parametrize("said", ['"urn:lintas:service:letter.deliver/LetterDeliver"', "x"])
async def test_another_action_is_refused(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, said: str
) -> None:
    for call in (
        post(wrap(question), SOAPAction=said),
        post(wrap(question, version=SOAP12), content_type=f"application/soap+xml;action={said}"),
    ):
        with pytest.raises(Refused) as caught:
            await endpoint.decode(call)
        assert caught.value.reason is Reason.UNKNOWN_OPERATION


@pytest.mark.parametrize(
    ("content_type", "version"),
    [
        ('multipart/related; boundary=x; type="application/xop+xml"; start-info="text/xml"', SOAP11),
        ('multipart/related; boundary=x; type="application/xop+xml"; start-info="application/soap+xml"', SOAP12),
        ("application/json", SOAP11),
        ("application/xml", SOAP11),
    ],
)
async def test_another_media_type_is_refused_in_the_version_it_names(
    endpoint: SoapEndpoint, post: Post, content_type: str, version: Version
) -> None:
    call = post("<a/>", content_type=content_type)
    with pytest.raises(Refused) as caught:
        await endpoint.decode(call)
    assert caught.value.reason is Reason.UNSUPPORTED_MEDIA_TYPE
    assert endpoint.encode(call, Rejected("m", caught.value)).media_type == version.content_type


@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_is_answered_in_its_own_version(endpoint: SoapEndpoint, post: Post, version: Version) -> None:
    said = {"noKartu": "0001234567891", "status": "active", "fullName": "A & B"}
    document = parse_json("coverage/1", said)
    call = post("", content_type=version.media_type)
    reply = endpoint.encode(call, Answered("message-1", "coverage/1", to_json(document), lambda: document))
    opened = open_envelope(etree.fromstring(reply.body), version)
    words = words_of("coverage.lookup")
    assert (reply.status, reply.media_type, opened.wrapper.tag) == (200, version.content_type, words.response)
    fault = endpoint.encode(call, Rejected("message-1", Refused(Reason.BUSY), 3))
    assert open_envelope(etree.fromstring(fault.body), version)


def test_a_delivery_is_answered_with_its_receipts(endpoint: SoapEndpoint, post: Post) -> None:
    words = words_of("letter.deliver")
    receipts = (ReceiptCopy("accepted", "a.b.c"), ReceiptCopy("registered", "d.e.f", "delivery-1", "AG-7/<2026>"))
    call = post("", service="letter.deliver")
    for settlement, state in ((Accepted("m-1", receipts), "accepted"), (Duplicate("m-1", receipts), "duplicate")):
        wrapper = open_envelope(etree.fromstring(endpoint.encode(call, settlement).body)).wrapper
        assert wrapper_schema(words).validate(wrapper)
        assert wrapper.findtext(words.tag("state")) == state
        jws = f"{words.tag('receipt')}/{words.tag('jws')}"
        assert [element.text for element in wrapper.iterfind(jws)] == ["a.b.c", "d.e.f"]
        number = f"{words.tag('receipt')}/{words.tag('registrationNumber')}"
        assert wrapper.findtext(number) == "AG-7/<2026>"
