"""The questions of docs/adapters.md pass the kit, and stand in the document as they are here."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gateway.contract import AdapterSpec, Ambiguous, Endpoint, NeedsOperator, Reason, Refused, Sink
from gateway.contract.conformance import MARKER, EndpointWithQueries
from gateway.contract.testing import FakeCall, FakeHost, json_call, outbound_for
from schemas.catalogue import canonical

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "adapters.md"
ASKED = {"kartu": "0001234567890", "hari": "17-08-2026"}
QUESTION = {"noKartu": "0001234567890", "serviceDate": "2026-08-17"}
URL = "http://kartu.example/tanya"


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kartu", HERE / "kartu.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kartu"] = module
    spec.loader.exec_module(module)
    return module


ADAPTER: AdapterSpec = _module().ADAPTER


class TestKartuEndpoint(EndpointWithQueries):
    def make(self, host: FakeHost) -> Endpoint:
        made = ADAPTER.make("endpoint", ADAPTER.config_model("endpoint")(), host)
        assert isinstance(made, Endpoint)
        return made

    def query(self, host: FakeHost) -> FakeCall:
        return json_call(host, "/kartu", ASKED)

    def delivery(self, host: FakeHost, key: str) -> FakeCall:
        return json_call(host, "/kartu", ASKED, headers={"Idempotency-Key": key})

    def bad_calls(self, host: FakeHost) -> Sequence[tuple[FakeCall, Reason]]:
        return [
            (json_call(host, "/kartu", {**ASKED, "kartu": MARKER}), Reason.SCHEMA_INVALID),
            (json_call(host, "/kartu", {**ASKED, "hari": f"2026-08-17 {MARKER}"}), Reason.SCHEMA_INVALID),
            (json_call(host, "/kartu", [MARKER]), Reason.SCHEMA_INVALID),
            (json_call(host, "/kartu", MARKER.encode()), Reason.NOT_JSON),
            (json_call(host, "/kartu", b"", headers={"Content-Type": "text/csv"}), Reason.UNSUPPORTED_MEDIA_TYPE),
        ]


def sink(host: FakeHost) -> Sink:
    made = ADAPTER.make("sink", ADAPTER.config_model("sink").model_validate({"url": URL}), host)
    assert isinstance(made, Sink)
    return made


async def answer(body: Any, status: int = 200) -> Any:
    host = FakeHost()
    host.http.on_json("POST", URL, status, json.dumps(body).encode())
    one = sink(host)
    outbound = outbound_for("eligibility-query/1", QUESTION, service="coverage.lookup", kind="query")
    reply = await one.ask(outbound, 3.0)
    assert [json.loads(sent.body) for sent in host.http.sent] == [ASKED]
    return one.codec.to_answer(reply, "coverage/1")


@pytest.mark.parametrize(("active", "status"), [(True, "active"), (False, "inactive"), (None, "unknown")])
async def test_a_question_goes_out_in_the_dialect_and_its_answer_comes_back(active: Any, status: str) -> None:
    found = await answer({"kartu": "0001234567890", "nama": "Budi Santoso", "aktif": active})
    assert json.loads(canonical(found)) == {
        "noKartu": "0001234567890", "fullName": "Budi Santoso", "status": status,
    }  # fmt: skip


@pytest.mark.parametrize("body", [{"kartu": MARKER}, ["x"], {}])
async def test_an_answer_that_is_none_is_refused_without_repeating_it(body: Any) -> None:
    with pytest.raises(Refused) as caught:
        await answer(body)
    assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID
    assert MARKER not in f"{caught.value} {caught.value.errors}"


async def test_what_the_status_means_is_judged_by_the_host() -> None:
    with pytest.raises(Ambiguous):
        await answer({}, 500)


async def test_it_takes_no_documents() -> None:
    host = FakeHost()
    outbound = outbound_for("coverage/1", {"noKartu": "0001234567890", "status": "active"}, service="coverage.lookup")
    with pytest.raises(NeedsOperator):
        sink(host).codec.from_document(outbound)


def test_the_guide_shows_this_very_file() -> None:
    source = (HERE / "kartu.py").read_text(encoding="utf-8")
    assert f"```python\n{source}```" in GUIDE.read_text(encoding="utf-8")
