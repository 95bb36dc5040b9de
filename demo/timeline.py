"""The morning as a table: when, from whom, what, to whom, how it ended, how long it took. Pure.

Enters: the gateway's events with their numbers, names for messages, and what agencies saw themselves. Leaves: rows in
order of time, many alike rows drawn together into one. Refuses: nothing; an event it does not know is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

ALIKE = 5
"""More rows than this that differ only in time become one row with a count."""

_ENDS = {
    "delivered": "delivered",
    "delivery_refused": "refused by the recipient",
    "quarantined": "in quarantine",
    "held": "held for an operator",
    "expired": "expired",
}
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One thing that happened. Times are in seconds; `at` counts from the start of the morning."""

    at: float
    sender: str
    what: str
    recipient: str
    outcome: str
    took: float | None = None
    message: str | None = None
    count: int = 1

    def to_dict(self) -> dict[str, Any]:
        """In wire names; what is not known is null."""
        return {
            "at": round(self.at, 3),
            "from": self.sender,
            "what": self.what,
            "to": self.recipient,
            "outcome": self.outcome,
            "took": None if self.took is None else round(self.took, 3),
            "message": self.message,
            "count": self.count,
        }


@dataclass
class _Delivery:
    failures: int = 0
    delivered: float | None = None


@dataclass
class _State:
    """What has been seen so far while events go by."""

    start: float
    labels: Mapping[str, str]
    accepted: dict[str, float] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)
    deliveries: dict[str, _Delivery] = field(default_factory=dict)


def rows(events: Iterable[Event], start: datetime, labels: Mapping[str, str], seen: Sequence[Row] = ()) -> list[Row]:
    """The table. `labels` names messages by id; `seen` are rows of the agencies' own."""
    state = _State(start.timestamp(), labels)
    found = [row for event in events if (row := _row(event, state)) is not None]
    return sorted(_together([*found, *seen]), key=lambda row: row.at)


def _row(event: Event, state: _State) -> Row | None:
    name, message = str(event.get("event")), str(event.get("message") or "")
    at = _at(event) - state.start
    if name == "accepted":
        state.accepted[message] = at
        return None
    if name == "asked":
        state.asked[message] = at
        return None
    if name == "attempt_failed":
        _delivery(event, state).failures += 1
        return None
    if name in _ENDS:
        return _ended(event, state, at)
    if name == "registered":
        since = _delivery(event, state).delivered
        took = None if since is None else at - since
        return _made(event, state, at, "registered", took, turned=True)
    if name == "answered":
        reason = event.get("reason")
        asked = state.asked.get(message, at)
        outcome = "answered" if reason is None else f"not answered: {reason}"
        return _made(event, state, asked, outcome, at - asked)
    if name == "refused" and message not in state.asked:
        return _made(event, state, at, f"refused: {event.get('reason')}", None, to="gateway")
    if name == "duplicate_answered":
        return _made(event, state, at, "a repeat: the original receipt again", None, to="gateway")
    if name == "letter_replaced":
        return _made(event, state, at, "replaced by another letter", None, to="gateway")
    if name == "batch_accepted":
        return _made(event, state, at, "taken row by row", None, to="gateway")
    return None


def _ended(event: Event, state: _State, at: float) -> Row:
    message, known = str(event.get("message")), _delivery(event, state)
    known.delivered = at
    began = state.accepted.get(message)
    outcome = _ENDS[str(event.get("event"))]
    if (reason := event.get("reason")) is not None:
        outcome += f": {reason}"
    if known.failures:
        outcome += f" after {known.failures} vain {'attempt' if known.failures == 1 else 'attempts'}"
    if event.get("recipient") == event.get("sender"):
        # A receipt on its way back; its delivery's id says which.
        kind = str(event.get("delivery")).rpartition("-")[2]
        what = f"receipt '{kind}' of {state.labels.get(message, event.get('service'))}"
        return Row(at, "gateway", what, str(event.get("recipient")), outcome, None, message)
    took = None if began is None else at - began
    return _made(event, state, at if began is None else began, outcome, took)


def _made(
    event: Event, state: _State, at: float, outcome: str, took: float | None, *, to: str = "", turned: bool = False
) -> Row:
    message = str(event.get("message") or "")
    what = state.labels.get(message) or str(event.get("service") or "a call")
    sender, recipient = str(event.get("sender") or "?"), to or str(event.get("recipient") or "")
    if turned:
        sender, recipient = recipient, sender
    return Row(at, sender, what, recipient, outcome, took, message or None)


def _delivery(event: Event, state: _State) -> _Delivery:
    return state.deliveries.setdefault(str(event.get("delivery")), _Delivery())


def _at(event: Event) -> float:
    return datetime.fromisoformat(str(event["time"])).timestamp()


def _together(found: Sequence[Row]) -> list[Row]:
    """Rows that differ only in time and message, if there are many, as one: from the first to the end of the last."""
    alike: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in found:
        alike.setdefault((row.sender, row.what, row.recipient, row.outcome), []).append(row)
    out: list[Row] = []
    for group in alike.values():
        if len(group) <= ALIKE:
            out += group
            continue
        first = min(row.at for row in group)
        last = max(row.at + (row.took or 0.0) for row in group)
        out.append(replace(group[0], at=first, took=last - first, message=None, count=len(group)))
    return out
