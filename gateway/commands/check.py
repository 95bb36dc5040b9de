"""`lintas check`: what is wrong with the configuration, and where.

Enters: the configuration folder and the installed adapters. Leaves: every finding as `file:line:column: code slug:
message (hint)`. Refuses: nothing; without `--live` it opens no socket and no state, with it it takes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.command import CONFIGURED, Setup, command
from gateway.commands.exits import DONE, FAILED

if TYPE_CHECKING:
    from gateway.contract.adapter import AdapterSpec
    from gateway.federation import Federation, Finding
    from gateway.settings import Settings


@command(*CONFIGURED)
def check(
    setup: Setup,
    live: Annotated[
        bool,
        typer.Option("--live", help="If the configuration is sound, have every adapter in use look for what it needs."),
    ] = False,
) -> int:
    """Check the configuration; every mistake with its place and what to do.

    With `--live` each adapter in use is opened and asked as well: folders that cannot be made or used, recipients that
    do not answer, keys that are not there. Nothing is taken or sent, and a gateway may run beside it."""
    found = read(setup)
    findings = found.findings
    if live and not any(one.is_error for one in findings):
        findings = sorted([*findings, *_live(found)])
    errors = sum(one.is_error for one in findings)
    warnings = len(findings) - errors
    if setup.json:
        told = [one.to_dict() for one in findings]
        setup.face.value({"ok": errors == 0, "errors": errors, "warnings": warnings, "findings": told})
    else:
        show(setup, findings)
        setup.face.say(f"{_count(errors, 'error')}, {_count(warnings, 'warning')} in {folder_of(setup)}")
    return FAILED if errors else DONE


def _live(found: Configuration) -> list[Finding]:
    """What the adapters say, at the agency that uses them."""
    import asyncio

    from gateway.federation import Finding
    from gateway.serving import look_around

    if found.settings is None or found.federation is None:
        return []
    said = asyncio.run(look_around(found.settings, found.federation, found.adapters))
    return [Finding(_file_of(name), 0, 0, "C028", f"{name}: {sentence}") for name, sentence in said]


def _file_of(name: str) -> str:
    """The file that a use stands in: `kota/simpus:sink` is in the agency's, `rest:endpoint` in the settings."""
    agency, slash, _ = name.partition("/")
    return f"agencies/{agency}.yaml" if slash else "gateway.yaml"


@dataclass(frozen=True)
class Configuration:
    """What a folder holds; settings or federation are None when one of their findings is an error."""

    settings: Settings | None
    federation: Federation | None
    adapters: Mapping[str, AdapterSpec]
    findings: list[Finding]


def read(setup: Setup) -> Configuration:
    """The configuration and everything wrong with it."""
    from gateway import federation
    from gateway.identity.api_keys import key_trouble
    from gateway.registry import installed
    from gateway.settings import endpoint_findings
    from schemas.catalogue import DOCUMENTS, SERVICES

    settings, findings = setup.settings()
    here = installed()
    adapters = {name: one.spec for name, one in here.adapters.items()}
    broken = {name: one.cause for name, one in here.broken.items()}
    folder = folder_of(setup)
    endpoints = endpoint_findings(folder, settings, adapters, broken) if settings is not None else []
    state_dir = settings.state_dir if settings is not None else setup.state or Path("var")
    make = settings is None or settings.create_keys
    found, more = federation.load(
        folder, adapters, SERVICES, DOCUMENTS, state_dir, lambda file: key_trouble(state_dir, file, make=make), broken
    )
    settings = None if any(one.is_error for one in endpoints) else settings
    return Configuration(settings, found, adapters, sorted({*findings, *endpoints, *more}))


def folder_of(setup: Setup) -> Path:
    """The configuration folder in force, also when the settings in it cannot be read."""
    import os

    return setup.config or Path(os.environ.get("LINTAS_CONFIG_DIR") or "config")


def show(setup: Setup, findings: list[Finding], *, remark: bool = False) -> None:
    """Every finding and the advice of its code; `remark` says it beside the result."""
    from gateway.federation import CODES

    say = setup.face.note if remark else setup.face.say
    folder = folder_of(setup)
    for one in findings:
        place = "" if one.file == "environment" else f"{folder}/"
        severity = "" if one.is_error else " [warning]"
        say(f"{place}{one}{severity}")
        say(f"    {CODES[one.code].advice}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
