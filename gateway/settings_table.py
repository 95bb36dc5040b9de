"""Every setting as a table a person can read: docs/settings.md.

Enters: the settings' model. Leaves: Markdown, by `python -m gateway.settings_table`. Refuses: nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from gateway.settings import fields
from gateway.settings_variables import variable_for


def markdown() -> str:
    """docs/settings.md, whole."""
    rows = [
        f"| `{name}` | `{variable_for(tuple(name.split('.')))}` | {_kind(info.annotation)} | {_default(default)} | "
        f"{info.description} |"
        for name, info, default in fields()
    ]
    return "\n".join([*_HEAD, *rows, ""])


_HEAD = (
    "# Settings",
    "",
    "<!-- Written by `python -m gateway.settings_table`; a test compares. -->",
    "",
    "A setting comes from its variable, else from `gateway.yaml` in the configuration folder, else from its default.",
    "Sizes are bytes, times are seconds unless the name says days. `lintas check` says what is wrong, and where.",
    "",
    "```yaml",
    "# config/gateway.yaml",
    "instance: test",
    "http:",
    "  port: 8700",
    "```",
    "",
    "| setting | variable | type | default | meaning |",
    "|---|---|---|---|---|",
)


def _kind(annotation: Any) -> str:
    arguments = get_args(annotation)
    if arguments and all(isinstance(one, str) for one in arguments):
        return " or ".join(f"`{one}`" for one in arguments)
    if arguments == (str, ...):
        return "list of names; in a variable as JSON"
    names = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", Path: "folder"}
    return names.get(annotation, "text or nothing")


def _default(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"`{json.dumps(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    print(markdown(), end="")
