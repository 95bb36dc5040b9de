"""A refusal as RFC 9457 problem details.

Enters: `Rejected` and the gateway's public URL. Leaves: a `Reply` of `application/problem+json`. Refuses: nothing;
what it says was made from the closed catalogue and from findings that never hold a value.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from gateway.contract.exchange import Rejected
from gateway.contract.http import Reply
from gateway.contract.reasons import REASONS, Reason

MEDIA_TYPE = "application/problem+json"
ERRORS = 100
HEADERS = {
    "Cache-Control": "no-store",
    # A browser shows it as text at most, in nobody's frame, and tells nobody its address.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def problem(rejected: Rejected, public_url: str) -> Reply:
    """The same refusal for every face that speaks HTTP and JSON; it lists at most `ERRORS` findings."""
    error = rejected.error
    face = REASONS[error.reason]
    body: dict[str, Any] = {
        "type": f"{public_url}/errors/{error.reason.value}",
        "title": face.title,
        "status": face.status,
        "detail": error.detail or face.title,
        "instance": f"/api/v1/messages/{rejected.message_id}",
        "code": error.reason.value,
        "messageId": rejected.message_id,
        "advice": face.advice,
    }
    if rejected.stage is not None:
        body["stage"] = rejected.stage
    if error.limit is not None:
        body["limit"] = error.limit
    if error.errors:
        body["errors"] = [{"path": path, "code": code, "message": told} for path, code, told in error.errors[:ERRORS]]
    headers = dict(HEADERS)
    if rejected.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(rejected.retry_after)))
    if error.reason is Reason.NOT_AUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="lintas", Basic realm="lintas", charset="UTF-8"'
    return Reply(face.status, orjson.dumps(body), MEDIA_TYPE, headers)
