"""What is told of a letter is what its class allows, in every state and language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.letters.code import grouped
from gateway.letters.letter import Ending, Letter, SignedFile
from gateway.signatures.findings import CATALOGUE
from gateway.web.render import findings
from gateway.web.telling import report, state_of, told
from tests.unit.gateway.letters.example import SUBJECT, facts

AT = 1_795_600_000_000


def letter(state: Any = "active", ending: Ending | None = None, **more: Any) -> Letter:
    file = None if state == "reserved" else SignedFile("a" * 64, 5, "b" * 64, "B-T", "CN=X", None, "c" * 64)
    ended = None if ending is None else AT + 60_000
    return Letter(
        b"k", "id", "kota", "kota/x", state, "q", AT, None if file is None else AT, ended, facts(**more), file, ending
    )


def names(values: dict[str, Any]) -> set[str]:
    return {name for name, _ in values["facts"]}


@pytest.mark.parametrize(
    ("privacy", "shown"),
    [
        ("public", {"code", "agency", "signer", "position", "number", "date", "subject", "issued"}),
        ("personal", {"code", "agency", "signer", "position", "number", "date", "issued"}),
        ("specific", {"code", "agency", "signer", "position", "issued"}),
        ("secret", {"code", "agency"}),
    ],
)
def test_the_class_of_a_letter_says_what_is_shown(privacy: str, shown: set[str]) -> None:
    values = told(letter(privacy=privacy), "Asia/Jakarta", "id")
    assert names(values) == shown
    assert values["hidden"] == (privacy != "public")


def test_the_security_level_closes_what_the_class_would_open() -> None:
    assert names(told(letter(security="SR"), "Asia/Jakarta", "id")) == {"code", "agency"}


def test_a_reserved_code_tells_of_no_letter() -> None:
    values = told(letter("reserved"), "Asia/Jakarta", "en")
    assert "not issued" in values["said"]["head"]
    assert names(values) == {"code", "agency"}
    assert values["sha256"] is None
    assert SUBJECT not in str(values)


def test_why_it_was_withdrawn_is_told_of_a_public_letter_alone() -> None:
    for privacy, shown in (("public", True), ("personal", False), ("secret", False)):
        values = told(letter("withdrawn", Ending(reason="Salah nama"), privacy=privacy), "Asia/Jakarta", "id")
        assert ("Salah nama" in str(values["facts"])) is shown
        assert ("ended" in names(values)) is (privacy != "secret")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("public", "public", "number"),
        ("public", "personal", "number"),
        ("public", "specific", "code"),
        ("specific", "public", "number"),
        ("public", "secret", None),
        ("secret", "public", None),
    ],
)
def test_what_replaces_it_is_named_as_the_classes_of_both_allow(old: str, new: str, named: str | None) -> None:
    other = letter(privacy=new)
    assert other.facts is not None
    values = told(letter("replaced", Ending(by="x"), privacy=old), "Asia/Jakarta", "id", None, other)
    code = other.facts.code
    if named is None:
        assert values["other"] is None
        assert values["hidden"]
        assert code not in str(values)
        assert grouped(code) not in str(values)
        return
    assert values["other"]["path"] == f"/v/{code}"
    assert (other.facts.number in values["other"]["told"]) is (named == "number")
    assert (grouped(code) in values["other"]["told"]) is (named == "code")


@pytest.mark.parametrize(
    ("carried", "shown"),
    [
        ((AT, None, None), {"received"}),
        ((AT, "delivered", AT), {"received", "delivered"}),
        ((AT, "awaiting_registration", AT), {"received", "delivered"}),
        ((AT, "registered", AT), {"received", "registered"}),
        ((AT, "overdue", AT), {"received"}),
    ],
)
def test_when_it_was_carried_is_told(carried: Any, shown: set[str]) -> None:
    values = told(letter(), "Asia/Makassar", "id", carried)
    assert names(values) & {"received", "delivered", "registered"} == shown
    assert "WITA" in dict(values["facts"])["received"]


def test_what_is_not_kept_any_more_is_said_to_be_so() -> None:
    gone = replace(letter(), facts=None, file=None)
    values = told(gone, "Asia/Jakarta", "en")
    assert state_of(gone) == "gone"
    assert (values["facts"], values["sha256"]) == ([], None)
    assert "no longer kept" in values["said"]["head"]


SIGNATURE = {
    "signer": "CN=Dr. Ani\\, S.H.,O=Kota,C=ID", "organisation": None, "issuer": "O=Kantor,C=ID",
    "signingTime": "2026-11-25T00:00:00Z", "timestampTime": None, "covers": "the whole file", "integrity": "intact",
}  # fmt: skip


def test_a_report_is_in_words_of_people_and_leaves_out_what_is_not_known() -> None:
    verdict = {"conclusion": "valid", "sha256": "x", "findings": [], "signatures": [SIGNATURE]}
    facts = dict(report(verdict, "Asia/Jakarta", "id")["signatures"][0]["facts"])
    assert list(facts) == ["signer", "issuer", "claimed", "integrity"]
    assert facts["signer"] == "Dr. Ani, S.H."
    assert facts["issuer"] == "O=Kantor,C=ID"
    assert facts["claimed"] == "25 November 2026, pukul 07.00 WIB"
    assert "covers" in dict(report(verdict, "Asia/Jakarta", "en")["signatures"][0]["facts"])


@pytest.mark.parametrize("code", ["unsigned", "a_new_one"])
def test_a_finding_is_told_to_people_without_the_advice_for_operators(code: str) -> None:
    one = {"code": code, "weight": "info", "message": "the file is odd", "advice": "Run `lintas trust`."}
    verdict = {"conclusion": "valid", "sha256": "x", "findings": [one], "signatures": []}
    assert report(verdict, "Asia/Jakarta", "en")["findings"][0]["told"] == "The file is odd."
    told = report(verdict, "Asia/Jakarta", "id")["findings"][0]["told"]
    assert told == findings().get(code, "The file is odd.")


def test_the_findings_that_are_put_in_words_are_those_of_the_catalogue() -> None:
    assert set(findings()) <= set(CATALOGUE)
    assert all(one.endswith(".") for one in findings().values())
