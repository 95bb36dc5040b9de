"""How often a source network may be turned away: who asks without credentials again and again is told to wait.

Enters: the address of every call that was refused before its caller was known. Leaves: nothing, or the seconds to
wait. Refuses: to hold up who is known: valid credentials are heard, whatever network they share.

A window of a minute, so that all that is kept is one number per network; what comes from more networks than `NETWORKS`
shares one number.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.refuse import network_of

WINDOW = 60.0
NETWORKS = 4096


class Strangers:
    """`per_minute` refusals of one network; `monotonic` in seconds."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._most, self._monotonic = per_minute, monotonic
        self._began = monotonic()
        self._counts: dict[str, int] = {}

    def wait(self, address: str | None) -> float | None:
        """Counts one refusal. Over the bound: how long until calls of this network are heard again."""
        now = self._monotonic()
        if now - self._began >= WINDOW:
            self._began, self._counts = now, {}
        network = network_of(address)
        if network not in self._counts and len(self._counts) >= NETWORKS:
            network = "other"
        count = self._counts[network] = self._counts.get(network, 0) + 1
        return self._began + WINDOW - now if count > self._most else None
