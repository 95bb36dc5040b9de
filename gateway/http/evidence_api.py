"""The evidence of a message, as one container that anybody can check offline.

Enters: authenticated requests. Leaves: an ASiC-E container, made while it is sent. Refuses: who is no party of the
message, nor may read its events, as 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing

from aiohttp import web

from gateway.contract.errors import Refused
from gateway.contract.exchange import Caller
from gateway.contract.reasons import Reason
from gateway.evidence import Evidence
from gateway.http.api import id_of, system_of
from gateway.http.pieces import send
from gateway.http.server import Server
from gateway.identity import Principal
from gateway.settings import Settings
from gateway.signatures.receipt_bundle import Given, NoReceipts, gather

CONTAINER = "application/vnd.etsi.asic-e+zip"


class EvidenceApi:
    """The addresses of evidence."""

    def __init__(self, *, evidence: Evidence, settings: Settings) -> None:
        self._evidence, self._settings = evidence, settings

    def mount(self, server: Server) -> None:
        self._server = server
        for method in ("GET", "POST"):
            server.add(method, "/api/v1/messages/{id}/evidence", self.evidence, long=True)

    async def evidence(
        self, request: web.BaseRequest, match: Mapping[str, str], who: Principal | None
    ) -> web.StreamResponse:
        """Made while it is sent: what fails in between ends the connection, and what arrived is no whole container. By
        POST a party brings the receipts that it holds of a message that was erased."""
        message = id_of(match)
        brought = await self._brought(request, match, system_of(who)) if request.method == "POST" else ()
        agency = who.agency if isinstance(who, Caller) else ""
        self._server.downloads.take(agency)
        try:
            async with aclosing(await self._evidence.of(message, who, brought)) as chunks:
                answer = web.StreamResponse(
                    headers={
                        "Content-Type": CONTAINER,
                        "Cache-Control": "private, no-store",
                        "Content-Security-Policy": "sandbox; default-src 'none'",
                        "Content-Disposition": f'attachment; filename="{message}.asice"',
                    }
                )
                await answer.prepare(request)
                if request.method != "HEAD":
                    async for chunk in chunks:
                        await send(request, answer, chunk, self._settings.stages.send)
                await answer.write_eof()
        finally:
            self._server.downloads.give_back(agency)
        return answer

    async def _brought(self, request: web.BaseRequest, match: Mapping[str, str], caller: Caller) -> tuple[Given, ...]:
        data = await self._server.body(request, match, caller, self._settings.limits.body_bytes)
        try:
            return gather(data).receipts
        except NoReceipts as error:
            raise Refused(Reason.NOT_FOUND, f"there is no receipt in the body: {error}") from error
