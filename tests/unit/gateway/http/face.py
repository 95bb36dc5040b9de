"""A server on a loopback port over the bench, with one small endpoint and the gateway's own API.

Enters: a bench. Leaves: a `Face` that is asked with an aiohttp session. Refuses: nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from gateway.contract.adapter import Endpoint
from gateway.contract.exchange import Accepted, Answered, Caller, Duplicate, Inbound, Rejected, Settlement
from gateway.contract.http import HttpCall, HttpRoute, Reply
from gateway.contract.problem import problem
from gateway.contract.reasons import Reason
from gateway.http.api import Api
from gateway.http.evidence_api import EvidenceApi
from gateway.http.letter_api import LetterApi
from gateway.http.server import Server
from gateway.identity import Person, Presented, Principal
from gateway.looks import Looks
from gateway.settings import Settings
from tests.unit.gateway.bench import ARSIP, TYPES, Bench, PlainCodec

PEOPLE = {"ani": Person("ani", frozenset({"operator"})), "budi": Person("budi", frozenset({"auditor"}))}


class Named:
    """A scheme for tests: the key is the name."""

    def authenticate(self, presented: Presented) -> Principal | None:
        name = presented.headers.get("Authorization", "").removeprefix("Bearer ")
        return PEOPLE.get(name) or (Caller(name) if "/" in name else None)


class Post(Endpoint):
    """`POST /in/{service}`: a JSON document, or parts and then the document in a field called `document`."""

    codec = PlainCodec()

    async def open(self) -> None:
        return None

    async def check(self) -> list[str]:
        return []

    def routes(self) -> Sequence[HttpRoute]:
        return [HttpRoute("POST", "/in/{service}"), HttpRoute("GET", "/contract", serve=self.contract)]

    def contract(self, call: HttpCall) -> Reply:
        return Reply(200, b"open to all", "text/plain")

    async def decode(self, call: HttpCall) -> Inbound:
        service = call.match["service"]
        call.permit(service)
        parts, body = [], b"null"
        if call.media_type == "multipart/form-data":
            async for part in call.multipart():
                if part.name == "document":
                    body = await part.read(1000)
                else:
                    digest = part.headers.get("X-SHA256")
                    told = {"media_type": part.media_type, "name": part.filename, "sha256": digest}
                    parts.append(await call.arrival.spool(part.chunks(), **told))  # type: ignore[arg-type]
        else:
            body = await call.read()
        return Inbound(
            call.arrival.message_id, call.arrival.at, service, TYPES.get(service, ""), orjson.loads(body),
            recipients=(ARSIP,) if service == "letter.deliver" else (), key=call.headers.get("Idempotency-Key"),
            parts=tuple(parts), size=len(body),
        )  # fmt: skip

    def encode(self, call: HttpCall, settlement: Settlement) -> Reply:
        if isinstance(settlement, Rejected):
            return problem(settlement, "https://g.example")
        if isinstance(settlement, Answered):
            return Reply(200, settlement.document_json, "application/json")
        assert isinstance(settlement, Accepted | Duplicate)
        told = {"messageId": settlement.message_id, "repeated": isinstance(settlement, Duplicate)}
        return Reply(202, orjson.dumps(told), "application/json")


class Face:
    """The server and a client of it. `reason` is what the gateway does not admit anything for."""

    def __init__(self, bench: Bench, settings: Settings) -> None:
        self.bench, self.settings = bench, settings
        self.reason: Reason | None = None
        self.unforeseen: list[BaseException] = []
        self.codes: list[tuple[str, str]] = []
        self.endpoint = Post()
        self.server = Server(
            settings=settings, federation=bench.federation, schemes=[Named()], walk=bench.walk,
            arrivals=bench.arrivals, refusals=bench.refusals, new_id=bench.ids.new, admits=lambda: self.reason,
            on_unforeseen=lambda error, message: self.unforeseen.append(error),
        )  # fmt: skip
        self.server.mount(self.endpoint, "post:endpoint")
        Api(
            reader=bench.reader, operations=bench.operations, registrar=bench.registrar, parts=bench.host_parts,
            federation=bench.federation, settings=settings,
            looks=Looks(bench.journal, bench.events, bench.clock.monotonic),
        ).mount(self.server)  # fmt: skip
        EvidenceApi(evidence=bench.evidence, settings=settings).mount(self.server)
        LetterApi(
            registry=bench.letters, looks=Looks(bench.journal, bench.events, bench.clock.monotonic), settings=settings,
            public_url=lambda: "https://g.example", send_code=self.send_code,
        ).mount(self.server)  # fmt: skip
        self.url = ""

    async def send_code(self, system: str, signer: str) -> None:
        self.codes.append((system, signer))

    @asynccontextmanager
    async def ask(self, method: str, path: str, who: str | None = None, **more: Any) -> AsyncIterator[Any]:
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {who}"} if who else {})}
        async with self.session.request(method, self.url + path, headers=headers, **more) as answer:
            yield answer

    async def value(self, method: str, path: str, who: str | None = None, **more: Any) -> tuple[int, Any]:
        async with self.ask(method, path, who, **more) as answer:
            return answer.status, await answer.json(content_type=None)

    async def code(self, method: str, path: str, who: str | None = None, **more: Any) -> tuple[int, str]:
        status, told = await self.value(method, path, who, **more)
        return status, told["code"]

    async def open(self) -> None:
        self.url = await self.server.listen()
        self.session = aiohttp.ClientSession()

    async def close(self) -> None:
        await self.session.close()
        await self.server.close()


def loopback(**more: Any) -> Settings:
    """Settings of a server on any free port."""
    plain = Settings()
    return plain.model_copy(update={"http": plain.http.model_copy(update={"port": 0}), **more})
