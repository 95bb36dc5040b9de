from __future__ import annotations

from typing import Any

import pytest

from schemas import letter_1, safe_xml
from schemas.catalogue import parse_json, to_value
from schemas.letter_1 import Letter1
from schemas.privacy import mask, subjects
from schemas.references import PartRef
from schemas.xml import from_xml, to_xml, to_xml_bytes

MAIN = {"sha256": "0" * 64, "size": 0, "mediaType": "application/pdf"}
SMALL: dict[str, Any] = {
    "letterNumber": "005/12/KEL-CTH/I/2026", "letterDate": "2026-01-02", "letterType": "undangan", "subject": "Rapat",
    "securityLevel": "B", "urgency": "biasa", "archiveClass": "000.1.2",
    "sender": {"name": "Kelurahan Contoh"},
    "recipients": [{"kind": "non_srikandi", "organisation": {"name": "Dinas Contoh"}}], "mainFile": MAIN,
}  # fmt: skip
ORGANISATION = {"id": "K-1", "scheme": "anri", "name": "Dinas Contoh", "unit": "Sekretariat", "position": "Kepala"}
SIGNATORY = {"name": "Budi Contoh", "nip": "198001012006041001", "position": "Lurah", "actingMode": "plt",
             "nikDigest": "ab" * 32}  # fmt: skip
FULL: dict[str, Any] = {
    "letterId": "6f1c1c9e-0000-4000-8000-000000000001", "draft": False, "letterNumber": "S-66/CTH.5/2026",
    "letterDate": "2026-01-02", "letterType": "surat_dinas", "subject": "Rapat koordinasi", "securityLevel": "SR",
    "urgency": "sangat_segera", "rawSifat": "Sangat Penting", "archiveClass": "000.1.2",
    "retention": {"activeYears": 2, "inactiveYears": 0, "disposal": "Musnah"}, "sender": ORGANISATION,
    "recipients": [{"kind": "internal", "organisation": ORGANISATION, "personName": "Budi Contoh"},
                   {"kind": "srikandi", "organisation": {"name": "Dinas Contoh", "position": "Kepala"}}],
    "copies": [{"kind": "non_srikandi", "personName": "Siti Contoh"}],
    "attachments": [{"declaredText": "1 berkas", "file": {**MAIN, "name": "peta é.pdf"}}, {"declaredText": "-"}],
    "abstract": "Isi ringkas", "body": "Isi\n\tpenuh", "signatories": [SIGNATORY], "initials": [{"name": "Ani Contoh"}],
    "inReplyTo": ["005/1/2025", "naskah-2"], "replyDueDate": "2026-01-09",
    "dispositions": [{"from": ORGANISATION, "to": [{"name": "Bidang Contoh"}], "instruction": "Tindak lanjuti",
                      "sifat": "Segera", "dueDate": "2026-01-05", "note": "Catatan"}],
    "mainFile": {**MAIN, "size": 2**53 - 1, "name": "surat.pdf"}, "receivedDate": "2026-01-03", "agendaNumber": "12/A",
    "raw": {"sourceSchema": "asamurat/1", "fields": {"indeks": "7"}},
}  # fmt: skip


@pytest.mark.parametrize("value", [SMALL, FULL], ids=["small", "full"])
def test_a_letter_travels(travel, value: dict[str, Any]) -> None:
    assert travel("letter/1", value).letter_number == value["letterNumber"]


