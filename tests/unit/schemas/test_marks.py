"""Privacy, absence and repetition, as the validator and the JSON Schema see them."""

from __future__ import annotations

from collections import deque
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError, create_model

from schemas.document import Group
from schemas.errors import refusal
from schemas.marks import MAX_ITEMS, Items, Many, Mark, Maybe, Omittable, Privacy, personal, public, secret, specific
from schemas.primitives import CivilDate, Count, Name


def verdict(hint: Any, value: Any) -> dict[str, str]:
    try:
        TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        return {one.path: one.code for one in refusal("x/1", error).errors}
    return {}


def test_the_classes_are_ordered() -> None:
    assert sorted(Privacy) == [Privacy.public, Privacy.personal, Privacy.specific, Privacy.secret]
    assert [one.name for one in Privacy] == ["public", "personal", "specific", "secret"]
    # What is in stored configuration and logs by number keeps it.
    assert [int(one) for one in Privacy] == [0, 1, 2, 3]


def test_each_word_marks_its_class() -> None:
    assert public("a", "b") == Mark(Privacy.public, "a", "b", None)
    assert personal("a", "b", "nik") == Mark(Privacy.personal, "a", "b", "nik")
    assert specific("a", "b", "noMR") == Mark(Privacy.specific, "a", "b", "noMR")
    assert secret("a", "b") == Mark(Privacy.secret, "a", "b", None)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (public("A"), {"description": "A", "x-privacy": "public"}),
        (personal("A", "istilah"), {"description": "A", "x-privacy": "personal", "x-term-id": "istilah"}),
        (personal("A", subject="nik"), {"description": "A", "x-privacy": "personal", "x-subject": "nik"}),
        (specific("A", "b", "@scheme"),
         {"description": "A", "x-privacy": "specific", "x-term-id": "b", "x-subject": "@scheme"}),
        (secret("A"), {"description": "A", "x-privacy": "secret"}),
    ],
)  # fmt: skip
def test_the_json_schema_tells_the_mark_beside_the_type(mark: Mark, told: dict[str, str]) -> None:
    plain = TypeAdapter(Name).json_schema()
    assert TypeAdapter(Annotated[Name, mark]).json_schema() == {**plain, **told}


def test_a_mark_does_not_leak_into_the_group_it_marks() -> None:
    class Inner(Group):
        """Inside."""

        name: Annotated[Name, public("Name")]

    outer = create_model("Outer", __base__=Group, a=(Annotated[Inner, secret("A")], ...),
                         b=(Annotated[Inner, public("B")], ...))  # fmt: skip
    schema = outer.model_json_schema()
    assert [schema["properties"][name]["x-privacy"] for name in ("a", "b")] == ["secret", "public"]
    assert "x-privacy" not in schema["$defs"]["Inner"]


def test_what_may_be_absent_may_not_be_null() -> None:
    held = create_model("Held", __base__=Group, name=(Annotated[Maybe[Name], public("Name")], None))
    assert held().name is None  # type: ignore[attr-defined]
    assert held().model_fields_set == set()
    assert verdict(held, {"name": None}) == {"name": "null"}
    assert verdict(held, {"name": "A"}) == {}
    schema = held.model_json_schema()["properties"]["name"]
    assert schema["type"] == "string"
    assert "anyOf" not in schema


@pytest.mark.parametrize("inner", [Name, CivilDate, Many[Name]])
def test_omittable_wants_what_may_be_none(inner: Any) -> None:
    with pytest.raises(TypeError, match="Omittable wants"):
        TypeAdapter(Annotated[inner, Omittable()])


@pytest.mark.parametrize("inner", [Name, list[Name], set[Name], tuple[Name, ...] | None])
def test_items_wants_a_tuple(inner: Any) -> None:
    with pytest.raises(TypeError, match="Items wants"):
        TypeAdapter(Annotated[inner, Items()])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["A"], {}),
        (("A", "B"), {}),
        (["A"] * MAX_ITEMS, {}),
        (["A"] * (MAX_ITEMS + 1), {"": "too_long"}),
        ([], {"": "too_short"}),
        ((), {"": "too_short"}),
        (None, {"": "null"}),
        ("AB", {"": "not_list"}),
        (b"AB", {"": "not_list"}),
        ({"A": 1}, {"": "not_list"}),
        ({"A": 1}.keys(), {"": "not_list"}),
        ({"A"}, {"": "not_list"}),
        (frozenset("A"), {"": "not_list"}),
        (deque("A"), {"": "not_list"}),
        (iter("A"), {"": "not_list"}),
        (["A", 1], {"1": "not_text"}),
        ([1], {"0": "not_text"}),
        (["A", None], {"1": "null"}),
        ([["A"]], {"0": "not_text"}),
    ],
)
def test_a_list_has_an_order_an_end_and_strict_items(value: Any, expected: dict[str, str]) -> None:
    assert verdict(Many[Name], value) == expected


def test_python_sees_a_tuple_and_json_schema_a_bounded_array() -> None:
    few = TypeAdapter(Annotated[tuple[Count, ...], Items(3)])
    assert few.validate_python([1, 2, 3]) == (1, 2, 3)
    with pytest.raises(ValidationError):
        few.validate_python([1, 2, 3, 4])
    told = few.json_schema()
    assert (told["type"], told["minItems"], told["maxItems"]) == ("array", 1, 3)
    assert TypeAdapter(Maybe[Many[Count]]).json_schema()["maxItems"] == MAX_ITEMS
    assert few.validate_json("[1,2]") == (1, 2)
    assert few.dump_python((1, 2), mode="json") == [1, 2]
