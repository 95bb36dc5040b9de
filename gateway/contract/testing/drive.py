"""A host's loop in a few lines: poll, decide, record, settle, and die where the test says.

Enters: a source, its host, a decision per item. Leaves: what was taken and how it was settled.
Refuses: an item that was polled and neither settled nor released (`AssertionError` by the conformance kit).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from gateway.contract.adapter import Codec, Source
from gateway.contract.errors import Refused
from gateway.contract.exchange import (
    Accepted,
    BatchReport,
    Duplicate,
    Inbound,
    Outbound,
    Part,
    ReceiptCopy,
    Rejected,
    RowProblem,
    Settlement,
)
from gateway.contract.keys import check_key
from gateway.contract.reasons import Reason
from gateway.contract.testing.host import FakeHost
from schemas.catalogue import canonical, parse_json
from schemas.document import Document

Point = Literal["polled", "recorded", "settled"]


class Crash(Exception):
    """The process died here. The test goes on with `host.restart()` and a new source."""


@dataclass
class Ledger:
    """What a host has recorded, durable over restarts: by message id, and by (service, key) with the content."""

    settled: dict[str, Settlement] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[object, Settlement]] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)


@dataclass(frozen=True)
class Taken:
    inbound: Inbound
    settlement: Settlement
    documents: tuple[Document, ...] = ()
    problems: tuple[RowProblem, ...] = ()


Decide = Callable[[Inbound, Sequence[Document], Sequence[RowProblem]], Settlement]


def accept(inbound: Inbound, documents: Sequence[Document], problems: Sequence[RowProblem]) -> Settlement:
    """Takes custody of everything, with one receipt that names the message."""
    receipts = (ReceiptCopy("accepted", f"header.{inbound.message_id}.signature"),)
    if not inbound.batch:
        return Accepted(inbound.message_id, receipts)
    rejected = len({problem.row for problem in problems})
    report = BatchReport(len(documents) + rejected, len(documents), rejected, "0" * 64, "utf-8", tuple(problems))
    return Accepted(inbound.message_id, receipts, report)


def _take(codec: Codec, inbound: Inbound, decide: Decide, ledger: Ledger) -> Taken:
    known = ledger.settled.get(inbound.message_id)
    if known is not None:
        return Taken(inbound, known)
    try:
        check_key(inbound.key)
    except Refused as error:
        return Taken(inbound, Rejected(inbound.message_id, error))
    try:
        items = list(codec.to_documents(inbound))
    except Refused as error:
        return Taken(inbound, Rejected(inbound.message_id, error))
    documents = tuple(item for item in items if not isinstance(item, RowProblem))
    problems = tuple(item for item in items if isinstance(item, RowProblem))
    content = (tuple(canonical(item) for item in documents), tuple(part.sha256 for part in inbound.parts))
    if inbound.key is not None and (before := ledger.keys.get((inbound.service, inbound.key))) is not None:
        first, given = before
        if first != content:
            return Taken(inbound, Rejected(inbound.message_id, Refused(Reason.CONFLICT)))
        if isinstance(given, Accepted):
            return Taken(inbound, Duplicate(given.message_id, given.receipts, given.report))
    settlement = decide(inbound, documents, problems)
    if isinstance(settlement, Accepted):
        ledger.documents.extend(documents)
        if inbound.key is not None:
            ledger.keys[(inbound.service, inbound.key)] = (content, settlement)
    return Taken(inbound, settlement, documents, problems)


async def drive(
    source: Source,
    decide: Decide = accept,
    *,
    host: FakeHost,
    ledger: Ledger,
    limit: int = 100,
    crash: Point | None = None,
) -> list[Taken]:
    """One round: polls at most `limit` items and settles each. Dies after the first item's `crash` point."""
    taken = []
    async for inbound in source.poll(limit):
        if crash == "polled":
            raise Crash(crash)
        one = _take(source.codec, inbound, decide, ledger)
        ledger.settled[inbound.message_id] = one.settlement
        host.claims.commit(inbound.message_id)
        if crash == "recorded":
            raise Crash(crash)
        await source.settle(inbound, one.settlement)
        taken.append(one)
        if crash == "settled":
            raise Crash(crash)
    return taken


def outbound_for(
    document_type: str,
    document: Mapping[str, Any],
    *,
    service: str,
    message_id: str = "message-out",
    delivery_id: str = "delivery-out",
    kind: Literal["document", "receipt", "query"] = "document",
    parts: Sequence[Part] = (),
    receipt: ReceiptCopy | None = None,
    name: str | None = None,
    recipient: str = "dinas-contoh/arsip",
    sender: str = "kota-contoh/sistem",
    batch: str | None = None,
    row: int | None = None,
) -> Outbound:
    """An outbound as the host hands it to a sink; `document` is in wire names."""
    envelope = {"messageId": message_id, "deliveryId": delivery_id, "service": service, "schema": document_type,
                "sender": sender, "recipients": [recipient]}  # fmt: skip
    return Outbound(
        delivery_id=delivery_id,
        message_id=message_id,
        kind=kind,
        sender=sender,
        recipient=recipient,
        service=service,
        document_type=document_type,
        document_json=orjson.dumps(dict(document)),
        envelope=envelope,
        load=lambda: parse_json(document_type, dict(document)),
        parts=tuple(parts),
        part_urls=tuple(f"https://gateway.example/api/v1/messages/{message_id}/parts/{one.number}" for one in parts),
        receipt=receipt,
        name=name,
        batch=batch,
        row=row,
    )
