"""The civil registry office: takes person rows by REST, each exactly once.

Enters: POST with a `person/1` and an Idempotency-Key. Leaves: 200. Refuses: a call without a key (400), the same key
with another person (409).
"""

from __future__ import annotations

import hashlib
import json

from aiohttp import web

from demo.agencies.books import Books, OtherContent
from demo.agencies.server import Server, problem


class Registry(Server):
    """Keeps a book of population numbers."""

    def __init__(self, system: str, host: str, port: int, path: str) -> None:
        super().__init__(system, host, port)
        self._path, self.books = path, Books()

    def routes(self) -> list[web.RouteDef]:
        return [web.post(self._path, self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key")
        if not key:
            return problem(400, "no_key", "an Idempotency-Key is due")
        body = await request.json()
        digest = hashlib.sha256(json.dumps(body["document"], sort_keys=True).encode()).hexdigest()
        try:
            new = self.books.take(key, digest, body["document"]["nik"], body["envelope"]["messageId"])
        except OtherContent:
            return problem(409, "conflict", "this key was used for another person")
        return web.json_response({"taken": new})
