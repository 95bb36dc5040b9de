from __future__ import annotations

from dataclasses import field, replace

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
