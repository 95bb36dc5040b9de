"""Which variable gave a setting, and what is wrong with variables as such."""

from __future__ import annotations

import pytest

from gateway.federation.findings import Finding
from gateway.settings_variables import ENVIRONMENT, Loc, giver, not_json, ours, placed, unknown, variable_for

KNOWN = {"LINTAS_NODE", "LINTAS_HTTP", "LINTAS_HTTP__PORT", "LINTAS_HTTP__HOST", "LINTAS_STATE_DIR"}
GIVEN = {"LINTAS_NODE": "a", "LINTAS_HTTP": '{"port": 1, "names": ["a"]}', "LINTAS_HTTP__HOST": "h", "LINTAS_LOG": "{"}


@pytest.mark.parametrize(
    ("loc", "name"), [(("node",), "LINTAS_NODE"), (("http", "port"), "LINTAS_HTTP__PORT"), ((), "LINTAS_")]
)
def test_the_variable_of_a_setting(loc: Loc, name: str) -> None:
    assert variable_for(loc) == name


def test_ours_are_those_with_the_prefix_in_any_case() -> None:
    assert ours({"lintas_node": "a", "LINTAS_X": "b", "XLINTAS_": "c", "PATH": "d"}) == {
        "LINTAS_NODE": "a",
        "LINTAS_X": "b",
    }


@pytest.mark.parametrize(
    ("loc", "name"),
    [
        (("node",), "LINTAS_NODE"),
        (("http",), "LINTAS_HTTP"),
        (("http", "host"), "LINTAS_HTTP__HOST"),
        (("http", "port"), "LINTAS_HTTP"),
        (("http", "names", 0), "LINTAS_HTTP"),
        (("http", "names", 1), None),
        (("http", "other"), None),
        (("http", "port", "x"), None),
        (("log", "level"), None),
        (("times", "lease"), None),
        ((), None),
    ],
)
def test_who_gave_a_value(loc: Loc, name: str | None) -> None:
    assert giver(loc, GIVEN) == name
    finding = Finding("gateway.yaml", 3, 1, "C004", "no", "hint")
    moved = placed(finding, loc, GIVEN)
    assert moved == (finding if name is None else Finding(ENVIRONMENT, 0, 0, "C004", f"{name}: no", "hint"))


@pytest.mark.parametrize(
    ("name", "path", "hint"),
    [
        ("LINTAS_HTTP__PROT", ("http", "prot"), "did you mean 'LINTAS_HTTP__PORT'?"),
        ("LINTAS_STATEDIR", ("statedir",), "did you mean 'LINTAS_STATE_DIR'?"),
        ("LINTAS_QQ__QQ__QQ", ("qq", "qq", "qq"), "known: "),
    ],
)
def test_a_variable_that_was_meant_for_us(name: str, path: Loc, hint: str) -> None:
    [(finding, found)] = unknown({name: "x", "LINTAS_NODE": "y"}, KNOWN)
    assert (finding.code, finding.file, finding.message) == ("C001", ENVIRONMENT, f"unknown variable '{name}'")
    assert found == path
    assert finding.hint.startswith(hint)


@pytest.mark.parametrize("name", ["LINTAS_API_KEY", "LINTAS_", "LINTAS_NODE"])
def test_a_variable_that_was_not(name: str) -> None:
    assert list(unknown({name: "x"}, KNOWN)) == []


def test_a_whole_group_is_json() -> None:
    assert [one.message for one in not_json(GIVEN, ["http", "log", "times"])] == [
        'LINTAS_LOG: a whole group or list is given as JSON, such as ["rest", "soap"]'
    ]
