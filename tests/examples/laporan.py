"""An agency with its own dialect: it posts persons to us as `laporan`, and takes persons the same way.

Enters: `{"nomor", "nik", "nama", "tgl_lahir": "17-08-1990", "jk": "L"}`. Leaves: person/1, and the same dialect
outward. Refuses: other media types, what is no JSON object, what is no person.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import orjson

from gateway import contract as door
from gateway.contract.config import AdapterConfig, Seconds, Url
from schemas.catalogue import parse_json
from schemas.document import Document, SchemaError
from schemas.strict_json import JsonLimits, JsonRefused, loads

SEXES = {"L": "male", "P": "female"}


class EndpointConfig(AdapterConfig):
    pass


class SinkConfig(AdapterConfig):
    url: Url
    timeout: Seconds = 10.0


class LaporanCodec:
    def to_documents(self, inbound: door.Inbound) -> Iterator[Document | door.RowProblem]:
        told: dict[str, Any] = inbound.content
        day, month, year = [*str(told.get("tgl_lahir", "")).split("-"), "", ""][:3]
        person = {"nik": told.get("nik"), "fullName": told.get("nama"), "birthDate": f"{year}-{month}-{day}",
                  "sex": SEXES.get(str(told.get("jk")), "?"),
                  "raw": {"sourceSchema": "laporan/1", "fields": told}}  # fmt: skip
        try:
            yield parse_json("person/1", person)
        except SchemaError as error:
            raise door.Refused(door.Reason.SCHEMA_INVALID, errors=error.errors) from None

    def from_document(self, outbound: door.Outbound) -> door.Native:
        if outbound.receipt is not None:
            resi = {"id": outbound.delivery_id, "resi": outbound.receipt.jws}
            return door.Native((orjson.dumps(resi),), "application/json")
        person = orjson.loads(outbound.document_json)
        year, month, day = person["birthDate"].split("-")
        told = {"id": outbound.delivery_id, "nik": person.get("nik"), "nama": person["fullName"],
                "tgl_lahir": f"{day}-{month}-{year}", "jk": "L" if person["sex"] == "male" else "P"}  # fmt: skip
        return door.Native((orjson.dumps(told),), "application/json")

    def to_answer(self, reply: door.Native, document_type: str) -> Document:
        raise door.NeedsOperator("this agency answers no queries")


class LaporanEndpoint(door.Endpoint):
    def __init__(self, config: EndpointConfig, host: door.Host) -> None:
        self.codec, self._limits = LaporanCodec(), JsonLimits(host.limits.body_bytes, host.limits.nesting)

    async def open(self) -> None: ...

    async def check(self) -> list[str]:
        return []

    def routes(self) -> Sequence[door.HttpRoute]:
        return [door.HttpRoute("POST", "/laporan", self._limits.max_bytes)]

    async def decode(self, call: door.HttpCall) -> door.Inbound:
        if call.media_type != "application/json":
            raise door.Refused(door.Reason.UNSUPPORTED_MEDIA_TYPE)
        data = await call.read(self._limits.max_bytes)
        try:
            told = loads(data, self._limits)
        except JsonRefused as error:
            raise door.Refused(door.Reason.NOT_JSON, str(error), limit=error.limit) from None
        if not isinstance(told, dict) or not isinstance(told.get("nomor"), str):
            raise door.Refused(door.Reason.SCHEMA_INVALID, "an object with nomor is due")
        return door.Inbound(call.arrival.message_id, call.arrival.at, "person.deliver", "person/1", told,
                            key=told["nomor"], size=len(data))  # fmt: skip

    def encode(self, call: door.HttpCall, settlement: door.Settlement) -> door.Reply:
        told: dict[str, Any] = {"id": settlement.message_id}
        if isinstance(settlement, door.Rejected):
            told |= {"kode": settlement.error.reason, "batas": settlement.error.limit}
            headers = {"Retry-After": str(ceil(settlement.retry_after))} if settlement.retry_after else {}
            status = door.REASONS[settlement.error.reason].status
            return door.Reply(status, orjson.dumps(told), "application/json", headers)
        if isinstance(settlement, door.Accepted | door.Duplicate):
            told |= {"kode": type(settlement).__name__.lower(), "resi": [copy.jws for copy in settlement.receipts]}
        return door.Reply(200, orjson.dumps(told), "application/json")


class LaporanSink(door.Sink):
    capability = door.Capability.IDEMPOTENT  # the agency takes each `id` once

    def __init__(self, config: SinkConfig, host: door.Host) -> None:
        self.codec, self._config, self._host = LaporanCodec(), config, host

    async def open(self) -> None: ...

    async def check(self) -> list[str]:
        return []

    async def deliver(self, outbound: door.Outbound, attempt: door.Attempt) -> door.Delivered:
        reply = await self._host.http.send("POST", self._config.url, native=self.codec.from_document(outbound),
                                           timeout=min(attempt.deadline, self._config.timeout))  # fmt: skip
        self._host.http.judge(reply)
        return door.Delivered(reply.body)


ADAPTER = door.AdapterSpec(
    name="laporan",
    title="Laporan of an agency",
    makers={"endpoint": (EndpointConfig, LaporanEndpoint), "sink": (SinkConfig, LaporanSink)},
)
