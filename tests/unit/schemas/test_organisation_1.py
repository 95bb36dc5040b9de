from __future__ import annotations

from typing import Any

import pytest

from schemas.catalogue import parse_json
from schemas.organisation_1 import Organisation1
from schemas.privacy import mask, subjects

SMALL: dict[str, Any] = {
    "id": "0301R011", "scheme": "bpjs.ppk", "name": "Puskesmas Contoh", "kind": "puskesmas", "timeZone": "Asia/Jakarta",
}  # fmt: skip
FULL: dict[str, Any] = {
    **SMALL, "parent": {"id": "K-1", "scheme": "anri", "name": "Dinas Contoh"}, "unit": "Loket", "phone": "022-0000000",
    "email": "loket@contoh.test", "address": {"line": "Jl. Contoh 1", "adminArea": {"scheme": "bps", "province": "32"}},
    "raw": {"sourceSchema": "x/1", "fields": {"a": "1"}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_an_organisation_travels(travel, value: dict[str, Any]) -> None:
    assert travel("organisation/1", value).id == "0301R011"


def test_the_shape(shape) -> None:
    assert shape(Organisation1) == {
        "id": "!public", "scheme": "!public", "name": "!public", "kind": "!public", "timeZone": "!public",
        "parent": "?public", "unit": "?public", "phone": "?public", "email": "?public", "address": "?public",
    }  # fmt: skip
    assert [*shape(Organisation1), "raw"] == list(FULL)


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    assert faults("organisation/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"])
def test_the_three_zones(travel, zone: str) -> None:
    assert travel("organisation/1", {**SMALL, "timeZone": zone}).time_zone == zone


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"timeZone": "WIB"}, "timeZone", "not_allowed"),
        ({"timeZone": "UTC"}, "timeZone", "not_allowed"),
        ({"timeZone": "+07:00"}, "timeZone", "not_allowed"),
        ({"timeZone": "Asia/Pontianak"}, "timeZone", "not_allowed"),
        ({"id": 301}, "id", "not_text"),
        ({"id": ""}, "id", "too_short"),
        ({"kind": "x" * 65}, "kind", "too_long"),
        ({"name": ""}, "name", "too_short"),
        ({"email": "loket"}, "email", "pattern"),
        ({"phone": "-"}, "phone", "pattern"),
        ({"parent": {"id": "1"}}, "parent.name", "missing"),
        ({"address": {"rt": "1"}}, "address.line", "missing"),
        ({"nib": "1"}, "nib", "unknown_field"),
    ],
)
def test_a_bad_one_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("organisation/1", {**SMALL, **change}) == {path: code}


def test_an_organisation_is_public_but_for_the_lines_of_its_address_and_raw() -> None:
    document = parse_json("organisation/1", FULL)
    assert mask(document) == {
        **FULL,
        "address": {"line": "***", "adminArea": {"scheme": "***", "province": "***"}},
        "raw": {"sourceSchema": "***", "fields": "***"},
    }
    assert subjects(document) == []
