"""docs/demo.md says what the demonstration does."""

from __future__ import annotations

from pathlib import Path

from demo import places
from demo.command import AGENCY_PORTS
from demo.people import MISTAKES
from demo.timeline import Row

DOCUMENT = (Path(__file__).parents[3] / "docs" / "demo.md").read_text(encoding="utf-8")
SYSTEMS = (*places.SERVERS, places.SOCIAL, places.CENTRE, places.HOSPITAL, places.STRANGER, places.VILLAGE,
           places.POPULATION)  # fmt: skip


def test_every_system_is_introduced() -> None:
    assert [name for name in SYSTEMS if f"| `{name}` |" not in DOCUMENT] == []


def test_the_bad_rows_are_those_that_are_made() -> None:
    section = DOCUMENT.split("## The seven bad rows")[1].split("##")[0]
    cells = [line.strip("|").split("|")[1:] for line in section.splitlines() if line.startswith("| ")][1:]
    told = [(column.strip(" `") or None, code.strip(" `")) for column, code in cells]
    assert told == [(column, code) for _, column, code in MISTAKES]


def test_the_fields_of_a_row_and_the_variable_are_named() -> None:
    row = Row(0.0, "a", "b", "c", "d").to_dict()
    assert "{" + ", ".join(f'"{name}"' for name in row) + "}" in DOCUMENT
    assert f"`{AGENCY_PORTS}=free`" in DOCUMENT
