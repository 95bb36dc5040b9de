from __future__ import annotations

import base64
import dataclasses
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.soap import SinkConfig, SoapSink
from adapters.soap.envelope import SOAP11, SOAP12, VERSIONS, Version, wrap
from adapters.soap.faults import fault_reply
from adapters.soap.names import words_of
from adapters.soap.wsdl import wsdl
from gateway.contract import (
    Ambiguous,
    Attempt,
    HttpReply,
    NeedsOperator,
    Outbound,
    Reason,
    ReceiptCopy,
    Refused,
    Rejected,
    TryLater,
)
from gateway.contract.testing import FakeHost, outbound_for

URL = "http://rs.example/soap/letter.deliver"
ASK_URL = "http://rs.example/soap/coverage.lookup"
NS = b"urn:lintas:service:letter.deliver"
TAKEN = b'<LetterDeliverResponse xmlns="' + NS + b'"><messageId>m</messageId><state>accepted</state>%b</LetterDeliverResponse>'  # fmt: skip # noqa: E501


def sink(host: FakeHost, **config: Any) -> SoapSink:
    return SoapSink(SinkConfig.model_validate({"url": URL, **config}), host)


def reply(body: bytes, status: int = 200, version: Version = SOAP11) -> HttpReply:
    return HttpReply(status, {"Content-Type": version.content_type}, body, version.media_type)


def fault(reason: Reason, version: Version = SOAP11, after: float | None = None) -> HttpReply:
    said = fault_reply(Rejected("theirs", Refused(reason)), version)
    headers = {"Content-Type": said.media_type, **({"Retry-After": str(after)} if after else {})}
    return HttpReply(said.status, headers, said.body, version.media_type)


@pytest.fixture
def outbound(letter: dict[str, Any]) -> Outbound:
    return outbound_for("letter/1", letter, service="letter.deliver")


@pytest.fixture
def asked() -> Outbound:
    question = {"noKartu": "0001234567891", "serviceDate": "2026-11-23"}
    return outbound_for("eligibility-query/1", question, service="coverage.lookup", kind="query")


async def test_a_registration_number_in_the_answer_is_told(host: FakeHost, outbound: Outbound) -> None:
    host.http.on("POST", URL, reply(wrap(SOAP11, TAKEN % b"<registrationNumber>AG-7</registrationNumber>")))
    delivered = await sink(host).deliver(outbound, Attempt(1, 5.0))
    assert delivered.registration == "AG-7"
    assert b"AG-7" in delivered.answer


async def test_the_senders_trace_goes_on(host: FakeHost, outbound: Outbound) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    host.http.on("POST", URL, reply(wrap(SOAP11, TAKEN % b"")))
    for one in (dataclasses.replace(outbound, trace=trace), outbound):
        await sink(host).deliver(one, Attempt(1, 5.0))
    assert [one.headers.get("traceparent") for one in host.http.sent] == [trace, None]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        (Reason.SCHEMA_INVALID, Refused),
        (Reason.CONFLICT, Refused),
        (Reason.IN_PROGRESS, TryLater),
        (Reason.BUSY, TryLater),
        (Reason.NOT_AUTHENTICATED, NeedsOperator),
        (Reason.INTERNAL, Ambiguous),
    ],
)
async def test_a_fault_is_judged_by_its_code(
    host: FakeHost, outbound: Outbound, version: Version, reason: Reason, meant: type[Exception]
) -> None:
    host.http.on("POST", URL, fault(reason, version))
    with pytest.raises(meant):
        await sink(host, version=version.name).deliver(outbound, Attempt(1, 5.0))
    assert len(host.http.sent) == 1


async def test_a_fault_may_say_when(host: FakeHost, outbound: Outbound) -> None:
    host.http.on("POST", URL, fault(Reason.BUSY, after=7))
    with pytest.raises(TryLater) as caught:
        await sink(host).deliver(outbound, Attempt(1, 5.0))
    assert caught.value.after == 7.0


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html/>"),
        reply(b"not xml"),
        reply(b""),
        HttpReply(200, {}, b"{}", "application/json"),
        reply(wrap(SOAP11, b"<SomethingResponse/>")),
        reply(b"<!DOCTYPE a><a/>"),
        reply(b"<html>gateway error</html>", 500),
    ],
)
async def test_an_answer_that_says_nothing_is_ambiguous(host: FakeHost, outbound: Outbound, answer: HttpReply) -> None:
    host.http.on("POST", URL, answer)
    with pytest.raises(Ambiguous):
        await sink(host).deliver(outbound, Attempt(1, 5.0))


async def test_a_question_is_asked_and_its_answer_handed_to_the_codec(host: FakeHost, asked: Outbound) -> None:
    body = (
        b'<CoverageLookupResponse xmlns="urn:lintas:service:coverage.lookup"><messageId>m</messageId>'
        b'<document xmlns:c="urn:lintas:schema:coverage:1"><c:noKartu>0001234567891</c:noKartu>'
        b"<c:status>active</c:status></document></CoverageLookupResponse>"
    )
    host.http.on("POST", ASK_URL, reply(wrap(SOAP12, body), version=SOAP12))
    made = sink(host, url="http://rs.example/soap/{service}", version="1.2")
    native = await made.ask(asked, 4.5)
    assert made.codec.to_answer(native, "coverage/1").TYPE == "coverage/1"
    assert host.http.sent[0].headers["Prefer"] == "wait=4"


