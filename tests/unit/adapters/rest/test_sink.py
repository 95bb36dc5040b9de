"""How a REST recipient is called, and what its answers mean."""

from __future__ import annotations

import dataclasses
import json
from email import message_from_bytes
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.rest import RestSink, SinkConfig
from gateway.contract import (
    Ambiguous,
    Attempt,
    Capability,
    HttpReply,
    NeedsOperator,
    Part,
    Reason,
    ReceiptCopy,
    Refused,
    TryLater,
)
from gateway.contract.testing import FakeHost, Headers, Sent, outbound_for

URL = "http://dinas.example/terima"
QUESTION = {"noKartu": "0001234567890", "serviceDate": "2026-11-23"}
COVERAGE = {"noKartu": "0001234567890", "checkedAt": "2026-11-23T08:00:00+07:00"}
ONCE = Attempt(1, 20.0)
SECRET = "lintas_dinas_0123456789abcdefghijklmnop"


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(secrets={"file:keys/dinas.key": SECRET + "\n"})


async def sink(host: FakeHost, **config: Any) -> RestSink:
    made = RestSink(SinkConfig.model_validate({"url": URL, **config}), host)
    await made.open()
    return made


def letter(parts: tuple[Part, ...] = ()) -> Any:
    return outbound_for("letter/1", {"subject": "Undangan"}, service="letter.deliver", parts=parts)


def form(sent: Sent) -> list[Any]:
    whole = f"Content-Type: {sent.media_type}\r\nMIME-Version: 1.0\r\n\r\n".encode() + sent.body
    payload = message_from_bytes(whole).get_payload()
    assert isinstance(payload, list)
    return payload


async def test_a_delivery_is_one_post_with_the_deliverys_id_as_key(host: FakeHost) -> None:
    host.http.on_json("POST", URL, 201, b'{"registrationNumber":"005/12/2026"}')
    delivered = await (await sink(host, key={"file": "keys/dinas.key"})).deliver(letter(), ONCE)
    assert delivered.registration == "005/12/2026"
    assert delivered.answer == b'{"registrationNumber":"005/12/2026"}'
    [sent] = host.http.sent
    assert (sent.method, sent.url, sent.media_type, sent.timeout) == ("POST", URL, "application/json", 20.0)
    assert sent.headers["Idempotency-Key"] == "delivery-out"
    assert sent.headers["Authorization"] == f"Bearer {SECRET}"
    body = json.loads(sent.body)
    assert body["document"] == {"subject": "Undangan"}
    assert body["envelope"]["deliveryId"] == "delivery-out"
    assert body["parts"] == []


@pytest.mark.parametrize(
    "answer", [b"", b"OK", b"[1]", b"{", b'{"registrationNumber":7}', b'{"registrationNumber":""}']
)
async def test_any_answer_of_2xx_is_a_delivery(host: FakeHost, answer: bytes) -> None:
    host.http.on_json("POST", URL, 200, answer)
    delivered = await (await sink(host)).deliver(letter(), ONCE)
    assert (delivered.registration, delivered.answer) == (None, answer)


async def test_parts_travel_as_form_fields_and_are_streamed(host: FakeHost) -> None:
    part = host.parts.put("message-out", b"%PDF-1.7 \x00\xff\r\n", media_type="application/pdf", name='sur"at.pdf')
    host.http.on_json("POST", URL)
    await (await sink(host)).deliver(letter((part,)), ONCE)
    message, file = form(host.http.sent[0])
    assert message.get_param("name", header="content-disposition") == "message"
    described = json.loads(message.get_payload(decode=True))["parts"]
    assert described == [
        {
            "number": 1,
            "name": 'sur"at.pdf',
            "mediaType": "application/pdf",
            "size": part.size,
            "sha256": part.sha256,
            "href": "https://gateway.example/api/v1/messages/message-out/parts/1",
        }
    ]
    assert file.get_param("name", header="content-disposition") == "part-1"
    assert file.get_filename() == "sur%22at.pdf"
    assert file.get_payload(decode=True) == b"%PDF-1.7 \x00\xff\r\n"
    assert file["Content-Digest"].startswith("sha-256=:")


async def test_a_strange_name_or_type_cannot_write_a_header(host: FakeHost) -> None:
    part = host.parts.put("message-out", b"A", media_type="a/b\r\nX-Evil: 1", name="a\r\nX-Evil: 1")
    host.http.on_json("POST", URL)
    await (await sink(host)).deliver(letter((part,)), ONCE)
    assert b"\r\nX-Evil" not in host.http.sent[0].body


