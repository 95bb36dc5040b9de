from __future__ import annotations

from datetime import date

import pytest
from lxml import etree
from pydantic import TypeAdapter, ValidationError

from schemas import primitives
from schemas.errors import EXPLAIN, refusal
from schemas.fields import plan
from schemas.nik import NIK_PATTERN
from schemas.person_1 import Person1
from schemas.scalars import FILLED_PATTERN, XML_PATTERN, Text
from schemas.xml import from_xml
from schemas.xsd import namespace

TEXTS = {
    name: kind.__metadata__[0]
    for name, kind in vars(primitives).items()
    if getattr(kind, "__metadata__", None) and isinstance(kind.__metadata__[0], Text)
}


def verdict(kind: str, value: object) -> str | None:
    try:
        TypeAdapter(getattr(primitives, kind)).validate_python(value, strict=True)
    except ValidationError as error:
        return refusal("x/1", error).errors[0].code
    return None


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("XmlText", 0, 4000), ("ShortText", 0, 500), ("LongText", 0, 100_000), ("Name", 1, 200),
        ("GivenNumber", 1, 200), ("Identifier", 1, 128), ("Code", 1, 64), ("Phone", 1, 32), ("Neighbourhood", 1, 3),
    ],
)  # fmt: skip
def test_lengths_count_to_the_last_character(kind: str, least: int, most: int) -> None:
    assert verdict(kind, "1" * most) is None
    assert verdict(kind, "1" * (most + 1)) == "too_long"
    assert verdict(kind, "1" * least) is None
    assert least == 0 or verdict(kind, "") == "too_short"


