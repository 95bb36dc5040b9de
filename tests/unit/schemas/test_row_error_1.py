from __future__ import annotations

from typing import Any

import pytest

from schemas.catalogue import parse_json
from schemas.privacy import mask, subjects
from schemas.row_error_1 import RowError, RowError1

SMALL: dict[str, Any] = {"row": 1, "code": "nik_destroyed"}
FULL: dict[str, Any] = {
    "row": 2**53 - 1, "column": "NIK", "code": "nik_destroyed", "text": "Send it as text", "rawValue": "3***",
    "raw": {"sourceSchema": "x/1", "fields": {}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_a_row_error_travels(travel, value: dict[str, Any]) -> None:
    assert travel("row-error/1", value).row == value["row"]


def test_the_shape(shape) -> None:
    assert shape(RowError1) == shape(RowError) == {
        "row": "!public", "column": "?public", "code": "!public", "text": "?public", "rawValue": "?personal",
    }  # fmt: skip
    assert [*shape(RowError1), "raw"] == list(FULL)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"row": 0}, "row", "out_of_range"),
        ({"row": -1}, "row", "out_of_range"),
        ({"row": 2**53}, "row", "out_of_range"),
        ({"row": "1"}, "row", "not_integer"),
        ({"row": 1.0}, "row", "not_integer"),
        ({"row": True}, "row", "not_integer"),
        ({"row": None}, "row", "null"),
        ({"code": ""}, "code", "too_short"),
        ({"column": 3}, "column", "not_text"),
        ({"rawValue": 3273014107900001}, "rawValue", "not_text"),
        ({"rawValue": "x" * 501}, "rawValue", "too_long"),
        ({"rawValue": "a\x00"}, "rawValue", "xml_text"),
        ({"value": "x"}, "value", "unknown_field"),
    ],
)
def test_a_bad_one_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("row-error/1", {**SMALL, **change}) == {path: code}


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    assert faults("row-error/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


def test_the_value_of_a_cell_is_masked_once_more() -> None:
    document = parse_json("row-error/1", {**SMALL, "rawValue": "3273014107900001"})
    assert mask(document) == {**SMALL, "rawValue": "***"}
    assert subjects(document) == []
