"""The gateway's REST face: messages and queries come in, receipts, answers and problems go out.

Enters: POST /api/v1/messages and /api/v1/queries, as JSON, multipart/form-data (RFC 7578) or multipart/related (RFC
2387). Leaves: `Inbound`, and 202, 200 or a problem (RFC 9457). Refuses: other media types and charsets, a multipart
body whose first part is not the message, two different keys, a service on the wrong one of the two paths.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence

import orjson

from adapters.rest.codec import JSON, InlinePart, RestCodec, Submission, read_submission, receipt
from adapters.rest.config import EndpointConfig
from gateway.contract import (
    Accepted,
    Answered,
    BodyPart,
    Duplicate,
    Endpoint,
    Ephemeral,
    Host,
    HttpCall,
    HttpRoute,
    Inbound,
    Part,
    Reason,
    Refused,
    Rejected,
    Reply,
    Settlement,
)
from gateway.contract.digests import FIELD, declared
from gateway.contract.names import plain_media_type, plain_name
from gateway.contract.problem import problem
from schemas.catalogue import SERVICES
from schemas.envelope_1 import Envelope1
from schemas.scalars import instant_text
from schemas.strict_json import JsonLimits

MESSAGES, QUERIES = "/api/v1/messages", "/api/v1/queries"
_UTF8 = frozenset((None, "utf-8", "utf8"))
_EPHEMERAL = {"passphrase": "Lintas-Passphrase", "totp": "Lintas-Totp"}
_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?:$|[,;])', re.IGNORECASE)
_KEY = re.compile(r'"([ !#-\[\]-~]{1,255})"|([!-~]{1,255})')
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")


class RestEndpoint(Endpoint):
    """Made once for the gateway; holds no state between calls."""

    def __init__(self, config: EndpointConfig, host: Host) -> None:
        self._host = host
        self._json = JsonLimits(host.limits.body_bytes, host.limits.nesting)
        self.codec = RestCodec(host.limits)

    async def open(self) -> None:
        return None

    async def check(self) -> list[str]:
        return []

    def routes(self) -> Sequence[HttpRoute]:
        most = self._host.limits.body_bytes
        return (
            HttpRoute("POST", MESSAGES, most, summary="Send a document to its recipients"),
            HttpRoute("POST", QUERIES, most, summary="Ask a question and wait for the answer"),
        )

    async def decode(self, call: HttpCall) -> Inbound:
        if call.media_type == JSON:
            return await self._plain(call)
        if call.media_type in ("multipart/form-data", "multipart/related"):
            return await self._multipart(call)
        raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE)

    async def _plain(self, call: HttpCall) -> Inbound:
        if call.charset not in _UTF8 and (call.charset or "").lower() not in _UTF8:
            raise Refused(Reason.WRONG_CHARSET)
        limits = self._host.limits
        data = await call.read(limits.body_bytes)
        submission = read_submission(data, self._json, limits.inline_part_bytes)
        key = _judged(call, submission)
        if not submission.parts:
            return _inbound(call, submission, key, len(data), ())
        if len(submission.parts) > limits.parts:
            raise Refused(Reason.TOO_MANY_PARTS, limit=limits.parts)
        parts = [await self._spool_inline(call, part) for part in submission.parts]
        return _inbound(call, submission, key, len(data), parts)

    async def _spool_inline(self, call: HttpCall, part: InlinePart) -> Part:
        if part.sha256 is not None and not _SHA256.fullmatch(part.sha256):
            raise Refused(Reason.DIGEST_MISMATCH, "a SHA-256 has 64 hexadecimal digits")
        return await call.arrival.spool(
            _once(part.content),
            media_type=plain_media_type(part.media_type),
            name=None if part.name is None else plain_name(part.name, self._host.limits.name_bytes),
            sha256=None if part.sha256 is None else part.sha256.lower(),
            size=len(part.content),
        )

    async def _multipart(self, call: HttpCall) -> Inbound:
        limits = self._host.limits
        submission, key, size = None, None, 0
        parts: list[Part] = []
        async for body in call.multipart():
            if submission is None:
                _is_message(call, body)
                data = await body.read(limits.body_bytes)
                submission = read_submission(data, self._json, limits.inline_part_bytes, inline=False)
                key, size = _judged(call, submission), len(data)
                continue
            if len(parts) >= limits.parts:
                raise Refused(Reason.TOO_MANY_PARTS, limit=limits.parts)
            parts.append(await self._spool(call, body))
            size += parts[-1].size
        if submission is None:
            raise Refused(Reason.BAD_REQUEST, "the first part must be the message")
        return _inbound(call, submission, key, size, parts)

    async def _spool(self, call: HttpCall, body: BodyPart) -> Part:
        return await call.arrival.spool(
            body.chunks(),
            media_type=plain_media_type(body.media_type),
            name=None if body.filename is None else plain_name(body.filename, self._host.limits.name_bytes),
            sha256=_digest(body.headers),
        )

    def encode(self, call: HttpCall, settlement: Settlement) -> Reply:
        if isinstance(settlement, Answered):
            head = {"messageId": settlement.message_id, "schema": settlement.document_type}
            told = orjson.dumps({**head, "repeated": True} if settlement.repeated else head)
            return Reply(200, b'%b,"document":%b}' % (told[:-1], settlement.document_json), JSON, _PRIVATE)
        if isinstance(settlement, Rejected):
            return problem(settlement, self._host.public_url)
        return _taken(settlement)


_PRIVATE = {"Cache-Control": "no-store"}


def _taken(settlement: Accepted | Duplicate) -> Reply:
    accepted = isinstance(settlement, Accepted)
    told = {
        "messageId": settlement.message_id,
        "state": "accepted" if accepted else "duplicate",
        "receipts": [receipt(copy) for copy in settlement.receipts],
    }
    headers = {"Location": f"{MESSAGES}/{settlement.message_id}", "Cache-Control": "no-store"}
    return Reply(202 if accepted else 200, orjson.dumps(told), JSON, headers)


def _is_message(call: HttpCall, body: BodyPart) -> None:
    """The first part must be the message: whatever is read before it would be spooled for nobody."""
    form = call.media_type == "multipart/form-data"
    # A form field without a type of its own is text/plain (RFC 7578, section 4.4); curl sends it so.
    typed = body.media_type == JSON or (form and body.media_type in ("text/plain", "application/octet-stream"))
    if not typed or (form and body.name != "message"):
        raise Refused(Reason.BAD_REQUEST, "the first part must be the message, as application/json")


def _judged(call: HttpCall, submission: Submission) -> str | None:
    """What can be refused before a part is spooled: the right, the path and the key."""
    service = SERVICES.get(submission.envelope.service)
    if service is not None:
        call.permit(service.name)
    if service is not None and (service.kind == "query") != (call.path == QUERIES):
        right = QUERIES if service.kind == "query" else MESSAGES
        raise Refused(Reason.BAD_REQUEST, f"this service is called at POST {right}")
    return _key(call.headers, submission.envelope)


def _key(headers: Mapping[str, str], envelope: Envelope1) -> str | None:
    """The header or the envelope's key; without either, the sender's own message id."""
    given, sent = headers.get("Idempotency-Key"), envelope.idempotency_key
    if given is None:
        return sent if sent is not None else envelope.message_id
    found = _KEY.fullmatch(given.strip())
    if found is None:
        raise Refused(Reason.BAD_REQUEST, "an idempotency key has 1 to 255 printable ASCII characters", limit=255)
    key = found[1] or found[2]
    if sent is not None and sent != key:
        raise Refused(Reason.KEY_MISMATCH)
    return key


def _digest(headers: Mapping[str, str]) -> str | None:
    """SHA-256 in hex out of a Content-Digest field (RFC 9530)."""
    field = headers.get(FIELD)
    found = None if field is None else declared((field,)).get("sha-256")
    return None if found is None else found.hex()


def _deadline(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Prefer: wait` (RFC 7240, section 4.3); the host caps them."""
    field = headers.get("Prefer")
    found = _WAIT.search(field) if field is not None else None
    return float(found[1]) if found is not None else None


