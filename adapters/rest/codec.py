"""JSON bodies and documents: pure functions.

Enters: the bytes of a submission or answer, or an outbound. Leaves: documents, `Native`. Refuses: what is no strict
JSON object, unknown members, an envelope or document that does not fit its schema, base64 that is none. No value is
echoed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

import orjson

from gateway.contract import Inbound, Limits, Native, Outbound, Part, PartRef, Reason, ReceiptCopy, Refused, RowProblem
from gateway.contract.frozen import frozen
from gateway.contract.names import MEDIA_TYPE
from schemas.catalogue import DOCUMENTS, parse_json
from schemas.document import Document, SchemaError
from schemas.envelope_1 import Envelope1
from schemas.strict_json import JsonLimits, JsonRefused, loads

JSON = "application/json"
_REASONS = {
    "duplicate_key": Reason.DUPLICATE_JSON_KEY,
    "not_a_number": Reason.NOT_A_NUMBER,
    "lone_surrogate": Reason.LONE_SURROGATE,
    "too_many_values": Reason.TOO_MANY_ELEMENTS,
    "too_deep": Reason.TOO_DEEP,
    "wrong_charset": Reason.WRONG_CHARSET,
    "number_out_of_range": Reason.NOT_A_NUMBER,
    "too_large": Reason.BODY_TOO_LARGE,
}
_MEMBERS = frozenset(("envelope", "document", "parts"))
_PART_MEMBERS = frozenset(("name", "mediaType", "content", "sha256"))
Finding = tuple[str, str, str]


@frozen
class InlinePart:
    """A part that came as base64 inside the JSON body, decoded."""

    name: str | None
    media_type: str
    content: bytes
    sha256: str | None


@frozen
class Submission:
    """A body whose envelope is valid; the document, in wire names, is not judged yet."""

    envelope: Envelope1
    document: dict[str, Any]
    parts: tuple[InlinePart, ...] = ()


def read_json(data: bytes, limits: JsonLimits) -> dict[str, Any]:
    """One strict JSON object."""
    try:
        value = loads(data, limits)
    except JsonRefused as refused:
        raise Refused(_REASONS.get(refused.code, Reason.NOT_JSON), str(refused), limit=refused.limit) from None
    if not isinstance(value, dict):
        raise Refused(Reason.NOT_JSON, "a JSON object is due")
    return value


def _invalid(findings: Sequence[Finding], reason: Reason = Reason.SCHEMA_INVALID) -> Refused:
    return Refused(reason, errors=findings)


def _parse(document_type: str, value: dict[str, Any], inside: str, reason: Reason) -> Document:
    try:
        return parse_json(document_type, value)
    except SchemaError as error:
        found = [(f"{inside}.{path}" if path else inside, code, message) for path, code, message in error.errors]
        raise _invalid(found, reason) from None


def read_submission(data: bytes, limits: JsonLimits, inline_limit: int, *, inline: bool = True) -> Submission:
    """Reads a body once. `inline_limit` is the most bytes of one decoded part; without `inline`, none may be there."""
    body = read_json(data, limits)
    if len(body) != 2 or not inline:
        unknown = body.keys() - (_MEMBERS if inline else {"envelope", "document"})
        if unknown:
            raise _invalid([("", "unknown_field", "a submission has envelope, document and, in plain JSON, parts")])
    envelope, document = body.get("envelope"), body.get("document")
    if not isinstance(envelope, dict) or not isinstance(document, dict):
        name, value = ("envelope", envelope) if not isinstance(envelope, dict) else ("document", document)
        code = "missing" if value is None and name not in body else "not_object"
        raise _invalid([(name, code, "an object is due")])
    checked = cast("Envelope1", _parse("envelope/1", envelope, "envelope", Reason.SCHEMA_INVALID))
    parts = tuple(_parts(body["parts"], inline_limit)) if "parts" in body else ()
    return Submission(checked, document, parts)


def _parts(value: Any, limit: int) -> Iterator[InlinePart]:
    if not isinstance(value, list):
        raise _invalid([("parts", "not_list", "a list is due")])
    for index, one in enumerate(value):
        yield _inline(one, f"parts.{index}", limit)


def _inline(value: Any, path: str, limit: int) -> InlinePart:
    if not isinstance(value, dict):
        raise _invalid([(path, "not_object", "an object is due")])
    if value.keys() - _PART_MEMBERS:
        raise _invalid([(path, "unknown_field", "a part has name, mediaType, content and sha256")])
    for member in ("mediaType", "content"):
        if member not in value:
            raise _invalid([(f"{path}.{member}", "missing", "a required field is absent")])
    for member, text in value.items():
        if not isinstance(text, str):
            raise _invalid([(f"{path}.{member}", "not_text", "text is due")])
    content = value["content"]
    if len(content) // 4 * 3 > limit + 2:
        raise Refused(Reason.INLINE_TOO_LARGE, limit=limit)
    try:
        decoded = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise _invalid([(f"{path}.content", "not_base64", "base64 is due (RFC 4648, section 4)")]) from None
    if len(decoded) > limit:
        raise Refused(Reason.INLINE_TOO_LARGE, limit=limit)
    return InlinePart(value.get("name"), value["mediaType"], decoded, value.get("sha256"))


def content_digest(sha256: str) -> str:
    """A Content-Digest field (RFC 9530) of a SHA-256 in hex."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def _quoted(name: str) -> str:
    """A file name inside quotes as browsers write it (RFC 7578, section 4.2; the WHATWG form encoding)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


class RestCodec:
    """Between JSON and documents. `parts` says whether an outbound carries its parts or only their URLs."""

    def __init__(self, limits: Limits, parts: Literal["multipart", "reference"] = "reference") -> None:
        self._answers = JsonLimits(limits.answer_bytes, limits.nesting)
        self._carried = parts == "multipart"

    def to_documents(self, inbound: Inbound) -> Iterator[Document | RowProblem]:
        if inbound.document_type not in DOCUMENTS:
            raise Refused(Reason.UNKNOWN_DOCUMENT_TYPE)
        yield _parse(inbound.document_type, inbound.content, "document", Reason.SCHEMA_INVALID)

    def from_document(self, outbound: Outbound) -> Native:
        if outbound.receipt is not None:
            told = {"receipt": receipt(outbound.receipt), "messageId": outbound.message_id}
            return Native((orjson.dumps(told),), JSON)
        message = b'{"envelope":%b,"document":%b,"parts":%b}' % (
            orjson.dumps(dict(outbound.envelope)),
            outbound.document_json,
            orjson.dumps([_described(part, url) for part, url in zip(outbound.parts, _urls(outbound), strict=True)]),
        )
        if not outbound.parts or not self._carried:
            return Native((message,), JSON)
        return _form(message, outbound)

    def to_answer(self, reply: Native, document_type: str) -> Document:
        try:
            body = read_json(reply.whole(), self._answers)
        except Refused as refused:
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, f"the answer is refused: {refused.reason.value}") from None
        if body.get("schema", document_type) != document_type:
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the answer is of another document type")
        document = body.get("document")
        if not isinstance(document, dict):
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the answer holds no document")
        return _parse(document_type, document, "document", Reason.RECIPIENT_ANSWER_INVALID)


def _urls(outbound: Outbound) -> tuple[str | None, ...]:
    return outbound.part_urls or (None,) * len(outbound.parts)


def _described(part: Part, url: str | None) -> dict[str, Any]:
    return {"number": part.number, "name": part.name, "mediaType": part.media_type, "size": part.size,
            "sha256": part.sha256, "href": url}  # fmt: skip


def receipt(copy: ReceiptCopy) -> dict[str, Any]:
    """A receipt in wire names."""
    told = {"kind": copy.kind, "delivery": copy.delivery, "jws": copy.jws}
    if copy.registration is not None:
        told["registrationNumber"] = copy.registration
    return told


def _form(message: bytes, outbound: Outbound) -> Native:
    # The boundary comes from the delivery's id, which was minted after the parts were sent: no part can hold it.
    boundary = "lintas-" + hashlib.sha256(outbound.delivery_id.encode()).hexdigest()[:40]
    pieces: list[bytes | PartRef] = []
    lead = f'--{boundary}\r\nContent-Disposition: form-data; name="message"\r\nContent-Type: {JSON}\r\n\r\n'.encode()
    lead += message
    for part in outbound.parts:
        file = f'; filename="{_quoted(part.name or f"part-{part.number}")}"'
        media_type = part.media_type if MEDIA_TYPE.fullmatch(part.media_type) else "application/octet-stream"
        lead += (
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="part-{part.number}"{file}\r\n'
            f"Content-Type: {media_type}\r\nContent-Digest: {content_digest(part.sha256)}\r\n\r\n"
        ).encode()
        pieces += [lead, PartRef(part)]
        lead = b""
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    return Native(tuple(pieces), f"multipart/form-data; boundary={boundary}")