@pytest.mark.parametrize(
    ("reason", "meant"),
    [(Reason.TIMED_OUT, TryLater), (Reason.SCHEMA_INVALID, Refused), (Reason.NO_RIGHT, NeedsOperator)],
)
async def test_a_question_may_meet_a_fault(
    host: FakeHost, asked: Outbound, reason: Reason, meant: type[Exception]
) -> None:
    host.http.on("POST", ASK_URL, fault(reason))
    with pytest.raises(meant):
        await sink(host, url=ASK_URL).ask(asked, 4.0)


async def test_a_fault_with_status_200_is_a_fault(host: FakeHost, asked: Outbound, outbound: Outbound) -> None:
    said = fault(Reason.SCHEMA_INVALID)
    host.http.on("POST", "http://rs.example", HttpReply(200, said.headers, said.body, said.media_type))
    with pytest.raises(Refused):
        await sink(host, url=ASK_URL).ask(asked, 4.0)
    with pytest.raises(Refused):
        await sink(host).deliver(outbound, Attempt(1, 5.0))


async def test_the_key_is_shown_as_configured(outbound: Outbound) -> None:
    host = FakeHost(secrets={"file:keys/rs.key": "lintas_a_b\n"})
    host.http.on("POST", URL, reply(wrap(SOAP11, TAKEN % b"")))
    for auth, shown in (
        ("bearer", "Bearer lintas_a_b"),
        ("basic", "Basic " + base64.b64encode(b"lintas:lintas_a_b").decode()),
    ):
        made = sink(host, key={"file": "keys/rs.key"}, auth=auth)
        await made.open()
        await made.deliver(outbound, Attempt(1, 5.0))
        assert host.http.sent[-1].headers["Authorization"] == shown


async def test_a_key_that_is_not_there_needs_an_operator(host: FakeHost, outbound: Outbound) -> None:
    made = sink(host, key={"env": "NOT_SET"})
    await made.open()
    assert len(await made.check()) == 1
    with pytest.raises(NeedsOperator):
        await made.deliver(outbound, Attempt(1, 5.0))
    assert host.http.sent == []


async def test_a_receipt_goes_to_its_own_address(host: FakeHost) -> None:
    answer = TAKEN.replace(NS, b"urn:lintas:service:acknowledgement.deliver").replace(b"LetterDeliver", b"AcknowledgementDeliver")  # fmt: skip # noqa: E501
    host.http.on("POST", "http://rs.example/soap/acks", reply(wrap(SOAP11, answer % b"")))
    copy = ReceiptCopy("delivered", "a.b.c", "delivery-0")
    outbound = outbound_for("letter/1", {}, service="letter.deliver", kind="receipt", receipt=copy)
    await sink(host, receipts_url="http://rs.example/soap/acks").deliver(outbound, Attempt(1, 5.0))
    assert b"AcknowledgementDeliver" in host.http.sent[0].body


async def test_a_reconcilable_recipient_is_asked(host: FakeHost, outbound: Outbound) -> None:
    config = {"recipient": "reconcilable", "reconcile_url": "http://rs.example/state/"}
    host.http.on("GET", "http://rs.example/state/delivery-out", HttpReply(404, {}, b""), once=True)
    host.http.on("GET", "http://rs.example/state/delivery-out", HttpReply(200, {}, b"there"))
    made = sink(host, **config)
    assert await made.reconcile(outbound, Attempt(2, 5.0)) is None
    delivered = await made.reconcile(outbound, Attempt(2, 5.0))
    assert delivered is not None
    assert delivered.answer == b"there"
    with pytest.raises(NeedsOperator):
        await sink(host).reconcile(outbound, Attempt(2, 5.0))


def test_a_reconcilable_recipient_needs_a_place_to_ask() -> None:
    with pytest.raises(ValidationError):
        SinkConfig.model_validate({"url": URL, "recipient": "reconcilable"})


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (reply(wsdl(words_of("letter.deliver"), "http://rs.example")), ""),
        (reply(b"", 404), "answers 404"),
        (reply(b"<html/>"), "no contract"),
        (reply(b"<!DOCTYPE a><a/>"), "no contract"),
        (TryLater(), "does not answer"),
        (Ambiguous(), "does not answer"),
    ],
)
async def test_a_check_reads_the_contract(host: FakeHost, answer: HttpReply | Exception, found: str) -> None:
    host.http.on("GET", URL + "?wsdl", answer)
    findings = await sink(host).check()
    assert (found in findings[0]) if found else findings == []


@pytest.mark.parametrize(
    ("answer", "found"), [(HttpReply(404, {}, b""), ""), (TryLater(Reason.RECIPIENT_DOWN), "does not answer")]
)
async def test_a_check_of_an_address_with_the_service_in_it_asks_what_stands_before(
    host: FakeHost, answer: HttpReply | Exception, found: str
) -> None:
    host.http.on("GET", "http://rs.example/soap/", answer)
    findings = await sink(host, url="http://rs.example/soap/{service}").check()
    assert (found in findings[0]) if found else findings == []


def test_zeep_is_not_imported_for_the_hot_path() -> None:
    code = "import sys, adapters.soap; sys.exit('zeep' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=_root())
    assert done.returncode == 0


def _root() -> str:
    from pathlib import Path

    import adapters.soap

    return str(Path(adapters.soap.__file__).parents[2])
