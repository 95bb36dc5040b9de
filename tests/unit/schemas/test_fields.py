"""What the plan says of a field, and which fields it refuses before a document could be lost in one of its faces."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, create_model

from schemas.catalogue import DOCUMENTS
from schemas.document import Document, Group, Raw, RawFields
from schemas.fields import Choice, FieldPlan, Truth, plan
from schemas.marks import Items, Many, Mark, Maybe, Omittable, Privacy, personal, public, specific
from schemas.primitives import CivilDate, Count, Instant, Name, Nik
from schemas.scalars import CivilDateScalar, InstantScalar, Text, Whole

MARK = public("Something")


class Inner(Group):
    """One name."""

    name: Annotated[Name, personal("Name", "nama")]


class Sample(Document, name="sample"):
    """A field of every kind."""

    nik: Annotated[Nik, personal("Population number", "NIK", "nik")]
    given: Annotated[Name | None, MARK]
    how_many: Annotated[Maybe[Count], MARK] = None
    yes: Annotated[bool, MARK]
    colour: Annotated[Maybe[Literal["red", "blue"]], MARK] = None
    day: Annotated[CivilDate, MARK]
    at: Annotated[Maybe[Instant], MARK] = None
    one: Annotated[Inner, MARK]
    many: Annotated[Maybe[Many[Inner]], specific("Inner ones")] = None
    names: Annotated[Many[Name], MARK]
    from_: Annotated[Maybe[Name], MARK, Field(alias="from")] = None


NAME = Text("Name", 200, 1, filled=True)
#: attribute: wire name, required, nullable, repeated, what it holds
EXPECTED: dict[str, tuple[str, bool, bool, bool, Any]] = {
    "nik": ("nik", True, False, False, Text("Nik", 16, 16, Nik.__metadata__[0].pattern)),  # type: ignore[attr-defined]
    "given": ("given", True, True, False, NAME),
    "how_many": ("howMany", False, False, False, Whole("Count")),
    "yes": ("yes", True, False, False, Truth()),
    "colour": ("colour", False, False, False, Choice(("red", "blue"))),
    "day": ("day", True, False, False, CivilDateScalar()),
    "at": ("at", False, False, False, InstantScalar()),
    "one": ("one", True, False, False, Inner),
    "many": ("many", False, False, True, Inner),
    "names": ("names", True, False, True, NAME),
    "from_": ("from", False, False, False, NAME),
    "raw": ("raw", False, False, False, Raw),
}


def test_what_a_field_is() -> None:
    told = {
        one.attr: (one.wire, one.required, one.nullable, one.repeated, one.group or one.scalar) for one in plan(Sample)
    }
    assert told == EXPECTED
    assert all((one.group is None) != (one.scalar is None) for one in plan(Sample))


def test_the_order_is_that_of_the_class_and_raw_comes_last() -> None:
    # `raw` stands in the base class, so pydantic has it first.
    assert next(iter(Sample.model_fields)) == "raw"
    assert [one.attr for one in plan(Sample)] == list(EXPECTED)


def test_a_field_keeps_its_mark() -> None:
    marks = {one.attr: one.mark for one in plan(Sample)}
    assert marks["nik"] == Mark(Privacy.personal, "Population number", "NIK", "nik")
    assert marks["many"] == Mark(Privacy.specific, "Inner ones")


def test_the_bag_of_unmapped_fields_is_a_scalar_of_its_own() -> None:
    by_name = {one.attr: one for one in plan(Raw)}
    assert isinstance(by_name["fields"].scalar, RawFields)
    assert by_name["source_schema"].required
    assert by_name["fields"].mark.privacy is Privacy.specific


def test_a_plan_is_made_once_and_cannot_be_changed() -> None:
    assert plan(Sample) is plan(Sample)
    assert isinstance(plan(Sample), tuple)
    with pytest.raises(AttributeError):
        plan(Sample)[0].wire = "other"  # type: ignore[misc]


def test_a_group_without_fields_has_an_empty_plan() -> None:
    assert plan(Group) == ()


def made(hint: Any, default: Any = ...) -> type[Group]:
    return create_model("Made", __base__=Group, field=(hint, default))


WANTED = {
    "no mark": (Name, ..., "no mark"),
    "no kind": (Annotated[str, MARK], ..., "no single kind"),
    "any integer": (Annotated[int, MARK], ..., "no single kind"),
    "any object": (Annotated[dict[str, Any], MARK], ..., "no single kind"),
    "two kinds": (Annotated[Name | Count, MARK], ..., "no single kind"),
    "group or text": (Annotated[Inner | Name, MARK], ..., "no single kind"),
    "word or truth": (Annotated[Literal["a"] | bool, MARK], ..., "no single kind"),
    "a pair": (Annotated[tuple[Name, Count], MARK, Items()], ..., "no single kind"),
    "numbers to choose": (Annotated[Literal["1", 2], MARK], ..., "other things than words"),
    "nothing to choose": (Annotated[Literal["1", None], MARK], ..., "other things than words"),
    "a bare tuple": (Annotated[tuple[Name, ...], MARK], ..., "not `Many`"),
    "a list of lists": (Annotated[Many[tuple[Name, ...]], MARK], ..., "not `Many`"),
    "a list or null": (Annotated[Many[Name] | None, MARK], ..., "no nil"),
    "a list with nulls": (Annotated[Many[Name | None], MARK], ..., "no nil"),
    "absent, or a list with nulls": (Annotated[Maybe[Many[Name | None]], MARK], None, "no nil"),
    "a group or null": (Annotated[Inner | None, MARK], ..., "no nil"),
    "absent, but required": (Annotated[Maybe[Name], MARK], ..., "Maybe"),
    "absent, but a default": (Annotated[Maybe[Name], MARK], "x", "Maybe"),
    "a default of its own": (Annotated[bool, MARK], False, "Maybe"),
    "null by default": (Annotated[Name | None, MARK], None, "Maybe"),
}


@pytest.mark.parametrize(("hint", "default", "why"), WANTED.values(), ids=WANTED)
def test_a_field_that_the_faces_could_not_agree_on_is_refused(hint: Any, default: Any, why: str) -> None:
    with pytest.raises(TypeError, match=why) as caught:
        plan(made(hint, default))
    assert str(caught.value).startswith("Made.field ")


@pytest.mark.parametrize(
    ("hint", "default", "required", "nullable"),
    [
        (Annotated[Name, MARK], ..., True, False),
        (Annotated[Name | None, MARK], ..., True, True),
        (Annotated[Maybe[Name], MARK], None, False, False),
        (Annotated[Name | None, Omittable(), MARK], None, False, False),
    ],
)
def test_present_absent_and_null(hint: Any, default: Any, required: bool, nullable: bool) -> None:
    (one,) = plan(made(hint, default))
    assert (one.required, one.nullable) == (required, nullable)


def _all(model: type[Group]) -> list[FieldPlan]:
    return [one for field in plan(model) for one in (field, *(_all(field.group) if field.group else ()))]


@pytest.mark.parametrize("doc_type", DOCUMENTS)
def test_no_name_on_the_wire_stands_twice(doc_type: str) -> None:
    wires = [one.wire for one in plan(DOCUMENTS[doc_type])]
    assert len(set(wires)) == len(wires)
    assert wires[-1] == "raw"
    assert all(one.wire.isascii() and one.wire[0].islower() and one.wire.isalnum() for one in _all(DOCUMENTS[doc_type]))
