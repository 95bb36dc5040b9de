"""From a model's complaint to a finding: at its line, with what is due, and the nearest word where there is one."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from gateway.federation import marks
from gateway.federation.explain import explain, validate
from gateway.federation.marks import Marked

KOTA, BPJS, ROUTES, PEOPLE = "agencies/kota.yaml", "agencies/bpjs.yaml", "routes.yaml", "operators.yaml"


class Mode(StrEnum):
    IDEMPOTENT = "idempotent"
    NEITHER = "neither"


class Lax(BaseModel):
    """An adapter's settings as a stranger may write them: pydantic's own ways of converting are not switched off."""

    text: str = ""
    count: int = 0
    share: float = 0.0
    flag: bool = False
    mode: Mode = Mode.NEITHER
    version: Literal["1.1", "1.2"] = "1.1"
    names: tuple[str, ...] = ()
    either: str | tuple[str, ...] = ""
    inner: dict[str, int] = Field(default_factory=dict)


def told(line: str) -> tuple[Any, list[tuple[str, int, str, str]]]:
    marked = marks.parse(f"config:\n  {line}\n", "f")
    parsed, findings = validate(Lax, marked.data["config"], marked, ("config",))
    return parsed, [(one.code, one.line, one.message, one.hint) for one in findings]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("text: '24'", "24"), ("text: 0123", "0123"), ("text: yes", "yes"), ("text: 1e3", "1e3"), ("count: 7", 7),
        ("share: 1", 1.0), ("share: 0.5", 0.5), ("flag: true", True), ("mode: idempotent", Mode.IDEMPOTENT),
        ("version: '1.2'", "1.2"), ("names: [a, '1']", ("a", "1")), ("either: [a]", ("a",)), ("either: a", "a"),
        ("inner: {1: 2}", {"1": 2}),
    ],
)  # fmt: skip
def test_a_value_is_what_it_looks_like(line: str, value: Any) -> None:
    parsed, findings = told(line)
    assert findings == []
    found = getattr(parsed, line.split(":")[0])
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("text: 24", "'text': should be text: put it in quotes"),
        ("text: 1.10", "'text': should be text: put it in quotes"),
        ("text: true", "'text': should be text: put it in quotes"),
        ("text: null", "'text': should be text"),
        ("text: [a]", "'text': should be text"),
        ("count: '7'", "'count': should be a whole number"),
        ("count: 7.0", "'count': should be a whole number"),
        ("count: true", "'count': should be a whole number"),
        ("count: 007", "'count': should be a whole number"),
        ("share: '0.5'", "'share': should be a number"),
        ("share: true", "'share': should be a number"),
        ("flag: 'true'", "'flag': should be true or false"),
        ("flag: yes", "'flag': should be true or false"),
        ("flag: 1", "'flag': should be true or false"),
        ("names: a", "'names': should be a list"),
        ("names: {a: b}", "'names': should be a list"),
        ("names: [a, 1]", "'names': should be text: put it in quotes"),
        ("inner: []", "'inner': should be a mapping"),
        ("inner: {a: '1'}", "'a': should be a whole number"),
    ],
)
def test_another_type_is_a_finding_that_says_what_is_due(line: str, message: str) -> None:
    assert told(line) == (None, [("C003", 2, message, "")])


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("mode: idempotant", "'mode': should be 'idempotent' or 'neither'", "did you mean 'idempotent'?"),
        ("mode: 1", "'mode': should be 'idempotent' or 'neither'", "known: idempotent, neither"),
        ("version: '1.3'", "'version': should be '1.1' or '1.2'", "did you mean '1.2'?"),
        ("version: 1.2", "'version': should be '1.1' or '1.2', in quotes", "did you mean '1.2'?"),
        ("version: 1.20", "'version': should be '1.1' or '1.2'", "did you mean '1.2'?"),
        ("version: 2", "'version': should be '1.1' or '1.2'", "known: 1.1, 1.2"),
    ],
)
def test_a_word_of_no_list_is_told_its_neighbour(line: str, message: str, hint: str) -> None:
    assert told(line) == (None, [("C004", 2, message, hint)])


def test_each_branch_of_a_choice_is_told_by_the_name_in_the_file() -> None:
    _, findings = told("either: 5")
    assert findings == [
        ("C003", 2, "'either': should be text: put it in quotes", ""),
        ("C003", 2, "'either': should be a list", ""),
    ]


# file, what is replaced, by what, line, message
WRONG = [
    (ROUTES, "purpose: UU 24/2011", "purpose: 24", 5, "'purpose': should be text: put it in quotes"),
    (ROUTES, "purpose: UU 24/2011", "purpose: true", 5, "'purpose': should be text: put it in quotes"),
    (ROUTES, "deadline: 10s", "deadline: 10", 6, "'deadline': a duration is a whole number and a unit"),
    (ROUTES, "deadline: 10s", "deadline: '10'", 6, "'deadline': a duration is a whole number and a unit"),
    (ROUTES, "to: [bpjs/vclaim]", "to: bpjs/vclaim", 4, "'to': should be a list"),
    (ROUTES, "recipients: named", "recipients: named\n    release: subject", 10, "'release': should be a list"),
    (KOTA, "name: Kota", "name: 7", 2, "'name': should be text: put it in quotes"),
    (KOTA, "{file: keys/simpus.key}", "{file: 1}", 6, "'file': should be text: put it in quotes"),
    (KOTA, "inbox: drop/inbox", "inbox: 5", 15, "'inbox': should be text: put it in quotes"),
    (KOTA, "inbox: drop/inbox", "inbox: a\n          columns: {A: 1}", 16, "'A': should be text: put it in quotes"),
    (BPJS, "channel: {pull: true}", "channel: {pull: 'true'}", 17, "'pull': should be true or false"),
    (BPJS, "url: http", "tries: '3'\n        url: http", 10, "'tries': should be a whole number"),
    (BPJS, "url: http", "secure: 1\n        url: http", 10, "'secure': should be true or false"),
    (BPJS, "url: http", "code: 1.10\n        url: http", 10, "'code': should be text: put it in quotes"),
    (PEOPLE, "name: Ani", "name: 7", 3, "'name': should be text: put it in quotes"),
    (PEOPLE, "roles: [operator]", "roles: operator", 4, "'roles': should be a list"),
]


@pytest.mark.parametrize(("name", "old", "new", "line", "message"), WRONG)
def test_a_wrong_type_is_one_finding_at_its_line(
    folder: Any, name: str, old: str, new: str, line: int, message: str
) -> None:
    folder.replace(name, old, new)
    federation, findings = folder.load()
    assert federation is None
    here = [one for one in findings if one.file == name and one.line == line]
    assert [one.message[: len(message)] for one in here] == [message]


def test_a_finding_never_repeats_what_looks_secret() -> None:
    key = "lintas_ab12_" + "A" * 43
    problem = {"type": "value_error", "loc": ("text",), "msg": f"Value error, not {key}", "input": key}
    assert explain(Lax, problem, Marked("f"), ()).message == "'text': the value is refused"


def test_a_hint_of_the_model_is_passed_on() -> None:
    problem = {"type": "own", "loc": ("text",), "msg": "no", "input": "x", "ctx": {"hint": "did you mean 'y'?"}}
    found = explain(Lax, problem, Marked("f"), ())
    assert (found.code, found.message, found.hint) == ("C004", "'text': no", "did you mean 'y'?")
