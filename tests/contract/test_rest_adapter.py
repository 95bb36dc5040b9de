"""The REST adapter, through the door: the conformance kit and nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

from adapters.rest import EndpointConfig, RestEndpoint, RestSink, SinkConfig
from adapters.rest.codec import RestCodec
from gateway.contract import Inbound, Native, Outbound, Part, Reason, ReceiptCopy
from gateway.contract.conformance import (
    MARKER,
    SECRET_FILE,
    CodecConformance,
    EndpointWithParts,
    EndpointWithQueries,
    HttpSinkConformance,
    SinkWithParts,
)
from gateway.contract.testing import LIMITS, FakeCall, FakeHost, json_call, multipart_call, outbound_for
from gateway.contract.testing.call import BOUNDARY

MESSAGES, QUERIES = "/api/v1/messages", "/api/v1/queries"
URL = "http://dinas.example/terima"
ORGANISATION = {
    "id": "D-01",
    "scheme": "urn:contoh",
    "name": "Dinas Contoh",
    "kind": "dinas",
    "timeZone": "Asia/Jakarta",
}
QUESTION = {"noKartu": "0001234567890", "serviceDate": "2026-11-23"}
ASKED = {"envelope": {"service": "coverage.lookup", "schema": "eligibility-query/1"}, "document": QUESTION}


def sent(**envelope: Any) -> dict[str, Any]:
    return {
        "envelope": {"service": "organisation.deliver", "schema": "organisation/1", **envelope},
        "document": ORGANISATION,
    }


class TestRestEndpoint(EndpointWithQueries, EndpointWithParts):
    def make(self, host: FakeHost) -> RestEndpoint:
        return RestEndpoint(EndpointConfig(), host)

    def delivery(self, host: FakeHost, key: str) -> FakeCall:
        return json_call(host, MESSAGES, sent(), headers={"Idempotency-Key": key})

    def query(self, host: FakeHost) -> FakeCall:
        return json_call(host, QUERIES, ASKED)

    def bad_calls(self, host: FakeHost) -> Sequence[tuple[FakeCall, Reason]]:
        def call(value: Any, path: str = MESSAGES, **headers: str) -> FakeCall:
            return json_call(host, path, value, headers=headers)

        return [
            (call(sent(sender=MARKER)), Reason.SCHEMA_INVALID),
            (call(sent(**{MARKER: 1})), Reason.SCHEMA_INVALID),
            (call({**sent(), MARKER: 1}), Reason.SCHEMA_INVALID),
            (call({**sent(), "document": {"nomor": MARKER}}), Reason.SCHEMA_INVALID),
            (call({**ASKED, "document": {"nik": MARKER, "serviceDate": MARKER}}, QUERIES), Reason.SCHEMA_INVALID),
            (call(f'{{"{MARKER}":1,"{MARKER}":2}}'.encode()), Reason.DUPLICATE_JSON_KEY),
            (call(f'{{"a":{MARKER}}}'.encode()), Reason.NOT_JSON),
            (call(ASKED), Reason.BAD_REQUEST),
            (call({**sent(), "parts": [{"mediaType": "a/b", "content": MARKER}]}), Reason.SCHEMA_INVALID),
            (
                call({**sent(), "parts": [{"mediaType": "a/b", "content": "", "name": f"../{MARKER}"}]}),
                Reason.NAME_REFUSED,
            ),
        ]

    def stream(self, host: FakeHost, chunks: AsyncIterator[bytes]) -> FakeCall:
        async def body() -> AsyncIterator[bytes]:
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="message"\r\n\r\n{json.dumps(sent())}'
            yield head.encode()
            yield f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'.encode()
            async for chunk in chunks:
                yield chunk
            yield f"\r\n--{BOUNDARY}--\r\n".encode()

        return multipart_call(host, MESSAGES, body())


class TestRestSink(HttpSinkConformance, SinkWithParts):
    def make(self, host: FakeHost) -> RestSink:
        config = {"url": URL, "key": {"file": SECRET_FILE}, "recipient": "idempotent"}
        return RestSink(SinkConfig.model_validate(config), host)

    def succeed(self, host: FakeHost) -> None:
        host.http.on_json("POST", URL)
        host.http.on_json("OPTIONS", URL)

    def outbound(self, host: FakeHost, delivery_id: str) -> Outbound:
        return outbound_for("organisation/1", ORGANISATION, service="organisation.deliver", delivery_id=delivery_id)

    def receipt(self, host: FakeHost, delivery_id: str) -> Outbound:
        copy = ReceiptCopy("delivered", "a.b.c", "delivery-0")
        return outbound_for(
            "letter/1", {}, service="letter.deliver", delivery_id=delivery_id, kind="receipt", receipt=copy
        )

    def with_part(self, host: FakeHost, delivery_id: str, part: Part) -> Outbound:
        return outbound_for("letter/1", {}, service="letter.deliver", delivery_id=delivery_id, parts=(part,))

    def seen(self, host: FakeHost) -> Sequence[str]:
        return [one.headers["Idempotency-Key"] for one in host.http.sent if one.method == "POST"]

    def part_bytes(self, host: FakeHost) -> bytes:
        one = host.http.sent[-1]
        whole = message_from_bytes(f"Content-Type: {one.media_type}\r\n\r\n".encode() + one.body)
        parts = whole.get_payload()
        assert isinstance(parts, list)
        found = parts[1].get_payload(decode=True)
        assert isinstance(found, bytes)
        return found


class TestRestCodec(CodecConformance):
    def codec(self) -> RestCodec:
        return RestCodec(LIMITS, "multipart")

    def inbounds(self) -> Sequence[Inbound]:
        return [self._inbound("eligibility-query/1", QUESTION), self._inbound("organisation/1", ORGANISATION)]

    def bad_inbounds(self) -> Sequence[tuple[Inbound, Reason]]:
        return [
            (self._inbound("organisation/1", {"name": 7, MARKER: 1}), Reason.SCHEMA_INVALID),
            (self._inbound("eligibility-query/1", {"nik": MARKER}), Reason.SCHEMA_INVALID),
            (self._inbound(MARKER, {}), Reason.UNKNOWN_DOCUMENT_TYPE),
        ]

    def outbounds(self) -> Sequence[Outbound]:
        part = Part(1, "ab" * 32, 9, "application/pdf", "surat.pdf", "x")
        return [
            outbound_for("organisation/1", ORGANISATION, service="organisation.deliver"),
            outbound_for("letter/1", {}, service="letter.deliver", parts=(part,)),
        ]

    def answers(self) -> Sequence[tuple[Native, str]]:
        document = {"noKartu": "0001234567890", "status": "active"}
        body = json.dumps({"messageId": "theirs", "schema": "coverage/1", "document": document}).encode()
        return [(Native((body,), "application/json"), "coverage/1")]

    def bad_answers(self) -> Sequence[tuple[Native, str]]:
        bodies = [b"", MARKER.encode(), b'{"document":{"%b":1}}' % MARKER.encode(), b'{"schema":"letter/1"}']
        return [(Native((body,), "application/json"), "coverage/1") for body in bodies]

    def _inbound(self, document_type: str, content: dict[str, Any]) -> Inbound:
        at = datetime(2026, 11, 23, tzinfo=UTC)
        return Inbound("message-1", at, "organisation.deliver", document_type, content)
