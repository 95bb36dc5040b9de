"""The description against the real process: every call it lists, with data that fits and data that does not."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis.config import SchemathesisConfig

from gateway.federation import ANSWERED_BY_GATEWAY
from gateway.http import examples, openapi
from gateway.http.operations import operations
from gateway.settings import Settings
from schemas.catalogue import SERVICES

AGENCY = """
agency: uji
name: Uji (simulasi)
time_zone: Asia/Jakarta
systems:
  pengirim:
    name: Pengirim
    credentials: {{api_keys: [{{file: keys/pengirim.key}}]}}
    may_use: [{services}]
  penerima:
    name: Penerima
    credentials: {{api_keys: [{{file: keys/penerima.key}}]}}
    channel: {{pull: true}}
  penjawab:
    name: Penjawab
    channel: {{adapter: rest, config: {{url: "{url}", recipient: idempotent, timeout: 10s}}}}
"""
OPERATORS = """
operators:
  petugas:
    name: Petugas
    roles: [operator, auditor]
    credentials: {api_keys: [{file: keys/petugas.key}]}
"""


@dataclass(frozen=True)
class Gateway:
    url: str
    keys: Path

    def key(self, name: str) -> str:
        return (self.keys / f"{name}.key").read_text(encoding="ascii").strip()

    def auth(self, path: str) -> dict[str, str]:
        """The credentials of whoever makes such a call."""
        if path.startswith(("/api/v1/status", "/api/v1/quarantine", "/api/v1/events")):
            return {"Authorization": f"Bearer {self.key('petugas')}"}
        name = "penerima" if path.startswith("/api/v1/inbox") else "pengirim"
        return {"Authorization": f"Bearer {self.key(name)}"} if path.startswith("/api/") else {}


class Answering(BaseHTTPRequestHandler):
    """A recipient of questions: everybody is covered."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"document": examples.ANSWERS["coverage/1"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        return None


@pytest.fixture(scope="module")
def recipient() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/lookup"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def gateway(recipient: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    config, state = folder / "config", folder / "state"
    (config / "agencies").mkdir(parents=True)
    (config / "agencies" / "uji.yaml").write_text(AGENCY.format(url=recipient, services=", ".join(SERVICES)))
    (config / "operators.yaml").write_text(OPERATORS)
    (config / "gateway.yaml").write_text("letters: {looks_per_minute: 1000000, checks_per_minute: 1000000}\n")
    (config / "routes.yaml").write_text("routes:\n" + "".join(_route(name) for name in SERVICES))
    names = {name: value for name, value in os.environ.items() if not name.startswith("LINTAS_")}
    with (folder / "stderr").open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "run", "--config", config, "--state", state, "--port", "0", "--json"],
            stdout=subprocess.PIPE, stderr=told, env=names, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, (folder / "stderr").read_text()
    yield Gateway(json.loads(line)["ready"], state / "keys")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert "unforeseen" not in (folder / "stderr").read_text()


def _route(service: str) -> str:
    if service in ANSWERED_BY_GATEWAY:
        return f"  - {{service: {service}, from: [uji/pengirim], purpose: Uji}}\n"
    to = "uji/penjawab" if SERVICES[service].kind == "query" else "uji/penerima"
    return f"  - {{service: {service}, from: [uji/pengirim], to: [{to}], purpose: Uji}}\n"


CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # `refused_only_beyond_the_schema` looks into 400 and 422.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "303", "400", "401", "403", "404", "409", "422"]},
        }
    }
)


#: What fits the JSON Schema may still break a rule that no schema can tell. A bag of raw fields brings numbers that do
#: not survive JSON, an integer may be written as 5.0, which the schema counts as one and we do not; a form field's name
#: brings characters that no header can carry, and a file's name some that none may have.
BEYOND = {
    "key_mismatch", "wrong_instance", "expired", "part_missing", "digest_mismatch", "nothing_to_acknowledge",
    "unknown_recipient", "not_a_number", "multipart_broken", "part_unused",
    "unknown_signer", "name_refused",
}  # fmt: skip
BEYOND_FIELDS = {
    "civil_date", "instant", "draft_number", "batch_count", "nik_province", "nik_birth_day", "not_base64",
    "raw_depth", "raw_size", "raw_value", "not_integer", "two_places", "half_a_place",
}  # fmt: skip
SETTINGS = Settings()
DOCUMENT = openapi.document(operations(SETTINGS), SETTINGS, "http://127.0.0.1")
# SOAP 1.1 wants 500 for every fault; its contract is the WSDL, which the foreign toolkits try.
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG).exclude(path_regex="^/soap/", method="POST")


