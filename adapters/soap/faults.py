"""SOAP faults: written for our refusals, read and judged when a recipient sends one.

Enters: a `Rejected` settlement, or a recipient's Fault element. Leaves: an envelope with its HTTP status and headers,
or the error that says what happens next. Refuses: nothing; a fault without a clear meaning is `Ambiguous`.
Sources: SOAP 1.1 section 4.4 (always HTTP 500), SOAP 1.2 Part 1 sections 5.4 and 6, Part 2 table 20 (400 and 500).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from lxml import etree

from adapters.soap.envelope import SOAP11, SOAP12, Version, around, text
from adapters.soap.names import FAULT_NAMESPACE
from gateway.contract import (
    REASONS,
    Ambiguous,
    NeedsOperator,
    Reason,
    Refused,
    Rejected,
    Reply,
    TryLater,
)

_SPECIAL = {Reason.MUST_UNDERSTAND: "MustUnderstand", Reason.VERSION_MISMATCH: "VersionMismatch"}
_SIDES = {"1.1": {"sender": "Client", "receiver": "Server"}, "1.2": {"sender": "Sender", "receiver": "Receiver"}}
_XS = "http://www.w3.org/2001/XMLSchema"
_UPGRADE = (
    b'<soap:Upgrade><soap:SupportedEnvelope qname="a:Envelope" xmlns:a="http://www.w3.org/2003/05/soap-envelope"/>'
    b'<soap:SupportedEnvelope qname="b:Envelope" xmlns:b="http://schemas.xmlsoap.org/soap/envelope/"/></soap:Upgrade>'
)


def fault_reply(rejected: Rejected, version: Version) -> Reply:
    """Our refusal in the caller's version of SOAP; the code, the message id and the advice are in the detail."""
    error = rejected.error
    face = REASONS[error.reason]
    code = _SPECIAL.get(error.reason) or _SIDES[version.name][face.side]
    said = text(f"{face.title}: {error.detail}" if error.detail else face.title)
    detail = _detail(rejected)
    header = b""
    if version is SOAP11:
        body = (
            f"<soap:Fault><faultcode>soap:{code}</faultcode><faultstring>{said}</faultstring>"
            f"<detail>{detail}</detail></soap:Fault>"
        )
        status = 500
    else:
        body = (
            f"<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value><soap:Subcode>"
            f'<soap:Value xmlns:l="{FAULT_NAMESPACE}">l:{error.reason}</soap:Value></soap:Subcode></soap:Code>'
            f'<soap:Reason><soap:Text xml:lang="en">{said}'
            f"</soap:Text></soap:Reason><soap:Detail>{detail}</soap:Detail></soap:Fault>"
        )
        status = 400 if code == "Sender" else 500
        header = _headers_12(rejected)
    headers = {} if rejected.retry_after is None else {"Retry-After": str(ceil(rejected.retry_after))}
    before, after = around(version, header)
    return Reply(status, before + body.encode() + after, version.content_type, headers)


def _detail(rejected: Rejected) -> str:
    error = rejected.error
    face = REASONS[error.reason]
    said = [
        f"<code>{error.reason}</code><messageId>{text(rejected.message_id)}</messageId>",
        f"<advice>{text(face.advice)}</advice>",
    ]
    if rejected.stage is not None:
        said.append(f"<stage>{text(rejected.stage)}</stage>")
    if error.detail:
        said.append(f"<text>{text(error.detail)}</text>")
    if error.limit is not None:
        said.append(f"<limit>{error.limit}</limit>")
    if rejected.retry_after is not None:
        said.append(f"<retryAfter>{ceil(rejected.retry_after)}</retryAfter>")
    said += [
        f"<finding><path>{text(path)}</path><code>{text(code)}</code><message>{text(message)}</message></finding>"
        for path, code, message in error.errors
    ]
    return f'<Error xmlns="{FAULT_NAMESPACE}">{"".join(said)}</Error>'


def _headers_12(rejected: Rejected) -> bytes:
    """SOAP 1.2 names what was not understood, or what would be, in header blocks of the fault."""
    if rejected.error.reason is Reason.VERSION_MISMATCH:
        return _UPGRADE
    if rejected.error.reason is not Reason.MUST_UNDERSTAND:
        return b""
    blocks = []
    for path, code, _ in rejected.error.errors:
        namespace, _, local = path.rpartition("}")
        if code == "not_understood":
            blocks.append(f'<soap:NotUnderstood qname="h:{text(local)}" xmlns:h="{text(namespace[1:])}"/>')
    return "".join(blocks).encode()


