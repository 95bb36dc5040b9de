"""What all commands share: the options that stand on each, and one way to end.

Enters: a function of a `Setup` and its own options, which returns an exit code. Leaves: a function for typer. Refuses:
nothing; a `Failure` becomes its sentence and its exit code, Ctrl-C becomes 130.

The shared options may stand before the command or after it; the nearer one wins.
"""

from __future__ import annotations

import inspect
import os
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.commands.exits import INTERRUPTED, USAGE, Failure
from gateway.commands.face import Face

if TYPE_CHECKING:
    from gateway.commands.client import Client
    from gateway.federation import Finding
    from gateway.settings import Settings

KEY_FILE = "LINTAS_KEY_FILE"
OPERATOR_KEY = Path("keys/operators/operator-1.key")
"""Below the state folder: the key that the first start makes."""
_KEY_BYTES = 4096

OPTIONS: Mapping[str, Any] = {
    "url": Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Address of the gateway; from the settings if absent.")
    ],
    "key_file": Annotated[
        Path | None,
        typer.Option(
            "--key-file",
            metavar="FILE",
            help=f"File with the API key; then ${KEY_FILE}; then <state>/{OPERATOR_KEY.as_posix()}.",
        ),
    ],
    "timeout": Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="SECONDS", min=0.1, help="Seconds of silence from the gateway. [default: 90]"
        ),
    ],
    "config": Annotated[
        Path | None, typer.Option("--config", metavar="DIR", help="Folder of the configuration. [default: config]")
    ],
    "state": Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="DIR", help="Folder of keys, journal, parts and log. [default: from the settings]"
        ),
    ],
    "json": Annotated[bool, typer.Option("--json", help="Results as JSON, for machines.")],
}
LOCAL, CONFIGURED, REMOTE = ("json",), ("config", "state", "json"), tuple(OPTIONS)


@dataclass(frozen=True)
class Setup:
    """The shared options of one command, and what follows from them."""

    url: str | None = None
    key_file: Path | None = None
    timeout: float | None = None
    config: Path | None = None
    state: Path | None = None
    json: bool = False

    @cached_property
    def face(self) -> Face:
        return Face(self.json)

    def settings(self) -> tuple[Settings | None, list[Finding]]:
        """The settings with `--state` in force; None when a finding is an error."""
        from gateway.settings import load_settings

        settings, findings = load_settings(self.config)
        if settings is not None and self.state is not None:
            settings = settings.model_copy(update={"state_dir": self.state})
        return settings, findings

    def usable_settings(self) -> Settings:
        settings, findings = self.settings()
        if settings is None:
            raise unusable(findings)
        return settings

    def trust_folder(self, named: Path | None) -> Path:
        """The folder of trusted authorities: the one that was named, else that of the settings."""
        return named if named is not None else self.usable_settings().trust_dir

    def client(self, whose: str) -> Client:
        """The gateway as seen from here, with a key; `whose` it should be, for the advice where it is not.

        Reads the settings only where an option is missing."""
        from gateway.commands.client import Client

        url = self.url if self.url is not None else self.usable_settings().public_url
        client = Client(url.rstrip("/"), self._key(), whose, self.timeout or 90.0)
        if client.exposed:
            self.face.note(f"warning: the key and all data travel unencrypted to {client.url}; use https")
        return client

    def _key(self) -> str:
        path = self.key_file or (Path(os.environ[KEY_FILE]) if os.environ.get(KEY_FILE) else None)
        if path is None:
            path = (self.state or self.usable_settings().state_dir) / OPERATOR_KEY
        try:
            with path.open("rb") as file:
                key = file.read(_KEY_BYTES).decode("ascii").strip()
        except OSError as error:
            advice = "start the gateway once (`lintas run` makes the keys), or name a key with --key-file"
            raise Failure(USAGE, "no_key", f"the key file {path} cannot be read ({error.strerror})", advice) from None
        except UnicodeDecodeError:
            key = ""
        if not key.startswith("lintas_") or not key.isprintable() or " " in key:
            raise Failure(USAGE, "no_key", f"{path} holds no API key", "name a file that `lintas key new` made")
        return key


def unusable(findings: list[Finding]) -> Failure:
    """The failure of a configuration with errors: every finding, where it stands."""
    errors = [
        {"path": f"{one.file}:{one.line}:{one.column}", "code": one.code, "message": one.message}
        for one in findings
        if one.is_error
    ]
    return Failure(USAGE, "configuration", "the configuration has errors", "run `lintas check`", errors=errors)


def command(*names: str) -> Callable[[Callable[..., int]], Callable[..., None]]:
    """Put the named shared options on a command; it gets them as its `Setup` and returns its exit code."""

    def wrap(work: Callable[..., int]) -> Callable[..., None]:
        own = list(inspect.signature(work).parameters.values())[1:]
        hints = typing.get_type_hints(work, include_extras=True)

        def run(ctx: typer.Context, **given: Any) -> None:
            shared = {name: given.pop(name) for name in names}
            setup = merged(ctx.obj if isinstance(ctx.obj, Setup) else Setup(), shared)
            raise typer.Exit(ended(setup, lambda: work(setup, **given)))

        kind, shared_options = inspect.Parameter.KEYWORD_ONLY, []
        for name in names:
            default = False if name == "json" else None
            shared_options.append(inspect.Parameter(name, kind, default=default, annotation=OPTIONS[name]))
        parameters = [one.replace(kind=kind, annotation=hints[one.name]) for one in own]
        context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        every = [context, *parameters, *shared_options]
        run.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in every}
        run.__doc__, run.__name__ = work.__doc__, work.__name__
        return run

    return wrap


def merged(far: Setup, near: Mapping[str, Any]) -> Setup:
    """The options before the command, overruled by those after it."""
    return replace(far, **{name: value for name, value in near.items() if value not in (None, False)})


def ended(setup: Setup, work: Callable[[], int]) -> int:
    """Run the work and give the exit code."""
    try:
        return work()
    except Failure as failure:
        setup.face.failure(failure)
        return failure.exit_code
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
