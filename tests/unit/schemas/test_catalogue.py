from __future__ import annotations

import json
from datetime import date

import orjson
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import schemas.document
from schemas.catalogue import DOCUMENTS, SERVICES, UnknownDocument, canonical, parse_json, to_json, to_value
from schemas.document import Raw, SchemaError
from schemas.person_1 import Person1

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def codes(doc_type: str, value: object) -> dict[str, str]:
    with pytest.raises(SchemaError) as caught:
        parse_json(doc_type, json.dumps(value))
    return {error.path: error.code for error in caught.value.errors}


@pytest.mark.parametrize("doc_type", DOCUMENTS)
@FEW
@given(data=st.data())
def test_json_round_trip_keeps_exactly_what_was_set(wire_values, doc_type: str, data: st.DataObject) -> None:
    value = data.draw(wire_values(doc_type))
    document = parse_json(doc_type, orjson.dumps(value))
    assert to_value(document) == value
    assert orjson.loads(to_json(document)) == value
    assert parse_json(doc_type, to_json(document)) == document
    assert parse_json(doc_type, value) == document


@pytest.mark.parametrize("doc_type", DOCUMENTS)
@FEW
@given(data=st.data())
def test_canonical_is_rfc_8785(wire_values, doc_type: str, data: st.DataObject) -> None:
    value = data.draw(wire_values(doc_type))
    assert canonical(parse_json(doc_type, value)) == rfc8785.dumps(value)


@pytest.mark.parametrize("doc_type", DOCUMENTS)
@FEW
@given(data=st.data())
def test_canonical_is_the_same_whichever_way_a_document_was_made(
    wire_values, doc_type: str, data: st.DataObject
) -> None:
    value = data.draw(wire_values(doc_type))
    document = parse_json(doc_type, value)
    fields = {attr: getattr(document, attr) for attr in document.model_fields_set}
    assert canonical(type(document)(**fields)) == canonical(document.model_copy()) == canonical(document)


def test_what_a_codec_hands_over_as_dates_is_written_as_dates(person) -> None:
    by_date = parse_json("person/1", {**person, "birthDate": date.fromisoformat(person["birthDate"])})
    assert canonical(by_date) == canonical(parse_json("person/1", person))


def test_a_changed_copy_has_a_canonical_form_of_its_own(person) -> None:
    document = parse_json("person/1", person)
    canonical(document)
    assert b'"fullName":"LAIN"' in canonical(document.model_copy(update={"full_name": "LAIN"}))


def test_a_value_that_changes_after_it_was_read_changes_nothing(person) -> None:
    value = {**person, "raw": {"sourceSchema": "x/1", "fields": {"a": "1"}}}
    document = parse_json("person/1", value)
    before = canonical(document)
    value["fullName"] = "LAIN"
    assert canonical(document) == before


_ODD = st.sampled_from(["\x00", "\x0b", "\ufffe", "\n", "\u00a0", "\u200b", "biasa"])
_LEAF = st.none() | st.booleans() | st.sampled_from([0, 2**53, -(2**53), 1.5]) | _ODD
_TREE = st.dictionaries(
    _ODD, st.recursive(_LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ODD, inner, max_size=3))
)


@settings(max_examples=300, deadline=None)
@given(fields=_TREE)
def test_raw_is_judged_alike_at_once_and_value_by_value(fields: dict[str, object]) -> None:
    def verdict() -> str | None:
        try:
            Raw(source_schema="x/1", fields=fields)
        except ValidationError as error:
            return str(error.errors()[0]["type"])
        return None

    at_once = verdict()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemas.document, "_at_once", lambda fields: False)
        assert verdict() == at_once


@pytest.mark.parametrize("fields", [
    {"a": "x" * 100_001}, {"x" * 100_001: 1}, {f"a{i}": i for i in range(5001)}, {"a": ["b"] * 5000},
    {"a": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]},
])  # fmt: skip
def test_raw_is_bounded(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Raw(source_schema="x/1", fields=fields)


def test_raw_names_beyond_the_basic_plane_sort_as_the_rfc_says(person) -> None:
    value = {**person, "raw": {"sourceSchema": "x/1", "fields": {"\ufb00": 1, "\U0001f600": 2, "a": {"\ue000": 1}}}}
    assert canonical(parse_json("person/1", value)) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"nik": 3273014107900001}, "nik", "not_text"),
        ({"nik": "3.273E+15"}, "nik", "nik_destroyed"),
        ({"nik": "9973014107900001"}, "nik", "nik_province"),
        ({"nik": None}, "nik", "null"),
        ({"birthDate": "1990-02-30"}, "birthDate", "civil_date"),
        ({"birthDate": "01-07-1990"}, "birthDate", "civil_date"),
        ({"birthDate": "1990-07-01T00:00:00Z"}, "birthDate", "civil_date"),
        ({"birthDate": 646790400}, "birthDate", "civil_date_type"),
        ({"sex": "L"}, "sex", "not_allowed"),
        ({"fullName": ""}, "fullName", "too_short"),
        ({"fullName": "a\x0bb"}, "fullName", "xml_text"),
        ({"fullName": "a\ufffe"}, "fullName", "xml_text"),
        ({"fullName": "x" * 201}, "fullName", "too_long"),
        ({"noKartu": "1234567890"}, "noKartu", "no_kartu_format"),
        ({"familyCardNumber": "12"}, "familyCardNumber", "family_card_format"),
        ({"otherIdentifiers": []}, "otherIdentifiers", "too_short"),
        ({"otherIdentifiers": [{"scheme": "a"}]}, "otherIdentifiers.0.value", "missing"),
        ({"address": {"line": "x", "rt": 1}}, "address.rt", "not_text"),
        ({"address": []}, "address", "not_object"),
        ({"salary": "x"}, "salary", "unknown_field"),
        ({"3273014107900001": "x"}, "?", "unknown_field"),
        ({"raw": {"sourceSchema": "x/1", "fields": {"a": 1.5}}}, "raw.fields", "raw_value"),
        ({"raw": {"sourceSchema": "x/1", "fields": {"a": "\x00"}}}, "raw.fields", "raw_value"),
        ({"raw": {"sourceSchema": "x/1", "fields": {"a": 2**53}}}, "raw.fields", "raw_value"),
        ({"raw": {"sourceSchema": "x/1", "fields": {"a": [1] * 5001}}}, "raw.fields", "raw_size"),
        ({"raw": {"sourceSchema": "x/1", "fields": {"a": json.loads("[" * 20 + "]" * 20)}}}, "raw.fields", "raw_depth"),
    ],
)
def test_a_bad_person_is_refused_by_name(person, change: dict[str, object], path: str, code: str) -> None:
    assert codes("person/1", {**person, **change}) == {path: code}


