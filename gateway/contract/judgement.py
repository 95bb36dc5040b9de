"""What an HTTP status says about custody: taken, later, never, unknown.

Enters: a recipient's answer. Leaves: nothing, when it took what was sent. Refuses: by `TryLater` (429, 503: RFC 6585
and RFC 9110 say the request was not processed), `NeedsOperator` (401, 403, 407: our key or its rights; 3xx: our
address; 404, 405, 410 to a delivery without a problem of the recipient's own: its address as well), `Ambiguous` (408,
425, other 5xx) and `Refused` (the rest).
"""

from __future__ import annotations

from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.host import HttpReply
from gateway.contract.reasons import Reason

MOST_SECONDS = 86_400.0
KEY_REFUSED = frozenset((401, 403, 407))
"""Statuses that speak of our key, or of what it may do: no other document would fare better, until somebody acts."""

NOT_THERE = frozenset((404, 405, 410))
"""Statuses that whatever stands before a recipient answers while its service is away: they speak of no document."""
PROBLEM = "application/problem+json"


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After field in its delay form, a day at most. The date form is left to our own schedule."""
    if value is None or not value.strip().isascii() or not value.strip().isdigit():
        return None
    return min(float(value.strip()[:12]), MOST_SECONDS)


def judge(reply: HttpReply, *, asking: bool = False) -> None:
    """Raises what the status means. The body is kept as the refusal's answer, never put into words.

    `asking`: it answers a question, or asks after a delivery; then what is not there is the recipient's own word."""
    status = reply.status
    if 200 <= status < 300:
        return
    if status in (429, 503):
        after = retry_after(reply.headers.get("Retry-After"))
        raise TryLater(Reason.RECIPIENT_DOWN, f"the recipient answered {status}", after=after)
    if status in KEY_REFUSED:
        raise NeedsOperator(f"the recipient answered {status}: it does not accept our key, or not for this; ask it")
    if 300 <= status < 400:
        raise NeedsOperator(f"the recipient answered {status}, a redirect; correct its url in the configuration")
    if status in NOT_THERE and not asking and reply.media_type.partition(";")[0].strip().lower() != PROBLEM:
        raise NeedsOperator(f"the recipient answered {status}, and no problem of its own; see whether its url is right")
    if status in (408, 425) or status >= 500 or status < 200:
        raise Ambiguous(Reason.RECIPIENT_UNSURE, f"the recipient answered {status}")
    raise Refused(Reason.RECIPIENT_REFUSED, f"the recipient answered {status}", answer=reply.body)
