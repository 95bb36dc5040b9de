"""The route room: pure; to whom, under which policy.

Enters: `Normalised` and the federation. Leaves: `Routed`. Refuses: a service without a route from this sender, a
recipient the route does not allow, a message to nobody, and a document of which the route's release list leaves none:
that is known now, and would be a failure later.
"""

from __future__ import annotations

import hashlib

import orjson

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason
from gateway.federation import ANSWERED_BY_GATEWAY, GATEWAY, TAKEN_BY_GATEWAY, Federation, Route
from gateway.message import Normalised, Routed
from gateway.outbound import Unreleasable, released
from schemas.document import Document


def route(normalised: Normalised, federation: Federation) -> Routed:
    received = normalised.received
    chosen = federation.route_for(received.service.name, received.caller.system)
    if chosen is None:
        raise Refused(Reason.NO_ROUTE, f"no route takes {received.service.name} from {received.caller.system}")
    if received.service.name in TAKEN_BY_GATEWAY:
        return Routed(normalised, chosen, (), None)
    if received.service.name in ANSWERED_BY_GATEWAY:
        if received.inbound.recipients:
            raise Refused(Reason.UNKNOWN_RECIPIENT, "the gateway answers this itself; name no recipient")
        return Routed(normalised, chosen, (GATEWAY,), None)
    recipients = _recipients(received.inbound.recipients, chosen, federation)
    if received.service.kind == "query" and len(recipients) != 1:
        raise Refused(Reason.UNKNOWN_RECIPIENT, "a query goes to one recipient; name it")
    if received.service.kind != "query":
        _releasable(normalised, chosen)
    return Routed(normalised, chosen, recipients, order_key(normalised.document, chosen))


def _recipients(named: tuple[str, ...], chosen: Route, federation: Federation) -> tuple[str, ...]:
    allowed = federation.recipients_of(chosen)
    for name in named:
        if name not in allowed:
            raise Refused(Reason.UNKNOWN_RECIPIENT, "a named recipient is not one of this route's")
    if chosen.recipients == "named" and not named:
        raise Refused(Reason.UNKNOWN_RECIPIENT, "this route wants the sender to name its recipients")
    if len(set(named)) != len(named):
        raise Refused(Reason.UNKNOWN_RECIPIENT, "a recipient is named twice")
    return named or tuple(str(name) for name in chosen.to)


def _releasable(normalised: Normalised, chosen: Route) -> None:
    if chosen.release is None:
        return
    try:
        released(normalised.document.TYPE, normalised.canonical, chosen, same_system=False)
    except Unreleasable as error:
        raise Refused(Reason.NOT_RELEASABLE, str(error)) from error


def order_key(document: Document, chosen: Route) -> bytes | None:
    """What keeps order among deliveries: a digest of the fields the route names, or None."""
    if not chosen.order_by:
        return None
    return hashlib.sha256(orjson.dumps(field_values(document, chosen.order_by))).digest()


def field_values(document: Document, paths: tuple[str, ...]) -> list[object]:
    """The values at dotted wire paths; None where a field is absent."""
    whole = document.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return [_at(whole, path) for path in paths]


def _at(value: object, path: str) -> object:
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value
