from __future__ import annotations

import pytest
from lxml import etree

from adapters.soap.envelope import SOAP11, SOAP12, VERSIONS, Version, open_envelope, wrap
from adapters.soap.faults import Fault, fault_reply, fault_schema, find_fault, judge_fault
from gateway.contract import REASONS, Ambiguous, NeedsOperator, Reason, Refused, Rejected, TryLater

S12 = "{http://www.w3.org/2003/05/soap-envelope}"


def rejected(reason: Reason, after: float | None = None) -> Rejected:
    errors = [("document.nik", "pattern", "line 3: the text does not match"), ("{urn:h}Token", "not_understood", "x")]
    return Rejected("message-7", Refused(reason, "one <sentence> & no more", limit=9, errors=errors), after)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_a_fault_that_can_be_read_again(version: Version, reason: Reason) -> None:
    reply = fault_reply(rejected(reason, 2.2), version)
    opened = open_envelope(etree.fromstring(reply.body), version)
    fault = find_fault(opened.wrapper)
    assert fault is not None
    assert (fault.code, fault.retry_after) == (reason, 3.0)
    special = {Reason.MUST_UNDERSTAND: "MustUnderstand", Reason.VERSION_MISMATCH: "VersionMismatch"}
    assert fault.kind == special.get(reason, REASONS[reason].side)
    sender = version is SOAP12 and fault.kind == "sender"
    assert reply.status == (400 if sender else 500)
    assert reply.headers["Retry-After"] == "3"
    detail = opened.wrapper.find(".//{urn:lintas:fault:1}Error")
    assert detail is not None
    assert etree.XMLSchema(etree.fromstring(fault_schema())).validate(detail)
    assert detail.findtext("{urn:lintas:fault:1}messageId") == "message-7"
    assert detail.findtext("{urn:lintas:fault:1}advice") == REASONS[reason].advice
    assert detail.findtext("{urn:lintas:fault:1}limit") == "9"


def test_a_version_1_2_fault_names_what_it_did_not_understand() -> None:
    root = etree.fromstring(fault_reply(rejected(Reason.MUST_UNDERSTAND), SOAP12).body)
    (block,) = root.iter(S12 + "NotUnderstood")
    prefix, _, local = block.get("qname", "").partition(":")
    assert (block.nsmap[prefix], local) == ("urn:h", "Token")


def test_a_version_mismatch_offers_both_envelopes() -> None:
    root = etree.fromstring(fault_reply(rejected(Reason.VERSION_MISMATCH), SOAP12).body)
    offered = [block.nsmap[block.get("qname", "").partition(":")[0]] for block in root.iter(S12 + "SupportedEnvelope")]
    assert offered == [SOAP12.namespace, SOAP11.namespace]


def test_a_strange_fault_has_a_side_and_no_code() -> None:
    body = b"<soap:Fault><faultcode>soap:Server.Database</faultcode><faultstring>x</faultstring></soap:Fault>"
    wrapper = open_envelope(etree.fromstring(wrap(SOAP11, body))).wrapper
    assert find_fault(wrapper) == Fault("receiver")
    assert find_fault(etree.Element("x")) is None


@pytest.mark.parametrize(
    ("fault", "asking", "meant"),
    [
        (Fault("sender", Reason.SCHEMA_INVALID), False, Refused),
        (Fault("sender", Reason.CONFLICT), False, Refused),
        (Fault("sender", Reason.IN_PROGRESS), False, TryLater),
        (Fault("sender", Reason.RATE_LIMITED), False, TryLater),
        (Fault("receiver", Reason.BUSY), False, TryLater),
        (Fault("receiver", Reason.DISK_RESERVE), False, TryLater),
        (Fault("receiver", Reason.STOPPING), False, TryLater),
        (Fault("sender", Reason.NOT_AUTHENTICATED), False, NeedsOperator),
        (Fault("sender", Reason.NO_RIGHT), False, NeedsOperator),
        (Fault("MustUnderstand"), False, NeedsOperator),
        (Fault("VersionMismatch"), False, NeedsOperator),
        (Fault("receiver", Reason.INTERNAL), False, Ambiguous),
        (Fault("receiver", Reason.TIMED_OUT), False, Ambiguous),
        (Fault("receiver", Reason.TIMED_OUT), True, TryLater),
        (Fault("receiver", Reason.RECIPIENT_DOWN), True, TryLater),
        (Fault("receiver", Reason.RECIPIENT_REFUSED), False, Refused),
        (Fault("receiver"), False, Ambiguous),
        (Fault("sender"), False, Refused),
        (Fault(""), False, Ambiguous),
    ],
)
def test_what_a_fault_means(fault: Fault, asking: bool, meant: type[Exception]) -> None:
    with pytest.raises(meant):
        judge_fault(fault, b"<answer/>", asking=asking)


def test_a_fault_says_when_and_a_refusal_keeps_the_answer() -> None:
    with pytest.raises(TryLater) as later:
        judge_fault(Fault("receiver", Reason.BUSY, 9.0), b"", retry_after=2.0)
    assert later.value.after == 9.0
    with pytest.raises(TryLater) as header:
        judge_fault(Fault("receiver", Reason.BUSY), b"", retry_after=2.0)
    assert header.value.after == 2.0
    with pytest.raises(Refused) as never:
        judge_fault(Fault("sender"), b"<answer/>")
    assert never.value.answer == b"<answer/>"