def test_the_shape(shape) -> None:
    assert shape(Letter1) == {
        "letterId": "?public", "draft": "?public", "letterNumber": "!null public", "letterDate": "!public",
        "letterType": "!public", "subject": "!personal", "securityLevel": "!public", "urgency": "!public",
        "rawSifat": "?public", "archiveClass": "!public", "retention": "?public", "sender": "!public",
        "recipients": "!list public", "copies": "?list public", "attachments": "?list personal",
        "abstract": "?personal", "body": "?personal", "signatories": "?list public", "initials": "?list public",
        "inReplyTo": "?list public", "replyDueDate": "?public", "dispositions": "?list public",
        "mainFile": "!personal", "receivedDate": "?public", "agendaNumber": "?public",
    }  # fmt: skip
    assert [*shape(Letter1), "raw"] == list(FULL)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("Recipient", {"kind": "!public", "organisation": "?public", "personName": "?personal"}),
        ("Signatory", {"name": "!personal", "nip": "?personal nip", "position": "?public", "actingMode": "?public",
                       "nikDigest": "?personal"}),
        ("Retention", {"activeYears": "?public", "inactiveYears": "?public", "disposal": "?public"}),
        ("Attachment", {"declaredText": "?public", "file": "?personal"}),
        ("Disposition", {"from": "!public", "to": "!list public", "instruction": "!personal", "sifat": "?public",
                         "dueDate": "?public", "note": "?personal"}),
    ],
)  # fmt: skip
def test_the_shape_of_its_groups(shape, group: str, expected: dict[str, str]) -> None:
    assert shape(getattr(letter_1, group)) == expected


@pytest.mark.parametrize("name", SMALL)
def test_what_is_required(faults, name: str) -> None:
    assert faults("letter/1", {key: value for key, value in SMALL.items() if key != name}) == {name: "missing"}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"letterNumber": None}, "", "draft_number"),
        ({"letterNumber": None, "draft": False}, "", "draft_number"),
        ({"letterNumber": ""}, "letterNumber", "too_short"),
        ({"letterNumber": "x" * 201}, "letterNumber", "too_long"),
        ({"letterNumber": 5}, "letterNumber", "not_text"),
        ({"draft": "true"}, "draft", "not_boolean"),
        ({"draft": 1}, "draft", "not_boolean"),
        ({"letterDate": "2026-02-29"}, "letterDate", "civil_date"),
        ({"letterDate": "2 Januari 2026"}, "letterDate", "civil_date"),
        ({"letterType": "Surat é"}, "letterType", "pattern"),
        ({"subject": "x" * 501}, "subject", "too_long"),
        ({"subject": "a\x0bb"}, "subject", "xml_text"),
        ({"securityLevel": "biasa"}, "securityLevel", "not_allowed"),
        ({"securityLevel": "b"}, "securityLevel", "not_allowed"),
        ({"urgency": "penting"}, "urgency", "not_allowed"),
        ({"urgency": "Segera"}, "urgency", "not_allowed"),
        ({"recipients": []}, "recipients", "too_short"),
        ({"recipients": SMALL["recipients"] * 1001}, "recipients", "too_long"),
        ({"recipients": [{"kind": "eksternal"}]}, "recipients.0.kind", "not_allowed"),
        ({"recipients": [{"kind": "internal"}]}, "recipients.0", "one_of_required"),
        ({"copies": [{"kind": "internal", "personName": "A"}, {"kind": "srikandi"}]}, "copies.1", "one_of_required"),
        ({"recipients": [{"kind": "internal", "organisation": {}}]}, "recipients.0.organisation.name", "missing"),
        ({"copies": []}, "copies", "too_short"),
        ({"sender": "Kelurahan"}, "sender", "not_object"),
        ({"retention": {"activeYears": 1001}}, "retention.activeYears", "out_of_range"),
        ({"retention": {"activeYears": "2"}}, "retention.activeYears", "not_integer"),
        ({"signatories": [{"name": "A", "nip": "123"}]}, "signatories.0.nip", "pattern"),
        ({"signatories": [{"name": "A", "actingMode": "Plt."}]}, "signatories.0.actingMode", "not_allowed"),
        ({"signatories": [{"name": "A", "nik": "3273014107900001"}]}, "signatories.0.nik", "unknown_field"),
        ({"signatories": [{"name": "A", "nikDigest": "3273014107900001"}]}, "signatories.0.nikDigest", "pattern"),
        ({"inReplyTo": "005/1"}, "inReplyTo", "not_list"),
        ({"dispositions": [{"from": {"name": "A"}, "to": [], "instruction": "x"}]}, "dispositions.0.to", "too_short"),
        ({"dispositions": [{"from_": {"name": "A"}, "from": {"name": "A"}, "to": [{"name": "B"}], "instruction": "x"}]},
         "dispositions.0.from_", "unknown_field"),
        ({"mainFile": {**MAIN, "sha256": "A" * 64}}, "mainFile.sha256", "pattern"),
        ({"mainFile": {**MAIN, "size": -1}}, "mainFile.size", "out_of_range"),
        ({"mainFile": {**MAIN, "mediaType": "PDF"}}, "mainFile.mediaType", "pattern"),
        ({"body": "x" * 100_001}, "body", "too_long"),
        ({"abstract": "x" * 4001}, "abstract", "too_long"),
        ({"sifat": "Segera"}, "sifat", "unknown_field"),
        ({"agendaNumber": None}, "agendaNumber", "null"),
    ],
)  # fmt: skip
def test_a_bad_letter_is_refused_by_name(faults, change: dict[str, Any], path: str, code: str) -> None:
    assert faults("letter/1", {**SMALL, **change}) == {path: code}


