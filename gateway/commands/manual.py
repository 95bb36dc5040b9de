"""docs/cli.md, written from the commands themselves.

Enters: the application. Leaves: the page. Refuses: nothing. `python -m gateway.commands.manual` prints it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from gateway.commands.command import OPTIONS
from gateway.commands.exits import MEANINGS

_HEAD = """\
# The command line

<!-- Written by `python -m gateway.commands.manual`; a test compares. -->

`make install` puts the command at `.venv/bin/lintas`; call it by that path, or let your shell find it by
`. .venv/bin/activate`. `lintas COMMAND --help` says the same at the terminal. Results go to standard output, remarks
and progress to standard error. With `--json`, standard output carries JSON only: one value, or one line per event
(`log`); a failure is `{"error": {"code", "detail", "advice", ...}}`.

Whoever changes or reads something needs a key: a system's own key to `send`, an operator's to `replay`, an operator's
or auditor's for `status` and `log`. The first start of the gateway makes the keys that the configuration names, below
`keys/` in the state folder. A key is never an argument: process lists show those.

```sh
lintas check                                     # is the configuration sound?
lintas check --live                              # and do folders, keys and recipients answer?
lintas run                                       # the gateway; Ctrl-C drains and stops it
lintas send examples/referral.json --service referral.deliver --key-file var/keys/rsud-bandung--simrs.key
lintas send letter.json --service letter.deliver --to dinas-kominfo/persuratan --part letter.pdf \\
    --key-file SYSTEM.key                        # the letter's mainFile is filled in from the file
lintas status                                    # how the gateway is
lintas status 01a20a33-8279-7000-8204-a51fd6c413a0   # what became of a message
lintas log --follow --event refused              # who was refused, as it happens
lintas replay --list                             # what waits for a decision
lintas letter issue surat.pdf --signer kepala-dinas --number 005/12 --date 2026-11-20 --subject Undangan \\
    --tag '#ttd' -o signed.pdf --key-file SYSTEM.key   # asks for the signer's passphrase
```

## Exit codes

| code | meaning |
|---|---|
"""


def markdown(app: typer.Typer) -> str:
    """The page, whole."""
    root: Any = typer.main.get_command(app)
    codes = "".join(f"| {code} | {told} |\n" for code, told in MEANINGS.items())
    shared = {f"--{name.replace('_', '-')}" for name in OPTIONS}
    lines = [_HEAD + codes, "## Options of every command", ""]
    lines += ["They may stand before the command or after it; the nearer one wins. A command takes those it needs.", ""]
    lines += [*_table(root.params), ""]
    for path, command in commands(root):
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        named = "".join(f" {_metavar(one)}" if one.required else f" {_optional(one)}" for one in arguments)
        taken = [f"`{one.opts[0]}`" for one in command.params if one.opts[0] in shared]
        lines += [f"## lintas {path}", "", f"`lintas {path}{named} [OPTIONS]`", "", (command.help or "").strip(), ""]
        if own := [one for one in command.params if one.opts[0] not in shared and one.name != "help"]:
            lines += [*_table(own), ""]
        lines += [f"Of every command's options: {', '.join(taken)}.", ""]
    return "\n".join(lines[:-1]) + "\n"


def commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with its words: `key new`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _table(params: list[Any]) -> list[str]:
    rows = ["| argument or option | default | meaning |", "|---|---|---|"]
    for one in params:
        shown = _metavar(one) if one.param_type_name == "argument" else ", ".join(one.opts) + _value(one)
        default = f"`{one.default}`" if one.default not in (None, False) and not one.required else ""
        told = str(one.help or "").replace("|", "\\|").replace("<", "&lt;")
        rows.append(f"| `{shown}` | {default} | {told} |")
    return rows


def _value(one: Any) -> str:
    return "" if one.is_flag else f" {one.metavar}"


def _metavar(one: Any) -> str:
    return str(one.metavar or one.name.upper())


def _optional(one: Any) -> str:
    told = _metavar(one)
    return told if told.startswith("[") else f"[{told}]"


if __name__ == "__main__":
    from gateway.cli import build

    print(markdown(build()), end="")