def refused_only_beyond_the_schema(ctx: Any, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """Data that fits is refused for what no schema can say, and for nothing else."""
    fits = case.meta is not None and case.meta.generation.mode.is_positive
    if not fits or response.status_code not in (400, 422):
        return
    if not response.headers["content-type"][0].startswith("application/problem+json"):
        return  # a page for people
    problem = response.json()
    if problem["code"] == "schema_invalid":
        assert {finding["code"] for finding in problem["errors"]} <= BEYOND_FIELDS, problem
    else:
        assert problem["code"] in BEYOND, problem


def test_the_process_describes_itself_so(gateway: Gateway) -> None:
    told = requests.get(f"{gateway.url}/openapi.json", timeout=30).json()
    assert told == {**DOCUMENT, "servers": [{"url": gateway.url}]}


def told(
    gateway: Gateway, method: str, template: str, status: int, send: dict[str, Any] | None = None, **names: str
) -> Any:
    """One call; its answer must be of the status meant and of the shape that the description gives for it."""
    url = gateway.url + template.format(**names)
    answer = requests.request(method, url, json=send, headers=gateway.auth(template), timeout=30)
    assert answer.status_code == status, answer.text
    described = DOCUMENT["paths"][template][method.lower()]["responses"][str(status)]
    schema = described["content"][answer.headers["Content-Type"]]["schema"]
    whole = {"components": DOCUMENT["components"], "allOf": [schema]}
    assert [error.message for error in Draft202012Validator(whole).iter_errors(answer.json())] == []
    for name, header in described.get("headers", {}).items():
        assert name in answer.headers or not header["required"]
    return answer.json()


def test_a_letter_on_its_way_is_told_as_described(gateway: Gateway) -> None:
    letter = examples.submission("letter.deliver", "letter/1")
    taken = told(gateway, "POST", "/api/v1/messages", 202, letter)
    repeat = told(gateway, "POST", "/api/v1/messages", 200, letter)
    assert repeat == {**taken, "state": "duplicate"}
    other = {**(letter or {}), "document": {**examples.DOCUMENTS["letter.deliver"], "subject": "Lain"}}
    assert told(gateway, "POST", "/api/v1/messages", 409, other)["code"] == "conflict"
    found = told(gateway, "GET", "/api/v1/messages/{id}", 200, id=taken["messageId"])
    assert found["timeline"][0]["event"]["event"] == "accepted"
    assert len(found["parts"]) == len(found["deliveries"]) == 1
    waiting = told(gateway, "GET", "/api/v1/inbox", 200)["deliveries"]
    delivery = next(one for one in waiting if one["envelope"]["messageId"] == taken["messageId"])
    part = requests.get(delivery["parts"][0]["href"], headers=gateway.auth("/api/v1/inbox"), timeout=30)
    assert hashlib.sha256(part.content).hexdigest() == delivery["parts"][0]["sha256"]
    assert "Repr-Digest" in part.headers
    outcome = {"outcome": "delivered", "registrationNumber": "AGD-1"}
    told(gateway, "POST", "/api/v1/inbox/{id}/ack", 200, outcome, id=delivery["envelope"]["deliveryId"])
    receipts = told(gateway, "GET", "/api/v1/messages/{id}/receipts", 200, id=taken["messageId"])["receipts"]
    assert {"accepted", "registered"} <= {one["kind"] for one in receipts}


def test_a_question_is_answered_as_described(gateway: Gateway) -> None:
    question = examples.submission("coverage.lookup", "eligibility-query/1")
    answer = told(gateway, "POST", "/api/v1/queries", 200, question)
    assert answer["document"] == examples.ANSWERS["coverage/1"]
    assert told(gateway, "POST", "/api/v1/queries", 200, question)["repeated"] is True


def test_persons_are_told_what_is_described(gateway: Gateway) -> None:
    told(gateway, "GET", "/api/v1/status", 200)
    told(gateway, "GET", "/api/v1/quarantine", 200)
    assert told(gateway, "GET", "/api/v1/events", 200)["events"]
    told(gateway, "POST", "/api/v1/quarantine/{id}/replay", 404, id="none")


@pytest.mark.parametrize("path", ["/", "/docs", "/health", "/openapi.json", "/schemas/letter-1.xsd"])
def test_head_is_the_same_answer_without_its_body(gateway: Gateway, path: str) -> None:
    head, whole = (requests.request(method, gateway.url + path, timeout=30) for method in ("HEAD", "GET"))
    assert head.status_code == whole.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == str(len(whole.content))
    assert head.headers["Content-Security-Policy"] == whole.headers["Content-Security-Policy"]


def test_head_where_nothing_is_read_is_refused(gateway: Gateway) -> None:
    answer = requests.head(f"{gateway.url}/api/v1/messages", timeout=30)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@SCHEMA.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_every_call_does_what_its_description_says(case: schemathesis.Case, gateway: Gateway) -> None:
    if isinstance(case.body, dict) and case.media_type == "multipart/form-data" and "message" in case.body:
        # Form fields have an order, which a JSON object has not: the message comes first.
        case.body = {"message": case.body.pop("message"), **case.body}
    case.call_and_validate(
        base_url=gateway.url,
        headers=gateway.auth(case.operation.path),
        additional_checks=[refused_only_beyond_the_schema],
    )
