"""Who owns which address: an endpoint, another one, or the gateway itself.

Enters: endpoints by the name of their use. Leaves: their routes; a sentence for each address that two want. Refuses: an
address that has an owner, and an endpoint that fails while it is asked for its routes.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.contract.adapter import Adapter, Endpoint
from gateway.contract.http import HttpRoute
from gateway.http.operations import operations
from gateway.logs import place
from gateway.settings import Settings

OURS = "the gateway itself"


class AddressTaken(Exception):
    """Two want the same method and path; the message names both and says what to do."""

    def __init__(self, address: str, one: str, other: str) -> None:
        super().__init__(f"{address} belongs to {one} and to {other}; take one of the endpoints off `endpoints`")


class RoutesUnknown(Exception):
    """An endpoint failed while it was asked for its routes; the message says which, and what to do."""


def routes_of(name: str, endpoint: Endpoint) -> list[HttpRoute]:
    """Its routes. Raises `RoutesUnknown`."""
    try:
        return list(endpoint.routes())
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        told = f"{name} cannot say its routes ({type(error).__name__}{place(error)})"
        raise RoutesUnknown(f"{told}; report it to the adapter's author, or take it off `endpoints`") from error


def collisions(adapters: Sequence[tuple[str, Adapter]], settings: Settings) -> list[tuple[str, str]]:
    """What would keep a gateway with these endpoints from starting, by the name of an endpoint."""
    ours = [key for key, told in operations(settings).items() if not {"send", "soap"}.intersection(told["tags"])]
    owners, found = dict.fromkeys(ours, OURS), []
    for name, endpoint in adapters:
        if not isinstance(endpoint, Endpoint):
            continue
        try:
            wanted = [(route.method, route.path) for route in routes_of(name, endpoint)]
        except RoutesUnknown as error:
            found.append((name, str(error)))
            continue
        for key in wanted:
            other = owners.setdefault(key, name)
            if other != name or wanted.count(key) > 1:
                found.append((name, str(AddressTaken(" ".join(key), other, name))))
    return found
