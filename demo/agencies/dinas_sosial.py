"""An office that is never called: it looks into its inbox at the gateway, takes what is there, and says so.

Enters: deliveries of the inbox. Leaves: an acknowledgement of each, after its file was fetched and checked. Refuses: a
letter whose file has another digest; it stays in the inbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from typing import Any

from aiohttp import ClientError

from demo.agencies.books import Books
from demo.agencies.caller import Caller


class SocialOffice:
    """Looks every `interval` seconds while it runs."""

    def __init__(self, caller: Caller, *, interval: float = 0.5) -> None:
        self._caller, self._interval = caller, interval
        self.system = caller.system
        self.books = Books()
        self.files: dict[str, bytes] = {}
        self._rounds: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._rounds = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            # A gateway that is being restarted is asked again, as any office would.
            with contextlib.suppress(ClientError):
                await self.look()
            await asyncio.sleep(self._interval)

    async def look(self) -> int:
        """One look into the inbox; gives how many deliveries were taken."""
        answer = await self._caller.get("/api/v1/inbox?limit=20")
        found = answer.json().get("deliveries", []) if answer.status == 200 else []
        return sum([await self._take(delivery) for delivery in found])

    async def _take(self, delivery: dict[str, Any]) -> bool:
        letter, identifier = delivery["document"], delivery["envelope"]["deliveryId"]
        for part in delivery["parts"]:
            file = await self._caller.get(part["href"])
            if file.status != 200 or hashlib.sha256(file.body).hexdigest() != part["sha256"]:
                return False
            self.files[letter["letterNumber"]] = file.body
        new = self.books.take(
            identifier, letter["mainFile"]["sha256"], letter["letterNumber"], delivery["envelope"]["messageId"]
        )
        await self._caller.call(
            "POST",
            f"/api/v1/inbox/{identifier}/ack",
            data=b'{"outcome":"delivered"}',
            headers={"Content-Type": "application/json"},
        )
        return new
