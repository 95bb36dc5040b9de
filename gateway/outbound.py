"""What one recipient gets to see: the document as its route releases it, the envelope, its parts.

Enters: canonical document bytes with the route. Leaves: `Outbound`. Refuses (`Unreleasable`): a document of which the
route's release list leaves no whole one; a list that does not fit its schema at all is found by `lintas check`. Pure.

`raw` goes back to the system it came from, and to another only if the route says `raw: forward`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import orjson

from gateway.contract.exchange import Ephemeral, Outbound, Part, ReceiptCopy
from gateway.federation import Route
from gateway.message import Body
from gateway.references import references
from schemas.catalogue import canonical, read_back
from schemas.document import Document
from schemas.errors import SchemaError
from schemas.privacy import ReleaseRefused, release


class Unreleasable(Exception):
    """What the route releases of this document is no whole document. The message names fields, never values."""


def without_raw(data: bytes, route: Route | None, same_system: bool) -> bytes:
    """The canonical document without `raw`, unless that goes home or is forwarded; the very same if it has none."""
    if same_system or (route is not None and route.raw == "forward") or b'"raw":' not in data:
        return data
    # Canonical form sorts names, and `raw` is a name of the document itself: taking it out keeps the order.
    value = orjson.loads(data)
    if value.pop("raw", None) is None:
        return data
    return orjson.dumps(value)


def released(document_type: str, data: bytes, route: Route | None, same_system: bool) -> bytes:
    """The canonical document that a recipient gets: without `raw` unless forwarded, narrowed to the release list.

    The very same bytes if nothing is withheld. Raises `Unreleasable`.
    """
    bare = without_raw(data, route, same_system)
    if route is None or route.release is None:
        return bare
    try:
        narrowed = canonical(release(read_back(document_type, bare), route.release))
        # A rule between fields may have lost one of them.
        read_back(document_type, narrowed)
    except ReleaseRefused as error:
        lacking = ", ".join((*error.missing, *error.unknown))
        raise Unreleasable(f"the route releases no whole {document_type} of it: {lacking}") from error
    except SchemaError as error:
        faults = ", ".join(fault.path for fault in error.errors[:8])
        raise Unreleasable(f"the route releases no whole {document_type} of it: {faults}") from error
    return data if narrowed == data else narrowed


def released_parts(document_type: str, data: bytes, parts: tuple[Part, ...], route: Route | None) -> tuple[Part, ...]:
    """The parts a recipient gets: all of them, or those that a narrowed document still names."""
    if not parts or route is None or route.release is None:
        return parts
    named = {reference.sha256 for reference in references(read_back(document_type, data))}
    return tuple(part for part in parts if part.sha256 in named)


def released_body(document_type: str, body: Body, route: Route | None, same_system: bool) -> Body:
    """A body as a recipient gets it; the very same if nothing is withheld. Raises `Unreleasable`."""
    data = released(document_type, body.document, route, same_system)
    parts = released_parts(document_type, data, body.parts, route)
    if data is body.document and len(parts) == len(body.parts):
        return body
    return replace(body, document=data, parts=parts)


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
    batch: str | None = None,
    row: int | None = None,
    ephemeral: Ephemeral | None = None,
    load: Callable[[], Document] | None = None,
    trace: str | None = None,
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
        load or (lambda: read_back(document_type, document)),
        parts,
        urls,
        receipt,
        name,
        ephemeral,
        trace,
        batch,
        row,
    )