def _inbound(call: HttpCall, submission: Submission, key: str | None, size: int, parts: Sequence[Part]) -> Inbound:
    envelope, trace = submission.envelope, call.headers.get("traceparent")
    return Inbound(
        message_id=call.arrival.message_id,
        received_at=call.arrival.at,
        service=envelope.service,
        document_type=envelope.schema_,
        content=submission.document,
        recipients=tuple(envelope.recipients or ()),
        key=key,
        sender=envelope.sender,
        conversation=envelope.conversation_id,
        instance=envelope.instance,
        purpose=envelope.purpose,
        expires_at=envelope.expires_at,
        deadline=_deadline(call.headers),
        parts=tuple(parts),
        size=size,
        trace=trace if trace is not None and _TRACE.fullmatch(trace) else None,
        facts=_facts(envelope),
        ephemeral=_ephemeral(call) if call.path == QUERIES else None,
    )


def _ephemeral(call: HttpCall) -> Ephemeral | None:
    """What only a signer knows: for this question alone, and kept nowhere."""
    found = {name: value for name, field in _EPHEMERAL.items() if (value := call.headers.get(field))}
    return Ephemeral(found) if found else None


def _facts(envelope: Envelope1) -> dict[str, str]:
    """What else the sender says to the recipient."""
    facts: dict[str, str] = {}
    if envelope.created_at is not None:
        facts["createdAt"] = instant_text(envelope.created_at)
    if envelope.classification is not None:
        facts["classification"] = envelope.classification
    if envelope.in_reply_to is not None:
        facts["inReplyTo"] = envelope.in_reply_to
    return facts


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
