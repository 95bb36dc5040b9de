from __future__ import annotations

from typing import Any

import pytest

from schemas import safe_xml
from schemas.catalogue import canonical, parse_json
from schemas.document import SchemaError
from schemas.person_1 import Person1
from schemas.privacy import mask, subjects
from schemas.xml import from_xml

SMALL: dict[str, Any] = {"nik": "3273014107900001", "fullName": "A", "birthDate": "1990-07-01", "sex": "female"}
FULL: dict[str, Any] = {
    "nik": "3273014107900001", "familyCardNumber": "3273010101100001", "noKartu": "0001234567890",
    "otherIdentifiers": [{"scheme": "ihs", "value": "P01234567890"}, {"scheme": "paspor", "value": "X0000001"}],
    "fullName": "Siti Contoh, S.Kom.", "birthDate": "1990-07-01", "birthPlace": "Bandung", "sex": "female",
    "maritalStatus": {"code": "2", "name": "Kawin", "scheme": "dukcapil"}, "occupation": {"code": "88"},
    "education": {"code": "8"}, "familyRelation": {"code": "3"}, "religion": {"code": "1", "name": "-"},
    "bloodType": {"code": "13"}, "disability": {"code": "0", "name": "", "scheme": "dukcapil"},
    "motherName": "Ibu Contoh", "fatherName": "Bapak Contoh", "phone": "+62 22 000-0000", "email": "siti@contoh.test",
    "address": {"line": "Jl. Contoh 1", "adminArea": {"scheme": "kemendagri", "province": "32", "city": "3273"},
                "rt": "001", "rw": "2", "hamlet": "Sukacontoh", "postalCode": "40111"},
    "raw": {"sourceSchema": "dukcapil.json/central", "fields": {"EKTP_STATUS": "S", "n": 0, "x": None, "l": []}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_a_person_travels(travel, value: dict[str, Any]) -> None:
    document = travel("person/1", value)
    assert isinstance(document, Person1)
    assert document.nik == "3273014107900001"


def test_the_full_person_leaves_nothing_out(shape) -> None:
    assert set(FULL) == {*shape(Person1), "raw"}


def test_the_shape(shape) -> None:
    assert shape(Person1) == {
        "nik": "?personal nik", "familyCardNumber": "?personal familyCardNumber", "noKartu": "?personal noKartu",
        "otherIdentifiers": "?list personal", "fullName": "!personal", "birthDate": "!personal",
        "birthPlace": "?personal", "sex": "!personal", "maritalStatus": "?personal", "occupation": "?personal",
        "education": "?personal", "familyRelation": "?personal", "religion": "?specific", "bloodType": "?specific",
        "disability": "?specific", "motherName": "?specific", "fatherName": "?specific", "phone": "?personal",
        "email": "?personal", "address": "?personal",
    }  # fmt: skip
    assert list(shape(Person1)) == [name for name in FULL if name != "raw"]


@pytest.mark.parametrize("name", ["fullName", "birthDate", "sex"])
def test_what_is_required(faults, name: str) -> None:
    assert faults("person/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


def test_somebody_is_named_by_some_identifier(travel, faults) -> None:
    nobody = {key: value for key, value in SMALL.items() if key != "nik"}
    assert faults("person/1", nobody) == {"": "one_of_required"}
    # A family card names a family, not a person.
    assert faults("person/1", {**nobody, "familyCardNumber": "3273010101100001"}) == {"": "one_of_required"}
    travel("person/1", {"noKartu": "0001234567890", **nobody})
    travel("person/1", {"otherIdentifiers": [{"scheme": "ihs", "value": "P01234567890"}], **nobody})


@pytest.mark.parametrize(
    ("nik", "code"),
    [
        (3273014107900001, "not_text"),
        (3273014107900001.0, "not_text"),
        ("3.27301E+15", "nik_destroyed"),
        ("3,27301E+15", "nik_destroyed"),
        ("3E15", "nik_destroyed"),
        ("3273014107900000", "nik_serial"),
        ("3273014107900001.0", "nik_format"),
        ("'3273014107900001", "nik_format"),
        (" 3273014107900001", "nik_format"),
        ("327301-410790-0001", "nik_format"),
        ("3273014107900001\u200b", "nik_format"),
        ("３２７３０１４１０７９００００１", "nik_format"),
        ("3273014107900", "nik_format"),
        ("", "nik_format"),
        ("0173014107900001", "nik_province"),
        ("3273017007900001", None),
        ("3273017207900001", "nik_date"),
        ("3273013002900001", "nik_date"),
        ("3273012902010001", "nik_date"),
        ("3273012902000001", None),
    ],
)
def test_a_nik_as_excel_and_others_left_it(faults, nik: object, code: str | None) -> None:
    if code is None:
        assert parse_json("person/1", {**SMALL, "nik": nik})
    else:
        assert faults("person/1", {**SMALL, "nik": nik}) == {"nik": code}


def test_a_nik_that_contradicts_the_rest_is_no_refusal(travel) -> None:
    travel("person/1", {**SMALL, "birthDate": "1985-12-31", "sex": "male"})


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("1990-02-29", "civil_date"), ("1990-06-31", "civil_date"), ("0000-01-01", "civil_date"),
        ("1990-00-10", "civil_date"), ("1990-13-01", "civil_date"), ("01-07-1990", "civil_date"),
        ("1990-07-01T00:00:00+07:00", "civil_date"), ("1990-07-01Z", "civil_date"), ("19900701", "civil_date"),
        ("", "civil_date"), ("1990-7-1", "civil_date"), (33055, "civil_date_type"), (True, "civil_date_type"),
        (None, "null"),
    ],
)  # fmt: skip
def test_a_birth_date_is_a_day_that_was(faults, day: object, code: str) -> None:
    assert faults("person/1", {**SMALL, "birthDate": day}) == {"birthDate": code}


@pytest.mark.parametrize("day", ["2000-02-29", "1900-01-01", "0001-01-01", "9999-12-31"])
def test_a_birth_date_keeps_its_day(travel, day: str) -> None:
    assert travel("person/1", {**SMALL, "birthDate": day}).birth_date.isoformat() == day


@pytest.mark.parametrize(
    ("composed", "decomposed"), [("Andr\u00e9", "Andre\u0301"), ("\uac00", "\u1100\u1161"), ("\u00c5", "\u212b")]
)
def test_a_name_is_never_normalised(travel, composed: str, decomposed: str) -> None:
    one = travel("person/1", {**SMALL, "fullName": composed})
    two = travel("person/1", {**SMALL, "fullName": decomposed})
    assert one != two
    assert canonical(one) != canonical(two)


@pytest.mark.parametrize(
    "name", ["\U0001f600" * 200, "a\tb\r\nc\rd", " A ", "<&>\"']]>", "\u200f\u0634", "\u2028A\x85"]
)
def test_a_name_keeps_every_character(travel, name: str) -> None:
    assert travel("person/1", {**SMALL, "fullName": name}).full_name == name


@pytest.mark.parametrize(
    ("name", "code"), [("\U0001f600" * 201, "too_long"), ("", "too_short"), ("a\x00", "xml_text"), (1, "not_text")]
)
def test_what_is_no_name(faults, name: object, code: str) -> None:
    assert faults("person/1", {**SMALL, "fullName": name}) == {"fullName": code}


def test_a_field_of_the_source_has_its_place_in_raw_only(faults, travel) -> None:
    assert faults("person/1", {**SMALL, "EKTP_STATUS": "S"}) == {"EKTP_STATUS": "unknown_field"}
    travel("person/1", {**SMALL, "raw": {"sourceSchema": "x/1", "fields": {"EKTP_STATUS": "S"}}})


def test_in_xml_a_python_name_is_an_unknown_field_too() -> None:
    text = b'<person xmlns="urn:lintas:schema:person:1"><full_name>A</full_name></person>'
    with pytest.raises(SchemaError) as caught:
        from_xml(safe_xml.parse(text))
    assert ("full_name", "unknown_field") in [(error.path, error.code) for error in caught.value.errors]


def test_who_it_is_about_and_what_a_log_may_say() -> None:
    document = parse_json("person/1", FULL)
    assert subjects(document) == [
        ("nik", "3273014107900001"), ("familyCardNumber", "3273010101100001"), ("noKartu", "0001234567890"),
        ("ihs", "P01234567890"), ("paspor", "X0000001"),
    ]  # fmt: skip
    masked = str(mask(document))
    assert not [shown for shown in ("Siti", "Ibu", "1990", "327301", "Jl.", "EKTP", "ihs", "40111") if shown in masked]
