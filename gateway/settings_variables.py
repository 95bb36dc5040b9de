"""Which variable gave a setting, and what is wrong with variables as such.

Enters: the environment, and the names of all settings. Leaves: the variable behind a setting, or findings. Refuses:
nothing. A variable is named as it is documented, in capitals, however it is written in the environment.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gateway.federation.findings import Finding, did_you_mean, near, shown

PREFIX = "LINTAS_"
ENVIRONMENT = "environment"
"""What a finding names in place of a file when a variable is wrong."""

Loc = tuple[int | str, ...]


def variable_for(loc: Loc) -> str:
    """The variable that sets the field at a path: `("http", "port")` is `LINTAS_HTTP__PORT`."""
    return PREFIX + "__".join(str(step) for step in loc).upper()


def ours(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables with our prefix, in capitals."""
    return {name.upper(): value for name, value in environment.items() if name.upper().startswith(PREFIX)}


def giver(loc: Loc, variables: Mapping[str, str]) -> str | None:
    """The variable that gave what stands at a path: its own, or that of a whole group or list that holds it."""
    for end in range(len(loc), 0, -1):
        variable = variable_for(loc[:end])
        if variable in variables and _holds(variables[variable], loc[end:]):
            return variable
    return None


def _holds(text: str, loc: Loc) -> bool:
    if not loc:
        return True
    try:
        value: Any = json.loads(text)
        for step in loc:
            value = value[step]
    except (ValueError, LookupError, TypeError):
        return False
    return True


def placed(finding: Finding, loc: Loc, variables: Mapping[str, str]) -> Finding:
    """The finding at the variable, when a variable is what gave the value."""
    variable = giver(loc, variables)
    if variable is None:
        return finding
    return Finding(ENVIRONMENT, 0, 0, finding.code, f"{variable}: {finding.message}", finding.hint)


def unknown(variables: Mapping[str, str], known: Collection[str]) -> Iterator[tuple[Finding, Loc]]:
    """Variables that were surely meant for us, nested ones and those one slip away from a setting, with the path that
    the settings would take them for."""
    for name in sorted(variables):
        if name not in known and ("__" in name or near(name, known, 0.9)):
            finding = Finding(ENVIRONMENT, 0, 0, "C001", f"unknown variable {shown(name)}", did_you_mean(name, known))
            yield finding, tuple(name.removeprefix(PREFIX).lower().split("__"))


def not_json(variables: Mapping[str, str], whole: Collection[str]) -> Iterator[Finding]:
    """Variables of a whole group or list (`whole` are their settings) that are not JSON."""
    for name in sorted(whole):
        variable = variable_for((name,))
        try:
            json.loads(variables.get(variable, "null"))
        except ValueError:
            yield Finding(
                ENVIRONMENT,
                0,
                0,
                "C003",
                f'{variable}: a whole group or list is given as JSON, such as ["rest", "soap"]',
            )
