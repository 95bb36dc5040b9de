"""What the program says about itself: one line each, at or above its level."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

SAY = """
import structlog
from gateway.logs import configure
from gateway.settings import Log, Settings
configure(Settings(log=Log(level="{level}", format="{format}")))
log = structlog.get_logger("t")
log.debug("quiet", message="m-1")
log.warning("loud", message="m-2")
"""
HOUSE = Path(__file__).parents[3]


def said(level: str, form: str) -> str:
    """In a process of its own: logging is configured once."""
    code = SAY.format(level=level, format=form)
    done = subprocess.run([sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize(("level", "events"), [("debug", ["quiet", "loud"]), ("info", ["loud"]), ("error", [])])
def test_machines_get_a_json_line_each(level: str, events: list[str]) -> None:
    lines = [orjson.loads(line) for line in said(level, "json").splitlines()]
    assert [line["event"] for line in lines] == events
    assert all({"level", "timestamp", "message"} <= set(line) for line in lines)


def test_a_person_gets_text() -> None:
    assert "loud" in said("info", "console")
    assert not said("info", "console").startswith("{")


TROUBLE = """
import structlog
from gateway.logs import configure
from gateway.settings import Log, Settings
configure(Settings(log=Log(format="{format}")))
log = structlog.get_logger("t")
def reads():
    raise ValueError("3273014107900001 of Siti")
try:
    try:
        reads()
    except ValueError as error:
        raise OSError("/drop/Siti.pdf") from error
except OSError as error:
    log.error("unforeseen", exc_info=error)
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_is_where_it_came_from_never_what_it_says(form: str) -> None:
    code = TROUBLE.format(format=form)
    done = subprocess.run([sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=True)
    assert "unforeseen" in done.stderr
    assert "Siti" not in done.stderr
    assert "3273014107900001" not in done.stderr
    if form == "json":
        line = orjson.loads(done.stderr)
        assert line["causes"] == ["OSError", "ValueError"]
        assert line["frames"][-1].endswith(":<module>")
        assert "exc_info" not in line


LIBRARIES = """
import logging, warnings
from gateway.logs import configure
from gateway.settings import Settings
configure(Settings())
logging.getLogger("lib").warning("sent %s", "3273010101010001")
try:
    raise ValueError("3273010101010001")
except ValueError:
    logging.getLogger("lib").exception("3273010101010001")
logging.getLogger("lib").info("quiet")
warnings.warn("3273010101010001", RuntimeWarning)
"""


def test_what_a_library_says_stands_without_its_words() -> None:
    done = subprocess.run([sys.executable, "-c", LIBRARIES], cwd=HOUSE, capture_output=True, text=True, check=True)
    lines = [orjson.loads(line) for line in done.stderr.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("library", "warning"), ("library", "error"), ("library_warning", "warning")
    ]  # fmt: skip
    assert lines[1]["causes"] == ["ValueError"]
    assert lines[2]["category"] == "RuntimeWarning"
    assert "32730" not in done.stderr
