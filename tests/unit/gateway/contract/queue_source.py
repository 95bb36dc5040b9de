"""An agency that hands out persons from a queue: GET items, POST what became of each.

Enters: `{"ticket", "nik", "nama", "tgl_lahir"}`. Leaves: person/1. Refuses: dates that are not dd-MM-yyyy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson

from gateway.contract import (
    Accepted,
    Claim,
    Duplicate,
    Fingerprint,
    Host,
    HttpReply,
    Inbound,
    Native,
    NeedsOperator,
    Outbound,
    Reason,
    Refused,
    Rejected,
    RowProblem,
    Settlement,
    Source,
)
from gateway.contract.config import AdapterConfig, Seconds, SecretRef, Url
from schemas.catalogue import parse_json
from schemas.document import Document, SchemaError


class QueueConfig(AdapterConfig):
    url: Url
    key: SecretRef
    timeout: Seconds = 10.0


class QueueCodec:
    """Pure: from the agency's dialect to person/1. What it has no field for goes into `raw`, whole."""

    def to_documents(self, inbound: Inbound) -> Iterator[Document | RowProblem]:
        # The ticket names the errand, not the person: in the content it would make every repeat a conflict.
        item = {name: value for name, value in inbound.content.items() if name != "ticket"}
        day, month, year = [*str(item.get("tgl_lahir", "")).split("-"), "", ""][:3]
        person = {
            "nik": item.get("nik"),
            "fullName": item.get("nama"),
            "birthDate": f"{year}-{month}-{day}",
            "sex": item.get("jk"),
            "raw": {"sourceSchema": "antrean/1", "fields": item},
        }
        try:
            yield parse_json("person/1", person)
        except SchemaError as error:
            raise Refused(Reason.SCHEMA_INVALID, errors=error.errors) from None

    def from_document(self, outbound: Outbound) -> Native:
        raise NeedsOperator("this agency only hands out; give it another channel to receive by")

    def to_answer(self, reply: Native, document_type: str) -> Document:
        raise NeedsOperator("this agency answers no queries")


class QueueSource(Source):
    """An open claim is noted with its ticket before the item is given out, so that a restart finds it again."""

    def __init__(self, config: QueueConfig, host: Host) -> None:
        self.codec, self._config, self._host = QueueCodec(), config, host
        self._open: dict[str, str] = {}
        self._fence, self._resumed = 0, list[Claim]()

    async def open(self) -> None:
        noted = await self._host.state.get("open")
        self._open, self._fence = (orjson.loads(noted[0]), noted[1]) if noted else ({}, 0)
        self._resumed = await self._host.claims.unsettled()

    async def check(self) -> list[str]:
        status = (await self._call("GET", "/health")).status
        return [] if status == 200 else [f"{self._config.url} answers {status}; ask the agency"]

    async def poll(self, limit: int) -> AsyncIterator[Inbound]:
        for claim in [self._resumed.pop() for _ in range(min(limit, len(self._resumed)))]:
            reply = await self._call("GET", f"/items/{self._open[claim.id]}") if claim.id in self._open else None
            if reply is not None and reply.status == 200:
                limit -= 1
                yield self._inbound(claim, orjson.loads(reply.body), len(reply.body))
            elif claim.state == "committed":  # told already: only the claim is left to close
                await self._close(claim)
            else:
                await self._host.claims.release(claim)
        for item in orjson.loads((await self._call("GET", "/items")).body) if limit > 0 else ():
            raw = orjson.dumps(item)
            claim_or_none = await self._host.claims.claim(Fingerprint(str(item["ticket"]), 0, 0, len(raw), 0))
            if claim_or_none is not None and limit > 0:
                limit -= 1
                await self._note({**self._open, claim_or_none.id: str(item["ticket"])})
                yield self._inbound(claim_or_none, item, len(raw))
            elif claim_or_none is not None:
                await self._host.claims.release(claim_or_none)

    async def settle(self, item: Inbound, settlement: Settlement) -> None:
        told: dict[str, Any] = {"messageId": settlement.message_id}
        if isinstance(settlement, Rejected):
            told |= {"state": "refused", "code": settlement.error.reason}
        elif isinstance(settlement, Accepted | Duplicate):
            state = "accepted" if isinstance(settlement, Accepted) else "duplicate"
            told |= {"state": state, "receipts": [copy.jws for copy in settlement.receipts]}
        self._host.http.judge(await self._call("POST", f"/items/{item.name}/done", told))  # told twice is told once
        await self._close(item.item)

    async def release(self, item: Inbound) -> None:
        await self._host.claims.release(item.item)
        await self._note({claim: ticket for claim, ticket in self._open.items() if claim != item.item.id})

    async def _close(self, claim: Claim) -> None:
        await self._host.claims.settle(claim)
        await self._note({one: ticket for one, ticket in self._open.items() if one != claim.id})

    async def _note(self, held: dict[str, str]) -> None:
        if not await self._host.state.put("open", orjson.dumps(held), self._fence):
            raise NeedsOperator("another process polls this queue; stop one of them")
        self._open, self._fence = held, self._fence + 1

    def _inbound(self, claim: Claim, item: dict[str, Any], size: int) -> Inbound:
        arrival = self._host.claims.arrive(claim)
        return Inbound(arrival.message_id, arrival.at, "person.deliver", "person/1", item, key=str(item["nomor"]),
                       size=size, name=str(item["ticket"]), item=claim)  # fmt: skip

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> HttpReply:
        native = None if body is None else Native((orjson.dumps(body),), "application/json")
        headers = {"Authorization": f"Bearer {self._host.secrets.get(self._config.key.reference)}"}
        url = self._config.url + path
        return await self._host.http.send(
            method,
            url,
            native=native,
            headers=headers,
            timeout=self._config.timeout,
            limit=self._host.limits.answer_bytes,
        )
