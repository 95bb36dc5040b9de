from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.soap import SoapEndpoint
from adapters.soap.codec import SoapCodec
from adapters.soap.envelope import SOAP11, SOAP12, VERSIONS, Version
from gateway.contract import Native, Outbound, Part, PartRef, Reason, ReceiptCopy, Refused
from gateway.contract.testing import LIMITS, FakeCall, FakeHost, outbound_for
from schemas.acknowledgement_1 import Acknowledgement1
from schemas.catalogue import canonical
from schemas.document import Document

Post = Callable[..., FakeCall]
XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32))) + "\ufffe\uffff"),
    max_size=60,
)


def flat(native: Native, parts: dict[str, bytes]) -> bytes:
    return b"".join(
        base64.b64encode(parts[piece.part.sha256]) if isinstance(piece, PartRef) else piece for piece in native.body
    )


async def taken(endpoint: SoapEndpoint, post: Post, outbound: Outbound, version: Version) -> tuple[Any, Document]:
    native = SoapCodec(LIMITS, version).from_document(outbound)
    headers = dict(native.headers)
    call = post(flat(native, {}), service=outbound.service, content_type=native.media_type, **headers)
    inbound = await endpoint.decode(call)
    (document,) = endpoint.codec.to_documents(inbound)
    assert isinstance(document, Document)
    return inbound, document


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(subject=XML_TEXT, body=XML_TEXT)
def test_what_leaves_arrives_as_the_same_document(
    letter: dict[str, Any], version: Version, subject: str, body: str
) -> None:
    host = FakeHost()
    from adapters.soap import EndpointConfig

    endpoint = SoapEndpoint(EndpointConfig(), host)

    def post(message: bytes, *, service: str, content_type: str, **headers: str) -> FakeCall:
        fields = {"Content-Type": content_type, **headers}
        return FakeCall(host, "POST", "/soap", message, headers=fields, match={"service": service})

    sent = outbound_for("letter/1", {**letter, "subject": subject, "body": body}, service="letter.deliver")
    inbound, document = asyncio.run(taken(endpoint, post, sent, version))
    assert canonical(document) == canonical(sent.load())
    assert (inbound.key, inbound.sender) == ("delivery-out", "kota-contoh/sistem")
    assert inbound.recipients == ("dinas-contoh/arsip",)


def part(number: int, size: int) -> Part:
    return Part(number, f"{number:064x}", size, "application/pdf", f"a<{number}>.pdf", f"place-{number}")


def test_small_parts_go_inline_and_large_ones_by_their_url(letter: dict[str, Any]) -> None:
    parts = (part(1, 60), part(2, 50), part(3, 40))
    outbound = outbound_for("letter/1", letter, service="letter.deliver", parts=parts)
    native = SoapCodec(LIMITS, SOAP11, inline_limit=100).from_document(outbound)
    inline = [piece.part.number for piece in native.body if isinstance(piece, PartRef)]
    assert inline == [1, 3]
    assert all(piece.encoding == "base64" for piece in native.body if isinstance(piece, PartRef))
    body = b"".join(piece for piece in native.body if isinstance(piece, bytes))
    assert body.count(b"<href>") == 1
    assert b"/parts/2</href>" in body
    assert b"<name>a&lt;1&gt;.pdf</name>" in body


def test_a_large_part_without_a_url_is_refused(letter: dict[str, Any]) -> None:
    from dataclasses import replace

    outbound = replace(outbound_for("letter/1", letter, service="letter.deliver", parts=(part(1, 60),)), part_urls=())
    with pytest.raises(Refused) as caught:
        SoapCodec(LIMITS, SOAP11, inline_limit=10).from_document(outbound)
    assert caught.value.reason is Reason.INLINE_TOO_LARGE


def test_the_action_goes_where_the_version_has_it(letter: dict[str, Any]) -> None:
    outbound = outbound_for("letter/1", letter, service="letter.deliver")
    action = '"urn:lintas:service:letter.deliver/LetterDeliver"'
    first, second = (SoapCodec(LIMITS, version).from_document(outbound) for version in (SOAP11, SOAP12))
    assert (first.media_type, first.headers["SOAPAction"]) == ("text/xml; charset=utf-8", action)
    assert (second.media_type, dict(second.headers)) == (
        f"application/soap+xml; charset=utf-8; action={action}",
        {},
    )


async def test_a_receipt_leaves_as_an_acknowledgement_with_its_jws(endpoint: SoapEndpoint, post: Post) -> None:
    copy = ReceiptCopy("registered", "a.b.c", "delivery-1", "AG-7/2026")
    outbound = outbound_for("letter/1", {}, service="letter.deliver", kind="receipt", receipt=copy)
    native = SoapCodec(LIMITS).receipt(outbound, datetime(2026, 11, 23, 1, tzinfo=UTC))
    service = "acknowledgement.deliver"
    inbound = await endpoint.decode(post(native.whole(), service=service, content_type=native.media_type))
    (document,) = endpoint.codec.to_documents(inbound)
    assert isinstance(document, Acknowledgement1)
    assert (document.status, document.delivery_id, document.registration_number) == (
        "registered",
        "delivery-1",
        "AG-7/2026",
    )
    assert document.raw is not None
    assert document.raw.fields == {"jws": "a.b.c"}


def test_a_document_of_another_type_or_without_what_it_needs_does_not_leave() -> None:
    question = {"noKartu": "0001234567891", "serviceDate": "2026-11-23"}
    with pytest.raises(Refused) as caught:
        SoapCodec(LIMITS).from_document(outbound_for("eligibility-query/1", question, service="letter.deliver"))
    assert caught.value.reason is Reason.UNKNOWN_DOCUMENT_TYPE
    with pytest.raises(Refused) as caught:
        SoapCodec(LIMITS).from_document(outbound_for("letter/1", {}, service="letter.deliver"))
    assert caught.value.reason is Reason.SCHEMA_INVALID


def test_an_answer_in_either_version_is_read() -> None:
    inside = (
        b'<CoverageLookupResponse xmlns="urn:lintas:service:coverage.lookup"><messageId>m</messageId>'
        b'<document><c:noKartu xmlns:c="urn:lintas:schema:coverage:1">0001234567891</c:noKartu>'
        b'<c:status xmlns:c="urn:lintas:schema:coverage:1">active</c:status></document></CoverageLookupResponse>'
    )
    from adapters.soap.envelope import wrap

    for version in VERSIONS:
        native = Native((wrap(version, inside),), version.content_type)
        assert SoapCodec(LIMITS).to_answer(native, "coverage/1").TYPE == "coverage/1"
        with pytest.raises(Refused):
            SoapCodec(LIMITS).to_answer(native, "person/1")
