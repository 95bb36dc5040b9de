"""Between SOAP wrappers and documents: pure functions, no I/O.

Enters: an inbound whose content is the document or its element, an outbound, or a recipient's answer. Leaves:
documents, or a `Native` that refers to its parts. Refuses: a document that does not fit its schema, an answer of
another operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lxml import etree

from adapters.soap.charset import charset_of
from adapters.soap.envelope import SOAP11, Opened, Version, around, open_envelope, text
from adapters.soap.findings import document_findings
from adapters.soap.names import SERVICE_NAMESPACE, Words, words_of
from adapters.soap.request import check_wrapper, judged_document, read_xml, refused, take_document
from adapters.soap.writer import document_fragment
from gateway.contract import Inbound, Limits, Native, Outbound, PartRef, Reason, Refused, RowProblem
from schemas.acknowledgement_1 import Acknowledgement1
from schemas.document import Document, Raw, SchemaError
from schemas.xml import from_xml

#: What an envelope says to a recipient; the wrapper names the service and the type by itself.
_ENVELOPE = (
    "messageId",
    "conversationId",
    "idempotencyKey",
    "sender",
    "recipients",
    "instance",
    "createdAt",
    "expiresAt",
    "purpose",
    "classification",
    "inReplyTo",
)
RECEIPTS = "acknowledgement.deliver"


class SoapCodec:
    """Between wrappers and documents. We call others in `version`, with `inline_limit` bytes of parts inline in all."""

    def __init__(self, limits: Limits, version: Version = SOAP11, inline_limit: int | None = None) -> None:
        self._limits, self._version = limits, version
        self._inline = limits.inline_part_bytes if inline_limit is None else inline_limit

    def to_documents(self, inbound: Inbound) -> Iterator[Document | RowProblem]:
        yield judged_document(inbound.content)

    def from_document(self, outbound: Outbound) -> Native:
        if outbound.kind == "receipt":
            raise Refused(Reason.BAD_REQUEST, "a receipt is written with the time at hand: see `receipt`")
        try:
            document = outbound.load()
        except SchemaError as error:
            raise refused(list(error.errors)) from None
        return self._request(outbound, words_of(outbound.service), document)

    def receipt(self, outbound: Outbound, at: datetime) -> Native:
        """A receipt as an acknowledgement, its JWS in the bag of unmapped fields; `at` is when it is said."""
        copy = outbound.receipt
        if copy is None:
            raise Refused(Reason.BAD_REQUEST, "this outbound holds no receipt")
        said: dict[str, Any] = {"related_to_message_id": outbound.message_id, "status": copy.kind, "at": at}
        if copy.delivery is not None:
            said["delivery_id"] = copy.delivery
        if copy.registration is not None:
            said["registration_number"] = copy.registration
        try:
            said["raw"] = Raw.of("lintas.receipt/1", {"jws": copy.jws})
            document = Acknowledgement1(**said)
        except ValueError:
            raise Refused(Reason.SCHEMA_INVALID, "the receipt has no form as an acknowledgement") from None
        return self._request(outbound, words_of(RECEIPTS), document)

    def _request(self, outbound: Outbound, words: Words, document: Document) -> Native:
        if words.service.request != document.TYPE:
            raise Refused(Reason.UNKNOWN_DOCUMENT_TYPE)
        before, after = around(self._version)
        lead = before + f'<{words.operation} xmlns="{words.namespace}">{_envelope(outbound)}'.encode()
        lead += document_fragment(document, words)
        pieces: list[bytes | PartRef] = []
        room = self._inline
        for number, part in enumerate(outbound.parts if outbound.kind == "document" else ()):
            lead += _part_head(part.name, part.media_type, part.size, part.sha256)
            if part.size <= room:
                room -= part.size
                pieces += [lead + b"<content>", PartRef(part, "base64")]
                lead = b"</content></part>"
            elif number < len(outbound.part_urls):
                lead += f"<href>{text(outbound.part_urls[number])}</href></part>".encode()
            else:
                raise Refused(Reason.INLINE_TOO_LARGE, limit=self._inline)
        pieces.append(lead + f"</{words.operation}>".encode() + after)
        headers = {"SOAPAction": f'"{words.action}"'} if self._version is SOAP11 else {}
        media_type = self._version.content_type
        if self._version is not SOAP11:
            media_type += f'; action="{words.action}"'
        return Native(tuple(pieces), media_type, headers)

    def to_answer(self, reply: Native, document_type: str) -> Document:
        opened = self.open_answer(reply.whole(), charset_of(reply.media_type))
        local = etree.QName(opened.wrapper).namespace or ""
        words = _answering(local, opened.wrapper.tag, document_type)
        try:
            document = take_document(opened.wrapper, words, document_type)
            check_wrapper(opened.wrapper, words, Reason.RECIPIENT_ANSWER_INVALID)
            return from_xml(document)
        except SchemaError as error:
            raise refused(document_findings(error, document), Reason.RECIPIENT_ANSWER_INVALID) from None
        except Refused as error:
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, error.detail, errors=error.errors) from None

    def open_answer(self, body: bytes, charset: str | None) -> Opened:
        """Open a recipient's answer of either version; raise `Refused` (recipient_answer_invalid)."""
        try:
            return open_envelope(read_xml(body, charset, self._limits.answer_bytes, self._limits.nesting))
        except Refused as error:
            said = f"the answer is no SOAP message: {error.reason}"
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, said, limit=error.limit) from None


def _answering(uri: str, tag: object, document_type: str) -> Words:
    try:
        words = words_of(uri.removeprefix(SERVICE_NAMESPACE))
    except Refused:
        raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the answer is of no shared service") from None
    if tag != words.response or words.service.answer != document_type:
        raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the answer is of another operation or document type")
    return words


def _envelope(outbound: Outbound) -> str:
    """Our envelope for the recipient. The delivery's id is the key: the same delivery is the same message to it."""
    said = {**outbound.envelope, "messageId": outbound.message_id, "idempotencyKey": outbound.delivery_id}
    said["sender"] = outbound.sender
    fields = []
    for name in _ENVELOPE:
        value = said.get(name)
        values = value if isinstance(value, list | tuple) else [] if value is None else [value]
        fields += [f"<{name}>{text(str(one))}</{name}>" for one in values]
    return f"<envelope>{''.join(fields)}</envelope>"


def _part_head(name: str | None, media_type: str, size: int, sha256: str) -> bytes:
    named = f"<name>{text(name)}</name>" if name else ""
    return (
        f"<part>{named}<mediaType>{text(media_type)}</mediaType><size>{size}</size><sha256>{sha256}</sha256>"
    ).encode()
