from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import DOCUMENTS, parse_json, to_json, to_value
from schemas.fields import plan
from schemas.marks import Privacy
from schemas.privacy import ReleaseRefused, check_release, mask, release, subjects

LETTER = {
    "letterNumber": "1", "letterDate": "2026-01-02", "letterType": "undangan", "subject": "Rapat",
    "securityLevel": "B", "urgency": "biasa", "archiveClass": "000.1.2", "sender": {"name": "Kelurahan Contoh"},
    "recipients": [{"kind": "internal", "organisation": {"name": "Dinas Contoh"}, "personName": "Siti Contoh"}],
    "mainFile": {"sha256": "0" * 64, "size": 0, "mediaType": "application/pdf"},
}  # fmt: skip
REFERRAL = {
    "referralNumber": "0301R0110118V000006",
    "referralDate": "2026-01-02",
    "fromFacility": {"code": "0301R011", "name": "Puskesmas Contoh"},
    "toSpecialty": {"code": "INT"},
    "diagnosis": {"code": "A00.1", "name": "Cholera"},
    "patient": {"nik": "3273014107900001", "noKartu": "0000000000001", "fullName": "Siti Contoh"},
}


def test_subjects_are_found_wherever_they_stand(person) -> None:
    assert subjects(parse_json("person/1", person)) == [
        ("nik", "3273014107900001"),
        ("familyCardNumber", "3273010101100001"),
        ("noKartu", "0001234567890"),
        ("ihs", "P01234567890"),
    ]
    assert subjects(parse_json("referral/1", REFERRAL)) == [("nik", "3273014107900001"), ("noKartu", "0000000000001")]
    assert subjects(parse_json("envelope/1", {"service": "a.b", "schema": "a/1"})) == []


def test_a_subject_named_twice_is_listed_once() -> None:
    twice = {"fullName": "A", "birthDate": "2000-01-01", "sex": "male"}
    twice["otherIdentifiers"] = [{"scheme": "x", "value": "1"}] * 2  # type: ignore[assignment]
    assert subjects(parse_json("person/1", twice)) == [("x", "1")]


def test_mask_shows_only_what_is_public() -> None:
    masked = mask(parse_json("referral/1", {**REFERRAL, "raw": {"sourceSchema": "x/1", "fields": {"a": "Siti"}}}))
    assert masked["fromFacility"] == {"code": "0301R011", "name": "Puskesmas Contoh"}
    assert masked["patient"] == {"nik": "***", "noKartu": "***", "fullName": "***"}
    assert masked["diagnosis"] == {"code": "***", "name": "***"}
    # The container is specific, so is what it holds, whatever the field says alone.
    assert masked["raw"] == {"sourceSchema": "***", "fields": "***"}


def test_mask_up_to_a_class() -> None:
    masked = mask(parse_json("referral/1", REFERRAL), Privacy.personal)
    assert masked["referralDate"] == "2026-01-02"
    assert masked["diagnosis"]["code"] == "***"


@pytest.mark.parametrize("doc_type", DOCUMENTS)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_mask_to_the_top_class_is_the_document_itself(wire_values, doc_type: str, data: st.DataObject) -> None:
    document = parse_json(doc_type, data.draw(wire_values(doc_type)))
    assert mask(document, Privacy.secret) == to_value(document)
    shown = repr(mask(document))
    assert not [value for _, value in subjects(document) if len(value) > 12 and value in shown]


def test_release_narrows_to_the_list_and_stays_a_document(person) -> None:
    document = parse_json("person/1", person)
    narrowed = release(document, ["nik", "fullName", "birthDate", "sex", "address.line"])
    assert to_value(narrowed) == {
        "nik": person["nik"], "fullName": "Siti Contoh", "birthDate": "1990-07-01", "sex": "female",
        "address": {"line": "Jl. Contoh 1"},
    }  # fmt: skip
    assert parse_json("person/1", to_json(narrowed)) == narrowed
    assert subjects(narrowed) == [("nik", person["nik"])]
    assert to_value(document) == person


def test_release_of_a_container_releases_all_of_it(person) -> None:
    fields = ["nik", "fullName", "birthDate", "sex", "address", "otherIdentifiers.scheme", "otherIdentifiers.value"]
    value = to_value(release(parse_json("person/1", person), fields))
    assert value["address"] == person["address"]
    assert value["otherIdentifiers"] == person["otherIdentifiers"]


@pytest.mark.parametrize(
    ("fields", "unknown", "missing"),
    [
        (["nik", "fullName", "birthDate"], [], ["sex"]),
        (["fullName", "birthDate", "sex"], [], ["nik|noKartu|otherIdentifiers"]),
        (["nik", "fullName", "birthDate", "sex", "address.rt"], [], ["address.line"]),
        (
            ["nik", "fullName", "birthDate", "sex", "pay", "nik.x", "address.zip"],
            ["address.zip", "nik.x", "pay"],
            ["address.line"],
        ),
    ],
)  # fmt: skip
def test_a_list_that_does_not_fit_is_refused(fields: list[str], unknown: list[str], missing: list[str]) -> None:
    with pytest.raises(ReleaseRefused) as caught:
        check_release(DOCUMENTS["person/1"], fields)
    assert (caught.value.unknown, caught.value.missing) == (unknown, missing)


def test_release_refuses_to_leave_nobody(person) -> None:
    with pytest.raises(ReleaseRefused):
        release(
            parse_json("person/1", {**{k: v for k, v in person.items() if k != "nik"}}),
            ["nik", "fullName", "birthDate", "sex"],
        )


def test_release_of_a_list_leaves_somebody_in_every_item() -> None:
    letter, head = DOCUMENTS["letter/1"], [name for name in LETTER if name != "recipients"]
    with pytest.raises(ReleaseRefused) as caught:
        check_release(letter, [*head, "recipients.kind"])
    assert caught.value.missing == ["recipients.organisation|personName"]
    only = [*head, "recipients.kind", "recipients.organisation"]
    check_release(letter, only)
    person = {"kind": "internal", "personName": "Budi Contoh"}
    assert to_value(release(parse_json("letter/1", LETTER), only))["recipients"] == [
        {"kind": "internal", "organisation": {"name": "Dinas Contoh"}}
    ]
    with pytest.raises(ReleaseRefused) as caught:
        release(parse_json("letter/1", {**LETTER, "recipients": [*LETTER["recipients"], person]}), only)
    assert (caught.value.unknown, caught.value.missing) == ([], ["recipients.organisation|personName"])


def test_every_field_says_how_private_it_is_and_what_it_means() -> None:
    for model in DOCUMENTS.values():
        for field in plan(model):
            assert field.mark.text
