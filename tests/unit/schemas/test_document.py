"""What all documents share: strict, closed, frozen, named; and the bag of unmapped fields with its limits."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar

import orjson
import pytest
from pydantic import TypeAdapter, ValidationError, model_validator

from schemas import document as document_module
from schemas import safe_xml
from schemas.catalogue import canonical, parse_json, read_back
from schemas.document import (
    MAX_RAW_BYTES,
    MAX_RAW_DEPTH,
    MAX_RAW_TEXT,
    MAX_RAW_VALUES,
    Document,
    Group,
    Raw,
    RawFields,
    SchemaError,
    one_of_required,
)
from schemas.marks import Maybe, Privacy, public
from schemas.primitives import CivilDate, Count, ShortText
from schemas.xml import from_xml, to_xml_bytes

ROW: dict[str, Any] = {"row": 1, "code": "x"}


class Pair(Group):
    """Two that may be absent, and one of them must not."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("first_day", "how_many")

    first_day: Annotated[Maybe[CivilDate], public("Day")] = None
    how_many: Annotated[Maybe[Count], public("Count")] = None
    note: Annotated[Maybe[ShortText], public("Note")] = None

    @model_validator(mode="after")
    def _one(self) -> Pair:
        one_of_required(self)
        return self


class Sample2(Document, name="sample-of-two", major=2):
    """A document that nobody sends."""

    pair: Annotated[Maybe[Pair], public("Pair")] = None


def faults(model: type[Group], value: Any) -> list[tuple[tuple[Any, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        model.__pydantic_validator__.validate_python(value, by_alias=True, by_name=False)
    return [(one["loc"], one["type"]) for one in caught.value.errors()]


def test_a_document_knows_its_name_and_major_version() -> None:
    assert (Sample2.NAME, Sample2.MAJOR, Sample2.TYPE) == ("sample-of-two", 2, "sample-of-two/2")
    assert (Document.NAME, Document.MAJOR, Document.TYPE) == ("", 0, "")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"firstDay": "2026-01-02", "x": 1}, [(("x",), "extra_forbidden")]),
        ({"howMany": "1"}, [(("howMany",), "int_type")]),
        ({"howMany": 1.0}, [(("howMany",), "int_type")]),
        ({"howMany": True}, [(("howMany",), "int_type")]),
        ({"howMany": 1, "note": 1}, [(("note",), "string_type")]),
        ({"howMany": 1, "note": b"x"}, [(("note",), "string_type")]),
        ({"howMany": 1, "note": None}, [(("note",), "string_type")]),
        ({"how_many": 1}, [(("how_many",), "extra_forbidden")]),
        ([], [((), "model_type")]),
    ],
)
def test_the_wire_is_strict_and_closed(value: Any, expected: list[tuple[tuple[Any, ...], str]]) -> None:
    assert faults(Pair, value) == expected


def test_python_builds_by_attribute_and_reads_what_is_absent_as_none() -> None:
    pair = Pair(how_many=3)
    assert (pair.how_many, pair.first_day, pair.model_fields_set) == (3, None, {"how_many"})
    assert pair == Pair(howMany=3)
    with pytest.raises(ValidationError):
        pair.how_many = 4


def test_nothing_shows_its_values() -> None:
    pair = Pair(note="SITI", first_day=date(2026, 1, 2))
    assert repr(pair) == str(pair) == "Pair(first_day, note)"
    with pytest.raises(ValidationError) as caught:
        Pair(note=3273014107900001)  # type: ignore[arg-type]
    assert "3273" not in str(caught.value)


def test_one_of_several_must_be_there() -> None:
    assert faults(Pair, {"note": "x"}) == [((), "one_of_required")]
    with pytest.raises(ValidationError, match="at least one of firstDay or howMany is required"):
        Pair()
    told = TypeAdapter(Pair).json_schema()
    assert told["anyOf"] == [{"required": ["firstDay"]}, {"required": ["howMany"]}]
    # In a group inside a document too, and nowhere else.
    told = Sample2.model_json_schema()
    assert len(told["$defs"]["Pair"]["anyOf"]) == 2
    assert "anyOf" not in told


def nested(levels: int, leaf: dict[str, Any] | None = None) -> dict[str, Any]:
    """`levels` objects, one inside the other; `leaf` is the innermost, else an empty one."""
    found = leaf or {}
    for _ in range(levels - 1):
        found = {"a": found}
    return found


