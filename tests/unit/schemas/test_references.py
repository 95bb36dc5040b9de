from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas import references
from schemas.document import Group
from schemas.errors import refusal
from schemas.references import OrganisationRef, OtherIdentifier, PartRef, PatientRef


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("Coded", {"code": "!public", "name": "?public", "scheme": "?public"}),
        ("SpecificCoded", {"code": "!specific", "name": "?specific", "scheme": "?public"}),
        ("OtherIdentifier", {"scheme": "!public", "value": "!personal @scheme"}),
        ("PatientRef", {
            "nik": "?personal nik", "noKartu": "?personal noKartu",
            "medicalRecordNumber": "?specific medicalRecordNumber", "fullName": "!personal",
            "birthDate": "?personal", "sex": "?personal", "phone": "?personal"}),
        ("OrganisationRef", {
            "id": "?public", "scheme": "?public", "name": "!public", "unit": "?public", "position": "?public"}),
        ("PartRef", {"sha256": "!public", "size": "!public", "mediaType": "!public", "name": "?personal"}),
    ],
)  # fmt: skip
def test_the_shape(shape, group: str, expected: dict[str, str]) -> None:
    assert shape(getattr(references, group)) == expected


def refused(group: type[Group], value: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        group.model_validate(value)
    return [(error.path, error.code) for error in refusal("x/1", caught.value).errors]


@pytest.mark.parametrize(
    ("group", "value", "path", "code"),
    [
        (OtherIdentifier, {"scheme": "ihs", "value": ""}, "value", "too_short"),
        (OtherIdentifier, {"scheme": "", "value": "1"}, "scheme", "too_short"),
        (OtherIdentifier, {"value": "1"}, "scheme", "missing"),
        (OtherIdentifier, {"scheme": "ihs", "value": 1}, "value", "not_text"),
        (PatientRef, {"nik": "3273014107900001"}, "fullName", "missing"),
        (PatientRef, {"fullName": "A", "noKartu": "1234567890"}, "noKartu", "no_kartu_format"),
        (PatientRef, {"fullName": "A", "nik": "3,27E+15"}, "nik", "nik_destroyed"),
        (PatientRef, {"fullName": "A", "sex": "L"}, "sex", "not_allowed"),
        (PatientRef, {"fullName": "A", "umur": "35 tahun"}, "umur", "unknown_field"),
        (OrganisationRef, {"name": "A", "unit": None}, "unit", "null"),
        (PartRef, {"sha256": "0" * 64, "size": True, "mediaType": "a/b"}, "size", "not_integer"),
        (PartRef, {"sha256": "0" * 64, "size": 2**53, "mediaType": "a/b"}, "size", "out_of_range"),
        (PartRef, {"sha256": "0" * 64, "size": 1, "mediaType": "a/b; q=1"}, "mediaType", "pattern"),
        (PartRef, {"sha256": "0" * 64, "size": 1, "mediaType": "a/b", "name": "a\x00b"}, "name", "xml_text"),
    ],
)
def test_what_a_reference_refuses(group: type[Group], value: dict[str, Any], path: str, code: str) -> None:
    assert refused(group, value) == [(path, code)]


def test_a_file_name_is_data_whatever_it_looks_like() -> None:
    name = "../../etc/passwd\\C:\u202e.pdf"
    assert PartRef(sha256="0" * 64, size=0, media_type="a/b", name=name).name == name
