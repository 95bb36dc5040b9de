"""Strategies that build wire values of any document type from its field plan."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import strategies as st

from schemas import safe_xml
from schemas.catalogue import canonical, model_of, parse_json, to_json, to_value
from schemas.document import Document, Group, RawFields, SchemaError
from schemas.fields import Choice, FieldPlan, Truth, plan
from schemas.scalars import CivilDateScalar, InstantScalar, Scalar, Text, Whole, instant_text
from schemas.signature_request_1 import Placement
from schemas.xml import from_xml, to_xml_bytes
from schemas.xsd import xsd_for

XML_CHARACTERS = st.characters(codec="utf-8", exclude_characters=[*map(chr, range(9)), "\x0b", "\x0c"]).filter(
    lambda c: c in "\t\n\r" or (ord(c) >= 0x20 and ord(c) not in (0xFFFE, 0xFFFF))
)
_ZONES = st.integers(-14 * 60, 14 * 60)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(XML_CHARACTERS, max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(XML_CHARACTERS, max_size=4), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def _instants(draw: st.DrawFn) -> str:
    from datetime import datetime, timedelta, timezone

    offset = timezone(timedelta(minutes=draw(_ZONES)))
    moment = draw(st.datetimes(datetime(1900, 1, 3), datetime(2999, 12, 28)))
    return instant_text(moment.replace(tzinfo=offset))


def scalar_values(scalar: Scalar) -> st.SearchStrategy[Any]:
    if isinstance(scalar, Text):
        if scalar.pattern:
            return st.from_regex(scalar.pattern[1:-1], fullmatch=True).filter(
                lambda text: scalar.least <= len(text) <= scalar.most
            )
        text = st.text(XML_CHARACTERS, min_size=scalar.least, max_size=min(scalar.most, 12))
        return (
            text.filter(lambda told: told.strip("\u200b\ufeff" + string.whitespace).strip()) if scalar.filled else text
        )
    if isinstance(scalar, Whole):
        return st.integers(scalar.least, scalar.most)
    if isinstance(scalar, Choice):
        return st.sampled_from(scalar.words)
    if isinstance(scalar, Truth):
        return st.booleans()
    if isinstance(scalar, CivilDateScalar):
        return st.dates(date(1, 1, 1)).map(date.isoformat)
    if isinstance(scalar, InstantScalar):
        return _instants()
    assert isinstance(scalar, RawFields)
    return st.dictionaries(st.text(XML_CHARACTERS, max_size=4), _JSON, max_size=3)


def _field_values(draw: st.DrawFn, field: FieldPlan) -> Any:
    def one() -> Any:
        if field.group is not None:
            return _group(draw, field.group)
        assert field.scalar is not None
        if field.nullable and draw(st.booleans()):
            return None
        return draw(scalar_values(field.scalar))

    return [one() for _ in range(draw(st.integers(1, 2)))] if field.repeated else one()


def _group(draw: st.DrawFn, model: type[Group]) -> dict[str, Any]:
    fields = plan(model)
    optional = [field.wire for field in fields if not field.required]
    chosen = set(draw(st.lists(st.sampled_from(optional), max_size=6, unique=True))) if optional else set()
    if model.ONE_OF:
        choices = [field.wire for field in fields if field.attr in model.ONE_OF]
        chosen.add(draw(st.sampled_from(choices)))
    value = {field.wire: _field_values(draw, field) for field in fields if field.required or field.wire in chosen}
    if "letterNumber" in value and value["letterNumber"] is None:
        value["draft"] = True
    if model is Placement:
        # At a tag, or at coordinates that stand together.
        for name in ("page", "x", "y") if "tag" in value else {"x", "y"} - value.keys() and ("x", "y"):
            value.pop(name, None)
    if "rejected" in value:
        value["accepted"] = min(value["accepted"], value["rows"])
        value["rejected"] = value["rows"] - value["accepted"]
    return value


@pytest.fixture(scope="session")
def wire_values() -> Callable[[str], st.SearchStrategy[dict[str, Any]]]:
    @st.composite
    def values(draw: st.DrawFn, doc_type: str) -> dict[str, Any]:
        return _group(draw, model_of(doc_type))

    return values


@pytest.fixture(scope="session")
def person() -> dict[str, Any]:
    """One full person, NIK and all, invented."""
    return {
        "nik": "3273014107900001",
        "familyCardNumber": "3273010101100001",
        "noKartu": "0001234567890",
        "fullName": "Siti Contoh",
        "birthDate": "1990-07-01",
        "birthPlace": "Bandung",
        "sex": "female",
        "otherIdentifiers": [{"scheme": "ihs", "value": "P01234567890"}],
        "religion": {"code": "1"},
        "address": {"line": "Jl. Contoh 1", "adminArea": {"scheme": "kemendagri", "province": "32"}, "rt": "001"},
    }


Travel = Callable[[str, dict[str, Any]], Document]
Faults = Callable[[str, dict[str, Any]], dict[str, str]]
Shape = Callable[[type[Group]], dict[str, str]]


@pytest.fixture(scope="session")
def travel() -> Travel:
    """Carry a value through JSON and XML and back; whichever way it came, it is the same document."""

    def carried(doc_type: str, value: dict[str, Any]) -> Document:
        document = parse_json(doc_type, orjson.dumps(value))
        written = to_xml_bytes(document)
        element = safe_xml.parse(written)
        xsd_for(doc_type).assertValid(element)
        again = from_xml(element)
        assert to_value(document) == to_value(again) == value
        assert again == document == parse_json(doc_type, canonical(document))
        assert canonical(again) == canonical(document) == canonical(parse_json(doc_type, to_json(again)))
        assert to_xml_bytes(again) == written
        return document

    return carried


@pytest.fixture(scope="session")
def faults() -> Faults:
    """Why a value is refused, as path -> code; none of its texts is told."""

    def refused(doc_type: str, value: dict[str, Any]) -> dict[str, str]:
        with pytest.raises(SchemaError) as caught:
            parse_json(doc_type, value)
        return {error.path: error.code for error in caught.value.errors}

    return refused


@pytest.fixture(scope="session")
def shape() -> Shape:
    """What may never change: wire name -> presence (`!` required, `?` may be absent), null, list, privacy, subject."""

    def told(model: type[Group]) -> dict[str, str]:
        return {
            field.wire: ("!" if field.required else "?")
            + ("null " if field.nullable else "")
            + ("list " if field.repeated else "")
            + field.mark.privacy.name
            + (f" {field.mark.subject}" if field.mark.subject else "")
            for field in plan(model)
            if field.wire != "raw"
        }

    return told
