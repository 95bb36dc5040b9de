"""The frozen states of a message: each room takes the state before and returns the state after.

Enters: an `Inbound`. Leaves: `Received → Normalised → Routed → Verified → Recorded`, and per delivery
`Recorded → Delivered → Receipted`. Refuses: nothing at run time; skipping a room does not type-check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.contract.exchange import BatchReport, Caller, Inbound, Part, ReceiptCopy
from gateway.contract.frozen import frozen
from gateway.federation import Route
from schemas.catalogue import Service
from schemas.document import Document


@frozen
class Received:
    """Who sent what to which service; rights and limits hold. `started` is a monotonic reading in seconds."""

    inbound: Inbound
    caller: Caller
    service: Service
    at_ms: int
    started: float

    @property
    def id(self) -> str:
        return self.inbound.message_id


@frozen
class Normalised:
    """The shared document. `canonical` is its canonical JSON; `subjects` are (scheme, value) of the persons in it."""

    received: Received
    document: Document
    canonical: bytes
    subjects: tuple[tuple[str, str], ...]


@frozen
class Routed:
    """Where it goes and under which rules. `order_key` keeps order among deliveries of equal key."""

    normalised: Normalised
    route: Route
    recipients: tuple[str, ...]
    order_key: bytes | None


@frozen
class Verified:
    """The signature policy of the route is met, or `held` says why a person must decide. `verdicts` has one per part
    that was looked at."""

    routed: Routed
    verdicts: tuple[Mapping[str, Any], ...] = ()
    held: str | None = None


@frozen
class Recorded:
    """Custody is the gateway's. `repeated`: this is the stored original that a repeat was answered with. `document` is
    the canonical form that its receipt commits to."""

    message_id: str
    receipts: tuple[ReceiptCopy, ...]
    repeated: bool = False
    report: BatchReport | None = None
    document: bytes = b""


class Work(NamedTuple):
    """One delivery as the worker carries it: a row of the query `due`, in its column order."""

    due: int
    lane: str
    delivery: str
    message: str
    kind: str
    recipient: str
    attempts: int
    fence: int
    state: str
    reason: str | None
    receipt: str | None
    first_at: int | None
    head: str | None
    order_key: bytes | None
    sender: str
    service: str
    document_type: str
    conversation: str | None
    route: str
    purpose: str | None
    created_at: int
    expires_at: int | None
    trace: str | None
    sealed_key: bytes | None
    body: bytes | None
    message_kind: str


@frozen
class Origin:
    """How a message came, as far as its way back needs it: the name of the source that took it, and for a row of a
    batch the batch's message id and the row's number, counted from 1."""

    source: str | None = None
    batch: str | None = None
    row: int | None = None


@frozen
class Body:
    """What is sealed in a message row: the document in canonical JSON, its parts, envelope facts, the salt, the
    `accepted` receipt (compact JWS) that was signed over it, the sender's own `traceparent`, where it came from, and
    the verdicts on its parts."""

    document: bytes
    salt: bytes
    parts: tuple[Part, ...]
    name: str | None
    envelope: Mapping[str, Any]
    accepted: str = ""
    trace: str | None = None
    origin: Origin = Origin()
    verdicts: tuple[Mapping[str, Any], ...] = ()


@frozen
class Delivered:
    """The recipient has it: its answer, and its registration number if it gave one at once."""

    work: Work
    body: Body
    answer: bytes
    registration: str | None
    peer_us: int


@frozen
class Receipted:
    """The outcome is durable, with its receipt."""

    delivery: str
    receipt: ReceiptCopy
