"""What a route and the settings say together: windows, retention, lanes, names.

Enters: a route, the settings and the federation. Leaves: plain numbers and names. Refuses: nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from gateway.federation import Federation, Route
from gateway.settings import Settings

DAY_MS = 86_400_000


def window_ms(route: Route, settings: Settings) -> int:
    """How long a repeat is known as one."""
    if route.idempotency_window is not None:
        return int(route.idempotency_window.total_seconds() * 1000)
    return settings.times.idempotency_window_days * DAY_MS


def retention_ms(route: Route, settings: Settings) -> int:
    if route.retention is not None:
        return int(route.retention.total_seconds() * 1000)
    return settings.times.retention_days * DAY_MS


def lane_of(federation: Federation, recipient: str, service: str, kind: str) -> str:
    """The queue a delivery waits in: its recipient's own, its inbox if it pulls, or its way back for receipts."""
    if kind == "receipt":
        return f"{recipient}#receipts"
    return f"{recipient}#inbox" if federation.pulls(recipient, service) else recipient


def lanes_of(federation: Federation) -> Callable[[str, str, str], str]:
    """`lane_of` with what it said before at hand: a federation has no more lanes than systems and services."""
    return lru_cache(maxsize=8192)(partial(lane_of, federation))


def due_in(lane: str, now_ms: int) -> int:
    """When something that is put into a lane now is due. An inbox has no hours: there its order alone counts, and one
    delivery is found by its key."""
    return 0 if lane.endswith("#inbox") else now_ms


def route_names(federation: Federation) -> dict[int, str]:
    """A short stable name per route for events: the service, and a number if the service has several routes."""
    names: dict[int, str] = {}
    seen: dict[str, int] = {}
    for route in federation.routes:
        seen[route.service] = seen.get(route.service, 0) + 1
        count = seen[route.service]
        names[id(route)] = route.service if count == 1 else f"{route.service}#{count}"
    return names
