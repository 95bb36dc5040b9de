import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.commands.exits import Failure
from gateway.commands.face import Face, _json, as_called, clean


@given(st.text())
def test_what_is_printed_is_printable_and_one_line(text: str) -> None:
    told = clean(text)
    assert told.isprintable()
    assert text != told or text.isprintable()


def test_nothing_is_nothing() -> None:
    assert (clean(None), clean(0), clean("a b")) == ("", "0", "a b")


def test_markup_in_data_is_data(capsys) -> None:
    Face(False).table("[bold]t", ["[red]c"], [["[link=http://x]y[/link]", ":smile:"]])
    shown = capsys.readouterr().out
    for told in ("[bold]t", "[red]c", "[link=http://x]y[/link]", ":smile:"):
        assert told in shown


def test_identifiers_stay_whole_where_nobody_watches(capsys) -> None:
    long = "m" * 150
    Face(False).table("t", ["a", "b"], [[long, "x" * 300]])
    assert long in capsys.readouterr().out


def test_a_machine_gets_json_only(capsys) -> None:
    face = Face(True)
    face.say("for people")
    with face.progress("bar", 3) as advance:
        advance(3)
    face.failure(Failure(1, "code", "detail", message_id="m", more={"limit": 3, "stage": None}))
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"error": {"limit": 3, "code": "code", "detail": "detail", "messageId": "m"}}
    assert captured.err == ""


def test_facts_leave_out_what_is_absent(capsys) -> None:
    Face(False).facts("Title", [("a", 1), ("bcd", None), ("ef", "x")])
    assert capsys.readouterr().out == "Title\n  a   1\n  ef  x\n"


@given(st.text() | st.sampled_from(["\ud800", "\x9b2J", "\u202e", "é", "\x1b[2J"]))
def test_json_keeps_its_meaning_and_moves_no_cursor(text: str) -> None:
    told = _json({"name": text})
    assert told.isprintable()
    assert json.loads(told) == {"name": text}


def test_json_is_readable_where_it_can_be() -> None:
    assert "é" in _json("é")
    assert _json({"a": [1]}, indent=2).count("\n") == 4


def test_a_command_is_named_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.argv", ["a b/bin/lintas", "run"])
    assert (
        as_called("run `lintas check` or lintas --url X log")
        == "run `'a b/bin/lintas' check` or 'a b/bin/lintas' --url X log"
    )
    for other in ("lintas demo-thing? no: lintasrun", "/x/lintas check", "lintas is a gateway", "the folder lintas"):
        assert as_called(other).count("a b") == (1 if other.startswith("lintas demo") else 0)
    Face(False).failure(Failure(2, "code", "detail", "see `lintas check`"))
    assert "`'a b/bin/lintas' check`" in capsys.readouterr().err
    Face(True).failure(Failure(2, "code", "detail", "see `lintas check`"))
    assert json.loads(capsys.readouterr().out)["error"]["advice"] == "see `lintas check`"
    monkeypatch.setattr("sys.argv", ["pytest"])
    assert as_called("run `lintas check`") == "run `lintas check`"


@pytest.mark.parametrize(("columns", "told"), [("80", "simpus"), ("200", "kota-bandung/simpus")])
def test_a_narrow_terminal_gets_short_names(monkeypatch: pytest.MonkeyPatch, columns: str, told: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert Face(False).short("kota-bandung/simpus") == told
