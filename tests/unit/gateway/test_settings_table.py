"""The table of the documents is the one the model prints."""

from __future__ import annotations

from pathlib import Path

from gateway.settings import fields
from gateway.settings_table import markdown

ROOT = Path(__file__).parents[3]


def test_the_documented_table_is_the_one_the_model_prints() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == markdown()


def test_every_setting_has_a_row() -> None:
    lines = markdown().splitlines()
    assert [name for name, _, _ in fields() if not any(line.startswith(f"| `{name}` |") for line in lines)] == []
