from __future__ import annotations

from typing import Any

import pytest

from schemas.catalogue import parse_json
from schemas.file_batch_1 import FileBatch1
from schemas.privacy import mask, subjects

SMALL: dict[str, Any] = {
    "sha256": "a" * 64, "source": "kota/desa", "format": "csv", "rows": 0, "accepted": 0, "rejected": 0,
}  # fmt: skip
FULL: dict[str, Any] = {
    "batchId": "b-1", "sha256": "0" * 64, "source": "kota/desa", "period": "2026-01", "format": "csv",
    "encoding": "windows-1252", "document": "person/1", "fileName": "warga é.csv", "size": 1,
    "receivedAt": "2026-01-02T10:00:00+08:00", "rows": 1000, "accepted": 993, "rejected": 7,
    "errorsSha256": "b" * 64,
    "errors": [{"row": 3, "column": "NIK", "code": "nik_destroyed", "text": "x", "rawValue": "3***"}],
    "raw": {"sourceSchema": "x/1", "fields": {"a": False}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_a_batch_travels(travel, value: dict[str, Any]) -> None:
    assert travel("file-batch/1", value).rows == value["rows"]


def test_the_shape(shape) -> None:
    assert shape(FileBatch1) == {
        "batchId": "?public", "sha256": "!public", "source": "!public", "period": "?public", "format": "!public",
        "encoding": "?public", "document": "?public", "fileName": "?personal", "size": "?public",
        "receivedAt": "?public", "rows": "!public", "accepted": "!public", "rejected": "!public",
        "errorsSha256": "?public", "errors": "?list public",
    }  # fmt: skip
    assert [*shape(FileBatch1), "raw"] == list(FULL)


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    assert faults("file-batch/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


@pytest.mark.parametrize(("rows", "accepted", "rejected"), [(1, 1, 1), (0, 1, 0), (0, 0, 1), (1, 2**53 - 1, 0)])
def test_more_rows_than_there_are_is_refused(faults, rows: int, accepted: int, rejected: int) -> None:
    value = {**SMALL, "rows": rows, "accepted": accepted, "rejected": rejected}
    assert faults("file-batch/1", value) == {"": "batch_count"}


@pytest.mark.parametrize(("rows", "accepted", "rejected"), [(2, 1, 1), (2, 2, 0), (2, 0, 2), (2, 0, 0)])
def test_rows_that_are_still_on_their_way_may_be_missing(travel, rows: int, accepted: int, rejected: int) -> None:
    travel("file-batch/1", {**SMALL, "rows": rows, "accepted": accepted, "rejected": rejected})


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"sha256": "A" * 64}, "sha256", "pattern"),
        ({"errorsSha256": "0"}, "errorsSha256", "pattern"),
        ({"source": "desa"}, "source", "pattern"),
        ({"document": "person"}, "document", "pattern"),
        ({"rows": "1000"}, "rows", "not_integer"),
        ({"rows": -1}, "rows", "out_of_range"),
        ({"size": 1.5}, "size", "not_integer"),
        ({"errors": []}, "errors", "too_short"),
        ({"errors": [{"row": 0, "code": "x"}]}, "errors.0.row", "out_of_range"),
        ({"errors": [{"row": 1, "code": "x", "raw": {"sourceSchema": "a", "fields": {}}}]},
         "errors.0.raw", "unknown_field"),
        ({"errors": [{"row": 1, "code": "x"}] * 1001}, "errors", "too_long"),
        ({"receivedAt": "2026-01-02T10:00:00"}, "receivedAt", "instant"),
        ({"period": ""}, "period", "too_short"),
        ({"name": "x"}, "name", "unknown_field"),
    ],
)  # fmt: skip
def test_a_bad_batch_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("file-batch/1", {**SMALL, **change}) == {path: code}


def test_names_of_files_and_values_of_cells_are_masked() -> None:
    document = parse_json("file-batch/1", FULL)
    masked = mask(document)
    assert masked["fileName"] == masked["errors"][0]["rawValue"] == "***"
    assert (masked["rows"], masked["errors"][0]["column"]) == (1000, "NIK")
    assert subjects(document) == []
