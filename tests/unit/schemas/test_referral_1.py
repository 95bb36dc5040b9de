from __future__ import annotations

from typing import Any

import pytest

from schemas.catalogue import parse_json
from schemas.marks import MAX_ITEMS, Privacy
from schemas.privacy import ReleaseRefused, check_release, mask, subjects
from schemas.references import PartRef, PatientRef
from schemas.referral_1 import Diagnosis, Referral1

SCAN = {"sha256": "0" * 64, "size": 0, "mediaType": "image/dicom+xml"}
SMALL: dict[str, Any] = {
    "referralNumber": "R-1", "referralDate": "2026-01-02", "fromFacility": {"code": "0301R011"},
    "toSpecialty": {"code": "INT"}, "diagnosis": {"code": "I10"}, "patient": {"fullName": "Budi Contoh"},
}  # fmt: skip
FULL: dict[str, Any] = {
    "referralNumber": "0301R0110118V000006", "referralDate": "2024-02-29", "validUntil": "2026-04-02",
    "fromFacility": {"code": "0301R011", "name": "Puskesmas Contoh", "scheme": "bpjs.ppk"},
    "toFacility": {"code": "0301R001", "name": ""}, "toSpecialty": {"code": "INT", "name": "Penyakit Dalam"},
    "careType": "inpatient", "diagnosis": {"code": "A00.1", "name": "Cholera"}, "complaint": "demam\n\t3 hari",
    "note": "", "doctor": {"code": "31661", "name": "dr. Ani Contoh"},
    "patient": {"nik": "3273014107900001", "noKartu": "0001234567890", "medicalRecordNumber": "RM-1",
                "fullName": "Siti Contoh", "birthDate": "1990-07-01", "sex": "female", "phone": "022-1"},
    "attachments": [{**SCAN, "size": 2**53 - 1, "name": "../rontgen \u00e9.pdf"}, SCAN],
    "raw": {"sourceSchema": "bpjs.vclaim/2.0", "fields": {"tujuanKunj": "0"}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_a_referral_travels(travel, value: dict[str, Any]) -> None:
    assert travel("referral/1", value).referral_number == value["referralNumber"]


def test_the_shape(shape) -> None:
    assert shape(Referral1) == {
        "referralNumber": "!personal", "referralDate": "!personal", "validUntil": "?personal",
        "fromFacility": "!public", "toFacility": "?public", "toSpecialty": "!specific", "careType": "?specific",
        "diagnosis": "!specific", "complaint": "?specific", "note": "?specific", "doctor": "?personal",
        "patient": "!specific", "attachments": "?list specific",
    }  # fmt: skip
    assert [*shape(Referral1), "raw"] == list(FULL)


def test_the_shape_of_its_groups(shape) -> None:
    assert shape(Diagnosis) == {"code": "!specific", "name": "?specific"}
    assert shape(PatientRef) == {
        "nik": "?personal nik", "noKartu": "?personal noKartu",
        "medicalRecordNumber": "?specific medicalRecordNumber", "fullName": "!personal", "birthDate": "?personal",
        "sex": "?personal", "phone": "?personal",
    }  # fmt: skip
    assert list(shape(PatientRef)) == list(FULL["patient"])
    assert list(shape(PartRef)) == list(FULL["attachments"][0])


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    assert faults("referral/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"referralNumber": ""}, "referralNumber", "too_short"),
        ({"referralNumber": "R 1 "}, "referralNumber", "pattern"),
        ({"referralNumber": "x" * 129}, "referralNumber", "too_long"),
        ({"referralNumber": 1}, "referralNumber", "not_text"),
        ({"referralDate": "2026-02-29"}, "referralDate", "civil_date"),
        ({"validUntil": None}, "validUntil", "null"),
        ({"fromFacility": None}, "fromFacility", "null"),
        ({"fromFacility": {"name": "x"}}, "fromFacility.code", "missing"),
        ({"toSpecialty": "INT"}, "toSpecialty", "not_object"),
        ({"careType": "1"}, "careType", "not_allowed"),
        ({"careType": "rawat inap"}, "careType", "not_allowed"),
        ({"diagnosis": {}}, "diagnosis.code", "missing"),
        ({"diagnosis": "I10"}, "diagnosis", "not_object"),
        ({"diagnosis": {"code": "I10", "text": "x"}}, "diagnosis.text", "unknown_field"),
        ({"complaint": "x" * 4001}, "complaint", "too_long"),
        ({"complaint": "a\x0bb"}, "complaint", "xml_text"),
        ({"note": 1}, "note", "not_text"),
        ({"patient": {"nik": "3273014107900001"}}, "patient.fullName", "missing"),
        ({"patient": {"fullName": " "}}, "patient.fullName", "blank"),
        ({"patient": {"fullName": "A", "nik": "327301410790000"}}, "patient.nik", "nik_format"),
        ({"patient": {"fullName": "A", "noKartu": "1"}}, "patient.noKartu", "no_kartu_format"),
        ({"patient": {"fullName": "A", "sex": "L"}}, "patient.sex", "not_allowed"),
        ({"attachments": []}, "attachments", "too_short"),
        ({"attachments": [SCAN] * (MAX_ITEMS + 1)}, "attachments", "too_long"),
        ({"attachments": SCAN}, "attachments", "not_list"),
        ({"attachments": [SCAN, {**SCAN, "sha256": "0" * 63}]}, "attachments.1.sha256", "pattern"),
        ({"attachments": [{**SCAN, "mediaType": "image/png; q=1"}]}, "attachments.0.mediaType", "pattern"),
        ({"attachments": [{**SCAN, "size": 2**53}]}, "attachments.0.size", "out_of_range"),
        ({"attachments": [{**SCAN, "size": 1.0}]}, "attachments.0.size", "not_integer"),
        ({"attachments": [{**SCAN, "content": "QQ=="}]}, "attachments.0.content", "unknown_field"),
        ({"noRujukan": "1"}, "noRujukan", "unknown_field"),
    ],
)
def test_a_bad_referral_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("referral/1", {**SMALL, **change}) == {path: code}


@pytest.mark.parametrize("code", ["A00", "A00.1", "Z99.9", "C7A", "S72.0A1", "U07.1", "M16.12X"])
def test_a_diagnosis_is_an_icd_10_code(travel, code: str) -> None:
    assert travel("referral/1", {**SMALL, "diagnosis": {"code": code}}).diagnosis.code == code


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("a00", "pattern"), ("A0", "too_short"), ("A00.", "pattern"), ("A001", "pattern"), ("AA0", "pattern"),
        ("A00.12345", "too_long"), ("I10 ", "pattern"), ("I10\n", "pattern"), ("K30-K31", "pattern"),
        ("hipertensi", "too_long"), ("\u0391" + "00", "pattern"),
    ],
)  # fmt: skip
def test_what_is_no_icd_10_code(faults, code: str, why: str) -> None:
    assert faults("referral/1", {**SMALL, "diagnosis": {"code": code}}) == {"diagnosis.code": why}