async def test_parts_by_reference_stay_where_they_are(host: FakeHost) -> None:
    part = host.parts.put("message-out", b"%PDF", name="surat.pdf")
    host.http.on_json("POST", URL)
    await (await sink(host, parts="reference")).deliver(letter((part,)), ONCE)
    [sent] = host.http.sent
    assert sent.media_type == "application/json"
    assert json.loads(sent.body)["parts"][0]["href"].endswith("/parts/1")


RECEIPTS = "http://dinas.example/resi"


@pytest.mark.parametrize(("receipts_url", "url"), [(None, URL), (RECEIPTS, RECEIPTS)])
async def test_a_receipt_goes_to_its_own_url(host: FakeHost, receipts_url: str | None, url: str) -> None:
    host.http.on_json("POST", "http://dinas.example/")
    copy = ReceiptCopy("delivered", "a.b.c", "delivery-1")
    outbound = outbound_for("letter/1", {}, service="letter.deliver", kind="receipt", receipt=copy)
    await (await sink(host, receipts_url=receipts_url)).deliver(outbound, ONCE)
    [sent] = host.http.sent
    assert sent.url == url
    receipt = {"kind": "delivered", "delivery": "delivery-1", "jws": "a.b.c"}
    assert json.loads(sent.body) == {"receipt": receipt, "messageId": "message-out"}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, NeedsOperator), (401, NeedsOperator), (407, NeedsOperator), (400, Refused), (403, NeedsOperator),
        (404, NeedsOperator), (405, NeedsOperator), (410, NeedsOperator),
        (409, Refused), (422, Refused), (408, Ambiguous), (425, Ambiguous), (500, Ambiguous),
        (502, Ambiguous),
        (504, Ambiguous), (429, TryLater), (503, TryLater),
    ],
)  # fmt: skip
async def test_what_a_status_means(host: FakeHost, status: int, error: type[Exception]) -> None:
    host.http.on_json("POST", URL, status, b'{"detail":"rahasia"}', {"Retry-After": "7"})
    with pytest.raises(error) as caught:
        await (await sink(host)).deliver(letter(), ONCE)
    assert "rahasia" not in str(caught.value)
    if isinstance(caught.value, TryLater):
        assert caught.value.after == 7.0
    if isinstance(caught.value, Refused):
        assert (caught.value.reason, caught.value.answer) == (Reason.RECIPIENT_REFUSED, b'{"detail":"rahasia"}')


@pytest.mark.parametrize("status", [404, 405, 410])
async def test_a_problem_of_the_recipients_own_refuses_the_document(host: FakeHost, status: int) -> None:
    problem = b'{"title":"Tidak dikenal"}'
    reply = HttpReply(status, Headers(), problem, "application/problem+json; charset=utf-8")
    host.http.on("POST", URL, reply)
    with pytest.raises(Refused) as caught:
        await (await sink(host)).deliver(letter(), ONCE)
    assert caught.value.answer == problem


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_not_there_is_an_answer_to_a_question(host: FakeHost, status: int) -> None:
    host.http.on_json("POST", URL, status)
    made = await sink(host)
    with pytest.raises(Refused):
        await made.ask(outbound_for("eligibility-query/1", QUESTION, service="coverage.lookup", kind="query"), 5.0)


async def test_an_answer_of_2xx_that_is_too_long_is_a_delivery_all_the_same(host: FakeHost) -> None:
    most = host.limits.answer_bytes
    body = b'{"registrationNumber":"9","x":"' + b"x" * most + b'"}'
    host.http.on_json("POST", URL, 202, body)
    made = await sink(host)
    delivered = await made.deliver(letter(), ONCE)
    assert delivered.answer == f"HTTP 202; the body was over {most} bytes and was cut off".encode()
    assert delivered.registration is None
    with pytest.raises(Ambiguous) as caught:
        await made.ask(outbound_for("eligibility-query/1", QUESTION, service="coverage.lookup", kind="query"), 5.0)
    assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID


async def test_a_recipient_still_at_work_is_asked_again(host: FakeHost) -> None:
    host.http.on_json("POST", URL, 409, b'{"code":"in_progress"}')
    with pytest.raises(TryLater):
        await (await sink(host)).deliver(letter(), ONCE)


