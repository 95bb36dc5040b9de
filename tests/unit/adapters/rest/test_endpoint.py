"""What the REST face takes, and what it refuses by name."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.rest import ADAPTER, EndpointConfig, RestEndpoint
from gateway.contract import Accepted, Answered, Duplicate, Reason, ReceiptCopy, Refused, Rejected
from gateway.contract.testing import FakeCall, FakeHost, form_data, json_call, multipart_call, related
from schemas.catalogue import canonical

MESSAGES, QUERIES = "/api/v1/messages", "/api/v1/queries"
QUESTION = {"noKartu": "0001234567890", "serviceDate": "2026-11-23"}
PERSON = {"envelope": {"service": "person.deliver", "schema": "person/1"}, "document": {"name": "Budi"}}


def question(**envelope: Any) -> dict[str, Any]:
    given = {"service": "coverage.lookup", "schema": "eligibility-query/1", **envelope}
    return {"envelope": given, "document": QUESTION}


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def endpoint(host: FakeHost) -> RestEndpoint:
    return RestEndpoint(EndpointConfig(), host)


async def refused(endpoint: RestEndpoint, call: FakeCall) -> Refused:
    with pytest.raises(Refused) as caught:
        await endpoint.decode(call)
    return caught.value


def test_the_spec_makes_what_it_names(host: FakeHost) -> None:
    assert ADAPTER.kinds == {"endpoint", "sink"}
    made = ADAPTER.make("endpoint", ADAPTER.config_model("endpoint")(), host)
    assert isinstance(made, RestEndpoint)
    assert [(route.method, route.path) for route in made.routes()] == [("POST", MESSAGES), ("POST", QUERIES)]


async def test_a_query_becomes_an_inbound(host: FakeHost, endpoint: RestEndpoint) -> None:
    envelope = {"idempotencyKey": "k-1", "conversationId": "c-1", "purpose": "UU 24/2011", "instance": "test",
                "recipients": ["bpjs/vclaim"], "expiresAt": "2026-11-23T10:00:00+07:00"}  # fmt: skip
    headers = {"Prefer": "respond-async, wait=7", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    call = json_call(host, QUERIES, question(**envelope), headers=headers)
    inbound = await endpoint.decode(call)
    assert (inbound.message_id, inbound.received_at) == (call.arrival.message_id, call.arrival.at)
    assert (inbound.service, inbound.document_type) == ("coverage.lookup", "eligibility-query/1")
    assert (inbound.key, inbound.conversation, inbound.recipients) == ("k-1", "c-1", ("bpjs/vclaim",))
    assert (inbound.purpose, inbound.instance, inbound.deadline) == ("UU 24/2011", "test", 7.0)
    assert inbound.expires_at is not None
    assert inbound.expires_at.isoformat() == "2026-11-23T10:00:00+07:00"
    assert inbound.trace == headers["traceparent"]
    [document] = endpoint.codec.to_documents(inbound)
    assert json.loads(canonical(document)) == QUESTION


@pytest.mark.parametrize(
    ("header", "sent", "key"),
    [
        ("k", None, "k"),
        ('"k"', None, "k"),
        (None, "k", "k"),
        ("k", "k", "k"),
        (None, None, None),
        ('"k k"', None, "k k"),
    ],
)
async def test_where_the_key_comes_from(
    host: FakeHost, endpoint: RestEndpoint, header: str | None, sent: str | None, key: str | None
) -> None:
    headers = {} if header is None else {"Idempotency-Key": header}
    envelope = {} if sent is None else {"idempotencyKey": sent}
    inbound = await endpoint.decode(json_call(host, QUERIES, question(**envelope), headers=headers))
    assert inbound.key == key


async def test_the_senders_own_id_is_a_key_where_no_key_is_given(host: FakeHost, endpoint: RestEndpoint) -> None:
    inbound = await endpoint.decode(json_call(host, QUERIES, question(messageId="theirs-1")))
    assert inbound.key == "theirs-1"
    assert inbound.message_id != "theirs-1"


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (question(idempotencyKey="a"), {"Idempotency-Key": "b"}, Reason.KEY_MISMATCH),
        (question(), {"Idempotency-Key": ""}, Reason.BAD_REQUEST),
        (question(), {"Idempotency-Key": "k" * 256}, Reason.BAD_REQUEST),
        (question(), {"Content-Type": "text/csv"}, Reason.UNSUPPORTED_MEDIA_TYPE),
        (question(), {"Content-Type": "application/json; charset=latin-1"}, Reason.WRONG_CHARSET),
        (PERSON, {}, Reason.BAD_REQUEST),
        (b"", {}, Reason.NOT_JSON),
        (b"[]", {}, Reason.NOT_JSON),
        (b'{"envelope":', {}, Reason.NOT_JSON),
        (b'{"envelope":{},"envelope":{}}', {}, Reason.DUPLICATE_JSON_KEY),
        (b'{"envelope":NaN}', {}, Reason.NOT_A_NUMBER),
        (b'{"envelope":1e999}', {}, Reason.NOT_A_NUMBER),
        (b'{"envelope":"\\ud800"}', {}, Reason.LONE_SURROGATE),
        (b'{"envelope":"\xff"}', {}, Reason.WRONG_CHARSET),
        (b'{"a":' * 40 + b"1" + b"}" * 40, {}, Reason.TOO_DEEP),
        (b'{"a":"' + b"x" * 1024 * 1024 + b'"}', {}, Reason.BODY_TOO_LARGE),
        ({"envelope": {}}, {}, Reason.SCHEMA_INVALID),
        ({"envelope": [], "document": {}}, {}, Reason.SCHEMA_INVALID),
        ({**question(), "extra": 1}, {}, Reason.SCHEMA_INVALID),
        ({**question(), "parts": {}}, {}, Reason.SCHEMA_INVALID),
        ({**question(), "parts": [{"content": ""}]}, {}, Reason.SCHEMA_INVALID),
        ({**question(), "parts": [{"mediaType": "a/b", "content": "%%%"}]}, {}, Reason.SCHEMA_INVALID),
        ({**question(), "parts": [{"mediaType": "a/b", "content": 1}]}, {}, Reason.SCHEMA_INVALID),
        ({**question(), "parts": [{"mediaType": "a/b", "content": "", "x": ""}]}, {}, Reason.SCHEMA_INVALID),
    ],
)
async def test_bad_input_is_a_named_refusal(
    host: FakeHost, endpoint: RestEndpoint, body: Any, headers: dict[str, str], reason: Reason
) -> None:
    call = json_call(host, QUERIES, body, headers=headers)
    assert (await refused(endpoint, call)).reason is reason
    assert call.arrival.spooled == []


async def test_findings_name_the_field_and_hold_no_value(host: FakeHost, endpoint: RestEndpoint) -> None:
    error = await refused(endpoint, json_call(host, QUERIES, question(sender="Rahasia Sekali!")))
    assert [path for path, _, _ in error.errors] == ["envelope.sender"]
    body = question()
    body["document"] = {"nik": "rahasia", "serviceDate": "2026-11-23"}
    inbound = await endpoint.decode(json_call(host, QUERIES, body))
    with pytest.raises(Refused) as caught:
        list(endpoint.codec.to_documents(inbound))
    assert caught.value.reason is Reason.SCHEMA_INVALID
    assert [path for path, _, _ in caught.value.errors] == ["document.nik"]
    told = endpoint.encode(json_call(host, QUERIES, {}), Rejected("message-1", caught.value)).body
    assert b"rahasia" not in told.lower()
    assert "rahasia" not in repr(error.errors).lower()


async def test_an_unknown_document_type_is_refused_by_the_codec(host: FakeHost, endpoint: RestEndpoint) -> None:
    body = {"envelope": {"service": "coverage.lookup", "schema": "unheard-of/9"}, "document": {}}
    inbound = await endpoint.decode(json_call(host, QUERIES, body))
    with pytest.raises(Refused) as caught:
        list(endpoint.codec.to_documents(inbound))
    assert caught.value.reason is Reason.UNKNOWN_DOCUMENT_TYPE


# Parts


SCAN = bytes(range(256)) * 16
MESSAGE = json.dumps(PERSON).encode()
WITH_PARTS = json.dumps({**PERSON, "parts": []}).encode()


def digest(data: bytes) -> dict[str, str]:
    return {"Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"}


async def test_inline_parts_are_spooled(host: FakeHost, endpoint: RestEndpoint) -> None:
    part = {"name": "surat.pdf", "mediaType": "Application/PDF", "content": base64.b64encode(SCAN).decode(),
            "sha256": hashlib.sha256(SCAN).hexdigest().upper()}  # fmt: skip
    inbound = await endpoint.decode(json_call(host, MESSAGES, {**PERSON, "parts": [part]}))
    [spooled] = inbound.parts
    assert (spooled.name, spooled.media_type, spooled.size) == ("surat.pdf", "application/pdf", len(SCAN))
    assert [chunk async for chunk in host.parts.read(inbound.message_id, spooled)] == [SCAN]


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"name": "../etc/passwd"}, Reason.NAME_REFUSED),
        ({"name": "a\x00b"}, Reason.NAME_REFUSED),
        ({"name": "fdp.\u202eexe"}, Reason.NAME_REFUSED),
        ({"sha256": "0" * 64}, Reason.DIGEST_MISMATCH),
        ({"sha256": "abc"}, Reason.DIGEST_MISMATCH),
        ({"mediaType": "pdf\r\nX-Evil: 1"}, Reason.BAD_REQUEST),
        ({"content": base64.b64encode(bytes(64 * 1024 + 1)).decode()}, Reason.INLINE_TOO_LARGE),
    ],
)
async def test_bad_inline_parts(host: FakeHost, endpoint: RestEndpoint, part: dict[str, str], reason: Reason) -> None:
    whole = {"mediaType": "application/pdf", "content": "QUJD", **part}
    assert (await refused(endpoint, json_call(host, MESSAGES, {**PERSON, "parts": [whole]}))).reason is reason


async def test_too_many_parts_name_the_limit(host: FakeHost, endpoint: RestEndpoint) -> None:
    parts = [{"mediaType": "a/b", "content": "QQ=="}] * (host.limits.parts + 1)
    error = await refused(endpoint, json_call(host, MESSAGES, {**PERSON, "parts": parts}))
    assert (error.reason, error.limit) == (Reason.TOO_MANY_PARTS, host.limits.parts)
    files = [("f", "a.bin", "a/b", b"A", {})] * (host.limits.parts + 1)
    body = form_data([("message", None, "application/json", MESSAGE, {}), *files])
    error = await refused(endpoint, multipart_call(host, MESSAGES, body))
    assert (error.reason, error.limit) == (Reason.TOO_MANY_PARTS, host.limits.parts)


async def test_form_data_streams_its_files_in_order(host: FakeHost, endpoint: RestEndpoint) -> None:
    body = form_data([
        ("message", None, "application/json", MESSAGE, {}),
        ("file", "pindaian.pdf", "application/pdf", SCAN, digest(SCAN)),
        ("other", "catatan.txt", "text/plain", b"", {}),
    ])  # fmt: skip
    inbound = await endpoint.decode(multipart_call(host, MESSAGES, body))
    assert [(part.number, part.name, part.size) for part in inbound.parts] == [
        (1, "pindaian.pdf", len(SCAN)),
        (2, "catatan.txt", 0),
    ]
    assert inbound.size == len(MESSAGE) + len(SCAN)
    assert b"".join([chunk async for chunk in host.parts.read(inbound.message_id, inbound.parts[0])]) == SCAN


async def test_related_takes_its_root_first(host: FakeHost, endpoint: RestEndpoint) -> None:
    body = related([("application/json", MESSAGE, {}), ("application/pdf", SCAN, {"Content-ID": "<scan>"})])
    inbound = await endpoint.decode(multipart_call(host, MESSAGES, body, subtype="related"))
    assert [(part.name, part.sha256) for part in inbound.parts] == [(None, hashlib.sha256(SCAN).hexdigest())]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (("file", "a.pdf", "application/pdf", SCAN, {}), Reason.BAD_REQUEST),
        (("message", None, "application/pdf", MESSAGE, {}), Reason.BAD_REQUEST),
        (("message", None, "application/json", b"{", {}), Reason.NOT_JSON),
        (("message", None, "application/json", WITH_PARTS, {}), Reason.SCHEMA_INVALID),
        (("message", None, "application/json", json.dumps(question()).encode(), {}), Reason.BAD_REQUEST),
    ],
)
async def test_nothing_is_spooled_before_the_message(
    host: FakeHost, endpoint: RestEndpoint, first: Any, reason: Reason
) -> None:
    call = multipart_call(host, MESSAGES, form_data([first, ("file", "a.pdf", "application/pdf", SCAN, {})]))
    assert (await refused(endpoint, call)).reason is reason
    assert call.arrival.spooled == []


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (digest(b"other bytes"), Reason.DIGEST_MISMATCH),
        ({"Content-Digest": "sha-256=:AAAA:"}, Reason.DIGEST_MISMATCH),
        ({"Content-Digest": "sha-256=:%:"}, Reason.DIGEST_MISMATCH),
    ],
)
async def test_a_digest_that_does_not_fit(
    host: FakeHost, endpoint: RestEndpoint, headers: dict[str, str], reason: Reason
) -> None:
    body = form_data([("message", None, "application/json", MESSAGE, {}), ("f", "a.pdf", "a/b", SCAN, headers)])
    assert (await refused(endpoint, multipart_call(host, MESSAGES, body))).reason is reason


async def test_other_digest_algorithms_are_left_alone(host: FakeHost, endpoint: RestEndpoint) -> None:
    headers = {"Content-Digest": "md5=:AAAA:, " + digest(SCAN)["Content-Digest"]}
    body = form_data([("message", None, "application/json", MESSAGE, {}), ("f", "a.pdf", "a/b", SCAN, headers)])
    inbound = await endpoint.decode(multipart_call(host, MESSAGES, body))
    assert inbound.parts[0].sha256 == hashlib.sha256(SCAN).hexdigest()


@pytest.mark.parametrize("cut", [1, 200, 600])
async def test_a_truncated_body_is_refused(host: FakeHost, endpoint: RestEndpoint, cut: int) -> None:
    body = form_data([("message", None, "application/json", MESSAGE, {}), ("f", "a.pdf", "a/b", SCAN, {})])
    call = multipart_call(host, MESSAGES, body[: len(body) - 6 - cut])
    assert (await refused(endpoint, call)).reason is Reason.MULTIPART_BROKEN


async def test_an_empty_multipart_body_has_no_message(host: FakeHost, endpoint: RestEndpoint) -> None:
    assert (await refused(endpoint, multipart_call(host, MESSAGES, related([])))).reason is Reason.BAD_REQUEST


async def test_a_part_arrives_whatever_the_chunks(host: FakeHost, endpoint: RestEndpoint) -> None:
    body = form_data([("message", None, "application/json", MESSAGE, {}), ("f", "a", "a/b", b"\r\n--a-bound" * 50, {})])

    async def drip() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 7):
            yield body[at : at + 7]

    inbound = await endpoint.decode(multipart_call(host, MESSAGES, drip()))
    assert inbound.parts[0].size == len(b"\r\n--a-bound") * 50


# Answers


RECEIPT = ReceiptCopy("accepted", "aaa.bbb.ccc")


def test_accepted_is_202_with_its_location(host: FakeHost, endpoint: RestEndpoint) -> None:
    reply = endpoint.encode(json_call(host, MESSAGES, {}), Accepted("m-1", (RECEIPT,)))
    assert (reply.status, reply.headers["Location"]) == (202, "/api/v1/messages/m-1")
    assert json.loads(reply.body) == {
        "messageId": "m-1",
        "state": "accepted",
        "receipts": [{"kind": "accepted", "delivery": None, "jws": "aaa.bbb.ccc"}],
    }


def test_a_duplicate_is_200_with_the_original(host: FakeHost, endpoint: RestEndpoint) -> None:
    registered = ReceiptCopy("registered", "d.e.f", "d-1", "005/12/2026")
    reply = endpoint.encode(json_call(host, MESSAGES, {}), Duplicate("m-0", (RECEIPT, registered)))
    told = json.loads(reply.body)
    assert (reply.status, told["state"], told["messageId"]) == (200, "duplicate", "m-0")
    assert told["receipts"][1]["registrationNumber"] == "005/12/2026"


@pytest.mark.parametrize("repeated", [False, True])
def test_an_answer_splices_the_document(host: FakeHost, endpoint: RestEndpoint, repeated: bool) -> None:
    raw = b'{"memberName":"Budi"}'
    settlement = Answered("m-1", "coverage/1", raw, lambda: pytest.fail("parsed again"), repeated)
    reply = endpoint.encode(json_call(host, QUERIES, {}), settlement)
    expected = {"messageId": "m-1", "schema": "coverage/1", "document": {"memberName": "Budi"}}
    assert (reply.status, json.loads(reply.body)) == (200, expected | ({"repeated": True} if repeated else {}))
    assert raw in reply.body


def test_a_rejection_is_a_problem(host: FakeHost, endpoint: RestEndpoint) -> None:
    settlement = Rejected("m-1", Refused(Reason.BUSY), retry_after=1.2)
    reply = endpoint.encode(json_call(host, MESSAGES, {}), settlement)
    assert (reply.status, reply.media_type, reply.headers["Retry-After"]) == (503, "application/problem+json", "2")


async def test_what_only_a_signer_knows_travels_beside_the_question(host: FakeHost, endpoint: RestEndpoint) -> None:
    secrets = {"Lintas-Passphrase": "Frasa-Sandi-1", "Lintas-Totp": "123456"}
    call = json_call(host, QUERIES, question(), headers=secrets)
    inbound = await endpoint.decode(call)
    assert inbound.ephemeral is not None
    assert (inbound.ephemeral.take("passphrase"), inbound.ephemeral.take("totp")) == ("Frasa-Sandi-1", "123456")
    assert "Frasa-Sandi-1" not in repr(inbound)


async def test_without_such_a_header_or_with_a_delivery_there_is_nothing(
    host: FakeHost, endpoint: RestEndpoint
) -> None:
    assert (await endpoint.decode(json_call(host, QUERIES, question()))).ephemeral is None
    call = json_call(host, MESSAGES, PERSON, headers={"Lintas-Passphrase": "Frasa-Sandi-1"})
    assert (await endpoint.decode(call)).ephemeral is None
