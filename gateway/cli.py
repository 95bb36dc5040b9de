"""The command `lintas`.

Enters: arguments. Leaves: an exit code of `gateway.commands.exits`. Refuses: unknown commands and options, with 2.

Commands of other distributions (entry points `gateway.commands`) are looked for only when the command is none of ours
or help is asked for, so that ours start at once.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.commands.adapters import adapters
from gateway.commands.check import check
from gateway.commands.command import OPTIONS, Setup
from gateway.commands.evidence import evidence
from gateway.commands.exits import DONE, FAILED, INTERRUPTED, MEANINGS, Failure
from gateway.commands.face import Face
from gateway.commands.key import new, rotate
from gateway.commands.letter import issue, replace_, show, withdraw
from gateway.commands.log import log
from gateway.commands.receipt import verify as receipt_verify
from gateway.commands.replay import replay
from gateway.commands.run import run
from gateway.commands.schemas import schemas
from gateway.commands.send import send
from gateway.commands.status import status
from gateway.commands.trust import add as trust_add
from gateway.commands.trust import show as trust_list
from gateway.commands.trust import update as trust_update
from gateway.commands.verify import verify

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_EPILOG = "Exit codes: " + "; ".join(f"{code} {told}" for code, told in MEANINGS.items()) + "."
_OWN = {"run": run, "check": check, "send": send, "status": status, "replay": replay, "log": log, "verify": verify,
        "evidence": evidence}  # fmt: skip
_LOCAL = {"adapters": adapters, "schemas": schemas}


def build(extra: Mapping[str, EntryPoint] | None = None) -> typer.Typer:
    """The application with our commands and, loaded, the `extra` ones. One that cannot be loaded is said and left."""
    # A traceback with local variables could show a key or a document: plain ones cannot.
    app = typer.Typer(
        name="lintas",
        help="Move documents between agency systems, with evidence that anyone can check later.",
        epilog=_EPILOG,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_shared)
    keys = typer.Typer(
        help="Make API keys, and change the key that signs receipts.", no_args_is_help=True, rich_markup_mode=None
    )
    keys.command("new")(new)
    keys.command("rotate")(rotate)
    for name, function in _OWN.items():
        app.command(name)(function)
    for name, function in _LOCAL.items():
        app.command(name)(function)
    app.add_typer(keys, name="key")
    trusted = typer.Typer(help="See and change whose signatures count.", no_args_is_help=True, rich_markup_mode=None)
    for name, function in (("list", trust_list), ("add", trust_add), ("update", trust_update)):
        trusted.command(name)(function)
    app.add_typer(trusted, name="trust")
    letters = typer.Typer(help="Sign letters, and see and end them by their codes.", no_args_is_help=True,
                          rich_markup_mode=None)  # fmt: skip
    for name, function in (("issue", issue), ("show", show), ("withdraw", withdraw), ("replace", replace_)):
        letters.command(name)(function)
    app.add_typer(letters, name="letter")
    receipts = typer.Typer(help="Check what a gateway signed.", no_args_is_help=True, rich_markup_mode=None)
    receipts.command("verify")(receipt_verify)
    app.add_typer(receipts, name="receipt")
    for name, point in (extra or {}).items():
        _add(app, name, point)
    return app


def _add(app: typer.Typer, name: str, point: EntryPoint) -> None:
    if name in OWN_NAMES:
        print(f"lintas: a further command may not be called '{name}'; it is left out", file=sys.stderr)
        return
    try:
        found: Any = point.load()
    except Exception as error:  # a stranger's module may raise anything while it is imported
        print(f"lintas: the command '{name}' cannot be loaded ({type(error).__name__}: {error})", file=sys.stderr)
        return
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        app.command(name)(found)


OWN_NAMES = frozenset({*_OWN, *_LOCAL, "key", "letter", "receipt", "trust"})


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"lintas {version('lintas')}")
        except PackageNotFoundError:
            print("lintas (not installed)")
        raise typer.Exit(DONE)


def _shared(
    ctx: typer.Context,
    url: Annotated[str | None, OPTIONS["url"].__metadata__[0]] = None,
    key_file: Annotated[Path | None, OPTIONS["key_file"].__metadata__[0]] = None,
    timeout: Annotated[float | None, OPTIONS["timeout"].__metadata__[0]] = None,
    config: Annotated[Path | None, OPTIONS["config"].__metadata__[0]] = None,
    state: Annotated[Path | None, OPTIONS["state"].__metadata__[0]] = None,
    json: Annotated[bool, OPTIONS["json"].__metadata__[0]] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    ctx.obj = Setup(url=url, key_file=key_file, timeout=timeout, config=config, state=state, json=json)


_VALUED = frozenset(f"--{name.replace('_', '-')}" for name in OPTIONS if name != "json")


def wants_others(arguments: Sequence[str]) -> bool:
    """False when no command of another distribution can be meant: the first word that is no option is ours."""
    words = iter(arguments)
    for word in words:
        if word == "--version":
            return False
        if word in _VALUED:
            next(words, None)
        elif not word.startswith("-"):
            return word not in OWN_NAMES
    return True


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 gets escapes instead of an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    extra: Mapping[str, EntryPoint] = {}
    if wants_others(given):
        from gateway.registry import commands

        extra = commands()
    try:
        app = build(extra)
        if "--json" in given:
            sys.exit(_for_machines(app, given))
        app(args=given, prog_name="lintas")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Who read our output has gone (`lintas log | head`): the interpreter's own flush must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


def _for_machines(app: typer.Typer, given: list[str]) -> int:
    """Runs the command; what is wrong with its arguments is said as JSON too."""
    from typer import TyperException

    try:
        return int(app(args=given, prog_name="lintas", standalone_mode=False) or DONE)
    except TyperException as error:
        Face(True).failure(Failure(error.exit_code, "usage", error.format_message(), "see `lintas --help`"))
        return error.exit_code


if __name__ == "__main__":
    main()
