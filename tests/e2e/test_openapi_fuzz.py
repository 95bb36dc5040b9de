"""The description against the real process: every call it lists, with data that fits and data that does not."""

from __future__ import annotations

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
from schemathesis.config import SchemathesisConfig

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
    to = "uji/penjawab" if SERVICES[service].kind == "query" else "uji/penerima"
    return f"  - {{service: {service}, from: [uji/pengirim], to: [{to}], purpose: Uji}}\n"


CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # `refused_only_beyond_the_schema` looks into 400 and 422.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401", "403", "404", "409", "422"]},
        }
    }
)


#: What fits the JSON Schema may still break a rule that no schema can tell. A bag of raw fields brings numbers that do
#: not survive JSON; a form field's name brings characters that no header can carry.
BEYOND = {
    "key_mismatch", "wrong_instance", "expired", "part_missing", "digest_mismatch", "nothing_to_acknowledge",
    "unknown_recipient", "not_a_number", "multipart_broken",
}  # fmt: skip
BEYOND_FIELDS = {
    "civil_date", "instant", "draft_number", "batch_count", "nik_province", "nik_birth_day", "not_base64",
    "raw_depth", "raw_size", "raw_value",
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
    problem = response.json()
    if problem["code"] == "schema_invalid":
        assert {finding["code"] for finding in problem["errors"]} <= BEYOND_FIELDS, problem
    else:
        assert problem["code"] in BEYOND, problem


def test_the_process_describes_itself_so(gateway: Gateway) -> None:
    told = requests.get(f"{gateway.url}/openapi.json", timeout=30).json()
    assert told == {**DOCUMENT, "servers": [{"url": gateway.url}]}


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