def test_as_many_attachments_as_a_list_may_hold(travel) -> None:
    assert len(travel("referral/1", {**SMALL, "attachments": [SCAN] * MAX_ITEMS}).attachments) == MAX_ITEMS


def test_whom_it_is_about_and_what_a_log_may_show() -> None:
    document = parse_json("referral/1", FULL)
    assert subjects(document) == [
        ("nik", "3273014107900001"), ("noKartu", "0001234567890"), ("medicalRecordNumber", "RM-1"),
    ]  # fmt: skip
    masked = mask(document)
    assert masked.pop("fromFacility") == FULL["fromFacility"]
    assert masked.pop("toFacility") == FULL["toFacility"]
    assert set(_leaves(masked)) == {"***"}
    # What is public of a part elsewhere is about somebody's health here.
    personal = mask(document, Privacy.personal)
    assert (personal["referralNumber"], personal["doctor"]["name"]) == ("0301R0110118V000006", "dr. Ani Contoh")
    assert set(_leaves([personal[name] for name in ("patient", "diagnosis", "attachments", "raw")])) == {"***"}


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [leaf for inner in (value.values() if isinstance(value, dict) else value) for leaf in _leaves(inner)]
    return [value]


def test_a_release_list_keeps_a_referral_whole() -> None:
    check_release(Referral1, [*SMALL, "patient.fullName"])
    with pytest.raises(ReleaseRefused) as caught:
        check_release(Referral1, [name for name in SMALL if name != "patient"] + ["patient.nik", "diagnosis.nama"])
    assert (caught.value.unknown, caught.value.missing) == (["diagnosis.nama"], ["patient.fullName"])