def test_only_a_draft_has_no_number_and_says_so_in_xml_as_nil(travel) -> None:
    draft = travel("letter/1", {"draft": True, **SMALL, "letterNumber": None})
    assert b'letterNumber xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>' in to_xml_bytes(draft)
    assert from_xml(to_xml(draft)).letter_number is None  # type: ignore[attr-defined]
    # A draft may have its number already.
    travel("letter/1", {**SMALL, "draft": True})


@pytest.mark.parametrize("kind", [
    "surat_dinas", "nota_dinas", "undangan", "surat_tugas", "keputusan", "edaran", "berita_acara", "keterangan",
    "lain 1",
])  # fmt: skip
def test_the_list_of_kinds_is_open(travel, kind: str) -> None:
    assert travel("letter/1", {**SMALL, "letterType": kind}).letter_type == kind


@pytest.mark.parametrize("level", ["B", "T", "R", "SR"])
@pytest.mark.parametrize("urgency", ["biasa", "segera", "sangat_segera"])
def test_security_and_urgency_are_apart_and_the_word_of_the_source_stays(travel, level: str, urgency: str) -> None:
    value = {**SMALL, "securityLevel": level, "urgency": urgency, "rawSifat": " Sangat Penting\u00a0"}
    assert travel("letter/1", value).raw_sifat == " Sangat Penting\u00a0"


def test_the_longest_texts_travel(travel) -> None:
    travel("letter/1", {**SMALL, "body": "\U0001f600" * 100_000, "abstract": "é" * 4000, "subject": "\u6f22" * 500})


def test_absent_and_empty_differ_in_xml() -> None:
    empty = parse_json("letter/1", {**SMALL, "rawSifat": "", "abstract": ""})
    assert to_value(from_xml(safe_xml.parse(to_xml_bytes(empty))))["rawSifat"] == ""
    assert b"rawSifat" not in to_xml_bytes(parse_json("letter/1", SMALL))


def test_people_are_masked_and_a_digest_of_a_nik_is_no_subject() -> None:
    document = parse_json("letter/1", FULL)
    assert subjects(document) == [("nip", "198001012006041001")]
    masked = mask(document)
    assert masked["signatories"] == [
        {"name": "***", "nip": "***", "position": "Lurah", "actingMode": "plt", "nikDigest": "***"}
    ]
    assert (masked["letterNumber"], masked["subject"], masked["body"]) == ("S-66/CTH.5/2026", "***", "***")
    assert masked["mainFile"] == {"sha256": "***", "size": "***", "mediaType": "***", "name": "***"}
    assert masked["recipients"][0]["personName"] == "***"


def test_a_part_is_known_by_digest_size_and_type(shape) -> None:
    assert shape(PartRef) == {"sha256": "!public", "size": "!public", "mediaType": "!public", "name": "?personal"}