@pytest.mark.parametrize("kind", ["XmlText", "ShortText", "LongText", "Name", "GivenNumber"])
def test_a_length_is_in_code_points_not_bytes_and_not_utf_16_units(kind: str) -> None:
    most = TEXTS[kind].most
    for letter in ("é", "\u6f22", "\U0001f600"):
        assert verdict(kind, letter * most) is None
    assert verdict(kind, "\U0001f600" * (most + 1)) == "too_long"
    # Decomposed, each accent counts for itself.
    assert verdict(kind, "e\u0301" * (most // 2)) is None
    assert verdict(kind, "e\u0301" * (most // 2) + "e") == "too_long"


@pytest.mark.parametrize("kind", ["XmlText", "ShortText", "LongText", "Name", "GivenNumber"])
@pytest.mark.parametrize("bad", ["\x00", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\ufffe", "\uffff"])
def test_what_xml_cannot_carry_is_refused_wherever_it_stands(kind: str, bad: str) -> None:
    assert {verdict(kind, text) for text in (bad, bad + "a", "a" + bad, "a" + bad + "b")} == {"xml_text"}


BLANKS = [" ", "\t", "\n", "\r", "\u0085", "\u00a0", "\u2003", "\u200b", "\u2028", "\u3000", "\ufeff"]


@pytest.mark.parametrize("kind", ["Name", "GivenNumber"])
@pytest.mark.parametrize("blank", BLANKS)
def test_a_name_is_more_than_blanks(kind: str, blank: str) -> None:
    assert {verdict(kind, blank * times) for times in (1, 2, 200)} == {"blank"}
    assert verdict(kind, "".join(BLANKS)) == "blank"
    assert verdict(kind, blank * 201) == "too_long"
    for text in ("A" + blank, blank + "A", blank * 100 + "A" + blank * 99, f"A{blank}B"):
        assert verdict(kind, text) is None
    assert verdict(kind, blank + "\x0b") == verdict(kind, blank + "A\x0b") == "xml_text"
    assert verdict("ShortText", blank) is None


def test_python_knows_no_other_blank() -> None:
    every = [chr(point) for point in range(0x110000) if chr(point).isspace() and not 0x1C <= point <= 0x1F]
    assert {verdict("Name", blank) for blank in every if blank not in "\x0b\x0c"} == {"blank"}


@pytest.mark.parametrize("odd", ["\t", "\n", "\r", "\x7f", "\x85", "\u2028", "\u200e", "\ufdd0", "\U0001ffff"])
def test_odd_characters_that_xml_carries_are_taken(odd: str) -> None:
    assert verdict("ShortText", odd) is None


def test_half_a_surrogate_pair_is_named() -> None:
    assert verdict("ShortText", "a\ud800") == "lone_surrogate"
    assert verdict("Identifier", "a\udfff") == "lone_surrogate"


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("value", [1, 1.0, True, b"1", 3273014107900001, date(2026, 1, 2), ["1"]])
def test_nothing_but_text_is_text(kind: str, value: object) -> None:
    assert verdict(kind, value) == "not_text"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("Identifier", ["a", "A-1/2026 (x)", "~"], [" a", "a ", "a\n", "é", "a\tb", "\u00a0a"]),
        ("Code", ["000.1.2", "a b"], [" a", "a ", "é", "a\n"]),
        ("FamilyCardNumber", ["0000000000000000"], ["1" * 15, "1" * 17, "٣" * 16, "1" * 16 + "\n", ""]),
        ("NoKartu", ["0000000000001"], ["1", "1" * 14, "٣" * 13, "000000000000 1", "0000000000001\n", ""]),
        ("Nip", ["198001012006041001"], ["19800101", "19800101 200604 1 001", "1" * 19]),
        ("Sha256", ["0" * 64, "abcdef" + "0" * 58], ["A" * 64, "0" * 63, "0" * 65, "g" * 64]),
        ("MediaType", ["application/pdf", "image/svg+xml", "application/vnd.ms-excel"],
         ["pdf", "Application/pdf", "text/plain; charset=utf-8", "a/b/c", "/b", "a/ "]),
        ("DocumentName", ["letter/1", "eligibility-query/12"],
         ["letter", "letter/0", "letter/01", "Letter/1", "a--b/1", "-a/1", "a/10000", "a/1.1"]),
        ("ServiceName", ["letter.deliver", "a-b.c"], ["letter", "Letter.deliver", "a.b.c", "a.b-c", ".b", "a."]),
        ("SystemName", ["kota-bandung/simpus", "1/2"], ["kota", "kota/", "/x", "Kota/x", "a/b/c", "-a/b", "a_b/c"]),
        ("Icd10", ["A00.1", "Z99", "U07.1", "C7A.0"], ["a00", "A0", "A00.", "00A", "A00.12345", "A00-1"]),
        ("ProvinceCode", ["32"], ["3", "320", "3a"]), ("CityCode", ["3273"], ["73", "32.73"]),
        ("DistrictCode", ["327301"], ["01", "32.73.01"]), ("VillageCode", ["3273011001"], ["327301100"]),
        ("PostalCode", ["40111"], ["4011", "401111", "4O111"]),
        ("Neighbourhood", ["1", "001", "0"], ["1a", "-1", "0001"]),
        ("Phone", ["0", "+62 22-123.456 (7)", "0812"], ["+", "()", "0812x", "0812\n", "-"]),
        ("Email", ["a@b", "dinas+x@kota.go.id"], ["a", "@b", "a@", "a@b@c", "a b@c", "é@b"]),
        ("Nik", ["3273014107900001", "3273010107900001"],
         ["3273010107900000", "3.27301E+15", "٣" * 16, "32730101079000 1"]),
    ],
)  # fmt: skip
def test_the_form_of_each_text(kind: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if verdict(kind, text) is not None] == []
    assert [text for text in bad if verdict(kind, text) is None] == []


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("Size", 0, 2**53 - 1), ("Count", 0, 2**53 - 1), ("RowNumber", 1, 2**53 - 1), ("Years", 0, 1000)],
)
def test_the_range_of_each_integer(kind: str, least: int, most: int) -> None:
    assert [verdict(kind, value) for value in (least, most)] == [None, None]
    assert [verdict(kind, value) for value in (least - 1, most + 1, 2**70)] == ["out_of_range"] * 3
    assert [verdict(kind, value) for value in ("1", 1.0, True)] == ["not_integer"] * 3


def test_a_sex_and_a_zone_are_words_of_a_list() -> None:
    assert [verdict("Sex", word) for word in ("male", "female", "unknown")] == [None] * 3
    assert [verdict("Sex", word) for word in ("L", "P", "Male", "1", "")] == ["not_allowed"] * 5
    assert [verdict("TimeZone", f"Asia/{town}") for town in ("Jakarta", "Makassar", "Jayapura")] == [None] * 3
    assert [verdict("TimeZone", zone) for zone in ("WIB", "UTC", "+07:00", "Asia/Singapore")] == ["not_allowed"] * 4


def test_an_identifier_of_many_people_says_what_is_wrong_with_it() -> None:
    assert EXPLAIN[NIK_PATTERN]("3.27301E+15") == (
        "nik_destroyed", "a spreadsheet turned the NIK into a rounded number; send it as text",
    )  # fmt: skip
    assert verdict("Nik", "1234") == "nik_format"
    assert verdict("NoKartu", "1234") == "no_kartu_format"
    assert verdict("FamilyCardNumber", "1234") == "family_card_format"
    assert verdict("Nip", "1234") == "pattern"


def _person(field: str, text: str) -> etree._Element:
    root = etree.Element(f"{{{namespace('person/1')}}}person")
    for name, value in {
        "noKartu": "0000000000001", "fullName": "A", "birthDate": "2000-01-01", "sex": "male", field: text,
    }.items():  # fmt: skip
        etree.SubElement(root, f"{{{namespace('person/1')}}}{name}").text = value
    return root


@pytest.mark.parametrize("text", ["1" * 1_000_000, "1" * 1_000_000 + "x", " " * 1_000_000, "+" * 500_000 + "1x"])
@pytest.mark.parametrize("field", ["phone", "email", "nik", "noKartu"])
def test_a_long_text_costs_the_xsd_its_length_only(field: str, text: str) -> None:
    # A pattern that backtracks would take hours here: the XSD looks at patterns before lengths.
    with pytest.raises(ValueError, match=f"{field}: "):
        from_xml(_person(field, text))


def test_every_named_explanation_belongs_to_a_type() -> None:
    patterns = {text.pattern for text in TEXTS.values()}
    assert set(EXPLAIN) <= patterns | {XML_PATTERN, FILLED_PATTERN}


def test_a_field_keeps_the_type_it_was_given() -> None:
    texts = {field.wire: field.scalar for field in plan(Person1) if isinstance(field.scalar, Text)}
    assert all(TEXTS[scalar.name] == scalar for scalar in texts.values())
    assert (texts["nik"].name, texts["phone"].name, texts["birthPlace"].name) == ("Nik", "Phone", "ShortText")
