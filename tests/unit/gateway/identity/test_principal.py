"""The first scheme that recognises a request decides."""

from __future__ import annotations

from gateway.contract.exchange import Caller
from gateway.identity import Person, Presented, Principal, authenticate


class Knows:
    """A scheme that knows one principal, or nobody."""

    def __init__(self, who: Principal | None) -> None:
        self.who, self.asked = who, 0

    def authenticate(self, presented: Presented) -> Principal | None:
        self.asked += 1
        return self.who


def test_schemes_are_asked_in_order_until_one_knows() -> None:
    first, second, third = Knows(None), Knows(Caller("a/b")), Knows(Caller("c/d"))
    assert authenticate([first, second, third], Presented({})) == Caller("a/b")
    assert (first.asked, second.asked, third.asked) == (1, 1, 0)
    assert authenticate([first], Presented({})) is None
    assert authenticate([], Presented({})) is None


def test_actors_are_told_apart() -> None:
    assert Person("ani", frozenset({"operator"})).actor == "person:ani"
    assert Caller("kota/simpus").agency == "kota"


def test_a_security_header_is_not_printed() -> None:
    assert "rahasia" not in repr(Presented({}, None, b"<wsse>rahasia</wsse>"))