async def test_a_query_returns_what_was_answered(host: FakeHost) -> None:
    answer = json.dumps({"schema": "coverage/1", "document": {"noKartu": "1"}}).encode()
    host.http.on_json("POST", URL, 200, answer)
    made = await sink(host, timeout="5s")
    outbound = outbound_for("eligibility-query/1", QUESTION, service="coverage.lookup", kind="query")
    native = await made.ask(outbound, 12.5)
    assert native.whole() == answer
    [sent] = host.http.sent
    assert (sent.timeout, sent.headers["Prefer"]) == (5.0, "wait=12")


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b'{"document":[]}', b'{"document":{"rahasia":"rahasia"}}', b'{"schema":"letter/1","document":{}}',
     b'{"document":{},"document":{}}'],
)  # fmt: skip
async def test_an_answer_that_is_no_document_is_the_recipients_fault(host: FakeHost, answer: bytes) -> None:
    host.http.on_json("POST", URL, 200, answer)
    made = await sink(host)
    native = await made.ask(outbound_for("eligibility-query/1", QUESTION, service="coverage.lookup", kind="query"), 5.0)
    with pytest.raises(Refused) as caught:
        made.codec.to_answer(native, "coverage/1")
    assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID
    assert "rahasia" not in str(caught.value)


async def test_reconcile_asks_for_the_delivery(host: FakeHost) -> None:
    made = await sink(host, recipient="reconcilable", reconcile_url="http://dinas.example/cek/")
    assert made.capability is Capability.RECONCILABLE
    host.http.on("GET", "http://dinas.example/cek/delivery-out", HttpReply(404, Headers(), b""), once=True)
    assert await made.reconcile(letter(), ONCE) is None
    host.http.on_json("GET", "http://dinas.example/cek/delivery-out", 200, b'{"registrationNumber":"9"}', once=True)
    found = await made.reconcile(letter(), ONCE)
    assert found is not None
    assert found.registration == "9"
    host.http.on_json("GET", "http://dinas.example/cek/", 400, once=True)
    with pytest.raises(Ambiguous):
        await made.reconcile(letter(), ONCE)
    assert "Idempotency-Key" not in host.http.sent[0].headers


async def test_the_senders_trace_goes_on(host: FakeHost) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    host.http.on_json("POST", URL, 200)
    made = await sink(host)
    await made.deliver(dataclasses.replace(letter(), trace=trace), ONCE)
    await made.deliver(letter(), ONCE)
    assert [one.headers.get("traceparent") for one in host.http.sent] == [trace, None]


async def test_a_missing_key_waits_for_an_operator(host: FakeHost) -> None:
    made = await sink(host, key={"env": "KUNCI_DINAS"})
    assert await made.check() == ["the key env:KUNCI_DINAS is not there; put the recipient's API key in it"]
    with pytest.raises(NeedsOperator):
        await made.deliver(letter(), ONCE)
    assert host.http.sent == []


async def test_check_tells_a_recipient_that_is_down(host: FakeHost) -> None:
    made = await sink(host)
    host.http.on("OPTIONS", URL, TryLater(), once=True)
    assert len(await made.check()) == 1
    host.http.on_json("OPTIONS", URL, 405, once=True)
    assert await made.check() == []
    host.http.on_json("OPTIONS", URL, 401)
    assert len(await made.check()) == 1


async def test_no_secret_is_shown(host: FakeHost) -> None:
    made = await sink(host, key={"file": "keys/dinas.key"})
    assert SECRET not in repr(made) + repr(host) + repr(made.codec) + str(made)


@pytest.mark.parametrize(
    "config",
    [
        {"url": "ftp://dinas.example"}, {"url": "http://u:p@dinas.example"}, {"url": "http://dinas.example/#x"}, {},
        {"url": URL, "recipient": "reconcilable"}, {"url": URL, "key": "lintas_x_y"}, {"url": URL, "key": {}},
        {"url": URL, "key": {"file": "a", "env": "b"}}, {"url": URL, "timeout": "soon"}, {"url": URL, "timeout": 0},
        {"url": URL, "uri": "x"}, {"url": URL, "parts": "inline"},
    ],
)  # fmt: skip
def test_a_bad_configuration_is_a_finding(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SinkConfig.model_validate(config)
