from __future__ import annotations

from typing import Any

import pytest

from schemas import safe_xml
from schemas.catalogue import parse_json, to_value
from schemas.coverage_1 import Coverage1, OtherInsurance
from schemas.marks import Privacy
from schemas.privacy import ReleaseRefused, check_release, mask, subjects
from schemas.references import Coded, SpecificCoded
from schemas.xml import from_xml, to_xml_bytes

SMALL: dict[str, Any] = {"noKartu": "0001234567890", "status": "active"}
FULL: dict[str, Any] = {
    "noKartu": "0000000000000", "nik": "3273014107900001", "fullName": "Siti Contoh", "birthDate": "1990-07-01",
    "sex": "female", "phone": "+62 (22) 123-456", "medicalRecordNumber": "RM-0001", "status": "suspended",
    "statusDetail": {"code": "6", "name": "PENANGGUHAN PEMBAYARAN", "scheme": "bpjs.statusPeserta"},
    "careClass": {"code": "3", "name": "KELAS III"}, "memberType": {"code": "21", "name": "PBI (APBN)"},
    "familyPosition": {"code": "1"}, "primaryFacility": {"code": "0301R011", "name": "Puskesmas Contoh"},
    "validFrom": "2014-01-01", "validTo": "9999-12-31", "cardPrintedOn": "0001-01-01",
    "otherInsurance": {"insurer": "", "number": "P/1", "validFrom": "2026-01-01", "validTo": "2026-12-31"},
    "serviceDate": "2024-02-29", "raw": {"sourceSchema": "bpjs.vclaim/2.0", "fields": {"umur": {"sekarang": "36"}}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_a_cover_travels(travel, value: dict[str, Any]) -> None:
    assert travel("coverage/1", value).no_kartu == value["noKartu"]


def test_the_shape(shape) -> None:
    assert shape(Coverage1) == {
        "noKartu": "!personal noKartu", "nik": "?personal nik", "fullName": "?personal", "birthDate": "?personal",
        "sex": "?personal", "phone": "?personal", "medicalRecordNumber": "?specific medicalRecordNumber",
        "status": "!personal", "statusDetail": "?personal", "careClass": "?personal", "memberType": "?specific",
        "familyPosition": "?personal", "primaryFacility": "?personal", "validFrom": "?personal",
        "validTo": "?personal", "cardPrintedOn": "?personal", "otherInsurance": "?personal", "serviceDate": "?public",
    }  # fmt: skip
    assert [*shape(Coverage1), "raw"] == list(FULL)


def test_the_shape_of_its_groups(shape) -> None:
    day = "?personal"
    assert shape(OtherInsurance) == {
        "insurer": "!personal", "number": "?personal", "validFrom": day, "validTo": day,
    }  # fmt: skip
    assert shape(Coded) == {"code": "!public", "name": "?public", "scheme": "?public"}
    assert shape(SpecificCoded) == {"code": "!specific", "name": "?specific", "scheme": "?public"}


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    assert faults("coverage/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"noKartu": "1234567890"}, "noKartu", "no_kartu_format"),
        ({"noKartu": "00012345678901"}, "noKartu", "no_kartu_format"),
        ({"noKartu": "000123456789x"}, "noKartu", "no_kartu_format"),
        ({"noKartu": "\u0660" * 13}, "noKartu", "no_kartu_format"),
        ({"noKartu": " 001234567890"}, "noKartu", "no_kartu_format"),
        ({"noKartu": "0001234567890\n"}, "noKartu", "no_kartu_format"),
        ({"noKartu": 1234567890123}, "noKartu", "not_text"),
        ({"noKartu": None}, "noKartu", "null"),
        ({"nik": "3.273E+15"}, "nik", "nik_destroyed"),
        ({"nik": "9973014107900001"}, "nik", "nik_province"),
        ({"fullName": "\u00a0 "}, "fullName", "blank"),
        ({"birthDate": "1990-02-30"}, "birthDate", "civil_date"),
        ({"sex": "P"}, "sex", "not_allowed"),
        ({"phone": "-"}, "phone", "pattern"),
        ({"medicalRecordNumber": "RM 1 "}, "medicalRecordNumber", "pattern"),
        ({"status": "AKTIF"}, "status", "not_allowed"),
        ({"status": "0"}, "status", "not_allowed"),
        ({"status": 0}, "status", "not_allowed"),
        ({"status": True}, "status", "not_allowed"),
        ({"status": ""}, "status", "not_allowed"),
        ({"statusDetail": "AKTIF"}, "statusDetail", "not_object"),
        ({"statusDetail": {"code": 0}}, "statusDetail.code", "not_text"),
        ({"careClass": "3"}, "careClass", "not_object"),
        ({"careClass": {}}, "careClass.code", "missing"),
        ({"careClass": {"code": ""}}, "careClass.code", "too_short"),
        ({"careClass": {"code": "x" * 65}}, "careClass.code", "too_long"),
        ({"careClass": {"code": "3", "nama": "III"}}, "careClass.nama", "unknown_field"),
        ({"memberType": {"code": "1", "name": "x" * 501}}, "memberType.name", "too_long"),
        ({"otherInsurance": {"number": "1"}}, "otherInsurance.insurer", "missing"),
        ({"otherInsurance": {"insurer": "A", "validTo": "31-12-2026"}}, "otherInsurance.validTo", "civil_date"),
        ({"validFrom": "2026-1-1"}, "validFrom", "civil_date"),
        ({"validTo": ""}, "validTo", "civil_date"),
        ({"validTo": 1767225600}, "validTo", "civil_date_type"),
        ({"serviceDate": "2026-01-02T00:00:00Z"}, "serviceDate", "civil_date"),
        ({"no_kartu": "0001234567890"}, "no_kartu", "unknown_field"),
        ({"umur": "36"}, "umur", "unknown_field"),
    ],
)
def test_a_bad_cover_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("coverage/1", {**SMALL, **change}) == {path: code}


def test_every_fault_is_told_at_once(faults) -> None:
    bad = {"noKartu": "1", "status": "x", "nik": 1, "careClass": {"code": ""}, "validTo": None}
    assert faults("coverage/1", bad) == {
        "noKartu": "no_kartu_format", "status": "not_allowed", "nik": "not_text", "careClass.code": "too_short",
        "validTo": "null",
    }  # fmt: skip


@pytest.mark.parametrize("status", ["active", "inactive", "suspended", "unknown"])
def test_the_four_states(travel, status: str) -> None:
    assert travel("coverage/1", {**SMALL, "status": status}).status == status


def test_no_word_of_the_insurer_and_an_empty_one_differ_in_xml() -> None:
    empty = parse_json("coverage/1", {**SMALL, "careClass": {"code": "3", "name": ""}})
    again = to_value(from_xml(safe_xml.parse(to_xml_bytes(empty))))
    assert again["careClass"] == {"code": "3", "name": ""}
    assert "name" not in to_value(parse_json("coverage/1", {**SMALL, "careClass": {"code": "3"}}))["careClass"]


def test_whom_it_is_about_and_what_a_log_may_show() -> None:
    document = parse_json("coverage/1", FULL)
    assert subjects(document) == [
        ("noKartu", "0000000000000"), ("nik", "3273014107900001"), ("medicalRecordNumber", "RM-0001"),
    ]  # fmt: skip
    masked = mask(document)
    # A public code says something of a person where it stands: the container decides.
    assert masked["careClass"] == {"code": "***", "name": "***"}
    assert {key for key, value in masked.items() if value not in ("***",) and not isinstance(value, dict)} == {
        "serviceDate"
    }
    shown = mask(document, Privacy.personal)
    assert (shown["careClass"]["name"], shown["memberType"]["name"]) == ("KELAS III", "***")
    assert (shown["medicalRecordNumber"], shown["raw"]["fields"]) == ("***", "***")


def test_a_release_list_may_keep_the_answer_alone() -> None:
    check_release(Coverage1, ["noKartu", "status", "careClass.code"])
    with pytest.raises(ReleaseRefused) as caught:
        check_release(Coverage1, ["noKartu", "careClass.name"])
    assert caught.value.missing == ["careClass.code", "status"]