def test_refusals_never_echo_a_value(person) -> None:
    person = {
        **person,
        "nik": "3273014107900000",
        "sex": "SECRETVALUE",
        "phone": "SECRETVALUE",
        "x123456": "SECRETVALUE",
    }
    with pytest.raises(SchemaError) as caught:
        parse_json("person/1", json.dumps(person))
    told = str(caught.value) + repr(caught.value.errors) + repr(caught.value.__context__ and "")
    assert "SECRETVALUE" not in told
    assert "3273014107900000" not in told
    assert "x123456" not in told


def test_a_document_does_not_show_its_values(person) -> None:
    document = parse_json("person/1", person)
    assert "Siti" not in repr(document) + str(document) + f"{document.address}"


def test_absent_empty_and_null_differ() -> None:
    base = {"fullName": "A", "birthDate": "2000-01-01", "sex": "unknown", "noKartu": "0000000000001"}
    absent = parse_json("person/1", base)
    empty = parse_json("person/1", {**base, "birthPlace": ""})
    assert to_value(absent) == base
    assert to_value(empty)["birthPlace"] == ""
    assert absent != empty
    assert codes("person/1", {**base, "birthPlace": None}) == {"birthPlace": "null"}


def test_at_least_one_identifier_is_required() -> None:
    assert codes("eligibility-query/1", {"serviceDate": "2026-01-02"}) == {"": "one_of_required"}
    assert codes("person/1", {"fullName": "A", "birthDate": "2000-01-01", "sex": "male"}) == {"": "one_of_required"}


def test_a_letter_without_number_is_a_draft() -> None:
    letter = {
        "letterNumber": None, "letterDate": "2026-01-02", "letterType": "undangan", "subject": "Rapat",
        "securityLevel": "B", "urgency": "biasa", "archiveClass": "000.1.2",
        "sender": {"name": "Kelurahan Contoh"},
        "recipients": [{"kind": "non_srikandi", "organisation": {"name": "Dinas Contoh"}}],
        "mainFile": {"sha256": "0" * 64, "size": 0, "mediaType": "application/pdf"},
    }  # fmt: skip
    assert codes("letter/1", letter) == {"": "draft_number"}
    assert to_value(parse_json("letter/1", {**letter, "draft": True}))["letterNumber"] is None
    del letter["letterNumber"]
    assert codes("letter/1", letter) == {"letterNumber": "missing"}


def test_counts_of_a_batch_add_up() -> None:
    batch = {"sha256": "a" * 64, "source": "kota/desa", "format": "csv", "rows": 2, "accepted": 2, "rejected": 1}
    assert codes("file-batch/1", batch) == {"": "batch_count"}
    assert codes("file-batch/1", {**batch, "rows": True}) == {"rows": "not_integer"}
    assert codes("file-batch/1", {**batch, "rows": 3.0}) == {"rows": "not_integer"}


@pytest.mark.parametrize("value", [[], "x", 1, None, True])
def test_a_document_is_an_object(value: object) -> None:
    with pytest.raises(SchemaError):
        parse_json("person/1", json.dumps(value))


def test_unknown_types_are_refused() -> None:
    with pytest.raises(UnknownDocument):
        parse_json("person/2", b"{}")


def test_documents_are_frozen(person) -> None:
    document = parse_json("person/1", person)
    with pytest.raises(ValidationError):
        document.full_name = "other"  # type: ignore[attr-defined]


def test_python_names_and_wire_names_both_build() -> None:
    one = Person1(full_name="A", birth_date="2000-01-01", sex="male", no_kartu="0000000000001")
    two = Person1(fullName="A", birthDate="2000-01-01", sex="male", noKartu="0000000000001")
    assert one == two


def test_raw_of_keeps_what_a_float_would_lose() -> None:
    raw = Raw.of("x/1", {"a": [1.5, 2**60], "b": {"c": None, "d": True}})
    assert raw.fields == {"a": ["1.5", str(2**60)], "b": {"c": None, "d": True}}


def test_every_service_names_known_documents() -> None:
    for name, service in SERVICES.items():
        assert name == service.name
        assert service.request in DOCUMENTS
        assert (service.answer in DOCUMENTS) == (service.kind == "query")


def test_the_first_set_is_there() -> None:
    assert set(DOCUMENTS) == {
        "envelope/1", "acknowledgement/1", "person/1", "address/1", "organisation/1", "coverage/1",
        "eligibility-query/1", "referral/1", "letter/1", "signature-request/1", "signed-document/1", "file-batch/1",
        "row-error/1",
    }  # fmt: skip
    for doc_type, model in DOCUMENTS.items():
        assert doc_type == model.TYPE == f"{model.NAME}/{model.MAJOR}"
