from __future__ import annotations

from typing import Any

import pytest

from schemas.catalogue import DOCUMENTS, parse_json
from schemas.errors import MAX_ERRORS, SchemaError
from schemas.fields import plan

PERSON: dict[str, Any] = {"noKartu": "0000000000001", "fullName": "A", "birthDate": "2000-01-01", "sex": "male"}


def refused(doc_type: str, value: Any) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        parse_json(doc_type, value)
    return caught.value


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"unknown": None}, "unknown", "unknown_field"),
        ({"full_name": "B"}, "full_name", "unknown_field"),
        ({"fullName": None}, "fullName", "null"),
        ({"address": None}, "address", "null"),
        ({"address": "Jl."}, "address", "not_object"),
        ({"otherIdentifiers": {"scheme": "x", "value": "1"}}, "otherIdentifiers", "not_list"),
        ({"otherIdentifiers": "x"}, "otherIdentifiers", "not_list"),
        ({"otherIdentifiers": [None]}, "otherIdentifiers.0", "null"),
        ({"otherIdentifiers": [{"scheme": "x", "value": 1}]}, "otherIdentifiers.0.value", "not_text"),
        ({"religion": {"code": "1", "kode": "1"}}, "religion.kode", "unknown_field"),
        ({"raw": "x"}, "raw", "not_object"),
        ({"raw": {"sourceSchema": "x/1", "fields": []}}, "raw.fields", "not_object"),
        ({"raw": {"sourceSchema": "x/1"}}, "raw.fields", "missing"),
    ],
)
def test_a_fault_has_its_path_and_code(change: dict[str, Any], path: str, code: str) -> None:
    assert [(error.path, error.code) for error in refused("person/1", {**PERSON, **change}).errors] == [(path, code)]


def test_every_fault_is_told_at_once_in_schema_order() -> None:
    told = refused("person/1", {"nik": "1", "fullName": "", "sex": "L", "x": 1}).errors
    assert [(error.path, error.code) for error in told] == [
        ("nik", "nik_format"), ("fullName", "too_short"), ("birthDate", "missing"), ("sex", "not_allowed"),
        ("x", "unknown_field"),
    ]  # fmt: skip


def test_the_list_of_faults_is_bounded_and_so_is_the_sentence() -> None:
    value = {**PERSON, "otherIdentifiers": [{"scheme": "x"}] * 500}
    fault = refused("person/1", value)
    assert len(fault.errors) == MAX_ERRORS
    assert str(fault).count("missing") == 5


@pytest.mark.parametrize("name", ["3273014107900001", "Siti Contoh", "x" * 60, "nama\n", "é", "", "a.b", "a1b2"])
def test_a_hostile_name_of_a_field_is_not_repeated(name: str) -> None:
    fault = refused("person/1", {**PERSON, name: "x"})
    assert [(error.path, error.code) for error in fault.errors] == [("?", "unknown_field")]


def test_a_refusal_holds_no_value_and_no_cause_that_does() -> None:
    fault = refused("person/1", {**PERSON, "nik": "3273014107900000", "email": "siti@@contoh", "birthPlace": "a\x00b"})
    told = f"{fault!s}{fault!r}{fault.errors}"
    assert {error.code for error in fault.errors} == {"nik_serial", "pattern", "xml_text"}
    assert not [value for value in ("3273014107900000", "siti@@contoh", "a\x00b") if value in told]
    assert fault.__cause__ is None
    assert fault.__suppress_context__


def test_limits_and_choices_are_told_in_words() -> None:
    batch = {"sha256": "a", "source": "a/b", "format": "x" * 65, "rows": -1, "accepted": 2**53, "rejected": 0}
    told = {error.path: error.message for error in refused("file-batch/1", batch).errors}
    assert told["format"] == "at most 64 characters or items"
    assert told["rows"] == "the least is 0"
    assert told["accepted"] == f"the most is {2**53 - 1}"
    assert (
        refused("person/1", {**PERSON, "sex": "x"}).errors[0].message == "one of 'male', 'female' or 'unknown' is due"
    )


@pytest.mark.parametrize("doc_type", DOCUMENTS)
def test_a_path_names_every_field_of_ours(doc_type: str) -> None:
    fields = {field.wire for field in plan(DOCUMENTS[doc_type])}
    assert {error.path for error in refused(doc_type, dict.fromkeys(fields, object())).errors} - {""} == fields
