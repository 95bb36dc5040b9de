"""What a route and the settings say together."""

from __future__ import annotations

import pytest

from gateway.federation import Federation
from gateway.policy import DAY_MS, due_in, lane_of, retention_ms, route_names, window_ms
from gateway.settings import Settings
from tests.unit.gateway.bench import ARSIP, FOLDER, KOTAK, SIMPUS


def test_a_route_says_it_or_the_settings_do(federation: Federation) -> None:
    settings = Settings()
    lookup, letters, _, organisations, *_ = federation.routes
    assert (window_ms(lookup, settings), window_ms(organisations, settings)) == (30 * DAY_MS, 3_600_000)
    assert (retention_ms(lookup, settings), retention_ms(letters, settings)) == (365 * DAY_MS, 30 * DAY_MS)


@pytest.mark.parametrize(
    ("recipient", "kind", "lane"),
    [
        (ARSIP, "document", ARSIP),
        (KOTAK, "document", f"{KOTAK}#inbox"),
        (FOLDER, "receipt", f"{FOLDER}#receipts"),
        (KOTAK, "receipt", f"{KOTAK}#receipts"),
    ],
)
def test_lanes(federation: Federation, recipient: str, kind: str, lane: str) -> None:
    assert lane_of(federation, recipient, "letter.deliver", kind) == lane


def test_routes_of_one_service_are_told_apart(federation: Federation) -> None:
    names = route_names(federation)
    assert [names[id(route)] for route in federation.routes] == [
        "coverage.lookup", "letter.deliver", "person.deliver", "organisation.deliver", "organisation.deliver#2",
        "acknowledgement.deliver",
    ]  # fmt: skip
    assert federation.route_for("organisation.deliver", SIMPUS) is federation.routes[3]


def test_an_inbox_has_no_hours() -> None:
    assert (due_in(ARSIP, 7), due_in(f"{KOTAK}#inbox", 7)) == (7, 0)
