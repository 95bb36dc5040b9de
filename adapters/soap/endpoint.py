"""The gateway's SOAP face: one address per shared service, with its WSDL.

Enters: GET /soap/{service}?wsdl and POST /soap/{service} in SOAP 1.1 (text/xml) or 1.2 (application/soap+xml). Leaves:
WSDL, `Inbound`, and an answer or a fault in the version of the call. Refuses: other media types (MTOM and SwA among
them), an envelope of another version than its media type says, an action of another operation, and what `request`
refuses.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence

from adapters.soap.codec import SoapCodec
from adapters.soap.config import EndpointConfig
from adapters.soap.envelope import SOAP11, SOAP12, Version, text, version_of, wrap
from adapters.soap.faults import fault_reply
from adapters.soap.large import LargeCalls, is_large
from adapters.soap.names import Words, all_words, words_of
from adapters.soap.request import InlinePart, judge, take_apart
from adapters.soap.writer import document_fragment
from adapters.soap.wsdl import address_of, wsdl
from gateway.contract import (
    Accepted,
    Answered,
    Duplicate,
    Endpoint,
    Host,
    HttpCall,
    HttpRoute,
    Inbound,
    Part,
    Reason,
    ReceiptCopy,
    Refused,
    Rejected,
    Reply,
    Settlement,
)
from gateway.contract.names import plain_media_type, plain_name

PATH = "/soap/{service}"
_ACTION = re.compile(r';\s*action\s*=\s*(?:"([^"]*)"|([^;\s"]+))', re.IGNORECASE)
_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?:$|[,;])', re.IGNORECASE)
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_PRIVATE = {"Cache-Control": "no-store"}


class SoapEndpoint(Endpoint):
    """Made once for the gateway; holds no state between calls."""

    def __init__(self, config: EndpointConfig, host: Host) -> None:
        self._host = host
        self._large = LargeCalls()
        self.codec = SoapCodec(host.limits)

    async def open(self) -> None:
        return None

    async def check(self) -> list[str]:
        return []

    def routes(self) -> Sequence[HttpRoute]:
        most = self._host.limits.soap_body_bytes
        return (
            HttpRoute("GET", PATH, serve=self._publish, summary="The WSDL of a service, at ?wsdl"),
            HttpRoute("POST", PATH, most, summary="Call a service by SOAP 1.1 or 1.2"),
        )

    def _publish(self, call: HttpCall) -> Reply:
        service = call.match["service"]
        try:
            words = words_of(service)
        except Refused as error:
            known = ", ".join(one.service.name for one in all_words())
            raise Refused(error.reason, f"there is no such service; there are {known}") from None
        if any(name.lower() in ("wsdl", "singlewsdl") for name in call.query):
            return Reply(200, wsdl(words, self._host.public_url), "text/xml; charset=utf-8")
        address = address_of(self._host.public_url, service)
        said = f"{words.service.title} ({service}), by SOAP 1.1 or 1.2. Its contract: {address}?wsdl\n"
        return Reply(200, said.encode(), "text/plain; charset=utf-8")

    async def decode(self, call: HttpCall) -> Inbound:
        words = words_of(call.match["service"])
        call.permit(words.service.name)
        version = version_of(call.media_type)
        if version is None:
            raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, "SOAP comes as text/xml (1.1) or application/soap+xml (1.2)")
        _check_action(call.headers, version, words)
        limits = self._host.limits
        try:
            body = await call.read(limits.soap_body_bytes)
        except Refused as error:
            if error.reason is not Reason.BODY_TOO_LARGE:
                raise
            # Base64 makes three bytes four: a large file meets this limit before that of an inline part.
            most = limits.inline_part_bytes
            detail = f"the call is over the limit; a file inline has at most {most} bytes before base64, a larger one "
            detail += "goes as a part in multipart, by REST (MTOM is not read here)"
            raise Refused(Reason.BODY_TOO_LARGE, detail, limit=error.limit) from None
        size = len(body)
        if is_large(body):
            request = await self._large.read(body, call.charset, words, version, limits)
        else:
            request = judge(take_apart(body, call.charset, words, version, limits), limits)
        del body
        parts = tuple([await self._spool(call, part) for part in request.parts])
        said, trace = request.envelope, call.headers.get("traceparent")
        return Inbound(
            message_id=call.arrival.message_id,
            received_at=call.arrival.at,
            service=words.service.name,
            document_type=words.service.request,
            content=request.document,
            recipients=tuple(said.get("recipients", ())),
            key=said.get("idempotencyKey") or request.message_id or said.get("messageId"),
            sender=said.get("sender"),
            conversation=said.get("conversationId"),
            instance=said.get("instance"),
            purpose=said.get("purpose"),
            expires_at=request.expires_at,
            deadline=_deadline(call.headers),
            parts=parts,
            size=size,
            trace=trace if trace is not None and _TRACE.fullmatch(trace) else None,
            facts={name: said[name] for name in ("createdAt", "classification", "inReplyTo") if name in said},
        )

    async def _spool(self, call: HttpCall, part: InlinePart) -> Part:
        return await call.arrival.spool(
            _chunks(part),
            media_type=plain_media_type(part.media_type),
            name=None if part.name is None else plain_name(part.name, self._host.limits.name_bytes),
            sha256=part.sha256,
            size=part.size,
        )

    def encode(self, call: HttpCall, settlement: Settlement) -> Reply:
        version = _answer_version(call)
        if isinstance(settlement, Rejected):
            return fault_reply(settlement, version)
        words = words_of(call.match["service"])
        said = document_fragment(settlement.load(), words) if isinstance(settlement, Answered) else _taken(settlement)
        named = f"<messageId>{text(settlement.message_id)}</messageId>"
        head = f'<{words.operation}Response xmlns="{words.namespace}">{named}'
        body = head.encode() + said + f"</{words.operation}Response>".encode()
        return Reply(200, wrap(version, body), version.content_type, _PRIVATE)


async def _chunks(part: InlinePart) -> AsyncIterator[bytes]:
    for chunk in part.decoded():
        yield chunk


def _answer_version(call: HttpCall) -> Version:
    """A fault goes out in the version the call claimed; a call that claimed none is answered in 1.1."""
    # MTOM and SwA name the version of the envelope within in a parameter.
    inside = SOAP12 if SOAP12.media_type in call.headers.get("Content-Type", "").lower() else SOAP11
    return version_of(call.media_type) or inside


def _taken(settlement: Accepted | Duplicate) -> bytes:
    state = "accepted" if isinstance(settlement, Accepted) else "duplicate"
    return (f"<state>{state}</state>" + "".join(_receipt(copy) for copy in settlement.receipts)).encode()


def _receipt(copy: ReceiptCopy) -> str:
    delivery = f"<delivery>{text(copy.delivery)}</delivery>" if copy.delivery is not None else ""
    number = f"<registrationNumber>{text(copy.registration)}</registrationNumber>" if copy.registration else ""
    return f"<receipt><kind>{text(copy.kind)}</kind>{delivery}{number}<jws>{text(copy.jws)}</jws></receipt>"


def _check_action(headers: Mapping[str, str], version: Version, words: Words) -> None:
    """The action is a hint: absent or empty is fine, with or without quotes; another operation's is refused.

    The body decides what is called. A front that lets calls through by their action must not be led past by it.
    """
    if version is SOAP11:
        said = headers.get("SOAPAction", "").strip().strip("\"'")
    else:
        found = _ACTION.search(headers.get("Content-Type", ""))
        said = (found[1] or found[2] or "").strip("'") if found else ""
    if said and said not in (words.action, words.operation, f"{words.namespace}#{words.operation}"):
        raise Refused(Reason.UNKNOWN_OPERATION, "the action names another operation than this service has")


def _deadline(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Prefer: wait` (RFC 7240, section 4.3); the host caps them."""
    field = headers.get("Prefer")
    found = _WAIT.search(field) if field is not None else None
    return float(found[1]) if found is not None else None
