"""Hostile and odd calls, each handled or refused by name, from the bytes to the documents."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from adapters.soap import SoapEndpoint
from adapters.soap.names import words_of
from adapters.soap.writer import document_fragment
from gateway.contract import Inbound, Reason, Refused
from gateway.contract.testing import FakeCall, FakeHost
from schemas.catalogue import parse_json
from schemas.eligibility_query_1 import EligibilityQuery1

Wrap = Callable[..., str]
Post = Callable[..., FakeCall]
XSI = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'


async def read(endpoint: SoapEndpoint, call: FakeCall) -> tuple[Inbound, Any]:
    inbound = await endpoint.decode(call)
    (document,) = endpoint.codec.to_documents(inbound)
    return inbound, document


async def refusal(endpoint: SoapEndpoint, call: FakeCall) -> Refused:
    with pytest.raises(Refused) as caught:
        await read(endpoint, call)
    return caught.value


async def test_a_question_becomes_its_document(endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str) -> None:
    inbound, document = await read(endpoint, post(wrap(question)))
    assert isinstance(document, EligibilityQuery1)
    assert (document.no_kartu, str(document.service_date)) == ("0001234567891", "2026-11-23")
    assert (inbound.service, inbound.document_type, inbound.key) == ("coverage.lookup", "eligibility-query/1", None)


async def test_the_envelope_is_read(endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str) -> None:
    said = (
        "<envelope><messageId>theirs-1</messageId><conversationId>c-1</conversationId><idempotencyKey>k-1</idempotencyKey>"
        "<sender>pkm/simpus</sender><recipients>bpjs/a</recipients><recipients>bpjs/b</recipients>"
        "<instance>test</instance><expiresAt>2026-12-01T07:00:00+07:00</expiresAt><purpose>UU 1</purpose></envelope>"
    )
    inbound, _ = await read(endpoint, post(wrap(said + question), Prefer="wait=9", traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01"))  # fmt: skip # noqa: E501
    assert (inbound.key, inbound.sender, inbound.recipients) == ("k-1", "pkm/simpus", ("bpjs/a", "bpjs/b"))
    assert (inbound.conversation, inbound.instance, inbound.purpose) == ("c-1", "test", "UU 1")
    assert inbound.expires_at is not None
    assert inbound.expires_at.isoformat() == "2026-12-01T07:00:00+07:00"
    assert inbound.deadline == 9.0
    assert inbound.trace is not None


@pytest.mark.parametrize(
    ("envelope", "header", "key"),
    [
        ("<envelope><idempotencyKey>mine</idempotencyKey></envelope>", "urn:uuid:7", "mine"),
        ("<envelope><messageId>theirs</messageId></envelope>", "urn:uuid:7", "urn:uuid:7"),
        ("<envelope><messageId>theirs</messageId></envelope>", None, "theirs"),
        ("", None, None),
    ],
)
async def test_the_key_comes_from_the_envelope_then_the_addressing_header(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, envelope: str, header: str | None, key: str | None
) -> None:
    said = f'<s:Header><a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">{header}</a:MessageID></s:Header>'
    inbound, _ = await read(endpoint, post(wrap(envelope + question, header=said if header else "")))
    assert inbound.key == key


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', Reason.DOCTYPE_REFUSED),
        ('<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><a>&b;</a>', Reason.DOCTYPE_REFUSED),
        ("<a>&undeclared;</a>", Reason.NOT_XML),
        ("<a>", Reason.NOT_XML),
        ("", Reason.NOT_XML),
        ("<a/>", Reason.NOT_A_SOAP_ENVELOPE),
        ("<?xml version='1.0'?><?xml-stylesheet href='x'?><a/>", Reason.NOT_A_SOAP_ENVELOPE),
        ("<a>" * 40 + "</a>" * 40, Reason.TOO_DEEP),
        ("<a>\x01</a>", Reason.NOT_XML),
    ],
)
async def test_hostile_xml_is_refused(endpoint: SoapEndpoint, post: Post, message: str, reason: Reason) -> None:
    assert (await refusal(endpoint, post(message))).reason is reason


async def test_bytes_that_are_not_what_they_say_are_refused(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str
) -> None:
    broken = wrap(question).encode().replace(b"0001234567891", b"\xff\xfe")
    assert (await refusal(endpoint, post(broken))).reason is Reason.WRONG_CHARSET


async def test_latin_1_is_read_as_declared(endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str) -> None:
    facility = "<d:facility><d:code>1</d:code><d:name>Jalan Café</d:name></d:facility></document>"
    message = wrap(question.replace("</document>", facility)).encode("latin-1")
    _, document = await read(endpoint, post(message, content_type="text/xml; charset=ISO-8859-1"))
    assert document.facility.name == "Jalan Café"


async def test_a_body_over_its_limit_is_refused_with_the_limit(
    host: FakeHost, endpoint: SoapEndpoint, post: Post
) -> None:
    found = await refusal(endpoint, post(b"<a>" + b" " * host.limits.soap_body_bytes))
    assert (found.reason, found.limit) == (Reason.BODY_TOO_LARGE, host.limits.soap_body_bytes)
    for told in ("multipart", "MTOM", str(host.limits.inline_part_bytes)):
        assert told in found.detail


async def test_a_comment_hides_nothing(endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str) -> None:
    _, document = await read(endpoint, post(wrap(question.replace("0001234", "000<!-- x -->1234"))))
    assert document.no_kartu == "0001234567891"


async def test_cdata_is_text(endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str) -> None:
    _, document = await read(endpoint, post(wrap(question.replace("0001234567891", "000<![CDATA[1234]]>567891"))))
    assert document.no_kartu == "0001234567891"


async def test_an_instruction_in_the_text_is_refused(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str
) -> None:
    found = await refusal(endpoint, post(wrap(question.replace("0001234", "000<?x y?>1234"))))
    assert found.reason is Reason.NOT_A_SOAP_ENVELOPE


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("<d:noKartu>", f'<d:noKartu {XSI} i:nil="true">', "document"),
        ("<d:noKartu>", f'<d:noKartu {XSI} i:type="d:Coded">', "document"),
        ("<d:noKartu>", '<d:noKartu strange="1">', "document"),
        ("<d:noKartu>0001234567891", "<d:noKartu>1234567891", "document.noKartu"),
        ("<d:serviceDate>2026-11-23", "<d:serviceDate>2026-02-30", "document.serviceDate"),
        ("<d:serviceDate>2026-11-23</d:serviceDate>", "", "document.serviceDate"),
        ("<d:noKartu>", "stray<d:noKartu>", "document"),
        ("<d:noKartu>0001234567891</d:noKartu>", "<noKartu>0001234567891</noKartu>", "document.noKartu"),
    ],
)
async def test_a_document_outside_its_schema_is_refused_with_path_and_line(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, old: str, new: str, path: str
) -> None:
    assert old in question
    found = await refusal(endpoint, post(wrap("\n" + question.replace(old, new))))
    assert found.reason is Reason.SCHEMA_INVALID
    assert path in [error[0] for error in found.errors]
    assert all(message.startswith("line 2: ") for _, _, message in found.errors)


async def test_a_type_that_is_the_declared_one_may_be_named(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str
) -> None:
    typed = question.replace("<document ", f'<document {XSI} i:type="d:EligibilityQuery" ')
    _, document = await read(endpoint, post(wrap(typed)))
    assert document.no_kartu == "0001234567891"
    other = question.replace("<document ", f'<document {XSI} i:type="d:Coded" ')
    assert (await refusal(endpoint, post(wrap(other)))).reason is Reason.SCHEMA_INVALID


async def test_a_schema_location_is_not_followed(endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str) -> None:
    located = question.replace("<document ", f'<document {XSI} i:schemaLocation="urn:x http://127.0.0.1:9/x.xsd" ')
    _, document = await read(endpoint, post(wrap(located)))
    assert document.no_kartu == "0001234567891"


@pytest.mark.parametrize(
    ("inside", "path", "code"),
    [
        ("<envelope><sender>not a system</sender></envelope>{q}", "envelope.sender", "pattern"),
        ("<envelope><instance>stage</instance></envelope>{q}", "envelope.instance", "not_allowed"),
        ("<envelope><secret-9/></envelope>{q}", "envelope.?", "unexpected_element"),
        ("<envelope>words</envelope>{q}", "envelope", "text"),
        ("<envelope/><envelope/>{q}", "envelope.1", "unexpected_element"),
        ("{q}<envelope/>", "document", "unexpected_element"),
        ("{q}{q}", "document", "repeated"),
        ("", "document", "missing"),
        ("{q}words", "", "text"),
        ("<envelope><expiresAt>2026-12-01T07:00:00</expiresAt></envelope>{q}", "envelope.expiresAt", "pattern"),
        ("<envelope><expiresAt>2026-02-30T07:00:00Z</expiresAt></envelope>{q}", "envelope.expiresAt", "xsd"),
        (f'<envelope {XSI} i:nil="true"/>{{q}}', "envelope", "nil"),
        (f'<envelope {XSI} i:type="nothing"/>{{q}}', "envelope", "xsi_type"),
        ('<envelope x="1"/>{q}', "envelope", "attribute"),
        ("<envelope><purpose>" + "x" * 501 + "</purpose></envelope>{q}", "envelope.purpose", "too_long"),
    ],
)
async def test_a_wrapper_outside_its_schema_is_refused_with_path_and_code(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, inside: str, path: str, code: str
) -> None:
    found = await refusal(endpoint, post(wrap(inside.replace("{q}", question))))
    assert found.reason is Reason.SCHEMA_INVALID
    assert (path, code) in [error[:2] for error in found.errors]
    assert "secret-9" not in str(found.errors)


async def test_recipients_are_counted(
    host: FakeHost, endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str
) -> None:
    many = "<recipients>a/b</recipients>" * (host.limits.recipients + 1)
    found = await refusal(endpoint, post(wrap(f"<envelope>{many}</envelope>{question}")))
    assert (found.reason, found.limit) == (Reason.TOO_MANY_RECIPIENTS, host.limits.recipients)


def letters(letter: dict[str, Any], *parts: str) -> str:
    said = document_fragment(parse_json("letter/1", letter), words_of("letter.deliver")).decode()
    return said + "".join(f"<part>{part}</part>" for part in parts)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_inline_content_is_spooled_byte_for_byte(
    host: FakeHost, endpoint: SoapEndpoint, wrap: Wrap, post: Post, letter: dict[str, Any]
) -> None:
    data = bytes(range(256)) * 200
    lines = "\n ".join(encoded(data)[at : at + 76] for at in range(0, len(encoded(data)), 76))
    head = f"<name>surat é.pdf</name><mediaType>Application/PDF</mediaType><size>{len(data)}</size>"
    part = f"{head}<sha256>{hashlib.sha256(data).hexdigest().upper()}</sha256><content>\n {lines}\n</content>"
    call = post(wrap(letters(letter, part, part), service="letter.deliver"), service="letter.deliver")
    inbound, _ = await read(endpoint, call)
    assert [(one.number, one.name, one.media_type, one.size) for one in inbound.parts] == [
        (1, "surat é.pdf", "application/pdf", len(data)),
        (2, "surat é.pdf", "application/pdf", len(data)),
    ]
    assert host.disk.parts[(inbound.message_id, inbound.parts[1].address)] == data
    assert call.arrival.peak <= 64 * 1024


async def test_a_large_message_is_taken_apart_all_the_same(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, letter: dict[str, Any], host: FakeHost
) -> None:
    data = b"x" * host.limits.inline_part_bytes
    parts = [f"<mediaType>a/b</mediaType><content>{encoded(data)}</content>"] * 4
    inbound, _ = await read(
        endpoint, post(wrap(letters(letter, *parts), service="letter.deliver"), service="letter.deliver")
    )
    assert [part.size for part in inbound.parts] == [len(data)] * 4


HEAD = "<mediaType>a/b</mediaType>"


@pytest.mark.parametrize(
    ("part", "reason", "path"),
    [
        (HEAD + "<content>Zm9v!</content>", Reason.SCHEMA_INVALID, "part.0.content"),
        (HEAD + "<content>Zg==Zg==</content>", Reason.SCHEMA_INVALID, "part.0.content"),
        (HEAD + "<content>Zm9</content>", Reason.SCHEMA_INVALID, "part.0.content"),
        (HEAD + "<content>é</content>", Reason.SCHEMA_INVALID, "part.0.content"),
        (HEAD + '<content><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a"/></content>',
         Reason.SCHEMA_INVALID, "part.0.content"),
        (HEAD + f'<content {XSI} i:nil="true"/>', Reason.SCHEMA_INVALID, "part.0.content"),
        (HEAD, Reason.SCHEMA_INVALID, "part.0.content"),
        (HEAD + "<href>http://127.0.0.1/secret</href>", Reason.PART_MISSING, None),
        (HEAD + "<content>Zg==</content><href>http://x/</href>", Reason.SCHEMA_INVALID, "part.0.href"),
        ("<content>Zg==</content>", Reason.SCHEMA_INVALID, "part.0.content"),
        ("<mediaType>no type</mediaType><content>Zg==</content>", Reason.SCHEMA_INVALID, "part.0.mediaType"),
        ("<name>../x</name>" + HEAD + "<content>Zg==</content>", Reason.NAME_REFUSED, None),
        (HEAD + "<sha256>" + "0" * 64 + "</sha256><content>Zg==</content>", Reason.DIGEST_MISMATCH, None),
        (HEAD + "<size>2</size><content>Zg==</content>", Reason.DIGEST_MISMATCH, None),
    ],
)  # fmt: skip
async def test_a_bad_part_is_refused_by_name(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, letter: dict[str, Any], part: str, reason: Reason, path: str | None
) -> None:
    found = await refusal(
        endpoint, post(wrap(letters(letter, part), service="letter.deliver"), service="letter.deliver")
    )
    assert found.reason is reason
    assert path is None or path in [error[0] for error in found.errors]


@pytest.mark.parametrize("over", [0, 1, 2, 3])
async def test_inline_content_is_taken_up_to_the_byte_and_not_over(
    host: FakeHost, endpoint: SoapEndpoint, wrap: Wrap, post: Post, letter: dict[str, Any], over: int
) -> None:
    data = b"x" * (host.limits.inline_part_bytes + over)
    part = f"{HEAD}<content>{encoded(data)}</content>"
    call = post(wrap(letters(letter, part), service="letter.deliver"), service="letter.deliver")
    if not over:
        inbound, _ = await read(endpoint, call)
        assert inbound.parts[0].size == len(data)
        return
    found = await refusal(endpoint, call)
    assert (found.reason, found.limit) == (Reason.INLINE_TOO_LARGE, host.limits.inline_part_bytes)
    assert call.arrival.spooled == []


async def test_parts_are_counted(
    host: FakeHost, endpoint: SoapEndpoint, wrap: Wrap, post: Post, letter: dict[str, Any]
) -> None:
    parts = [HEAD + "<content>Zg==</content>"] * (host.limits.parts + 1)
    found = await refusal(
        endpoint, post(wrap(letters(letter, *parts), service="letter.deliver"), service="letter.deliver")
    )
    assert (found.reason, found.limit) == (Reason.TOO_MANY_PARTS, host.limits.parts)


async def test_a_part_before_the_document_is_refused(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, letter: dict[str, Any]
) -> None:
    part = f"<part>{HEAD}<content>Zg==</content></part>"
    found = await refusal(
        endpoint, post(wrap(part + letters(letter), service="letter.deliver"), service="letter.deliver")
    )
    assert found.reason is Reason.SCHEMA_INVALID
