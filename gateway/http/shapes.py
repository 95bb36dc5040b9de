"""JSON Schemas (2020-12) of what the API itself answers, for the OpenAPI document.

Enters: the closed catalogues of reasons and events. Leaves: component schemas by name; answers are open objects, so
that a field may be added without a new version. Refuses: nothing; a test holds real answers against them.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.audit.catalogue import EventName
from gateway.contract.exchange import STAGES
from gateway.contract.reasons import Reason

Schema = dict[str, Any]

_WORDS = re.compile(r"[-/.]")
NUMBER: Schema = {"type": "integer", "minimum": 0}
INSTANT: Schema = {"type": "string", "format": "date-time"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
TEXT: Schema = {"type": "string"}
SYSTEM: Schema = {"type": "string", "description": "agency/system"}


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def component(doc_type: str) -> str:
    """`eligibility-query/1` is the component EligibilityQuery1."""
    return "".join(word[:1].upper() + word[1:] for word in _WORDS.split(doc_type))


def said(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def _line(most: int) -> Schema:
    """One line of text, or null."""
    return {"type": ["string", "null"], "minLength": 1, "maxLength": most, "pattern": "^[ -~]+$"}


def listed(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def made(description: str, required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object with required and optional members."""
    return {
        "type": "object",
        "description": description,
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


def answers() -> dict[str, Schema]:
    """Every component that is no shared document and no submission."""
    return {**_taken(), **_read(), **_operated(), **_open()}


def _taken() -> dict[str, Schema]:
    return {
        "Receipt": made(
            "A signed statement about a message. Its key stands under /.well-known/jwks.json.",
            {
                "kind": said({"enum": ["accepted", "delivered", "registered", "refused"]}, "What is stated"),
                "delivery": said(maybe(TEXT), "The delivery it is about; null for `accepted`"),
                "jws": said({"type": "string", "pattern": r"^[\w-]+\.[\w-]+\.[\w-]+$"}, "Compact JWS (RFC 7515)"),
            },
            {"registrationNumber": said(TEXT, "The number the recipient gave")},
        ),
        "Taken": made(
            "The gateway has custody: what is listed here was durable before this answer left.",
            {
                "messageId": said(TEXT, "The message; on a repeat, the original one"),
                "state": {"enum": ["accepted", "duplicate"]},
                "receipts": listed(ref("Receipt")),
            },
        ),
        "Finding": made(
            "One thing wrong with a document. It never repeats a value.",
            {"path": said(TEXT, "Where, in wire names"), "code": said(TEXT, "Stable code"), "message": TEXT},
        ),
        "Problem": made(
            "A refusal (RFC 9457). Nothing was taken; the sender keeps custody.",
            {
                "type": said({"type": "string", "format": "uri"}, "The page of this reason"),
                "title": TEXT,
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": TEXT,
                "instance": said({"type": "string", "format": "uri-reference"}, "The message that was refused"),
                "code": said({"type": "string", "enum": [reason.value for reason in Reason]}, "Stable code"),
                "messageId": TEXT,
                "advice": said(TEXT, "What to do next"),
            },
            {
                "stage": said(
                    {"enum": list(STAGES)},
                    "The room that refused: `arrive` before a message is whole, authentication among it; `operate` in "
                    "the gateway's own API of reading, inbox, quarantine and log; the others are rooms of the walk",
                ),
                "limit": said(NUMBER, "The limit that was met"),
                "errors": listed(ref("Finding")),
            },
        ),
    }


def _read() -> dict[str, Schema]:
    part = {
        "number": said({"type": "integer", "minimum": 1}, "Its number, for the path"),
        "name": said(maybe(TEXT), "File name, data only"),
        "mediaType": TEXT,
        "size": said(NUMBER, "Bytes"),
        "sha256": SHA256,
    }
    return {
        "Part": made("Bytes that travel with a document.", part),
        "LinkedPart": made("A part and where to read it.", {**part, "href": {"type": "string", "format": "uri"}}),
        "Delivery": made(
            "The carrying of one message to one recipient.",
            {
                "deliveryId": TEXT,
                "recipient": SYSTEM,
                "kind": {"enum": ["document", "receipt", "query"]},
                "state": said(
                    TEXT,
                    "Such as ready, delivered, awaiting_registration, registered, refused; of a question asked, "
                    "answered, unanswered",
                ),
                "attempts": NUMBER,
            },
            {
                "reason": TEXT,
                "endedAt": INSTANT,
                "registerBy": INSTANT,
                "quarantine": said(TEXT, "Told to persons while it is held: its item in quarantine"),
            },
        ),
        "Event": _event(),
        "NumberedEvent": made("An event and its place in the log.", {"number": NUMBER, "event": ref("Event")}),
        "Message": made(
            "State and timeline of a message, a question or a refusal, as far as the caller may see it.",
            {
                "messageId": TEXT,
                "kind": {"enum": ["message", "row", "batch", "query", "refusal"]},
                "sender": said(maybe(SYSTEM), "Null for a person's refused call"),
                "service": said(maybe(TEXT), "Null where a refusal names none"),
                "schema": said(maybe(TEXT), "Document type; null where a refusal names none"),
                "purpose": said(maybe(TEXT), "Legal basis"),
                "createdAt": INSTANT,
                "bytes": maybe(NUMBER),
                "parts": listed(ref("Part")),
                "deliveries": listed(ref("Delivery")),
                "timeline": listed(ref("NumberedEvent")),
            },
            {
                "batch": TEXT,
                "conversationId": TEXT,
                "expiresAt": INSTANT,
                "erased": said({"const": True}, "Its time of keeping is over: content, parts and receipts are gone"),
            },
        ),
        "Receipts": made(
            "Receipts of a message, and what they commit to.",
            {"messageId": TEXT, "receipts": listed(ref("Receipt"))},
            {
                "document": said({"type": "object"}, "What `accepted` commits to; of a batch, its file-batch/1"),
                "released": said(
                    {"type": "object"}, "What the receipts of deliveries commit to, where the route withholds something"
                ),
                "errors": said(listed(ref("RowProblem")), "Of a batch: the rows that were refused"),
            },
        ),
        "RowProblem": made(
            "One bad row or cell. The digest of the list is `errorsSha256` of the document.",
            {
                "row": said({"type": "integer", "minimum": 1}, "Data row, counting from 1"),
                "column": maybe(TEXT),
                "code": said(TEXT, "Stable code"),
                "message": TEXT,
                "value": said(maybe(TEXT), "The value, masked"),
            },
        ),
        "Waiting": made(
            "One delivery that waits in an inbox.",
            {
                "envelope": said({"type": "object", "required": ["deliveryId"]}, "The envelope, with `deliveryId`"),
                "document": {"type": "object"},
                "parts": listed(ref("LinkedPart")),
            },
        ),
        "Inbox": made("What waits for the caller, oldest first.", {"deliveries": listed(ref("Waiting"))}),
        "Collected": {
            **made(
                "What became of a delivery from the inbox.",
                {"outcome": {"enum": ["delivered", "refused"]}},
                {
                    "registrationNumber": said(_line(255), "Number under which it was registered"),
                    "reason": said(
                        _line(500),
                        "With `refused` only: why, in words. Kept sealed with the delivery, as the answer of a called "
                        "system is; no receipt and no event repeats it",
                    ),
                },
            ),
            "not": {"required": ["reason"], "properties": {"outcome": {"const": "delivered"}, "reason": TEXT}},
            "additionalProperties": False,
        },
        "Letter": made(
            "A letter that was signed here.",
            {"state": {"enum": ["reserved", "active", "replaced", "withdrawn"]}, "agency": TEXT, "system": SYSTEM,
             "messageId": said(TEXT, "The question that asked for the signature"), "reservedAt": INSTANT,
             "erased": said({"type": "boolean"}, "Its time of keeping is over: only this is left")},
            {"activatedAt": INSTANT, "endedAt": INSTANT, "code": TEXT, "url": TEXT, "signer": TEXT, "position": TEXT,
             "letterNumber": TEXT, "letterDate": {"type": "string", "format": "date"}, "subject": TEXT,
             "securityLevel": TEXT, "privacy": TEXT, "salt": said(TEXT, "Base64; commit_out of the event "
             "letter_activated is SHA-256(salt ‖ the 32 bytes of sha256)"), "sha256": SHA256, "size": NUMBER,
             "level": TEXT, "reason": TEXT, "replacedBy": said(TEXT, "Code of the letter in its place")},
        ),
        "CodeSent": made("A one-time code is on its way.", {"signer": TEXT, "sent": {"const": True}}),
        "Acknowledged": made("The delivery afterwards.", {"deliveryId": TEXT, "state": TEXT}),
    }  # fmt: skip


EVENT_FIELDS: dict[str, tuple[Schema, str]] = {
    "v": ({"const": 1}, "Version of this form"),
    "id": (TEXT, "Identifier of the event, time-ordered"),
    "instance": (TEXT, "production or test"),
    "node": (TEXT, "Node that wrote it"),
    "time": (INSTANT, "When, in UTC"),
    "event": ({"enum": [name.value for name in EventName]}, "What happened"),
    "reason": (maybe(TEXT), "Code of the reason, see the catalogue of errors"),
    "message": (maybe(TEXT), "Message it is about"),
    "delivery": (maybe(TEXT), "Delivery it is about"),
    "attempt": ({"type": ["integer", "null"]}, "Number of the attempt"),
    "conversation": (maybe(TEXT), "What ties messages of one matter together: a keyed digest, or the id of a batch"),
    "sender": (maybe(TEXT), "agency/system; for counted refusals the source network"),
    "recipient": (maybe(TEXT), "agency/system"),
    "actor": (maybe(TEXT), "system:…, person:… or gateway"),
    "service": (maybe(TEXT), "Service"),
    "document": (maybe(TEXT), "Document type"),
    "route": (maybe(TEXT), "Route in force"),
    "config": (maybe(TEXT), "Digest of the configuration in force"),
    "purpose": (maybe(TEXT), "Legal basis"),
    "subjects": (listed(TEXT), "Pseudonyms of the persons meant, different in every event"),
    "commit_in": (maybe(TEXT), "SHA-256 over a random salt and what came in"),
    "commit_out": (maybe(TEXT), "SHA-256 over a random salt and what went out"),
    "receipt_sha256": (maybe(TEXT), "Digest of the receipt given"),
    "bytes": ({"type": ["integer", "null"]}, "Size of what moved"),
    "gateway_us": ({"type": ["integer", "null"]}, "Microseconds spent in the gateway"),
    "peer_us": ({"type": ["integer", "null"]}, "Microseconds spent waiting for the other side"),
    "trace": (maybe(TEXT), "Keyed digest of the trace id in the sender's `traceparent`"),
}


def _event() -> Schema:
    fields = {name: said(schema, told) for name, (schema, told) in EVENT_FIELDS.items()}
    return made("Event v1: one line of the audit log. It holds no personal data.", fields)


def _operated() -> dict[str, Schema]:
    lane = {"lane": TEXT, "queued": NUMBER, "leased": NUMBER, "oldestDue": maybe(INSTANT)}
    item = dict.fromkeys(("id", "messageId", "deliveryId", "recipient", "reason"), TEXT)
    return {
        "Status": made(
            "What the gateway knows of itself.",
            {
                "node": TEXT,
                "instance": {"enum": ["production", "test"]},
                "version": TEXT,
                "config": said(TEXT, "Digest of the federation in force"),
                "lanes": listed(made("Deliveries to one recipient.", lane)),
                "quarantined": NUMBER,
                "disk": made("Bytes.", {"free": NUMBER, "reserve": NUMBER}),
                "journal": {"type": "object"},
                "log": made("The log.", {"next": said(NUMBER, "Number of the next event")}),
                "attention": said(
                    listed(made("One adapter in use.", {"name": TEXT, "says": TEXT})),
                    "What a person should look at: adapters that lack something, sources that do not work",
                ),
            },
        ),
        "Quarantine": made(
            "Deliveries that cannot go on by themselves.",
            {"items": listed(made("One of them.", {**item, "at": INSTANT}, {"detail": maybe(TEXT), "state": TEXT}))},
        ),
        "Decided": made("The item afterwards.", {"id": TEXT, "state": {"enum": ["replayed", "closed", "skipped"]}}),
        "Rotated": made("Ids of keys.", {"kid": said(TEXT, "It signs now"), "former": said(TEXT, "It signed before")}),
        "Events": made(
            "Events in their order.",
            {
                "events": listed(ref("NumberedEvent")),
                "next": said({"type": "integer", "minimum": -1}, "Pass it as `after` to go on"),
            },
        ),
    }


def _open() -> dict[str, Schema]:
    return {
        "Health": made(
            "Whether new work is taken.",
            {"status": {"enum": ["ok", "degraded", "stopping"]}, "node": TEXT, "instance": TEXT, "version": TEXT},
            {
                "durability": TEXT,
                "advice": TEXT,
                "attention": said(NUMBER, "Adapters that an operator should look at; `lintas status` says which"),
            },
        ),
        "Keys": made("JWK set (RFC 7517): public keys of receipts.", {"keys": listed({"type": "object"})}),
    }
