import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.federation.model import matches


def test_the_first_route_that_matches_counts(folder: Any) -> None:
    folder.replace(
        "routes.yaml",
        "routes:\n",
        "routes:\n  - {service: letter.deliver, from: [kota/folder], to: [bpjs/inbox], purpose: x}\n",
    )
    federation = folder.sound()
    first, _, last = federation.routes
    assert federation.route_for("letter.deliver", "kota/folder") is first
    assert federation.route_for("letter.deliver", "kota/simpus") is last
    assert federation.route_for("coverage.lookup", "bpjs/inbox") is None
    assert federation.route_for("coverage.lookup", "nobody/here") is None


def test_rights_belong_to_a_system_and_a_service(folder: Any) -> None:
    federation = folder.sound()
    assert federation.may_use("kota/simpus", "coverage.lookup")
    assert not federation.may_use("kota/folder", "coverage.lookup")
    assert not federation.may_use("nobody/here", "coverage.lookup")


def test_recipients_are_the_systems_that_a_route_names(folder: Any) -> None:
    federation = folder.sound()
    fixed, named = federation.routes
    assert federation.recipients_of(fixed) == {"bpjs/vclaim"}
    assert federation.recipients_of(named) == {"bpjs/vclaim", "bpjs/inbox"}


def test_a_pattern_names_no_system_that_cannot_receive(folder: Any) -> None:
    folder.replace("agencies/bpjs.yaml", "    channel: {pull: true}", "    may_use: []")
    federation = folder.sound()
    assert federation.recipients_of(federation.routes[1]) == {"bpjs/vclaim"}


def test_a_system_that_pulls_answers_no_query(folder: Any) -> None:
    folder.replace("routes.yaml", "    to: [bpjs/vclaim]", '    to: ["bpjs/*"]\n    recipients: named')
    federation = folder.sound()
    assert federation.recipients_of(federation.routes[0]) == {"bpjs/vclaim"}


def test_a_system_reads_its_own_and_what_it_is_given(folder: Any) -> None:
    folder.replace(
        "agencies/kota.yaml", "    may_use: [letter.deliver]", '    may_use: [letter.deliver]\n    reads: ["bpjs/*"]'
    )
    federation = folder.sound()
    assert federation.may_read("kota/folder", "kota/folder")
    assert federation.may_read("kota/folder", "bpjs/vclaim")
    assert not federation.may_read("kota/folder", "kota/simpus")
    assert not federation.may_read("kota/simpus", "bpjs/vclaim")


def test_a_channel_may_differ_for_one_service(folder: Any) -> None:
    federation = folder.sound()
    use = federation.channel_use("bpjs/vclaim", "coverage.lookup")
    assert use is not None
    assert (use.adapter, use.key, use.config.url) == ("rest", "bpjs/vclaim:channel", "http://127.0.0.1:1/a")
    assert federation.channel_use("bpjs/vclaim", "letter.deliver") is None
    assert federation.pulls("bpjs/vclaim", "letter.deliver")
    assert federation.pulls("bpjs/inbox", "letter.deliver")
    assert not federation.pulls("bpjs/vclaim", "coverage.lookup")
    assert not federation.pulls("nobody/here", "coverage.lookup")


def test_sources_and_receipts_are_listed_with_their_parsed_settings(folder: Any) -> None:
    federation = folder.sound()
    (source,) = federation.uses_of("source")
    assert (source.system, source.key, source.config.inbox) == ("kota/folder", "kota/folder:source:inbox", "drop/inbox")
    receipts = federation.receipts_use("kota/folder")
    assert receipts is not None
    assert receipts.config.inbox == "drop/outbox"
    assert federation.receipts_use("kota/simpus") is None


def test_a_system_has_its_own_time_zone_or_its_agency_s(folder: Any) -> None:
    systems = folder.sound().systems
    zones = {name: system.time_zone for name, system in systems.items()}
    assert zones == {
        "bpjs/inbox": "Asia/Jayapura",
        "bpjs/vclaim": "Asia/Makassar",
        "kota/folder": "Asia/Jakarta",
        "kota/simpus": "Asia/Jakarta",
    }


def test_people_are_actors(folder: Any) -> None:
    assert folder.sound().operators["ani"].actor == "person:ani"


def test_what_is_loaded_cannot_be_changed(folder: Any) -> None:
    federation = folder.sound()
    with pytest.raises(ValidationError):
        federation.routes[0].service = "x.y"
    with pytest.raises(TypeError):
        federation.systems["a/b"] = federation.systems["kota/simpus"]


def test_the_digest_ignores_how_the_files_look(folder: Any, fresh: Any) -> None:
    other = fresh("other")
    assert other.sound().digest == folder.sound().digest
    other.replace("agencies/kota.yaml", "name: Kota", "# a remark\nname: 'Kota'")
    other.replace("routes.yaml", "    deadline: 10s", "    deadline: 10000ms")
    assert other.sound().digest == folder.sound().digest


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("agencies/kota.yaml", "name: Kota", "name: Kotha"),
        ("agencies/bpjs.yaml", "127.0.0.1:1/a", "127.0.0.1:1/b"),
        ("routes.yaml", "14d", "15d"),
        ("routes.yaml", "kota/*", "kota/s*"),
        ("operators.yaml", "[operator]", "[auditor]"),
    ],
)
def test_the_digest_changes_with_the_meaning(folder: Any, name: str, old: str, new: str) -> None:
    before = folder.sound().digest
    folder.replace(name, old, new)
    assert folder.sound().digest != before


@pytest.mark.parametrize(
    ("pattern", "system", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/bc", False),
        ("dinas-*/*", "dinas-sosial/a", True),
        ("dinas-*/*", "kota/dinas-a", False),
        ("*/a", "b/c-a", False),
        ("*/*-a", "b/c-a", True),
        ("a*a/x", "a/x", False),
        ("a*a/x", "aa/x", True),
        ("*b*d*/x", "abcde/x", True),
        ("*d*b*/x", "abcde/x", False),
        ("a*bc*c/x", "abc/x", False),
    ],
)
def test_stars_stay_within_their_half(pattern: str, system: str, expected: bool) -> None:
    assert matches(pattern, system) is expected


@settings(max_examples=80)
@given(st.text("ab*", min_size=1, max_size=8), st.text("ab", min_size=1, max_size=8))
def test_stars_mean_what_a_regular_expression_says(pattern: str, name: str) -> None:
    expression = re.escape(pattern).replace(r"\*", "[a-z0-9-]*")
    assert matches(f"{pattern}/x", f"{name}/x") is (re.fullmatch(expression, name) is not None)
