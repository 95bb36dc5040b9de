from __future__ import annotations

from typing import Any

import pytest

from schemas.catalogue import SERVICES, parse_json
from schemas.eligibility_query_1 import EligibilityQuery1
from schemas.privacy import ReleaseRefused, check_release, mask, release, subjects
from schemas.published import json_schema

DAY = {"serviceDate": "2026-01-02"}
BY_CARD: dict[str, Any] = {"noKartu": "0000000000001", **DAY}
BY_NIK: dict[str, Any] = {"nik": "3273014107900001", **DAY}
FULL: dict[str, Any] = {
    "noKartu": "0001234567890", "nik": "3273014107900001", "serviceDate": "2024-02-29",
    "facility": {"code": "0301R011", "name": "Puskesmas Contoh", "scheme": "bpjs.ppk"},
    "raw": {"sourceSchema": "kota.simpus/1", "fields": {"poli": "UMU"}},
}  # fmt: skip


@pytest.mark.parametrize("value", [BY_CARD, BY_NIK, FULL], ids=["card", "nik", "full"])
def test_a_question_travels(travel, value: dict[str, Any]) -> None:
    document = travel("eligibility-query/1", value)
    assert (document.no_kartu, document.nik) == (value.get("noKartu"), value.get("nik"))


def test_the_shape(shape) -> None:
    assert shape(EligibilityQuery1) == {
        "noKartu": "?personal noKartu", "nik": "?personal nik", "serviceDate": "!public", "facility": "?public",
    }  # fmt: skip
    assert [*shape(EligibilityQuery1), "raw"] == list(FULL)


def test_its_answer_is_a_cover() -> None:
    assert [(one.name, one.answer) for one in SERVICES.values() if one.request == EligibilityQuery1.TYPE] == [
        ("coverage.lookup", "coverage/1")
    ]


def test_a_question_that_names_nobody_is_refused(faults) -> None:
    assert faults("eligibility-query/1", DAY) == {"": "one_of_required"}
    assert faults("eligibility-query/1", {**DAY, "facility": {"code": "1"}}) == {"": "one_of_required"}
    assert json_schema("eligibility-query/1")["anyOf"] == [{"required": ["noKartu"]}, {"required": ["nik"]}]
    # A name that is there and bad is the fault; that it would have been the only one is none.
    assert faults("eligibility-query/1", {**DAY, "nik": "1"}) == {"nik": "nik_format"}
    assert faults("eligibility-query/1", {**DAY, "nik": None, "noKartu": None}) == {"nik": "null", "noKartu": "null"}


def test_a_question_without_a_day_is_refused(faults) -> None:
    assert faults("eligibility-query/1", {"nik": BY_NIK["nik"]}) == {"serviceDate": "missing"}
    assert faults("eligibility-query/1", {}) == {"serviceDate": "missing"}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"noKartu": "0000000000001 "}, "noKartu", "no_kartu_format"),
        ({"noKartu": ""}, "noKartu", "no_kartu_format"),
        ({"noKartu": 1}, "noKartu", "not_text"),
        ({"nik": "3273014107900000"}, "nik", "nik_serial"),
        ({"nik": 3273014107900001}, "nik", "not_text"),
        ({"nik": "3,27301E+15"}, "nik", "nik_destroyed"),
        ({"serviceDate": "2026-02-29"}, "serviceDate", "civil_date"),
        ({"serviceDate": "02-01-2026"}, "serviceDate", "civil_date"),
        ({"serviceDate": "2026-01-02+07:00"}, "serviceDate", "civil_date"),
        ({"serviceDate": None}, "serviceDate", "null"),
        ({"serviceDate": 20260102}, "serviceDate", "civil_date_type"),
        ({"facility": "0301R011"}, "facility", "not_object"),
        ({"facility": {"name": "Puskesmas"}}, "facility.code", "missing"),
        ({"facility": {"code": "Pusk\u00e9smas"}}, "facility.code", "pattern"),
        ({"facility": None}, "facility", "null"),
        ({"tglSEP": "2026-01-02"}, "tglSEP", "unknown_field"),
    ],
)
def test_a_bad_question_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("eligibility-query/1", {**BY_CARD, **change}) == {path: code}


def test_whom_it_is_about_and_what_a_log_may_show() -> None:
    document = parse_json("eligibility-query/1", FULL)
    assert subjects(document) == [("noKartu", "0001234567890"), ("nik", "3273014107900001")]
    assert mask(document) == {
        "noKartu": "***", "nik": "***", "serviceDate": "2024-02-29", "facility": FULL["facility"],
        "raw": {"sourceSchema": "***", "fields": "***"},
    }  # fmt: skip


def test_what_is_released_names_somebody_still() -> None:
    with pytest.raises(ReleaseRefused) as caught:
        check_release(EligibilityQuery1, ["serviceDate"])
    assert caught.value.missing == ["noKartu|nik"]
    check_release(EligibilityQuery1, ["serviceDate", "nik"])
    with pytest.raises(ReleaseRefused):
        release(parse_json("eligibility-query/1", BY_CARD), ["serviceDate", "nik"])
