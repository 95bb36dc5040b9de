"""The example of docs/adapters.md passes the kit, stays short, and stands in the document as it is here."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from gateway.contract import AdapterSpec, Endpoint, Outbound, Reason, ReceiptCopy, Sink
from gateway.contract.conformance import MARKER, EndpointConformance, HttpSinkConformance
from gateway.contract.testing import FakeCall, FakeHost, json_call, outbound_for

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "adapters.md"
LAPORAN = {"nomor": "L-1", "nik": "3273011708900001", "nama": "Budi Santoso", "tgl_lahir": "17-08-1990", "jk": "L"}
PERSON = {"nik": "3273011708900001", "fullName": "Budi Santoso", "birthDate": "1990-08-17", "sex": "male"}
URL = "http://laporan.example/masuk"


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("laporan", HERE / "laporan.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["laporan"] = module
    spec.loader.exec_module(module)
    return module


ADAPTER: AdapterSpec = _module().ADAPTER


class TestLaporanEndpoint(EndpointConformance):
    def make(self, host: FakeHost) -> Endpoint:
        made = ADAPTER.make("endpoint", ADAPTER.config_model("endpoint")(), host)
        assert isinstance(made, Endpoint)
        return made

    def delivery(self, host: FakeHost, key: str) -> FakeCall:
        return json_call(host, "/laporan", {**LAPORAN, "nomor": key})

    def bad_calls(self, host: FakeHost) -> Sequence[tuple[FakeCall, Reason]]:
        def call(value: Any, **headers: str) -> FakeCall:
            return json_call(host, "/laporan", value, headers=headers)

        return [
            (call({**LAPORAN, "nik": MARKER}), Reason.SCHEMA_INVALID),
            (call({**LAPORAN, "tgl_lahir": f"1990-08-17 {MARKER}"}), Reason.SCHEMA_INVALID),
            (call({**LAPORAN, "jk": MARKER}), Reason.SCHEMA_INVALID),
            (call({"nama": MARKER}), Reason.SCHEMA_INVALID),
            (call(MARKER.encode()), Reason.NOT_JSON),
            (json_call(host, "/laporan", b"", headers={"Content-Type": "text/csv"}), Reason.UNSUPPORTED_MEDIA_TYPE),
        ]


class TestLaporanSink(HttpSinkConformance):
    def make(self, host: FakeHost) -> Sink:
        made = ADAPTER.make("sink", ADAPTER.config_model("sink").model_validate({"url": URL}), host)
        assert isinstance(made, Sink)
        return made

    def succeed(self, host: FakeHost) -> None:
        host.http.on_json("POST", URL)

    def outbound(self, host: FakeHost, delivery_id: str) -> Outbound:
        return outbound_for("person/1", PERSON, service="person.deliver", delivery_id=delivery_id)

    def receipt(self, host: FakeHost, delivery_id: str) -> Outbound:
        copy = ReceiptCopy("delivered", "a.b.c", "delivery-0")
        return outbound_for(
            "person/1", PERSON, service="person.deliver", delivery_id=delivery_id, kind="receipt", receipt=copy
        )

    def seen(self, host: FakeHost) -> Sequence[str]:
        return [json.loads(sent.body)["id"] for sent in host.http.sent]


async def test_what_comes_in_goes_out_in_the_same_dialect() -> None:
    host = FakeHost()
    endpoint = TestLaporanEndpoint().make(host)
    [person] = endpoint.codec.to_documents(await endpoint.decode(json_call(host, "/laporan", LAPORAN)))
    assert json.loads(person.model_dump_json(by_alias=True, exclude_unset=True, exclude={"raw"})) == PERSON  # type: ignore[union-attr]
    native = endpoint.codec.from_document(outbound_for("person/1", PERSON, service="person.deliver"))
    assert json.loads(native.whole()) == {**{k: v for k, v in LAPORAN.items() if k != "nomor"}, "id": "delivery-out"}


def test_the_guide_shows_this_very_file_and_it_is_short() -> None:
    source = (HERE / "laporan.py").read_text(encoding="utf-8")
    assert f"```python\n{source}```" in GUIDE.read_text(encoding="utf-8")
    assert len([line for line in source.splitlines() if line.strip()]) < 100
