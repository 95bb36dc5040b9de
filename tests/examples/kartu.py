"""Questions in a dialect of its own: an agency asks us about a card, and another one is asked.

Enters: `{"kartu", "hari": "17-08-2026"}` from who asks; `{"kartu", "nama", "aktif": true}` from who is asked. Leaves:
eligibility-query/1 and coverage/1, and the same dialect on the other side. Refuses: what is no question, or no answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

import orjson

from gateway import contract as door
from gateway.contract.config import AdapterConfig, Url
from schemas.catalogue import parse_json
from schemas.document import Document, SchemaError
from schemas.strict_json import JsonLimits, JsonRefused, loads

QUESTION, ANSWER = "eligibility-query/1", "coverage/1"


class EndpointConfig(AdapterConfig):
    pass


class SinkConfig(AdapterConfig):
    url: Url


class KartuCodec:
    def __init__(self, limits: JsonLimits) -> None:
        self._limits = limits

    def to_documents(self, inbound: door.Inbound) -> Iterator[Document | door.RowProblem]:
        day, month, year = [*str(inbound.content.get("hari", "")).split("-"), "", ""][:3]
        asked = {"noKartu": inbound.content.get("kartu"), "serviceDate": f"{year}-{month}-{day}"}
        yield self._parse(QUESTION, asked, door.Reason.SCHEMA_INVALID)

    def from_document(self, outbound: door.Outbound) -> door.Native:
        if outbound.kind != "query":
            raise door.NeedsOperator("this agency answers questions and takes nothing")
        asked = orjson.loads(outbound.document_json)
        year, month, day = asked["serviceDate"].split("-")
        told = {"kartu": asked.get("noKartu"), "hari": f"{day}-{month}-{year}"}
        return door.Native((orjson.dumps(told),), "application/json")

    def to_answer(self, reply: door.Native, document_type: str) -> Document:
        try:
            told = loads(reply.whole(), self._limits)
        except JsonRefused:
            told = None
        if not isinstance(told, dict):
            raise door.Refused(door.Reason.RECIPIENT_ANSWER_INVALID, "the answer is no JSON object")
        status = {True: "active", False: "inactive"}.get(told.get("aktif"), "unknown")
        found = {"noKartu": told.get("kartu"), "fullName": told.get("nama"), "status": status}
        return self._parse(document_type, found, door.Reason.RECIPIENT_ANSWER_INVALID)

    @staticmethod
    def _parse(document_type: str, value: Mapping[str, Any], reason: door.Reason) -> Document:
        try:
            return parse_json(document_type, value)
        except SchemaError as error:
            raise door.Refused(reason, errors=error.errors) from None


class KartuEndpoint(door.Endpoint):
    def __init__(self, config: EndpointConfig, host: door.Host) -> None:
        self._limits = JsonLimits(host.limits.body_bytes, host.limits.nesting)
        self.codec = KartuCodec(self._limits)

    async def open(self) -> None: ...

    async def check(self) -> list[str]:
        return []

    def routes(self) -> Sequence[door.HttpRoute]:
        return [door.HttpRoute("POST", "/kartu", self._limits.max_bytes)]

    async def decode(self, call: door.HttpCall) -> door.Inbound:
        if call.media_type != "application/json":
            raise door.Refused(door.Reason.UNSUPPORTED_MEDIA_TYPE)
        try:
            asked = loads(data := await call.read(self._limits.max_bytes), self._limits)
        except JsonRefused as error:
            raise door.Refused(door.Reason.NOT_JSON, str(error), limit=error.limit) from None
        if not isinstance(asked, dict):
            raise door.Refused(door.Reason.SCHEMA_INVALID, "an object is due")
        return door.Inbound(call.arrival.message_id, call.arrival.at, "coverage.lookup", QUESTION, asked,
                            key=call.headers.get("Idempotency-Key"), deadline=5.0, size=len(data))  # fmt: skip

    def encode(self, call: door.HttpCall, settlement: door.Settlement) -> door.Reply:
        told: dict[str, Any] = {"id": settlement.message_id}
        if isinstance(settlement, door.Rejected):
            told |= {"kode": settlement.error.reason, "batas": settlement.error.limit}
            headers = {"Retry-After": str(ceil(settlement.retry_after))} if settlement.retry_after else {}
            status = door.REASONS[settlement.error.reason].status
            return door.Reply(status, orjson.dumps(told), "application/json", headers)
        if isinstance(settlement, door.Answered):
            found = orjson.loads(settlement.document_json)
            told |= {"kartu": found["noKartu"], "nama": found.get("fullName"), "status": found["status"]}
        else:  # a question is answered or refused; a document would be taken
            told |= {"kode": type(settlement).__name__.lower(), "resi": [copy.jws for copy in settlement.receipts]}
        return door.Reply(200, orjson.dumps(told), "application/json")


class KartuSink(door.Sink):
    capability = door.Capability.NEITHER

    def __init__(self, config: SinkConfig, host: door.Host) -> None:
        self.codec = KartuCodec(JsonLimits(host.limits.body_bytes, host.limits.nesting))
        self._config, self._host = config, host

    async def open(self) -> None: ...

    async def check(self) -> list[str]:
        return []

    async def deliver(self, outbound: door.Outbound, attempt: door.Attempt) -> door.Delivered:
        raise door.NeedsOperator("this agency answers questions and takes nothing")

    async def ask(self, outbound: door.Outbound, deadline: float) -> door.Native:
        asked = self.codec.from_document(outbound)
        reply = await self._host.http.send("POST", self._config.url, native=asked, timeout=deadline)
        self._host.http.judge(reply, asking=True)
        return door.Native((reply.body,), reply.media_type)


ADAPTER = door.AdapterSpec(
    "kartu", "Cards of an agency", {"endpoint": (EndpointConfig, KartuEndpoint), "sink": (SinkConfig, KartuSink)}
)
