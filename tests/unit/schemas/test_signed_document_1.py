"""What is told of a signed document."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.signed_document_1 import SignedDocument1

SMALL: dict[str, Any] = {
    "code": "ABCD-EFGH-JKLM-NPQR", "url": "https://lintas.example/v/ABCDEFGHJKLMNPQR", "sha256": "a" * 64, "size": 9,
    "signer": "Dr. Ani Contoh", "position": "Kepala Dinas", "level": "B-LT", "signedAt": "2026-11-20T08:00:00Z",
}  # fmt: skip


def test_it_travels(travel) -> None:
    assert travel("signed-document/1", SMALL).level == "B-LT"


def test_the_shape(shape) -> None:
    assert list(shape(SignedDocument1)) == list(SMALL)
    assert shape(SignedDocument1)["signer"] == "!personal"


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    assert faults("signed-document/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


def test_a_level_is_one_of_four(faults) -> None:
    assert list(faults("signed-document/1", {**SMALL, "level": "B-X"})) == ["level"]
