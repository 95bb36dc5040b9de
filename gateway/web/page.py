"""The public page: what anybody may ask of the code on a letter, without a key.

Enters: open requests with a code, and a file to be compared. Leaves: HTML in Indonesian or English that works without
scripts. Refuses, in plain words: more looks or files from one network than the settings allow, files over the limit,
and codes that are none, with one answer for all of them.

What is said of a person is not cached anywhere; a file that is sent is compared, examined by a worker, and forgotten.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from gateway.contract.errors import Refused, TryLater
from gateway.contract.exchange import Caller
from gateway.contract.http import Reply
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.http.call import RequestCall
from gateway.http.door import Door
from gateway.http.server import Server
from gateway.http.strangers import Strangers
from gateway.identity import Principal
from gateway.letters.code import plain
from gateway.letters.letter import Letter
from gateway.letters.registry import Registry
from gateway.refuse import network_of
from gateway.settings import Settings
from gateway.signatures.workers import Source, WorkersBusy
from gateway.store.engine import JournalBusy
from gateway.web.places import Places, in_time
from gateway.web.render import ASSETS, HEADERS, Language, asset, language_of, render, words
from gateway.web.telling import report, state_of, told

HTML = "text/html; charset=utf-8"
ZONE = "Asia/Jakarta"
ARRIVING, FILES = 64, 8
"""Files of strangers that are on their way at once, and those that are here and wait or are examined."""
Match = Mapping[str, str]


class Verifier(Protocol):
    """Who examines a file: the pool of workers."""

    async def verify(self, source: Source, *, trust: Path) -> dict[str, Any]: ...


class LetterPage:
    """`monotonic` counts seconds."""

    def __init__(
        self,
        *,
        registry: Registry,
        verifier: Verifier,
        federation: Federation,
        settings: Settings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._verifier, self._federation, self._settings = registry, verifier, federation, settings
        self._looks = Strangers(settings.letters.looks_per_minute, monotonic)
        self._checks = Strangers(settings.letters.checks_per_minute, monotonic)
        share = settings.letters.checks_at_once
        self._arriving, self._here = Places(ARRIVING, share), Places(FILES, share)
        # What strangers send never has the last worker: agencies sign and send with it.
        self._examining = asyncio.Semaphore(max(1, settings.verification.workers - 1))
        self._trust = settings.trust_dir

    def mount(self, server: Server) -> None:
        self._server = server
        for path, handler in (("/v/", self.start), ("/v", self.start), ("/v/{code}", self.letter)):
            server.add("GET", path, self._guarded(handler), public=True)
        server.add("GET", "/v/assets/{file}", self.asset, public=True)
        server.add("POST", "/v/{code}/check", self._guarded(self.check), public=True)

    async def start(self, request: web.BaseRequest, match: Match, language: Language) -> Reply:
        """The field to type a code into; with a code in the query, the way to its page."""
        typed = request.query.get("code")
        if not typed:
            return self._page("start.html", language, here="/v/")
        # What can be no code is not repeated, not even in an address.
        code = plain(typed) or "-"
        return Reply(303, b"", HTML, {**_headers(language), "Location": f"/v/{code}?lang={language}"})

    async def letter(self, request: web.BaseRequest, match: Match, language: Language) -> Reply:
        self._paced(self._looks, request)
        letter = await self._registry.find(match["code"])
        if letter is None:
            return self._unknown(request, language)
        carried = await self._registry.carried(letter) if letter.file is not None else None
        by = letter.ending.by if letter.ending is not None else None
        other = await self._registry.find(by) if by is not None else None
        values = told(letter, self._zone(letter), language, carried, other)
        return self._page("letter.html", language, here=f"/v/{plain(match['code'])}", **values)

    async def check(self, request: web.BaseRequest, match: Match, language: Language) -> Reply:
        """A file that somebody sent, compared and examined."""
        self._paced(self._looks, request)
        self._paced(self._checks, request)
        letter = await self._registry.find(match["code"])
        if letter is None:
            return self._unknown(request, language)
        call, network = self._server.call(request, match, Caller("")), network_of(request.remote)
        try:
            with self._arriving.taken(network):
                data = await self._whole(request, call)
            with self._here.taken(network):
                sha256 = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
                verdict = await self._examined(data)
        finally:
            # Its share of the memory for bodies, which all callers have together.
            call.release()
        same = None if letter.file is None else sha256 == letter.file.sha256
        return self._page(
            "report.html",
            language,
            here=None,
            back=f"/v/{plain(match['code'])}",
            same=same,
            in_force=state_of(letter) == "active",
            verdict={**report(verdict, self._zone(letter), language), "sha256": sha256},
        )

    async def asset(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        if match["file"] not in ASSETS:
            raise Refused(Reason.NOT_FOUND)
        body = await asyncio.to_thread(asset, match["file"])
        return Reply(200, body, ASSETS[match["file"]], {**HEADERS, "Cache-Control": "public, max-age=300"})

    async def _examined(self, data: bytes) -> Mapping[str, Any]:
        async def read(start: int, stop: int) -> bytes:
            return data[start:stop]

        async with self._examining:
            return await self._verifier.verify(Source("file", size=len(data), read=read), trust=self._trust)

    async def _whole(self, request: web.BaseRequest, call: RequestCall) -> bytes:
        bounds = self._settings.letters
        coming = self._file(request, call)
        return await in_time(coming, request.content, pace=bounds.check_pace, seconds=bounds.check_seconds)

    async def _file(self, request: web.BaseRequest, call: RequestCall) -> bytes:
        """The one file of the form."""
        if request.content_type != "multipart/form-data":
            raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE)
        limit = self._settings.letters.check_bytes
        if (request.content_length or 0) > limit + 64 * 1024:
            raise Refused(Reason.BODY_TOO_LARGE, limit=limit)
        data = b""
        async for part in call.multipart():
            if data or part.name != "file":
                raise Refused(Reason.BAD_REQUEST)
            data = await part.read(limit)
        if not data:
            raise Refused(Reason.BAD_REQUEST)
        return data

    def _paced(self, counter: Strangers, request: web.BaseRequest) -> None:
        wait = counter.wait(request.remote)
        if wait is not None:
            raise TryLater(Reason.RATE_LIMITED, after=wait)

    def _unknown(self, request: web.BaseRequest, language: Language) -> Reply:
        """One answer, whatever was asked for. Who asks for many such is told to wait."""
        self._server.turn_away(request, Reason.NOT_FOUND)
        return self._said("unknown", 404, language)

    def _zone(self, letter: Letter) -> str:
        agency = self._federation.agencies.get(letter.agency)
        return ZONE if agency is None else agency.time_zone

    def _guarded(self, handler: Callable[..., Awaitable[Reply]]) -> Any:
        """A handler whose errors are pages too: this is read by people."""

        async def guarded(request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
            language = language_of(request.query.get("lang"), request.headers.get("Accept-Language"))
            try:
                return await handler(request, match, language)
            except (TryLater, JournalBusy, WorkersBusy) as error:
                _let_go(request)
                slow = isinstance(error, TryLater) and error.reason is Reason.RATE_LIMITED
                after = (error.after if isinstance(error, TryLater) else None) or 5.0
                reply = self._said("slow" if slow else "busy", 429 if slow else 503, language)
                return Reply(reply.status, reply.body, HTML, {**reply.headers, "Retry-After": str(int(after) + 1)})
            except Refused as error:
                _let_go(request)
                large = error.reason is Reason.BODY_TOO_LARGE
                return self._said("large" if large else "form", 413 if large else 400, language)

        return guarded

    def _said(self, name: str, status: int, language: Language) -> Reply:
        return self._page("said.html", language, status, here=None, tone="warn", said=words(language)["errors"][name])

    def _page(self, template: str, language: Language, status: int = 200, **values: Any) -> Reply:
        body = render(template, language, test=self._settings.instance == "test", **values)
        return Reply(status, body, HTML, _headers(language))


def _let_go(request: web.BaseRequest) -> None:
    """Nothing more of what is being sent is read."""
    if isinstance(request.protocol, Door) and not request.content.is_eof():
        request.protocol.turn_away()


def _headers(language: Language) -> dict[str, str]:
    return {**HEADERS, "Cache-Control": "no-store", "Content-Language": language, "Vary": "Accept-Language"}
