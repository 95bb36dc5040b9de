"""Errors that say what happens next: again later, never, unknown, a human.

Enters: what an adapter found out. Leaves: one of four exceptions. Refuses: any other exception type as a
meaning; the host treats a stranger as `Ambiguous` after the first byte left, and as `NeedsOperator` before.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.contract.reasons import REASONS, Reason


class TryLater(Exception):
    """Nothing was taken over; the same call may succeed later.

    `after`: seconds the other side asked us to wait (Retry-After), or None for the schedule's own delay.
    """

    def __init__(self, reason: Reason = Reason.RECIPIENT_DOWN, detail: str = "", *, after: float | None = None) -> None:
        super().__init__(detail or REASONS[reason].title)
        self.reason, self.detail, self.after = reason, detail, after


class Refused(Exception):
    """Never: repeating the same will be refused again.

    `detail` is one sentence without personal data or secrets; `limit` is the limit that was met, if one was;
    `errors` are findings as (path, code, message). `answer` is the other side's own answer, kept sealed as evidence.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str = "",
        *,
        limit: int | None = None,
        errors: Sequence[tuple[str, str, str]] = (),
        answer: bytes = b"",
    ) -> None:
        super().__init__(detail or REASONS[reason].title)
        self.reason, self.detail, self.limit, self.errors, self.answer = reason, detail, limit, tuple(errors), answer


class Ambiguous(Exception):
    """Unknown: bytes left and no clear answer came. Never retried blindly."""

    def __init__(self, reason: Reason = Reason.RECIPIENT_UNSURE, detail: str = "") -> None:
        super().__init__(detail or REASONS[reason].title)
        self.reason, self.detail = reason, detail


class NeedsOperator(Exception):
    """A human: a certificate expired, a password changed, a mapping is wrong. The delivery is quarantined whole."""

    def __init__(self, detail: str, reason: Reason = Reason.OPERATOR_NEEDED) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
