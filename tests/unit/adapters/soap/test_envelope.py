from __future__ import annotations

import pytest
from lxml import etree

from adapters.soap.envelope import SOAP11, SOAP12, VERSIONS, Version, open_envelope, text, version_of, wrap
from gateway.contract import Reason, Refused

BODY = "<s:Body><x/></s:Body>"
WSA = "http://www.w3.org/2005/08/addressing"


def opened(inside: str, version: Version = SOAP11, expected: Version | None = None) -> object:
    return open_envelope(etree.fromstring(f'<s:Envelope xmlns:s="{version.namespace}">{inside}</s:Envelope>'), expected)


def refusal(inside: str, version: Version = SOAP11, expected: Version | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        opened(inside, version, expected)
    return caught.value


@pytest.mark.parametrize("version", VERSIONS)
def test_an_envelope_opens_to_the_element_of_its_body(version: Version) -> None:
    found = open_envelope(etree.fromstring(wrap(version, b"<x/>")), version)
    assert (found.version, found.wrapper.tag, found.message_id) == (version, "x", None)
    assert version_of(version.media_type) is version


def test_a_media_type_of_no_version_is_none() -> None:
    assert version_of("application/xml") is None


@pytest.mark.parametrize(
    "inside",
    ["", "<s:Header/>", "<s:Body/>", "<s:Body><x/><y/></s:Body>", BODY + BODY, BODY + "<trailer/>", "<x/>" + BODY,
     "<s:Body>only text</s:Body>", BODY + "<s:Header/>"],
)  # fmt: skip
def test_another_shape_is_no_envelope(inside: str) -> None:
    assert refusal(inside).reason is Reason.NOT_A_SOAP_ENVELOPE


def test_another_root_is_no_envelope() -> None:
    with pytest.raises(Refused) as caught:
        open_envelope(etree.fromstring("<html/>"))
    assert caught.value.reason is Reason.NOT_A_SOAP_ENVELOPE


def test_another_namespace_is_a_version_mismatch() -> None:
    with pytest.raises(Refused) as caught:
        open_envelope(etree.fromstring('<s:Envelope xmlns:s="http://www.w3.org/2001/12/soap-envelope"/>'))
    assert caught.value.reason is Reason.VERSION_MISMATCH


def test_the_media_type_and_the_envelope_must_agree() -> None:
    assert refusal(BODY, SOAP12, expected=SOAP11).reason is Reason.VERSION_MISMATCH
    assert refusal(BODY, SOAP11, expected=SOAP12).reason is Reason.VERSION_MISMATCH


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("said", ["1", "true", " 1 "])
def test_a_header_that_must_be_understood_is_refused_by_its_name(version: Version, said: str) -> None:
    found = refusal(
        f'<s:Header><h:Token xmlns:h="urn:h" s:mustUnderstand="{said}">rahasia</h:Token></s:Header>{BODY}', version
    )
    assert found.reason is Reason.MUST_UNDERSTAND
    assert [error[:2] for error in found.errors] == [("{urn:h}Token", "not_understood")]
    assert "rahasia" not in str(found.errors)


@pytest.mark.parametrize(
    ("version", "attributes"),
    [
        (SOAP11, 's:mustUnderstand="0"'),
        (SOAP11, 's:mustUnderstand="1" s:actor="urn:somebody"'),
        (SOAP12, 's:mustUnderstand="false"'),
        (SOAP12, 's:mustUnderstand="true" s:role="http://www.w3.org/2003/05/soap-envelope/role/none"'),
    ],
)
def test_a_header_for_others_or_without_need_is_let_be(version: Version, attributes: str) -> None:
    header = f'<s:Header><h:Token xmlns:h="urn:h" {attributes}/></s:Header>'
    assert opened(header + BODY, version)


@pytest.mark.parametrize(
    ("version", "role"),
    [
        (SOAP11, 's:actor="http://schemas.xmlsoap.org/soap/actor/next"'),
        (SOAP12, 's:role="http://www.w3.org/2003/05/soap-envelope/role/next"'),
        (SOAP12, 's:role="http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"'),
    ],
)
def test_a_role_that_means_us_counts(version: Version, role: str) -> None:
    header = f'<s:Header><h:T xmlns:h="urn:h" s:mustUnderstand="1" {role}/></s:Header>'
    assert refusal(header + BODY, version).reason is Reason.MUST_UNDERSTAND


def test_a_plain_message_id_is_read_and_one_that_must_be_understood_is_not() -> None:
    plain = f'<s:Header><a:MessageID xmlns:a="{WSA}"> urn:uuid:7 </a:MessageID></s:Header>'
    found = open_envelope(etree.fromstring(f'<s:Envelope xmlns:s="{SOAP11.namespace}">{plain}{BODY}</s:Envelope>'))
    assert found.message_id == "urn:uuid:7"
    forced = plain.replace("<a:MessageID", '<a:MessageID s:mustUnderstand="1"')
    assert refusal(forced + BODY).reason is Reason.MUST_UNDERSTAND


def test_headers_are_counted() -> None:
    assert refusal("<s:Header>" + "<h/>" * 65 + "</s:Header>" + BODY).limit == 64


def test_text_is_escaped_and_carries_what_xml_can() -> None:
    assert text('<a href="x">&\'\x00\ud800') == "&lt;a href=&quot;x&quot;&gt;&amp;&#x27;\ufffd\ufffd"
