"""Names of systems and services are known, or found with a hint."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.federation.draft import Draft, Located
from gateway.federation.marks import Marked
from gateway.federation.names import agencies, known_service, known_systems, systems
from schemas.catalogue import DOCUMENTS, SERVICES

HERE = Located(Marked("routes.yaml"), ())


@pytest.fixture
def draft() -> Draft:
    found = Draft({}, SERVICES, DOCUMENTS)
    found.at |= dict.fromkeys(("kota", "kota/satu", "person:ani"), HERE)
    return found


def test_what_is_declared(draft: Draft) -> None:
    assert (agencies(draft), systems(draft)) == ({"kota"}, {"kota/satu"})


@pytest.mark.parametrize(
    ("patterns", "codes"),
    [(["kota/satu"], []), (["kota/*", "*/*"], []), (["kota/sato"], ["C011"]), (["kuta/satu"], ["C010"])],
)
def test_a_pattern_names_somebody(draft: Draft, patterns: list[str], codes: list[str]) -> None:
    known_systems(draft, patterns, HERE, ("to",))
    assert [one.code for one in draft.findings] == codes
    assert all("did you mean" in one.hint for one in draft.findings)


@pytest.mark.parametrize(("service", "known"), [("letter.deliver", True), ("letter.delivr", False)])
def test_a_service_is_known_or_found(draft: Draft, service: str, known: bool) -> None:
    assert known_service(draft, service, HERE, ("service",)) is known
    found: list[Any] = [(one.code, "letter.deliver" in one.hint) for one in draft.findings]
    assert found == ([] if known else [("C012", True)])
