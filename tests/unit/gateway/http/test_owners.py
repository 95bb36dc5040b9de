"""Two owners of one address are found without a start, and an endpoint that fails is named."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.contract.http import HttpRoute
from gateway.http.owners import RoutesUnknown, collisions, routes_of
from gateway.settings import Settings
from tests.unit.gateway.bench import ScriptedSink
from tests.unit.gateway.http.face import Post


class Wants(Post):
    """Wants these addresses; without any it fails to say which."""

    def __init__(self, *wanted: str) -> None:
        self.wanted = [HttpRoute(*one.split(" ")) for one in wanted]

    def routes(self) -> list[HttpRoute]:
        if not self.wanted:
            raise ValueError("3273010101010001")
        return self.wanted


def found(**wanted: Any) -> list[tuple[str, str]]:
    return [(name, told.partition(";")[0]) for name, told in collisions(list(wanted.items()), Settings())]


@pytest.mark.parametrize("address", ["GET /api/v1/status", "POST /api/v1/inbox/{id}/ack", "GET /openapi.json", "GET /"])
def test_an_address_of_the_gateways_own(address: str) -> None:
    assert found(pesan=Wants(address)) == [("pesan", f"{address} belongs to the gateway itself and to pesan")]


def test_an_address_of_another_endpoint_and_one_named_twice() -> None:
    post = "POST /api/v1/messages"
    assert found(rest=Wants(post), pesan=Wants(post, "GET /mine")) == [
        ("pesan", f"{post} belongs to rest and to pesan")
    ]
    assert found(pesan=Wants(post, "GET /mine"), sink=ScriptedSink()) == []
    assert {told for _, told in found(pesan=Wants(post, post))} == {f"{post} belongs to pesan and to pesan"}


def test_an_endpoint_that_fails_is_named_and_the_others_are_judged() -> None:
    [(one, told), (two, _)] = collisions([("bad", Wants()), ("pesan", Wants("GET /"))], Settings())
    assert (one, two) == ("bad", "pesan")
    assert told.startswith("bad cannot say its routes (ValueError at test_owners.py:")
    assert "3273" not in told
    with pytest.raises(RoutesUnknown):
        routes_of("bad", Wants())
