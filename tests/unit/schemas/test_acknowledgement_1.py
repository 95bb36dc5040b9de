from __future__ import annotations

from typing import Any

import pytest

from schemas.acknowledgement_1 import Acknowledgement1
from schemas.catalogue import parse_json
from schemas.privacy import mask, subjects

SMALL: dict[str, Any] = {"relatedToMessageId": "m-1", "status": "accepted", "at": "2026-01-02T10:00:00Z"}
FULL: dict[str, Any] = {
    "relatedToMessageId": "m-1", "deliveryId": "m-1.1", "status": "registered", "code": "200", "text": "Siti: OK",
    "retriable": False, "registrationNumber": "12/A/é", "registeredAt": "2026-01-05T08:00:00+07:00",
    "at": "2026-01-05T09:00:00+09:00", "raw": {"sourceSchema": "bpjs.vclaim/2.0", "fields": {"code": 200}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_an_acknowledgement_travels(travel, value: dict[str, Any]) -> None:
    assert travel("acknowledgement/1", value).status == value["status"]


def test_the_shape(shape) -> None:
    assert shape(Acknowledgement1) == {
        "relatedToMessageId": "!public", "deliveryId": "?public", "status": "!public", "code": "?public",
        "text": "?personal", "retriable": "?public", "registrationNumber": "?public", "registeredAt": "?public",
        "at": "!public",
    }  # fmt: skip
    assert [*shape(Acknowledgement1), "raw"] == list(FULL)


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    assert faults("acknowledgement/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


@pytest.mark.parametrize(
    "status", ["accepted", "delivered", "registered", "refused", "duplicate", "rejected", "deferred", "unknown"]
)
def test_every_status(travel, status: str) -> None:
    assert travel("acknowledgement/1", {**SMALL, "status": status}).status == status


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"status": "ok"}, "status", "not_allowed"),
        ({"status": "Accepted"}, "status", "not_allowed"),
        ({"code": 200}, "code", "not_text"),
        ({"code": ""}, "code", "too_short"),
        ({"retriable": "false"}, "retriable", "not_boolean"),
        ({"retriable": 0}, "retriable", "not_boolean"),
        ({"retriable": None}, "retriable", "null"),
        ({"at": "2026-01-02 10:00:00"}, "at", "instant"),
        ({"at": "2023-10-16 13:28:34.00"}, "at", "instant"),
        ({"registeredAt": "2026-01-02"}, "registeredAt", "instant"),
        ({"registrationNumber": ""}, "registrationNumber", "too_short"),
        ({"text": "x" * 501}, "text", "too_long"),
        ({"message": "x"}, "message", "unknown_field"),
    ],
)
def test_a_bad_one_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("acknowledgement/1", {**SMALL, **change}) == {path: code}


def test_false_is_not_absent() -> None:
    assert parse_json("acknowledgement/1", SMALL) != parse_json("acknowledgement/1", {**SMALL, "retriable": False})


def test_the_words_of_a_recipient_may_name_somebody_and_are_masked() -> None:
    document = parse_json("acknowledgement/1", FULL)
    assert mask(document)["text"] == "***"
    assert mask(document)["registrationNumber"] == "12/A/é"
    assert subjects(document) == []
