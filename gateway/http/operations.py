"""Every operation of the API in words: parameters, bodies, answers, and every refusal that can come.

Enters: the settings, for the limits they state; the closed catalogues. Leaves: OpenAPI operations by method and path.
Refuses: nothing; a test compares the list with the router, and the fuzzer the statuses with what comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.audit.catalogue import EventName
from gateway.contract.reasons import REASONS, Reason
from gateway.http import examples
from gateway.http.shapes import Schema, component, ref
from gateway.http.turns import SECONDS
from gateway.settings import Settings
from schemas.catalogue import SERVICES, Service

JSON, PROBLEM, HTML = "application/json", "application/problem+json", "text/html"
#: Reasons that any call may meet, and any call of somebody we know.
_OPEN = (Reason.BAD_REQUEST, Reason.HEADERS_TOO_LARGE, Reason.RATE_LIMITED, Reason.INTERNAL)
ANY = (Reason.NOT_AUTHENTICATED, Reason.NO_RIGHT, Reason.BUSY, *_OPEN)
BODY = (
    Reason.NOT_JSON, Reason.DUPLICATE_JSON_KEY, Reason.NOT_A_NUMBER, Reason.LONE_SURROGATE, Reason.TOO_DEEP,
    Reason.WRONG_CHARSET, Reason.BODY_TOO_LARGE, Reason.SLOW_BODY, Reason.UNSUPPORTED_MEDIA_TYPE, Reason.SCHEMA_INVALID,
)  # fmt: skip
_SENT = (
    *ANY, *BODY, Reason.UNKNOWN_SERVICE, Reason.UNKNOWN_RECIPIENT, Reason.UNKNOWN_DOCUMENT_TYPE, Reason.NO_ROUTE,
    Reason.WRONG_INSTANCE, Reason.EXPIRED, Reason.CONFLICT, Reason.KEY_MISMATCH, Reason.SENDER_MISMATCH,
    Reason.TOO_MANY_RECIPIENTS, Reason.ERASED, Reason.DISK_RESERVE, Reason.STOPPING,
)  # fmt: skip
_PARTED = (
    Reason.PART_TOO_LARGE, Reason.TOO_MANY_PARTS, Reason.INLINE_TOO_LARGE, Reason.NAME_REFUSED, Reason.MULTIPART_BROKEN,
    Reason.DIGEST_MISMATCH, Reason.PART_MISSING, Reason.PART_UNUSED, Reason.POLICY_UNMET,
    Reason.NOTHING_TO_ACKNOWLEDGE,
)  # fmt: skip
_ASKED = (
    Reason.IN_PROGRESS, Reason.TIMED_OUT, Reason.RECIPIENT_DOWN, Reason.RECIPIENT_REFUSED, Reason.RECIPIENT_UNSURE,
    Reason.RECIPIENT_ANSWER_INVALID, Reason.OPERATOR_NEEDED,
)  # fmt: skip
_SIGNED = (Reason.UNKNOWN_SIGNER, Reason.SIGNER_NOT_READY, Reason.PASSPHRASE_REFUSED, Reason.NOT_SIGNABLE)
FOUND = (*ANY, Reason.NOT_FOUND)


def refusals(reasons: Iterable[Reason]) -> dict[str, Any]:
    """One response per status, naming the reasons behind it."""
    by_status: dict[int, list[Reason]] = {}
    for reason in dict.fromkeys(reasons):
        by_status.setdefault(REASONS[reason].status, []).append(reason)
    return {str(status): _refusal(status, found) for status, found in sorted(by_status.items())}


def _refusal(status: int, reasons: list[Reason]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": "; ".join(f"`{reason.value}`: {REASONS[reason].title}" for reason in reasons),
        "x-reasons": [reason.value for reason in reasons],
        "content": {PROBLEM: {"schema": ref("Problem"), "example": _problem(reasons[0])}},
    }
    if status == 401:
        told["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    elif status in (429, 503):
        told["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds"}}
    return told


def _problem(reason: Reason) -> dict[str, Any]:
    face = REASONS[reason]
    return {
        "type": f"https://gateway.example/errors/{reason.value}",
        "title": face.title,
        "status": face.status,
        "detail": face.title,
        "instance": f"/api/v1/messages/{examples.MESSAGE}",
        "code": reason.value,
        "messageId": examples.MESSAGE,
        "advice": face.advice,
        "stage": "arrive" if face.status == 401 else "intake",
    }


def operation(
    tag: str, identity: str, summary: str, responses: dict[str, Any], reasons: Iterable[Reason] = (), **more: Any
) -> dict[str, Any]:
    told: dict[str, Any] = {"tags": [tag], "operationId": identity, "summary": summary, **more}
    told["security"] = [] if tag == "published" else [{"bearer": []}, {"basic": []}]
    told["responses"] = dict(sorted({**refusals((*_OPEN, *reasons)), **responses}.items()))
    return told


def ok(description: str, schema: Schema, media_type: str = JSON, **more: Any) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}, **more}


def in_path(name: str, description: str, **schema: Any) -> dict[str, Any]:
    shape = {"type": "string", **schema}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": shape}


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string", **schema}}


def operations(settings: Settings) -> dict[tuple[str, str], dict[str, Any]]:
    """Every operation that has a description of its own, in the order a reader wants them."""
    # It is made of what stands here.
    from gateway.http.letter_operations import letter_operations

    said = {**_sending(settings), **_reading(), **_pulling(settings), **_operating(), **letter_operations()}
    return {**said, **_published(), **_soap()}


def _body(kind: str, *, parts: bool) -> dict[str, Any]:
    services = [service for service in SERVICES.values() if service.kind == kind]
    schema = {"oneOf": [ref(component(service.name)) for service in services]}
    shown = {
        service.name: {"summary": service.title, "value": value}
        for service in services
        if (value := examples.submission(service.name, service.request)) is not None
    }
    content: dict[str, Any] = {JSON: {"schema": schema, "examples": shown}}
    if parts:
        content["multipart/form-data"] = {"schema": _form(services), "encoding": {"message": {"contentType": JSON}}}
        content["multipart/related"] = {
            "schema": {"type": "string", "description": "The root part is the message as JSON, the others its parts."}
        }
    return {"required": True, "content": content}


def _form(services: list[Service]) -> Schema:
    """The form field `message` comes first, without `parts`; every field after it is a file."""
    message = {"oneOf": [ref(component(service.name)) for service in services], "properties": {"parts": False}}
    part = {
        "type": "string",
        "contentMediaType": "application/octet-stream",
        "description": "A file, with its Content-Type, file name and, if wanted, Content-Digest (RFC 9530).",
    }
    return {
        "type": "object",
        "description": "The field `message` first, as JSON of envelope and document; then one file field per part.",
        "required": ["message"],
        "properties": {"message": message},
        "additionalProperties": part,
    }


def _sending(settings: Settings) -> dict[tuple[str, str], dict[str, Any]]:
    told = "Logical identity of the message, quoted or not; the key in the envelope does the same"
    key = _header("Idempotency-Key", told, pattern=r'^("[ !#-\[\]-~]{1,255}"|[!-~]{1,255})$')
    wait = _header("Prefer", "`wait=N`: the caller's deadline in seconds (RFC 7240); others are passed over")
    location = {"Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}}}
    told_once = "What only the signer knows: its {}, for letter.sign; never kept or logged"
    secrets = [
        _header("Lintas-Passphrase", told_once.format("passphrase")),
        _header("Lintas-Totp", told_once.format("one-time code")),
    ]
    answers_ = [ref(f"{component(one.name)}Answer") for one in SERVICES.values() if one.kind == "query"]
    answer = answers_[0] if len(answers_) == 1 else {"oneOf": answers_}
    return {
        ("POST", "/api/v1/messages"): operation(
            "send", "sendMessage", "Send a document to its recipients",
            {
                "200": ok("A repeat: the original receipts, byte-identical.", ref("Taken"), headers=location),
                "202": ok("Recorded; the receipt says so.", ref("Taken"), headers=location),
            },
            (*_SENT, *_PARTED),
            description=f"JSON up to {settings.limits.body_bytes} bytes; in multipart, each file up to "
            f"{settings.limits.part_bytes} bytes, streamed.",
            parameters=[key], requestBody=_body("delivery", parts=True),
        ),
        ("POST", "/api/v1/queries"): operation(
            "send", "ask", "Ask a question and wait for the answer",
            {"200": ok("The answer.", answer)}, (*_SENT, *_PARTED, *_ASKED, *_SIGNED),
            description=f"The longest deadline is {settings.stages.ask:g} s. With a key, a repeat gets the kept one.",
            parameters=[key, wait, *secrets], requestBody=_body("query", parts=True),
        ),
    }  # fmt: skip


_ID = in_path("id", "Identifier as the gateway gave it", pattern="^[0-9a-z.-]{1,80}$")


def _reading() -> dict[tuple[str, str], dict[str, Any]]:
    base = "/api/v1/messages/{id}"
    number = {**in_path("n", "Number of the part"), "schema": {"type": "integer", "minimum": 0, "maximum": 999999}}
    text = {"required": True, "schema": {"type": "string"}}
    digest = {"Repr-Digest": text, "ETag": {**text, "description": "Strong: the SHA-256 of the part"}}
    span = {"Content-Range": {"required": True, "schema": {"type": "string"}}}
    raw: dict[str, Any] = {"*/*": {"schema": {}}}
    container = "application/vnd.etsi.asic-e+zip"
    lines = {"text/plain": {"schema": {"type": "string", "description": "Compact JWS, one a line"}}}
    return {
        ("GET", base): operation(
            "read", "readMessage", "State and timeline of a message", {"200": ok("The message.", ref("Message"))},
            FOUND, parameters=[_ID],
        ),
        ("GET", f"{base}/receipts"): operation(
            "read", "readReceipts", "Receipts of a message", {"200": ok("Its receipts.", ref("Receipts"))},
            (*FOUND, Reason.ERASED), parameters=[_ID],
        ),
        ("GET", f"{base}/evidence"): operation(
            "read", "readEvidence", "All that proves a message, as a signed container",
            {"200": {"description": "An ASiC-E with CAdES.", "content": {container: {"schema": {}}}}},
            FOUND, parameters=[_ID],
            description="For its parties with document, parts and receipts; for operators and auditors, and after "
            "erasure, events and digests alone.",
        ),
        ("POST", f"{base}/evidence"): operation(
            "read", "renewEvidence", "Evidence of an erased message, around the receipts that a party brings back",
            {"200": {"description": "An ASiC-E with CAdES.", "content": {container: {"schema": {}}}}},
            (*FOUND, Reason.BODY_TOO_LARGE, Reason.SLOW_BODY),
            parameters=[_ID],
            description="Each receipt is put in if its SHA-256 is in an event of the message that the caller may read.",
            requestBody={"required": True, "content": {JSON: {"schema": ref("Receipts")}, **lines}},
        ),
        ("GET", f"{base}/parts/{{n}}"): operation(
            "read", "readPart", "Bytes of a part",
            {
                "200": {"description": "The bytes, in the part's own media type.", "content": raw, "headers": digest},
                "206": {"description": "The range asked for.", "content": raw, "headers": {**digest, **span}},
                "416": {**refusals([Reason.RANGE_UNSATISFIABLE])["416"], "headers": span},
            },
            (*FOUND, Reason.ERASED),
            parameters=[
                _ID, number, _header("Range", "One byte range (RFC 9110, section 14)"),
                _header("If-Range", "The ETag of what you have: the range only if the part is still that one"),
            ],
        ),
    }  # fmt: skip


def _pulling(settings: Settings) -> dict[tuple[str, str], dict[str, Any]]:
    taken = {"outcome": "delivered", "registrationNumber": "AGD-12/2026"}
    refused = {"outcome": "refused", "reason": "Bukan kewenangan instansi kami"}
    shown = {
        "delivered": {"summary": "Taken and registered", "value": taken},
        "refused": {"summary": "Refused, with the reason in words", "value": refused},
    }
    body = {"required": True, "content": {JSON: {"schema": ref("Collected"), "examples": shown}}}
    delivery = {**_ID, "description": "The delivery: `envelope.deliveryId` as GET /api/v1/inbox gives it"}
    other = (Reason.UNSUPPORTED_MEDIA_TYPE, Reason.SCHEMA_INVALID)
    ended = (Reason.ALREADY_ACKNOWLEDGED, Reason.EXPIRED, Reason.ERASED, Reason.OPERATOR_NEEDED)
    return {
        ("GET", "/api/v1/inbox"): operation(
            "inbox", "readInbox", "What waits for the caller", {"200": ok("Oldest first.", ref("Inbox"))}, ANY,
            description=f"A page ends before {settings.limits.inbox_page_bytes} bytes, even below `limit`; a document "
            "that is larger is a page by itself. What was acknowledged makes room for the next. One page at a time: "
            f"while one is on its way to a system, the next waits up to {SECONDS:g} s; then it is `busy`.",
            parameters=[_query("limit", "At most so many", type="integer", minimum=1, maximum=100, default=20)],
        ),
        ("POST", "/api/v1/inbox/{id}/ack"): operation(
            "inbox", "acknowledge", "Take a delivery out of the inbox, or refuse it",
            {"200": ok("Settled; a repeat changes nothing.", ref("Acknowledged"))},
            (*(one for one in (*FOUND, *BODY) if one not in other), *ended),
            parameters=[delivery], requestBody=body,
        ),
    }  # fmt: skip


def _operating() -> dict[tuple[str, str], dict[str, Any]]:
    base = "/api/v1/quarantine"
    page = _query("limit", "At most so many", type="integer", minimum=1, maximum=1000, default=100)
    words = {
        "replay": "Send a delivery on its way again",
        "close": "Give a delivery up",
        "skip": "Let later deliveries of the same ordering key pass",
    }
    filters = [
        _query("message", "Identifier of a message", type="string"),
        _query("event", "Name of an event", enum=[one.value for one in EventName]),
        _query("reason", "Code of a reason", enum=[one.value for one in Reason]),
        _query("sender", "agency/system", type="string"),
        _query("recipient", "agency/system", type="string"),
    ]
    return {
        ("GET", "/api/v1/status"): operation(
            "operate", "status", "Lanes, quarantine, disk, log", {"200": ok("Now.", ref("Status"))}, ANY,
            description="Role operator or auditor.",
        ),
        ("GET", base): operation(
            "operate", "listQuarantine", "Deliveries that cannot go on by themselves",
            {"200": ok("A page.", ref("Quarantine"))}, ANY, description="Role operator or auditor.",
            parameters=[
                _query("after", "The last id of the page before", type="string"), page,
                _query("message", "Identifier of a message: only its deliveries", type="string"),
            ],
        ),
        **{
            ("POST", f"{base}/{{id}}/{action}"): operation(
                "operate", action, summary, {"200": ok("Decided, as an event of this person.", ref("Decided"))},
                FOUND, description="Role operator.", parameters=[_ID],
            )
            for action, summary in words.items()
        },
        ("POST", "/api/v1/keys/rotate"): operation(
            "operate", "rotateKey", "Sign receipts by a new key from now on",
            {"200": ok("It signs; the former ones stay published.", ref("Rotated"))}, ANY,
            description="Role operator.",
        ),
        ("GET", "/api/v1/events"): operation(
            "operate", "readEvents", "The audit log, filtered", {"200": ok("Events in order.", ref("Events"))}, ANY,
            description="Role auditor or operator. `tail` gives the last events instead of those after a number.",
            parameters=[
                _query("after", "Events with a higher number", type="integer", minimum=-1, maximum=2**53, default=-1),
                page, *filters, _query("tail", "The last so many", type="integer", minimum=1, maximum=1000),
            ],
        ),
    }  # fmt: skip


def _published() -> dict[tuple[str, str], dict[str, Any]]:
    def page(identity: str, summary: str, **more: Any) -> dict[str, Any]:
        return operation("published", identity, summary, {"200": ok("A page.", {"type": "string"}, HTML)}, **more)

    def named(identity: str, summary: str, name: str, responses: dict[str, Any]) -> dict[str, Any]:
        parameter = in_path(name, "As listed")
        return operation("published", identity, summary, responses, (Reason.NOT_FOUND,), parameters=[parameter])

    health = ref("Health")
    text = {"type": "string"}
    files = {"application/schema+json": {"schema": {"type": "object"}}, "application/xml": {"schema": text}}
    keys = {"200": ok("A JWK set.", ref("Keys"), "application/jwk-set+json")}
    explained, styled = {"200": ok("A page.", text, HTML)}, {"200": ok("CSS.", text, "text/css")}
    file = {"200": {"description": "The file.", "content": files}}
    return {
        ("GET", "/health"): operation(
            "published", "health", "Whether new work is taken",
            {"200": ok("It is.", health), "503": ok("It is not, for now.", health)},
        ),
        ("GET", "/metrics"): operation(
            "published", "metrics", "Prometheus metrics", {"200": ok("Now.", {"type": "string"}, "text/plain")}
        ),
        ("GET", "/.well-known/jwks.json"): operation(
            "published", "keys", "Public keys of receipts", keys
        ),
        ("GET", "/openapi.json"): operation(
            "published", "openapi", "This document", {"200": ok("OpenAPI 3.1.", {"type": "object"})}
        ),
        ("GET", "/docs"): page("docs", "This document, to read"),
        ("GET", "/"): page("start", "Where everything is"),
        ("GET", "/errors/"): page("errors", "The catalogue of refusals"),
        ("GET", "/errors"): page("errorsBare", "The catalogue of refusals, without the slash"),
        ("GET", "/errors/{code}"): named("error", "One reason, its status and its advice", "code", explained),
        ("GET", "/schemas/"): page("schemas", "The shared documents and services"),
        ("GET", "/schemas"): page("schemasBare", "The shared documents and services, without the slash"),
        ("GET", "/schemas/{file}"): named("schema", "A JSON Schema or XSD", "file", file),
        ("GET", "/audit/events"): page("auditEvents", "The catalogue of events"),
        ("GET", "/assets/{file}"): named("asset", "Style of these pages", "file", styled),
    }  # fmt: skip


def _soap() -> dict[tuple[str, str], dict[str, Any]]:
    path = "/soap/{service}"
    service = in_path("service", "Name of a service", enum=sorted(SERVICES))
    text = {"schema": {"type": "string"}}
    envelope = {"text/xml": text, "application/soap+xml": text}
    statuses = {
        "200": "The answer, or receipts.", "400": "A SOAP 1.2 fault of the sender.", "401": "Caller not recognised.",
        "500": "A SOAP 1.1 fault, or a SOAP 1.2 fault of the receiver.", "503": "A fault; see Retry-After.",
    }  # fmt: skip
    published = {
        "200": {"description": "WSDL with `?wsdl`, else a line.", "content": {"text/xml": text, "text/plain": text}},
    }
    wsdl = operation("soap", "wsdl", "The WSDL of a service, at ?wsdl", published, (Reason.UNKNOWN_SERVICE,),
                      parameters=[service, _query("wsdl", "Give the WSDL", type="string")])  # fmt: skip
    call = operation(
        "soap", "soap", "Call a service by SOAP 1.1 or 1.2",
        {status: {"description": words, "content": envelope} for status, words in statuses.items()},
        parameters=[service], requestBody={"required": True, "content": envelope},
    )  # fmt: skip
    return {("GET", path): {**wsdl, "security": []}, ("POST", path): call}