@dataclass(frozen=True)
class Fault:
    """A recipient's fault: whose side it blames, and what our own detail says if it has one."""

    kind: str
    code: Reason | None = None
    retry_after: float | None = None


def find_fault(wrapper: etree._Element) -> Fault | None:
    """Read the body's element if it is a Fault of either version."""
    for version in (SOAP11, SOAP12):
        if wrapper.tag != version.tag("Fault"):
            continue
        path = "faultcode" if version is SOAP11 else f"{version.tag('Code')}/{version.tag('Value')}"
        local = (wrapper.findtext(path) or "").strip().rpartition(":")[2].partition(".")[0]
        kind = {"Client": "sender", "Sender": "sender", "Server": "receiver", "Receiver": "receiver"}.get(local, local)
        detail = wrapper.find("detail" if version is SOAP11 else version.tag("Detail"))
        ours = None if detail is None else detail.find(f"{{{FAULT_NAMESPACE}}}Error")
        if ours is None:
            return Fault(kind)
        said = (ours.findtext(f"{{{FAULT_NAMESPACE}}}code") or "").strip()
        code = Reason(said) if said in Reason.__members__.values() else None
        wait = (ours.findtext(f"{{{FAULT_NAMESPACE}}}retryAfter") or "").strip()
        return Fault(kind, code, float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 7 else None)
    return None


#: The recipient did not take it and says so; the same bytes may be taken later.
_LATER = {
    Reason.BUSY,
    Reason.DISK_RESERVE,
    Reason.STOPPING,
    Reason.RATE_LIMITED,
    Reason.IN_PROGRESS,
    Reason.SLOW_BODY,
}
#: Our side of the connection is set up wrongly; no document can mend that.
_HUMAN = {
    Reason.NOT_AUTHENTICATED,
    Reason.NO_RIGHT,
    Reason.NO_ROUTE,
    Reason.UNKNOWN_SERVICE,
    Reason.UNKNOWN_OPERATION,
    Reason.MUST_UNDERSTAND,
    Reason.VERSION_MISMATCH,
    Reason.WRONG_INSTANCE,
    Reason.SENDER_MISMATCH,
}
#: Said of a question, these mean that no answer was to be had; said of a delivery, nobody knows.
_UNANSWERED = {Reason.RECIPIENT_DOWN, Reason.TIMED_OUT}


def judge_fault(fault: Fault, answer: bytes, *, asking: bool = False, retry_after: float | None = None) -> None:
    """Always raises: what the fault means for the delivery or, with `asking`, for the question."""
    code, after = fault.code, fault.retry_after if fault.retry_after is not None else retry_after
    if code in _LATER:
        raise TryLater(Reason.BUSY, f"the recipient answered: {code}", after=after)
    if code in _HUMAN or fault.kind in ("MustUnderstand", "VersionMismatch"):
        raise NeedsOperator(f"the recipient's service refuses our call as such: {code or fault.kind}")
    if asking and code in _UNANSWERED:
        raise TryLater(Reason.RECIPIENT_DOWN, f"the recipient answered: {code}", after=after)
    if fault.kind == "sender" or code is Reason.RECIPIENT_REFUSED:
        said = f"the recipient refused: {code}" if code else "the recipient blames the message"
        raise Refused(Reason.RECIPIENT_REFUSED, said, answer=answer)
    raise Ambiguous(Reason.RECIPIENT_UNSURE, f"the recipient failed: {code}" if code else "the recipient failed")


def fault_schema() -> str:
    """The XSD of the detail, as every WSDL carries it."""
    string = 'type="xs:string"'
    return (
        f'<xs:schema xmlns:xs="{_XS}" targetNamespace="{FAULT_NAMESPACE}" elementFormDefault="qualified">'
        f'<xs:element name="Error"><xs:complexType><xs:sequence>'
        f'<xs:element name="code" {string}/><xs:element name="messageId" {string}/><xs:element name="advice" {string}/>'
        f'<xs:element name="stage" {string} minOccurs="0"/>'
        f'<xs:element name="text" {string} minOccurs="0"/><xs:element name="limit" type="xs:long" minOccurs="0"/>'
        f'<xs:element name="retryAfter" type="xs:int" minOccurs="0"/>'
        f'<xs:element name="finding" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>'
        f'<xs:element name="path" {string}/><xs:element name="code" {string}/><xs:element name="message" {string}/>'
        f"</xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>"
    )
