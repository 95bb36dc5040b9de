from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field, replace

import pytest

from gateway.contract.frozen import frozen


@frozen
class Point:
    x: int
    y: int = 0
    names: tuple[str, ...] = field(default=())


def test_states_are_equal_by_their_fields_and_can_be_keys() -> None:
    assert Point(1) == Point(1, 0)
    assert Point(1) != Point(2)
    assert {Point(1): "a"}[Point(1, names=())] == "a"
    assert replace(Point(1), y=2) == Point(1, 2)


def test_a_state_has_no_room_for_anything_else() -> None:
    assert not hasattr(Point(1), "__dict__")
    assert repr(Point(1)) == "Point(x=1, y=0, names=())"


def test_a_state_is_changed_by_nobody() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.y
    assert point == Point(1)
    assert type(point) is Point
    assert dataclasses.is_dataclass(Point)


def test_it_is_copied_and_pickled_as_any_other() -> None:
    assert copy.copy(Point(1, 2)) == pickle.loads(pickle.dumps(Point(1, 2))) == Point(1, 2)


def test_each_object_has_a_fresh_default_of_its_own() -> None:
    @frozen
    class Bag:
        items: dict[str, int] = field(default_factory=dict)
        name: str = "a"

        def __post_init__(self) -> None:
            self.items["n"] = len(self.items)

    one, two = Bag(), Bag(name="b", items={"x": 1})
    assert (one.items, one.name) == ({"n": 0}, "a")
    assert (two.items, two.name) == ({"x": 1, "n": 1}, "b")
    assert Bag().items is not one.items
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]
