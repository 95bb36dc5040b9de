"""What the service says in JSON, and what that means: may this person sign, was the passphrase right.

Enters: answers of either version. Leaves: nothing, or objects. Refuses: a status other than ISSUE, the error codes that
are known, and by HTTP status what has none. No refusal repeats what the service wrote: it may be about a person, or
hold what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.contract import HttpReply, Reason, Refused
from gateway.contract.judgement import KEY_REFUSED, judge
from schemas.strict_json import JsonLimits, JsonRefused, loads

MAY_SIGN = "ISSUE"
NOT_REGISTERED, WRONG_SECRET = 2011, 2031
_STATUS_CODES = {1110: "NOT_REGISTERED", 1111: MAY_SIGN}
_ASK = "ask the agency's own contact for certificates, or BSrE"

STATUSES: Mapping[str, str] = {
    "EXPIRED": f"the signer's certificate has expired; {_ASK}, for a new one",
    "RENEW": "the signer's certificate is due for renewal; the signer renews it in the portal of BSrE first",
    "WAITING_FOR_VERIFICATION": f"the signer's registration still waits to be verified; {_ASK}, how far it is",
    "NEW": "the signer has registered and not finished; the signer follows the steps BSrE has sent first",
    "NO_CERTIFICATE": "the signer is registered and has no certificate; the signer applies for one at BSrE first",
    "NOT_REGISTERED": f"the signer is not registered at BSrE, or under another number; {_ASK}, to register",
    "SUSPEND": f"the signer's certificate is suspended; {_ASK}, why",
    "REVOKE": f"the signer's certificate was revoked; {_ASK}, for a new one",
}
"""Every status that the manual names beside ISSUE, and who does what next."""


def read_object(body: bytes, limit: int) -> dict[str, Any]:
    """A JSON object of at most `limit` bytes. Raises Refused."""
    try:
        value = loads(body, JsonLimits(limit, 16))
    except JsonRefused:
        value = None
    if not isinstance(value, dict):
        raise Refused(
            Reason.RECIPIENT_ANSWER_INVALID, "the signing service did not answer with a JSON object"
        ) from None
    return value


def check_status(reply: HttpReply, limit: int) -> None:
    """Whether the person may sign, by the answer to the question for their status."""
    found = _object_or_none(reply.body, limit)
    # A server that does not let us in, or breaks, says nothing about the signer, whatever its words.
    said = _said(found) if 200 <= reply.status < 500 and reply.status not in KEY_REFUSED else None
    if said is None:
        refuse_error(reply, limit)
        raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the service's answer names no status of the signer")
    if said != MAY_SIGN:
        unknown = f"the service names a status of the signer that is not known here; {_ASK}"
        raise Refused(Reason.SIGNER_NOT_READY, STATUSES.get(said, unknown))


def _said(found: Mapping[str, Any] | None) -> str | None:
    if found is None:
        return None
    status = found.get("status")
    return status if isinstance(status, str) else _STATUS_CODES.get(_code(found) or 0)


def refuse_error(reply: HttpReply, limit: int) -> None:
    """Raises what an answer means that is an error, by its own code first; returns for a 2xx without one."""
    found = _object_or_none(reply.body, limit) or {}
    code = _code(found) if "error" in found else None
    if code == WRONG_SECRET:
        detail = "the signing service did not accept what the signer gave; it was tried once and is not tried again"
        raise Refused(Reason.PASSPHRASE_REFUSED, detail)
    if code == NOT_REGISTERED:
        raise Refused(Reason.SIGNER_NOT_READY, STATUSES["NOT_REGISTERED"])
    told = f" with its error {code}" if code is not None else ""
    detail = f"the signing service refused ({reply.status}){told}; its manual and its own log say why"
    try:
        judge(reply, asking=code is not None)
    except Refused as refused:
        # Without the answer: it may repeat what was sent.
        raise Refused(refused.reason, detail) from None
    if code is not None:
        raise Refused(Reason.RECIPIENT_REFUSED, detail)


def _code(found: Mapping[str, Any]) -> int | None:
    """`status_code` as a small number; some write numbers as text."""
    code = found.get("status_code")
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) <= 5:
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and 0 <= code <= 99_999 else None


def _object_or_none(body: bytes, limit: int) -> dict[str, Any] | None:
    # A signed PDF is not read as JSON to find that out.
    if body.lstrip(b" \t\r\n")[:1] != b"{":
        return None
    try:
        return read_object(body, limit)
    except Refused:
        return None
