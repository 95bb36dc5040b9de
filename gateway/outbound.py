"""What one recipient gets to see: the document as its route releases it, the envelope, its parts.

Enters: canonical document bytes with the route. Leaves: `Outbound`. Refuses: nothing; a release list that does not fit
its schema is found by `lintas check`. Pure.

`raw` goes back to the system it came from, and to another only if the route says `raw: forward`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import orjson

from gateway.contract.exchange import Ephemeral, Outbound, Part, ReceiptCopy
from gateway.federation import Route
from gateway.references import references
from schemas.catalogue import canonical, parse_json
from schemas.document import Document
from schemas.privacy import release


def released(document_type: str, data: bytes, route: Route | None, same_system: bool) -> bytes:
    """The canonical document that a recipient gets: without `raw` unless forwarded, narrowed to the release list."""
    forwards = same_system or (route is not None and route.raw == "forward")
    fields = None if route is None else route.release
    if not fields and (forwards or b'"raw":' not in data):
        return data
    if not forwards:
        # Canonical form sorts names, and `raw` is a name of the document itself: taking it out keeps the order.
        value = orjson.loads(data)
        value.pop("raw", None)
        data = orjson.dumps(value)
    if not fields:
        return data
    return canonical(release(parse_json(document_type, data), fields))


def released_parts(document_type: str, data: bytes, parts: tuple[Part, ...], route: Route | None) -> tuple[Part, ...]:
    """The parts a recipient gets: all of them, or those that a narrowed document still names."""
    if not parts or route is None or not route.release:
        return parts
    named = {reference.sha256 for reference in references(parse_json(document_type, data))}
    return tuple(part for part in parts if part.sha256 in named)


def part_urls(public_url: str, message: str, parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple(f"{public_url}/api/v1/messages/{message}/parts/{part.number}" for part in parts)


def outbound(
    *,
    delivery: str,
    message: str,
    kind: Literal["document", "receipt", "query"],
    sender: str,
    recipient: str,
    service: str,
    document_type: str,
    document: bytes,
    envelope: Mapping[str, Any],
    parts: tuple[Part, ...] = (),
    urls: tuple[str, ...] = (),
    receipt: ReceiptCopy | None = None,
    name: str | None = None,
    ephemeral: Ephemeral | None = None,
    load: Callable[[], Document] | None = None,
) -> Outbound:
    """One outbound; the document is parsed only if the recipient's codec asks for it."""
    return Outbound(
        delivery,
        message,
        kind,
        sender,
        recipient,
        service,
        document_type,
        document,
        {**envelope, "recipients": [recipient], "deliveryId": delivery},
        load or (lambda: parse_json(document_type, document)),
        parts,
        urls,
        receipt,
        name,
        ephemeral,
    )
