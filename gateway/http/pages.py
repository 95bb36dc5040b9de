"""Public pages: health, metrics, keys, schemas, the catalogues of errors and events, the API's description.

Enters: open requests. Leaves: JSON, text, HTML that loads nothing from elsewhere. Refuses: names that are not
published. The description and the pages are made at first need, off the event loop, and then kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.audit.catalogue import MEANINGS
from gateway.contract.errors import Refused
from gateway.contract.http import Reply
from gateway.contract.reasons import REASONS, Reason
from gateway.http import html, openapi, shapes
from gateway.http.server import Server
from gateway.identity import Principal
from gateway.settings import Settings
from schemas import published
from schemas.catalogue import DOCUMENTS, SERVICES

JSON, HTML = "application/json", "text/html; charset=utf-8"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_KEPT = {**HEADERS, "Cache-Control": "public, max-age=300"}
_NOW = {**HEADERS, "Cache-Control": "no-store"}
Match = Mapping[str, str]


class Pages:
    """`jwks` gives the public keys of receipts; `facts` what the process knows of itself; `gauges` what it measures
    now."""

    def __init__(
        self,
        *,
        jwks: Callable[[], Mapping[str, Any]],
        facts: Callable[[], Mapping[str, Any]],
        gauges: Callable[[], Awaitable[bytes]],
        settings: Settings,
    ) -> None:
        self._jwks, self._facts, self._gauges, self._settings = jwks, facts, gauges, settings
        self._made: dict[str, bytes] = {}

    def mount(self, server: Server) -> None:
        """Adds the pages; what is mounted later is described too, since the description is made at first need."""
        self._server = server
        for path, handler in (
            ("/health", self.health),
            ("/metrics", self.metrics),
            ("/.well-known/jwks.json", self.jwks),
            ("/openapi.json", self.openapi),
            ("/docs", self.docs),
            ("/", self.start),
            ("/errors/", self.errors),
            ("/errors", self.errors),
            ("/errors/{code}", self.error),
            ("/schemas/", self.schemas),
            ("/schemas", self.schemas),
            ("/schemas/{file}", self.schema),
            ("/audit/events", self.audit_events),
            ("/assets/{file}", self.asset),
        ):
            server.add("GET", path, handler, public=True)

    async def health(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        facts = self._facts()
        disk = facts["disk"]
        full = disk["free"] < disk["reserve"]
        state = "stopping" if facts["stopping"] else "degraded" if full else "ok"
        told = {"status": state, "node": facts["node"], "instance": facts["instance"], "version": facts["version"]}
        if facts["durability"] != "strict":
            told["durability"] = facts["durability"]
        if facts["attention"]:
            told["attention"] = len(facts["attention"])
        if full:
            told["advice"] = "free disk space: nothing new is taken until the reserve is there again"
        return Reply(200 if state == "ok" else 503, orjson.dumps(told), JSON, _NOW)

    async def metrics(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        return Reply(200, generate_latest() + await self._gauges(), CONTENT_TYPE_LATEST, _NOW)

    async def jwks(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        return Reply(200, orjson.dumps(self._jwks()), "application/jwk-set+json", _KEPT)

    async def openapi(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        return Reply(200, await self._once("openapi.json", self._described), JSON, _KEPT)

    async def docs(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        return await self._page("docs.html", "/docs", self._for_docs)

    async def start(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        return await self._page("start.html", "/", self._for_start)

    async def errors(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        return await self._page("errors.html", "/errors/", lambda: {"reasons": [_reason(one) for one in REASONS]})

    async def error(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        try:
            reason = Reason(match["code"])
        except ValueError:
            raise Refused(Reason.NOT_FOUND, "no reason has this code; /errors/ lists them") from None
        return await self._page("error.html", f"/errors/{reason.value}", lambda: {"one": _reason(reason)})

    async def schemas(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        return await self._page("schemas.html", "/schemas/", _for_schemas)

    async def schema(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        files = await asyncio.to_thread(published.files)
        body = files.get(match["file"])
        if body is None:
            raise Refused(Reason.NOT_FOUND, "no schema is published under this name; /schemas/ lists them")
        media_type = "application/xml" if match["file"].endswith(".xsd") else "application/schema+json"
        return Reply(200, body, media_type, _KEPT)

    async def audit_events(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        return await self._page("events.html", "/audit/events", _for_events)

    async def asset(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        if match["file"] != html.STYLE:
            raise Refused(Reason.NOT_FOUND)
        return Reply(200, await asyncio.to_thread(html.style), "text/css; charset=utf-8", _KEPT)

    async def _page(self, template: str, path: str, values: Callable[[], Mapping[str, Any]]) -> Reply:
        def make() -> bytes:
            facts = self._facts()
            base = {name: facts[name] for name in ("node", "instance", "version")}
            return html.render(template, here=path, **base, **values())

        return Reply(200, await self._once(path, make), HTML, _KEPT)

    async def _once(self, name: str, make: Callable[[], bytes]) -> bytes:
        # Names come from closed lists, so that what is kept is bounded.
        if name not in self._made:
            self._made[name] = await asyncio.to_thread(make)
        return self._made[name]

    def _document(self) -> dict[str, Any]:
        return openapi.document(self._server.router.paths, self._settings, self._server.public_url)

    def _described(self) -> bytes:
        return orjson.dumps(self._document())

    def _for_docs(self) -> Mapping[str, Any]:
        return {"api": self._document(), "url": self._server.public_url}

    def _for_start(self) -> Mapping[str, Any]:
        soap = ("GET", "/soap/{service}") in self._server.router.paths
        return {"services": list(SERVICES.values()), "soap": soap}


def _reason(reason: Reason) -> Mapping[str, Any]:
    face = REASONS[reason]
    title, advice = html.indonesian()["errors"].get(reason.value, (face.title, face.advice))
    return {"code": reason.value, "judul": title, "saran": advice, **face._asdict()}


def _for_schemas() -> Mapping[str, Any]:
    documents = [
        {
            "type": doc_type,
            "about": (model.__doc__ or "").strip().partition("\n")[0],
            "stem": published.file_stem(doc_type),
            "component": shapes.component(doc_type),
        }
        for doc_type, model in DOCUMENTS.items()
    ]
    return {"documents": documents, "services": list(SERVICES.values())}


def _for_events() -> Mapping[str, Any]:
    words = html.indonesian()["events"]
    events = [
        {"name": one.value, "meaning": told, "arti": words.get(one.value, told)} for one, told in MEANINGS.items()
    ]
    fields = [(name, html.kind(schema), told) for name, (schema, told) in shapes.EVENT_FIELDS.items()]
    return {"events": events, "fields": fields}
