"""Event v1: one line of the audit log, as canonical JSON under 4 KB.

Enters: what a transition knows, all without personal data. Leaves: bytes, equal to RFC 8785's canonical form because
keys are ASCII and values are strings, integers below 2^53, null or lists of strings. Refuses: a line of 4 KB or more.

Field by field (shape: shared design, section 7): `commit_in` and `commit_out` are SHA-256(salt ‖ bytes) in hex;
`subjects` are HMAC-SHA-256(subject key, event id) in hex, different in every event; `gateway_us` and `peer_us` are
microseconds; `bytes` is the size of what moved; `config` is the digest of the federation in force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import orjson
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.audit.catalogue import EventName
from gateway.contract.reasons import Reason
from gateway.store.engine import Step
from gateway.store.keyed import Keyed

LIMIT_BYTES = 4096

_EMPTY: dict[str, object] = {
    "actor": None,
    "attempt": None,
    "bytes": None,
    "commit_in": None,
    "commit_out": None,
    "config": None,
    "conversation": None,
    "delivery": None,
    "document": None,
    "event": None,
    "gateway_us": None,
    "id": None,
    "instance": None,
    "message": None,
    "node": None,
    "peer_us": None,
    "purpose": None,
    "reason": None,
    "receipt_sha256": None,
    "recipient": None,
    "route": None,
    "sender": None,
    "service": None,
    "subjects": [],
    "time": None,
    "trace": None,
    "v": 1,
}


class Written(Collector):
    """How many events were written, by name: plain numbers, since one more must cost nothing on the hot path."""

    def __init__(self) -> None:
        self.count = dict.fromkeys((name.value for name in EventName), 0)

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily("lintas_events", "Events written, by name", labels=["event"])
        for name, count in self.count.items():
            family.add_metric([name], count)
        yield family


WRITTEN = Written()
REGISTRY.register(WRITTEN)


_NOTHING: dict[str, str | int | None] = {}


class EventTooLarge(Exception):
    """The event would not fit its line; a field carries more than it may."""


class Event(NamedTuple):
    """One event on its way to the outbox: `(id, message, body)` is a row."""

    id: str
    message: str | None
    body: bytes


def timestamp(at_ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC with three decimals."""
    # One text per millisecond, one date per second: formatting a date costs more than the rest of an event.
    global _last_ms
    known, text = _last_ms
    if known != at_ms:
        seconds, millis = divmod(at_ms, 1000)
        text = f"{_second(seconds)}.{millis:03d}Z"
        _last_ms = (at_ms, text)
    return text


_last_ms: tuple[int, str] = (-1, "")


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class EventWriter:
    """Makes events of one node. `new_id` gives time-ordered identifiers, `now_ms` the instant."""

    def __init__(
        self, *, instance: str, node: str, config: str, new_id: Callable[[], str], now_ms: Callable[[], int]
    ) -> None:
        self._base = {**_EMPTY, "instance": instance, "node": node, "config": config}
        self._new_id, self._now_ms = new_id, now_ms

    def write(
        self,
        event: EventName,
        *,
        message: str | None = None,
        reason: Reason | None = None,
        subject_keys: Sequence[Keyed] = (),
        facts: Mapping[str, str | int | None] = _NOTHING,
        **fields: str | int | None,
    ) -> Event:
        """One event. `facts` and `fields` have Event v1's own names; `subject_keys` become pseudonyms of this one."""
        identity, name = self._new_id(), event._value_
        line: dict[str, object] = {**self._base, **facts, **fields}
        if len(line) != len(_EMPTY):
            raise TypeError("a field that Event v1 does not have")
        line["id"], line["event"], line["message"] = identity, name, message
        line["time"] = timestamp(self._now_ms())
        if reason is not None:
            line["reason"] = reason.value
        if subject_keys:
            told = identity.encode()
            line["subjects"] = [key.digest(told).hex() for key in subject_keys[:16]]
        # The base lists every name in order, and values only replace: what is written is sorted already.
        body = orjson.dumps(line)
        if len(body) >= LIMIT_BYTES:
            raise EventTooLarge(name)
        WRITTEN.count[name] += 1
        return Event(identity, message, body)


def event_step(event: Event) -> Step:
    """The event as a row of the outbox, in the unit of what it tells."""
    return Step("insert_event", {"id": event.id, "message": event.message, "body": event.body})
