from __future__ import annotations

from typing import Any

import pytest

from schemas.address_1 import Address, Address1, AdminArea
from schemas.catalogue import parse_json
from schemas.privacy import mask

SMALL: dict[str, Any] = {"line": ""}
AREA = {
    "scheme": "kemendagri", "province": "32", "provinceName": "Jawa Barat", "city": "3273", "cityName": "Kota Bandung",
    "district": "327301", "districtName": "Contoh", "village": "3273011001", "villageName": "Sukacontoh",
}  # fmt: skip
FULL: dict[str, Any] = {
    "line": "Jl. Contoh No. 1\nGedung B", "adminArea": AREA, "rt": "1", "rw": "002", "hamlet": "Dusun Contoh",
    "postalCode": "40111", "raw": {"sourceSchema": "x/1", "fields": {"NO_PROP": 32}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_an_address_travels(travel, value: dict[str, Any]) -> None:
    assert travel("address/1", value).line == value["line"]


def test_the_shape(shape) -> None:
    assert shape(Address1) == shape(Address) == {
        "line": "!personal", "adminArea": "?personal", "rt": "?personal", "rw": "?personal", "hamlet": "?personal",
        "postalCode": "?personal",
    }  # fmt: skip
    assert shape(AdminArea) == {
        "scheme": "!public", "province": "?public", "provinceName": "?public", "city": "?public",
        "cityName": "?public", "district": "?personal", "districtName": "?personal", "village": "?personal",
        "villageName": "?personal",
    }  # fmt: skip
    assert [*shape(AdminArea)] == list(AREA)
    assert [*shape(Address1), "raw"] == list(FULL)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"line": None}, "line", "null"),
        ({"line": "x" * 4001}, "line", "too_long"),
        ({"line": ["Jl."]}, "line", "not_text"),
        ({"rt": 1}, "rt", "not_text"),
        ({"rt": "0001"}, "rt", "too_long"),
        ({"rw": "RW2"}, "rw", "pattern"),
        ({"postalCode": 40111}, "postalCode", "not_text"),
        ({"postalCode": "4011"}, "postalCode", "pattern"),
        ({"adminArea": {}}, "adminArea.scheme", "missing"),
        ({"adminArea": {"scheme": "dagri"}}, "adminArea.scheme", "not_allowed"),
        ({"adminArea": {**AREA, "province": 32}}, "adminArea.province", "not_text"),
        ({"adminArea": {**AREA, "city": "73"}}, "adminArea.city", "pattern"),
        ({"adminArea": {**AREA, "district": "32.73.01"}}, "adminArea.district", "pattern"),
        ({"adminArea": {**AREA, "village": "327301100"}}, "adminArea.village", "pattern"),
        ({"adminArea": {**AREA, "country": "ID"}}, "adminArea.country", "unknown_field"),
        ({"kodePos": "40111"}, "kodePos", "unknown_field"),
    ],
)
def test_a_bad_address_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("address/1", {**SMALL, **change}) == {path: code}


def test_an_address_has_a_line(faults) -> None:
    assert faults("address/1", {}) == {"line": "missing"}


def test_neighbourhoods_are_kept_as_they_are_written() -> None:
    one, two = (parse_json("address/1", {"line": "x", "rt": text}) for text in ("1", "001"))
    assert one != two


def test_an_area_inside_an_address_is_as_private_as_the_address() -> None:
    masked = mask(parse_json("address/1", FULL))
    assert set(masked["adminArea"].values()) == {"***"}
    assert masked["line"] == "***"
