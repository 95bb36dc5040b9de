from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.catalogue import canonical, parse_json
from schemas.envelope_1 import Envelope1
from schemas.privacy import mask, subjects

SMALL: dict[str, Any] = {"service": "letter.deliver", "schema": "letter/1"}
FULL: dict[str, Any] = {
    "messageId": "01JGYYYYYYYYYYYYYYYYYYYYYY", "conversationId": "perkara-1", "idempotencyKey": "005/12/2026",
    "service": "coverage.lookup", "schema": "eligibility-query/1", "sender": "kota-bandung/simpus",
    "recipients": ["bpjs/vclaim", "dinas/rest"], "instance": "test", "createdAt": "2026-01-02T17:35:00+07:00",
    "expiresAt": "2026-01-03T00:00:00Z", "purpose": "UU 27/2022", "classification": "B", "inReplyTo": "01JG",
    "raw": {"sourceSchema": "dhx/1", "fields": {"consignmentId": "1"}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_an_envelope_travels(travel, value: dict[str, Any]) -> None:
    assert travel("envelope/1", value).service == value["service"]


def test_the_shape_holds_nothing_private(shape) -> None:
    assert shape(Envelope1) == {
        "messageId": "?public", "conversationId": "?public", "idempotencyKey": "?public", "service": "!public",
        "schema": "!public", "sender": "?public", "recipients": "?list public", "instance": "?public",
        "createdAt": "?public", "expiresAt": "?public", "purpose": "?public", "classification": "?public",
        "inReplyTo": "?public",
    }  # fmt: skip
    assert [*shape(Envelope1), "raw"] == list(FULL)


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    assert faults("envelope/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"service": "letter"}, "service", "pattern"),
        ({"schema": "letter"}, "schema", "pattern"),
        ({"schema": "letter/0"}, "schema", "pattern"),
        ({"schema_": "letter/1"}, "schema_", "unknown_field"),
        ({"messageId": "é"}, "messageId", "pattern"),
        ({"messageId": "x" * 129}, "messageId", "too_long"),
        ({"idempotencyKey": ""}, "idempotencyKey", "too_short"),
        ({"idempotencyKey": " a"}, "idempotencyKey", "pattern"),
        ({"idempotencyKey": 5}, "idempotencyKey", "not_text"),
        ({"sender": "Kota/Simpus"}, "sender", "pattern"),
        ({"sender": "kota"}, "sender", "pattern"),
        ({"recipients": []}, "recipients", "too_short"),
        ({"recipients": "kota/simpus"}, "recipients", "not_list"),
        ({"recipients": ["a/b", "a-b"]}, "recipients.1", "pattern"),
        ({"recipients": ["a/b"] * 1001}, "recipients", "too_long"),
        ({"receiver": "a/b"}, "receiver", "unknown_field"),
        ({"instance": "prod"}, "instance", "not_allowed"),
        ({"createdAt": "2026-01-02T10:00:00"}, "createdAt", "instant"),
        ({"createdAt": "2026-01-02"}, "createdAt", "instant"),
        ({"createdAt": "2026-02-30T10:00:00Z"}, "createdAt", "instant"),
        ({"createdAt": "2026-12-31T23:59:60Z"}, "createdAt", "instant"),
        ({"createdAt": "2026-01-02T24:00:00Z"}, "createdAt", "instant"),
        ({"createdAt": "2026-01-02T10:00:00 WIB"}, "createdAt", "instant"),
        ({"createdAt": 1767322800}, "createdAt", "instant_type"),
        ({"expiresAt": None}, "expiresAt", "null"),
        ({"purpose": "x" * 501}, "purpose", "too_long"),
    ],
)
def test_a_bad_envelope_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("envelope/1", {**SMALL, **change}) == {path: code}


@pytest.mark.parametrize("hours", [7, 8, 9])
def test_wib_wita_and_wit_stay_as_they_were_said(travel, hours: int) -> None:
    document = travel("envelope/1", {**SMALL, "createdAt": f"2026-01-02T00:30:00+0{hours}:00"})
    assert document.created_at.utcoffset() == timedelta(hours=hours)
    assert document.created_at.day == 2


@pytest.mark.parametrize(
    ("said", "written"),
    [("10:00:00+00:00", "10:00:00Z"), ("10:00:00-00:00", "10:00:00Z"), ("10:00:00.000Z", "10:00:00Z"),
     ("10:00:00.5Z", "10:00:00.500000Z")],
)  # fmt: skip
def test_the_canonical_form_has_one_way_to_say_a_moment(said: str, written: str) -> None:
    one, two = (parse_json("envelope/1", {**SMALL, "createdAt": f"2026-01-02T{text}"}) for text in (said, written))
    assert one == two
    assert canonical(one) == canonical(two)


def test_the_same_moment_at_another_offset_is_another_canonical_form() -> None:
    forms = ("2026-01-02T10:00:00Z", "2026-01-02T17:00:00+07:00")
    one, two = (parse_json("envelope/1", {**SMALL, "createdAt": moment}) for moment in forms)
    assert one == two
    assert canonical(one) != canonical(two)


def test_a_log_may_show_it_but_for_raw() -> None:
    document = parse_json("envelope/1", FULL)
    assert mask(document) == {**FULL, "raw": {"sourceSchema": "***", "fields": "***"}}
    assert subjects(document) == []
