"""A request for a signature says where the mark goes in one way, and has no room for a passphrase."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.catalogue import parse_json
from schemas.document import SchemaError
from schemas.signature_request_1 import SignatureRequest1

FILE = {"sha256": "a" * 64, "size": 9, "mediaType": "application/pdf"}
SMALL: dict[str, Any] = {
    "file": FILE, "signer": "kepala-dinas", "letterNumber": "005/12", "letterDate": "2026-11-20", "subject": "Rapat",
}  # fmt: skip
FULL: dict[str, Any] = {
    **SMALL, "securityLevel": "T", "privacy": "public", "placement": {"page": 1, "x": 36, "y": 40, "width": 200,
    "height": 80}, "reason": "Persetujuan", "location": "Bandung",
    "raw": {"sourceSchema": "srikandi/1", "fields": {"a": 1}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL, {**SMALL, "placement": {"tag": "#ttd"}}], ids=["small", "full", "tag"])
def test_a_request_travels(travel, value: dict[str, Any]) -> None:
    assert travel("signature-request/1", value).signer == "kepala-dinas"


def test_the_shape(shape) -> None:
    told = shape(SignatureRequest1)
    assert [*told, "raw"] == list(FULL)
    assert told["subject"] == "!personal"
    assert told["letterNumber"] == "!public"


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    found = faults("signature-request/1", {key: value for key, value in SMALL.items() if key != name})
    assert found == {name: "missing"}


@pytest.mark.parametrize(
    "placement", [{"tag": "#", "x": 1, "y": 1}, {"tag": "#", "page": 1}, {"x": 1}, {"page": 0}, {"x": 1.5, "y": 2}]
)
def test_a_mark_has_one_place(placement: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        parse_json("signature-request/1", {**SMALL, "placement": placement})


@pytest.mark.parametrize("name", ["passphrase", "totp", "pin", "secret"])
def test_a_secret_has_no_field(name: str) -> None:
    with pytest.raises(SchemaError) as refused:
        parse_json("signature-request/1", {**SMALL, name: "rahasia"})
    assert "rahasia" not in str(refused.value.errors)
