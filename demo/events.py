"""The gateway's log as an operator reads it over HTTP.

Enters: numbers and filters. Leaves: events in order, the state of the lanes. Refuses (`NotReadable`): an answer other
than 200, with its reason.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from demo.agencies.caller import Caller

PAGE = 1000


class NotReadable(Exception):
    """The operator's key does not open the log; the text names the reason."""


class EventLog:
    """Reads with an operator's key."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def end(self) -> int:
        """The number of the last event."""
        return int((await self._read("/api/v1/events?tail=1"))["next"])

    async def after(self, number: int, **filters: str) -> list[dict[str, Any]]:
        """Every event after a number that fits the filters."""
        found: list[dict[str, Any]] = []
        while True:
            page = await self._read("/api/v1/events?" + urlencode({"after": number, "limit": PAGE, **filters}))
            found += [one["event"] for one in page["events"]]
            if page["next"] == number:
                return found
            number = page["next"]

    async def status(self) -> dict[str, Any]:
        return await self._read("/api/v1/status")

    async def _read(self, path: str) -> dict[str, Any]:
        answer = await self._caller.get(path)
        if answer.status != 200:
            raise NotReadable(f"{path.partition('?')[0]} answers {answer.status} {answer.code or ''}".strip())
        return answer.json()
