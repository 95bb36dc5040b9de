"""Public pages: health, metrics, keys, schemas, the catalogue of errors, the API's description.

Enters: open requests. Leaves: JSON, text, HTML that loads nothing from elsewhere. Refuses: names that are not published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.contract.http import Reply
from gateway.http.server import Server
from gateway.identity import Principal
from gateway.settings import Settings

JSON = "application/json"


class Pages:
    """`jwk` is the public key of receipts; `facts` what the process knows of itself."""

    def __init__(self, *, jwk: Mapping[str, Any], facts: Callable[[], Mapping[str, Any]], settings: Settings) -> None:
        self._jwk, self._facts, self._settings = jwk, facts, settings

    def mount(self, server: Server) -> None:
        server.add("GET", "/health", self.health, public=True)
        server.add("GET", "/metrics", self.metrics, public=True)
        server.add("GET", "/.well-known/jwks.json", self.jwks, public=True)

    async def health(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        facts = self._facts()
        disk = facts["disk"]
        full = disk["free"] < disk["reserve"]
        state = "stopping" if facts["stopping"] else "degraded" if full else "ok"
        told = {"status": state, "node": facts["node"], "instance": facts["instance"], "version": facts["version"]}
        if facts["durability"] != "strict":
            told["durability"] = facts["durability"]
        if full:
            told["advice"] = "free disk space: nothing new is taken until the reserve is there again"
        return Reply(200 if state == "ok" else 503, orjson.dumps(told), JSON, {"Cache-Control": "no-store"})

    async def metrics(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        return Reply(200, generate_latest(), CONTENT_TYPE_LATEST)

    async def jwks(self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None) -> Reply:
        return Reply(200, orjson.dumps({"keys": [self._jwk]}), "application/jwk-set+json")
