"""Recipients of the tests: real servers that remember every call, and can misbehave.

Enters: deliveries by REST. Leaves: answers as told. Refuses: nothing by itself; `behave` says how the next calls end.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Behaviour = Callable[["Recipient", web.Request], Awaitable[web.StreamResponse | None]]


class Recipient:
    """One system. `taken` counts what it made of the calls: by delivery id, how often it acted.

    An idempotent one acts once per Idempotency-Key. `behaviours` are used up call by call, `when_asked` by those that
    ask about a delivery; then it is well again.
    """

    def __init__(self, *, idempotent: bool = False) -> None:
        self.idempotent = idempotent
        self.taken: Counter[str] = Counter()
        self.documents: dict[str, Any] = {}
        self.envelopes: dict[str, Any] = {}
        self.files: dict[str, list[str]] = {}
        self.calls: list[str] = []
        self.asked: list[str] = []
        self.behaviours: list[Behaviour] = []
        self.when_asked: list[Behaviour] = []
        self.always: Behaviour | None = None
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """On the port it had before, or on a free one."""
        application = web.Application(client_max_size=2**30)
        application.router.add_post("/in", self._take)
        application.router.add_get("/state/{delivery}", self._state)
        application.router.add_post("/ask", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["Idempotency-Key"]
        self.calls.append(key)
        behave = self.behaviours.pop(0) if self.behaviours else self.always
        if behave is not None and (answer := await behave(self, request)) is not None:
            return answer
        await self.act(request)
        return web.json_response({"taken": key})

    async def act(self, request: web.Request) -> None:
        """Reads the call and does what it says."""
        message, files = await _opened(request)
        key = request.headers["Idempotency-Key"]
        if self.idempotent and self.taken[key]:
            return
        self.taken[key] += 1
        self.documents[key] = message.get("document") or message.get("receipt")
        self.envelopes[key] = message.get("envelope", {})
        self.files[key] = files

    async def _state(self, request: web.Request) -> web.StreamResponse:
        delivery = request.match_info["delivery"]
        self.asked.append(delivery)
        if self.when_asked and (answer := await self.when_asked.pop(0)(self, request)) is not None:
            return answer
        return web.json_response({}, status=200 if self.taken[delivery] else 404)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(request.headers["Idempotency-Key"])
        behave = self.behaviours.pop(0) if self.behaviours else self.always
        if behave is not None and (answer := await behave(self, request)) is not None:
            return answer
        document = (await request.json())["document"]
        return web.json_response({"document": {"noKartu": document["noKartu"], "status": "active"}})


async def _opened(request: web.Request) -> tuple[dict[str, Any], list[str]]:
    if request.content_type == "application/json":
        return await request.json(), []
    message: dict[str, Any] = {}
    files = []
    async for part in await request.multipart():
        data = bytes(await part.read())  # type: ignore[union-attr]
        if part.name == "message":
            message = json.loads(data)
        else:
            files.append(hashlib.sha256(data).hexdigest())
    return message, files


def answers(status: int, **headers: str) -> Behaviour:
    """This status at once, without acting."""

    async def behave(recipient: Recipient, request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return behave


async def resets_after_acting(recipient: Recipient, request: web.Request) -> web.StreamResponse:
    """It acted, and nobody hears of it."""
    await recipient.act(request)
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def resets_before_acting(recipient: Recipient, request: web.Request) -> web.StreamResponse:
    """The body arrived, nothing was done, and nobody hears of it."""
    await request.read()
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def acts_and_fails(recipient: Recipient, request: web.Request) -> web.StreamResponse:
    """It acted, and says 500."""
    await recipient.act(request)
    return web.Response(status=500)


def waits_for(event: asyncio.Event) -> Behaviour:
    """Well, but only when the event is set."""

    async def behave(recipient: Recipient, request: web.Request) -> None:
        await event.wait()

    return behave
