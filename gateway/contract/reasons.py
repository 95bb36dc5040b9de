"""The closed catalogue of reasons: every refusal the gateway can give, with its three faces.

Enters: nothing. Leaves: `Reason` values with HTTP status, SOAP fault side and one sentence of advice.
Refuses: a reason outside this list; an adapter cannot invent one. Pages under `/errors/<code>` are made from it.
Statuses follow RFC 9110; the problem type is RFC 9457's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple


class Reason(StrEnum):
    """A stable code; the wording around it may change, the code never does."""

    NOT_AUTHENTICATED = "not_authenticated"
    NO_RIGHT = "no_right"
    NOT_FOUND = "not_found"
    ERASED = "erased"
    UNKNOWN_SERVICE = "unknown_service"
    UNKNOWN_RECIPIENT = "unknown_recipient"
    UNKNOWN_DOCUMENT_TYPE = "unknown_document_type"
    NO_ROUTE = "no_route"
    WRONG_INSTANCE = "wrong_instance"
    EXPIRED = "expired"
    CONFLICT = "conflict"
    IN_PROGRESS = "in_progress"
    KEY_MISMATCH = "key_mismatch"
    SENDER_MISMATCH = "sender_mismatch"
    HEADERS_TOO_LARGE = "headers_too_large"
    BODY_TOO_LARGE = "body_too_large"
    PART_TOO_LARGE = "part_too_large"
    TOO_MANY_PARTS = "too_many_parts"
    TOO_MANY_RECIPIENTS = "too_many_recipients"
    INLINE_TOO_LARGE = "inline_too_large"
    ROW_TOO_LARGE = "row_too_large"
    TOO_MANY_ROWS = "too_many_rows"
    RANGE_UNSATISFIABLE = "range_unsatisfiable"
    TOO_DEEP = "too_deep"
    TOO_MANY_ELEMENTS = "too_many_elements"
    NAME_REFUSED = "name_refused"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    WRONG_CHARSET = "wrong_charset"
    NOT_JSON = "not_json"
    DUPLICATE_JSON_KEY = "duplicate_json_key"
    NOT_A_NUMBER = "not_a_number"
    LONE_SURROGATE = "lone_surrogate"
    NOT_XML = "not_xml"
    DOCTYPE_REFUSED = "doctype_refused"
    NOT_A_SOAP_ENVELOPE = "not_a_soap_envelope"
    MUST_UNDERSTAND = "must_understand"
    VERSION_MISMATCH = "version_mismatch"
    UNKNOWN_OPERATION = "unknown_operation"
    SCHEMA_INVALID = "schema_invalid"
    MULTIPART_BROKEN = "multipart_broken"
    DIGEST_MISMATCH = "digest_mismatch"
    PART_MISSING = "part_missing"
    PART_UNUSED = "part_unused"
    ZERO_BYTES = "zero_bytes"
    FILE_CHANGED = "file_changed"
    FILE_UNSAFE = "file_unsafe"
    SIDECAR_MISSING = "sidecar_missing"
    FORMAT_UNKNOWN = "format_unknown"
    HEADER_UNKNOWN = "header_unknown"
    POLICY_UNMET = "policy_unmet"
    NOT_RELEASABLE = "not_releasable"
    NOT_SIGNABLE = "not_signable"
    UNKNOWN_SIGNER = "unknown_signer"
    SIGNER_NOT_READY = "signer_not_ready"
    PASSPHRASE_REFUSED = "passphrase_refused"  # noqa: S105  a code, no secret
    TIMED_OUT = "timed_out"
    SLOW_BODY = "slow_body"
    CALLER_GONE = "caller_gone"
    BUSY = "busy"
    RATE_LIMITED = "rate_limited"
    DISK_RESERVE = "disk_reserve"
    STOPPING = "stopping"
    FOLDER_GONE = "folder_gone"
    RECIPIENT_DOWN = "recipient_down"
    RECIPIENT_REFUSED = "recipient_refused"
    RECIPIENT_UNSURE = "recipient_unsure"
    RECIPIENT_ANSWER_INVALID = "recipient_answer_invalid"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    OPERATOR_NEEDED = "operator_needed"
    NOTHING_TO_ACKNOWLEDGE = "nothing_to_acknowledge"
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    LETTER_ENDED = "letter_ended"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BAD_REQUEST = "bad_request"
    INTERNAL = "internal"


class Face(NamedTuple):
    """How one reason looks from outside: HTTP status, whose fault it is in SOAP, what to do next."""

    status: int
    side: Literal["sender", "receiver"]
    title: str
    advice: str


def _sender(status: int, title: str, advice: str) -> Face:
    return Face(status, "sender", title, advice)


def _receiver(status: int, title: str, advice: str) -> Face:
    return Face(status, "receiver", title, advice)


REASONS: dict[Reason, Face] = {
    Reason.NOT_AUTHENTICATED: _sender(401, "Caller not recognised", "Check the API key of your system; the operator of the gateway gives one out. It is sent as 'Authorization: Bearer lintas_<id>_<secret>', or by Basic as the password."),
    Reason.NO_RIGHT: _sender(403, "No right to this service", "Ask the operator of the gateway to add the service to 'may_use' of your system; what needs a role is asked with the key of a person who has it."),
    Reason.NOT_FOUND: _sender(404, "Not found", "Check the identifier, and whose key it is: only its own parties see a message, and only what is still held can be decided."),
    Reason.ERASED: _sender(410, "Message erased", "Its time of keeping is over and its content is gone for good; use the copy and the receipts you kept. A document that must go again needs a new key."),
    Reason.UNKNOWN_SERVICE: _sender(404, "Unknown service", "Check the name of the service; the start page of the gateway, GET /openapi.json and 'lintas schemas' list them all."),
    Reason.UNKNOWN_RECIPIENT: _sender(422, "Unknown recipient", "Check the recipient, written as 'agency/system'; if it is right, ask the operator of the gateway to add it to the route of this service."),
    Reason.UNKNOWN_DOCUMENT_TYPE: _sender(422, "Unknown document type", "Use the document type that the service takes; 'lintas schemas' lists them."),
    Reason.NO_ROUTE: _sender(422, "No route", "Ask the operator to add a route for this service from your system."),
    Reason.WRONG_INSTANCE: _sender(422, "Wrong instance", "This gateway serves another instance (production or test); send the message to the right one."),
    Reason.EXPIRED: _sender(422, "Message expired", "Send the message again with a later 'expiresAt'."),
    Reason.CONFLICT: _sender(409, "Same key, other content", "This idempotency key was used for other content; use a new key for a new document."),
    Reason.IN_PROGRESS: _sender(409, "Same key in progress", "The first call with this key has not ended yet; repeat the call in a few seconds."),
    Reason.KEY_MISMATCH: _sender(400, "Two different keys", "The Idempotency-Key header and the key in the envelope differ; send one, or the same twice."),
    Reason.SENDER_MISMATCH: _sender(403, "Sender is not the caller", "Leave 'sender' out, or name the system that the API key belongs to."),
    Reason.HEADERS_TOO_LARGE: _sender(431, "Headers too large", "Have the calling software send fewer and shorter header lines; cookies are the usual cause."),
    Reason.BODY_TOO_LARGE: _sender(413, "Body too large", "Make the body smaller, or send large files as parts in multipart/form-data or multipart/related."),
    Reason.PART_TOO_LARGE: _sender(413, "Part too large", "Split the file, or ask the operator to raise the limit for a part."),
    Reason.TOO_MANY_PARTS: _sender(413, "Too many parts", "Send fewer parts in one message."),
    Reason.TOO_MANY_RECIPIENTS: _sender(422, "Too many recipients", "Send the message to fewer recipients at a time."),
    Reason.INLINE_TOO_LARGE: _sender(413, "Inline attachment too large", "Send the attachment by MTOM or as a part in multipart instead of inline base64."),
    Reason.ROW_TOO_LARGE: _sender(413, "Row too large", "Check the file for a missing quote or line end; make the row smaller."),
    Reason.TOO_MANY_ROWS: _sender(413, "Too many rows", "Split the file into several drops."),
    Reason.RANGE_UNSATISFIABLE: _sender(416, "No such range", "Ask for bytes that the part has; Content-Range says how many those are."),
    Reason.TOO_DEEP: _sender(400, "Nested too deep", "Have the sending software write the document as its schema under /schemas/ shows; no shared document has so many levels."),
    Reason.TOO_MANY_ELEMENTS: _sender(400, "Too many elements", "Send fewer elements or values in one message; split a long list into several messages."),
    Reason.NAME_REFUSED: _sender(400, "File name refused", "Use a plain file name without path separators or control characters."),
    Reason.UNSUPPORTED_MEDIA_TYPE: _sender(415, "Unsupported media type", "Send application/json, multipart/form-data, multipart/related, or SOAP as text/xml or application/soap+xml."),
    Reason.WRONG_CHARSET: _sender(400, "Wrong charset", "Save the text as UTF-8, or declare the encoding that it really has."),
    Reason.NOT_JSON: _sender(400, "Not JSON", "Check that the file or message is whole and was saved as JSON; it holds one JSON object (RFC 8259)."),
    Reason.DUPLICATE_JSON_KEY: _sender(400, "Duplicate JSON key", "Write each field once: one stands there twice, and nobody can tell which is meant."),
    Reason.NOT_A_NUMBER: _sender(400, "Not a JSON number", "Correct the number or leave its field out; long numbers such as a NIK are written as text, and NaN or Infinity are no numbers here."),
    Reason.LONE_SURROGATE: _sender(400, "Lone surrogate", "Type the broken character again, often an emoji or a rare letter of which half is missing; software must send well-formed Unicode."),
    Reason.NOT_XML: _sender(400, "Not well-formed XML", "Check that the file or message is whole and was saved as XML; it holds one well-formed XML 1.0 document."),
    Reason.DOCTYPE_REFUSED: _sender(400, "DOCTYPE refused", "Remove the DOCTYPE line and what it declares; shared documents need none."),
    Reason.NOT_A_SOAP_ENVELOPE: _sender(400, "Not a SOAP envelope", "Send a SOAP 1.1 or 1.2 Envelope with one element in its Body."),
    Reason.MUST_UNDERSTAND: _sender(500, "Header not understood", "Have the calling software leave out the header it marks mustUnderstand, often WS-Security that a toolkit has switched on; this gateway does not process it."),
    Reason.VERSION_MISMATCH: _sender(500, "SOAP version mismatch", "Use the SOAP 1.1 or SOAP 1.2 envelope namespace."),
    Reason.UNKNOWN_OPERATION: _sender(400, "Unknown operation", "Call the operation that the WSDL of this service describes."),
    Reason.SCHEMA_INVALID: _sender(422, "Document does not fit its schema", "Correct the fields listed and send the document again; what each may hold is published under /schemas/."),
    Reason.MULTIPART_BROKEN: _sender(400, "Multipart broken off", "Send it again, the upload broke off; if that happens every time, the software leaves out the closing boundary."),
    Reason.DIGEST_MISMATCH: _sender(422, "Digest does not fit the bytes", "Attach the file that the document describes, this is another; software computes SHA-256 and size over the very bytes it sends."),
    Reason.PART_MISSING: _sender(422, "Part missing", "Attach every file that the document names; each is known by its SHA-256."),
    Reason.PART_UNUSED: _sender(422, "Part not used", "Leave out the file that the document does not name, or have it named there; a file is known by its SHA-256, and some services take none."),
    Reason.ZERO_BYTES: _sender(422, "Empty file", "Save the file again and drop it with its content; this one is empty."),
    Reason.FILE_CHANGED: _sender(409, "File changed while being read", "Drop the file again once it is whole; it is safest to write it under another name and rename it at the end."),
    Reason.FILE_UNSAFE: _sender(400, "Unsafe file", "Copy the file itself into the folder; links, shortcuts and devices are not taken."),
    Reason.SIDECAR_MISSING: _sender(422, "Sidecar missing", "Drop the file together with the file that describes it; neither is taken alone."),
    Reason.FORMAT_UNKNOWN: _sender(415, "File format unknown", "Save the file in a format that was agreed for this folder, and drop it again."),
    Reason.HEADER_UNKNOWN: _sender(422, "Column header unknown", "Write the columns in the first row as they were agreed for this folder, spelled the same."),
    Reason.POLICY_UNMET: _sender(422, "Signature policy not met", "Sign the document as the route requires."),
    Reason.NOT_RELEASABLE: _sender(422, "Nothing that may be released", "Fill in one of the fields that 'detail' names: the route of this service hands on only some fields, and without them no whole document is left. If you have none of them, ask the operator of the gateway."),
    Reason.NOT_SIGNABLE: _sender(422, "The PDF cannot be signed", "Do what 'detail' says with the document or the place of its mark, then ask for the signature again; a new code is given then."),
    Reason.UNKNOWN_SIGNER: _sender(422, "Unknown signer", "Name a signer as the configuration of your agency calls it; if it is right, ask the operator of the gateway to add it there."),
    Reason.SIGNER_NOT_READY: _sender(422, "Signer cannot sign now", "Do what 'detail' says with whoever issued the signer's certificate, then ask for the signature again."),
    Reason.PASSPHRASE_REFUSED: _sender(422, "Passphrase or code not accepted", "Have the signer type it again with care; it was tried once, and too many wrong ones lock the signer's account. A one-time code is asked for anew."),
    Reason.TIMED_OUT: _receiver(504, "No answer in time", "Ask again; a query changes nothing. For a delivery, look at its state first."),
    Reason.SLOW_BODY: _sender(408, "Body too slow", "Send it again over a steadier connection; the upload paused for too long."),
    Reason.CALLER_GONE: _sender(408, "Caller gone", "Ask again and keep the connection until the answer is there; a question with a key is answered even so, and its repeat gets that answer."),
    Reason.BUSY: _receiver(503, "Busy", "Try again after the time in Retry-After, or in a minute; nothing was taken."),
    Reason.RATE_LIMITED: _sender(429, "Too many failed calls", "Wait for the time in Retry-After, then call with a valid API key; too many calls without one came from your network."),
    Reason.DISK_RESERVE: _receiver(503, "Disk reserve reached", "Try again later; the operator of the gateway has to free disk space first."),
    Reason.STOPPING: _receiver(503, "Stopping", "Try again in a moment; the gateway is being restarted."),
    Reason.FOLDER_GONE: _receiver(503, "Folder gone", "Mount the share that the folder lies on; what waits for it goes on by itself. 'lintas status' says which folder it is."),
    Reason.RECIPIENT_DOWN: _receiver(502, "Recipient unreachable", "Ask again later; the recipient's system does not answer."),
    Reason.RECIPIENT_REFUSED: _receiver(502, "Recipient refused", "Read the recipient's answer, correct the document and send it as a new message; ask the recipient if the answer is unclear."),
    Reason.RECIPIENT_UNSURE: _receiver(502, "Outcome unknown", "Do not send it again, the recipient may have it: the operator of the gateway asks there and decides; the message's state says what came of it."),
    Reason.RECIPIENT_ANSWER_INVALID: _receiver(502, "Recipient's answer invalid", "Tell those who run the recipient's system that its answer is not the document this service promises; asking again does not help until it is."),
    Reason.ATTEMPTS_EXHAUSTED: _receiver(502, "Attempts exhausted", "Do not send it again: the operator of the gateway has it, and sends it on with 'lintas replay' when the recipient is back."),
    Reason.OPERATOR_NEEDED: _receiver(502, "Operator needed", "The operator of the gateway has to mend the cause first. A document that was accepted is kept: do not send it again; 'lintas status' shows it, 'lintas replay' sends it on."),
    Reason.NOTHING_TO_ACKNOWLEDGE: _sender(422, "Nothing to acknowledge", "Check which delivery is meant: it must have been delivered to your system and still await its registration."),
    Reason.ALREADY_ACKNOWLEDGED: _sender(409, "Acknowledged otherwise before", "Leave it: what you said of this delivery first stands, and its sender has been told. If that was wrong, tell the sender, or the operator of the gateway."),
    Reason.LETTER_ENDED: _sender(409, "The letter is not in force", "Ask for the state of the letter: what was replaced or withdrawn stays so, and only a letter of your agency that is in force can be withdrawn, replaced, or put in the place of another."),
    Reason.METHOD_NOT_ALLOWED: _sender(405, "Method not allowed", "Use a method listed in the Allow header."),
    Reason.BAD_REQUEST: _sender(400, "Bad request", "Have the sending software correct what it sends; 'detail' says what could not be understood."),
    Reason.INTERNAL: _receiver(500, "Internal error", "Give the message id to the operator; nothing was recorded unless a receipt was given."),
}  # fmt: skip