def sized(size: int) -> dict[str, Any]:
    """Fields that are `size` bytes of JSON."""
    fields = {str(number): "x" * 90_000 for number in range(size // 100_000)}
    fields["last"] = ""
    for name in ("last", "more"):
        fields[name] = ""
        fields[name] = "x" * min(MAX_RAW_TEXT, size - len(orjson.dumps(fields)))
    assert len(orjson.dumps(fields)) == size
    return fields


EDGES = {
    "depth": (nested(MAX_RAW_DEPTH), nested(MAX_RAW_DEPTH + 1), "raw_depth"),
    "lists are levels too": ({"a": [nested(MAX_RAW_DEPTH - 2)]}, {"a": [nested(MAX_RAW_DEPTH - 1)]}, "raw_depth"),
    "a leaf is a level too": (
        nested(MAX_RAW_DEPTH - 1, {"a": 1}), nested(MAX_RAW_DEPTH, {"a": 1}), "raw_depth",
    ),
    "values": (dict.fromkeys(map(str, range(MAX_RAW_VALUES - 1)), 1), {"a": [1] * (MAX_RAW_VALUES - 1)}, "raw_size"),
    "text": ({"a": "é" * MAX_RAW_TEXT}, {"a": "e" * (MAX_RAW_TEXT + 1)}, "raw_value"),
    "name": ({"é" * MAX_RAW_TEXT: 1}, {"e" * (MAX_RAW_TEXT + 1): 1}, "raw_value"),
    "integer": ({"a": [2**53 - 1, -(2**53) + 1]}, {"a": -(2**53)}, "raw_value"),
    "bytes": (sized(MAX_RAW_BYTES), sized(MAX_RAW_BYTES + 1), "raw_size"),
}  # fmt: skip


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
@pytest.mark.parametrize(("most", "beyond", "code"), EDGES.values(), ids=EDGES)
def test_raw_is_bounded_and_what_is_within_is_read_back(
    monkeypatch: pytest.MonkeyPatch, most: dict[str, Any], beyond: dict[str, Any], code: str, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(document_module, "_at_once", lambda fields: False)
    document = parse_json("row-error/1", {**ROW, "raw": {"sourceSchema": "x/1", "fields": most}})
    assert from_xml(safe_xml.parse(to_xml_bytes(document))) == document
    assert read_back("row-error/1", canonical(document)) == document
    with pytest.raises(SchemaError) as caught:
        parse_json("row-error/1", {**ROW, "raw": {"sourceSchema": "x/1", "fields": beyond}})
    assert [(one.path, one.code) for one in caught.value.errors] == [("raw.fields", code)]


@pytest.mark.parametrize(
    "value",
    [1.5, "a\x0bb", "\ufffe", date(2026, 1, 2), b"x", (1,), {1: "a"}, {"a\x00": 1}, {"a": {None: 1}}, [object()]],
)
def test_raw_holds_json_and_nothing_else(value: Any) -> None:
    assert faults(Raw, {"sourceSchema": "x/1", "fields": {"a": value}}) == [(("fields",), "raw_value")]


@pytest.mark.parametrize("value", [None, [], "{}", 1, [["a", 1]]])
def test_raw_is_an_object(value: Any) -> None:
    assert faults(Raw, {"sourceSchema": "x/1", "fields": value}) == [(("fields",), "dict_type")]
    assert RawFields().name == "RawFields"


def test_raw_of_writes_as_text_what_json_would_lose() -> None:
    given = {"a": 1.5, "b": [1e300, 2**53, -(2**53), 2**53 - 1], "c": (True, None), "d": {"e": -0.0}}
    assert Raw.of("x/1", given).fields == {
        "a": "1.5",
        "b": ["1e+300", str(2**53), str(-(2**53)), 2**53 - 1],
        "c": [True, None],
        "d": {"e": "-0.0"},
    }


@pytest.mark.parametrize(
    ("source", "fields", "path", "code"),
    [
        ("x/1", nested(MAX_RAW_DEPTH + 1), "raw.fields", "raw_depth"),
        ("x/1", nested(MAX_RAW_DEPTH + 2), "raw.fields", "raw_depth"),
        ("x/1", nested(5000), "raw.fields", "raw_depth"),
        ("x/1", {"a": [1] * MAX_RAW_VALUES}, "raw.fields", "raw_size"),
        ("x/1", {"a": date(2026, 1, 2)}, "raw.fields", "raw_value"),
        ("x/1", {1: "a"}, "raw.fields.1.?", "not_text"),
        ("x/1 ", {}, "raw.sourceSchema", "pattern"),
        ("", {}, "raw.sourceSchema", "too_short"),
    ],
)
def test_raw_of_refuses_by_name(source: str, fields: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(SchemaError) as caught:
        Raw.of(source, fields)
    assert [(one.path, one.code) for one in caught.value.errors] == [(path, code)]
    assert Raw.of("x/1", nested(MAX_RAW_DEPTH)).source_schema == "x/1"


def test_raw_is_of_the_protected_kind() -> None:
    marks = [mark for mark in Document.model_fields["raw"].metadata if hasattr(mark, "privacy")]
    assert [mark.privacy for mark in marks] == [Privacy.specific]
