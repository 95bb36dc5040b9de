"""The folder adapter through the door: the tests every source, sink and codec inherits."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.filedrop import ADAPTER, FolderSink, FolderSource, SinkConfig, SourceConfig
from adapters.filedrop.codec import FileCodec
from adapters.filedrop.config import Csv
from adapters.filedrop.content import Broken, JsonContent, TableContent
from gateway.contract import Inbound, Native, Outbound, Part, Reason, ReceiptCopy, Refused
from gateway.contract.conformance import MARKER, CodecConformance, SinkWithParts, SourceWithParts
from gateway.contract.testing import FakeHost, outbound_for

PERSON = {"nik": "3273014205900001", "fullName": "Siti Contoh", "birthDate": "1990-05-02", "sex": "female"}
LETTER = {
    "letterNumber": "005/12/2026",
    "letterDate": "2026-11-20",
    "letterType": "undangan",
    "subject": "Rapat",
    "securityLevel": "B",
    "urgency": "biasa",
    "archiveClass": "000.1.2",
    "sender": {"name": "Kelurahan Contoh"},
    "recipients": [{"kind": "non_srikandi", "organisation": {"name": "Dinas Contoh"}}],
}


def drop(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder.parent / "aside"
    aside.write_bytes(data)
    aside.rename(folder / name)


class SourceOverFolder(SourceWithParts):
    ready: dict[str, Any] = {"mode": "rename", "min_age": "0s"}  # noqa: RUF012

    def make(self, host: FakeHost) -> FolderSource:
        config = {"inbox": "drop/inbox", "service": "person.deliver", "document": "person/1", "ready": self.ready}
        return FolderSource(SourceConfig.model_validate(config), host)

    def place(self, host: FakeHost, name: str) -> Path:
        return Path(host.state_dir) / "drop" / name

    def put(self, host: FakeHost, number: int) -> None:
        person = {**PERSON, "fullName": f"Warga {number}"}
        self.give(host, f"warga-{number}.json", json.dumps(person).encode())

    def give(self, host: FakeHost, name: str, data: bytes) -> None:
        drop(self.place(host, "inbox"), name, data)

    def put_bad(self, host: FakeHost) -> Reason:
        self.give(host, "rusak.json", b'{"nik": "1", "nik": "2"}')
        return Reason.DUPLICATE_JSON_KEY

    def put_huge(self, host: FakeHost, size: int) -> None:
        envelope = {"service": "letter.deliver", "schema": "letter/1"}
        self.give(host, "besar.pdf.json", json.dumps({"envelope": envelope, "document": LETTER}).encode())
        aside = self.place(host, "aside")
        aside.write_bytes(b"%PDF-1.7\n")
        os.truncate(aside, size)
        aside.rename(self.place(host, "inbox") / "besar.pdf")

    def waiting(self, host: FakeHost) -> int:
        return len([p for p in self.place(host, "inbox").iterdir() if not p.name.endswith(".done")])

    def told(self, host: FakeHost) -> Sequence[str]:
        receipts = list(self.place(host, "outbox").glob("*.accepted.receipt.json"))
        archived = len(list(self.place(host, "archive").iterdir()))
        codes = [json.loads(p.read_bytes())["code"] for p in self.place(host, "errors").glob("*.error.json")]
        return ["accepted"] * len(receipts) + ["duplicate"] * (archived - len(receipts)) + codes


class TestSourceByRename(SourceOverFolder):
    pass


class TestSourceByStillness(SourceOverFolder):
    ready = {"mode": "stable", "polls": 2, "min_age": "2s"}  # noqa: RUF012


class TestSourceByMarker(SourceOverFolder):
    ready = {"mode": "marker"}  # noqa: RUF012

    def give(self, host: FakeHost, name: str, data: bytes) -> None:
        super().give(host, name, data)
        super().give(host, name + ".done", b"")

    def put_huge(self, host: FakeHost, size: int) -> None:
        super().put_huge(host, size)
        super().give(host, "besar.pdf.done", b"")


class SinkOverFolder(SinkWithParts):
    form = "json"

    def make(self, host: FakeHost) -> FolderSink:
        return FolderSink(SinkConfig.model_validate({"outbox": "out", "format": self.form}), host)

    def out(self, host: FakeHost) -> Path:
        return Path(host.state_dir) / "out"

    def outbound(self, host: FakeHost, delivery_id: str) -> Outbound:
        return outbound_for("person/1", PERSON, service="person.deliver", delivery_id=delivery_id)

    def receipt(self, host: FakeHost, delivery_id: str) -> Outbound:
        copy = ReceiptCopy("delivered", "e30.e30.c2ln", delivery_id)
        return outbound_for(
            "person/1", PERSON, service="person.deliver", delivery_id=delivery_id, kind="receipt", receipt=copy
        )

    def with_part(self, host: FakeHost, delivery_id: str, part: Part) -> Outbound:
        return outbound_for("person/1", PERSON, service="person.deliver", delivery_id=delivery_id, parts=[part])

    def part_bytes(self, host: FakeHost) -> bytes:
        return next(self.out(host).glob("*surat.pdf")).read_bytes()

    def seen(self, host: FakeHost) -> Sequence[str]:
        found = [path for path in self.out(host).glob("*.json") if path.name.startswith("delivery-")]
        envelopes = [json.loads(path.read_bytes()).get("envelope", {}) for path in found]
        return sorted(envelope["deliveryId"] for envelope in envelopes if envelope)


class TestSinkJson(SinkOverFolder):
    pass


class TestSinkXml(SinkOverFolder):
    form = "xml"


def inbound(content: Any, **more: Any) -> Inbound:
    return Inbound("message-1", datetime(2026, 1, 1, tzinfo=UTC), "person.deliver", "person/1", content, **more)


class TestCodec(CodecConformance):
    ROWS = b"NIK;NAMA;LAHIR;SEX\n3273014205900001;Siti;02-05-1990;P\n3E+15;Budi;02-05-1990;L\n"

    def codec(self) -> FileCodec:
        columns = {"NIK": "nik", "NAMA": "fullName", "LAHIR": "birthDate", "SEX": "sex"}
        return FileCodec(Csv(columns=columns, dates="dd-MM-yyyy"))

    def table(self, data: bytes) -> Inbound:
        def stream() -> Iterator[bytes]:
            yield data

        content = TableContent(hashlib.sha256(data).hexdigest(), "utf-8")
        return inbound(content, batch=True, stream=stream)

    def inbounds(self) -> Sequence[Inbound]:
        return [inbound(JsonContent(PERSON)), self.table(self.ROWS)]

    def bad_inbounds(self) -> Sequence[tuple[Inbound, Reason]]:
        return [
            (inbound(JsonContent({**PERSON, "nik": MARKER})), Reason.SCHEMA_INVALID),
            (inbound(JsonContent({**PERSON, "sex": MARKER})), Reason.SCHEMA_INVALID),
            (inbound(Broken(Refused(Reason.FILE_UNSAFE))), Reason.FILE_UNSAFE),
            (inbound(None), Reason.FORMAT_UNKNOWN),
            (self.table(f"{MARKER};b\n1;2\n".encode()), Reason.HEADER_UNKNOWN),
        ]

    def outbounds(self) -> Sequence[Outbound]:
        part = Part(1, "0" * 64, 5, "application/pdf", "surat.pdf", "somewhere")
        return [
            outbound_for("person/1", PERSON, service="person.deliver"),
            outbound_for("person/1", PERSON, service="person.deliver", parts=[part]),
        ]

    def answers(self) -> Sequence[tuple[Native, str]]:
        return [(Native((json.dumps(PERSON).encode(),), "application/json"), "person/1")]

    def bad_answers(self) -> Sequence[tuple[Native, str]]:
        return [
            (Native((MARKER.encode(),), "application/json"), "person/1"),
            (Native((json.dumps({"nik": MARKER}).encode(),), "application/json"), "person/1"),
        ]


@pytest.mark.parametrize(
    "config",
    [
        {"inbox": "a", "ready": {"mode": "guess"}},
        {"inbox": "a", "ready": {"polls": 1}},
        {"inbox": "a", "ready": {"min_age": "soon"}},
        {"inbox": "a", "formats": []},
        {"inbox": "a", "formats": ["csv"]},
        {"inbox": "a", "csv": {"dates": "dd-MM"}},
        {"inbox": "a", "csv": {"period_from_name": "x"}},
        {"inbox": "a", "csv": {"period_from_name": r"_(\d{6}_"}},
        {"inbox": "a", "csv": {"period_from_name": "("}},
        {"inbox": "a", "unknown": 1},
    ],
)
def test_settings_that_mean_nothing_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ADAPTER.config_model("source").model_validate(config)


def test_the_spec_offers_a_source_and_a_sink() -> None:
    assert (ADAPTER.name, ADAPTER.kinds) == ("filedrop", {"source", "sink"})
