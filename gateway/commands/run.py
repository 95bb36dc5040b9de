"""`lintas run`: the gateway itself.

Enters: the configuration folder. Leaves: a gateway that serves until SIGINT or SIGTERM, then drains. Refuses: a
configuration with an error, saying all of them; an address that cannot be bound, a folder
that cannot be used; foreign packages under our import names.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.commands.command import CONFIGURED, Setup, command
from gateway.commands.exits import UNREACHABLE, USAGE, Failure

if TYPE_CHECKING:
    from gateway.settings import Settings


@command(*CONFIGURED)
def run(
    setup: Setup,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", min=0, max=65_535, help="Port to listen on; 0 takes any free one.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on. [default: from the settings]")
    ] = None,
) -> int:
    """Start the gateway and serve until it is told to stop."""
    import asyncio

    from gateway.commands.check import read, show
    from gateway.registry import RegistryError, guard_import_names

    try:
        guard_import_names()
    except RegistryError as error:
        raise Failure(USAGE, "installation", str(error)) from None
    found = read(setup)
    show(setup, found.findings, remark=True)
    settings, federation = found.settings, found.federation
    if settings is None or federation is None:
        raise Failure(USAGE, "configuration", "the gateway does not start on this configuration", "run `lintas check`")
    settings = _at(settings, {name: value for name, value in (("port", port), ("host", host)) if value is not None})

    started = False

    def ready(url: str) -> None:
        nonlocal started
        started = True
        if setup.json:
            setup.face.line({"ready": url})
        else:
            setup.face.say(f"Lintas serves at {url} (Ctrl-C stops it)")

    from gateway.logs import configure
    from gateway.serving import PortRefused, StartRefused, serve

    configure(settings)
    try:
        return asyncio.run(serve(settings, federation, found.adapters, ready=ready))
    except PortRefused as error:
        raise _refused(error, settings.http.host, settings.http.port) from None
    except StartRefused as error:
        raise Failure(USAGE, "start_refused", str(error)) from None
    except OSError as error:
        told = _unbound(error, settings.http.host, settings.http.port)
        raise (told if started else _unusable(told)) from error


def _at(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """The settings with another address, held to the same rules."""
    from pydantic import ValidationError

    try:
        http = type(settings.http).model_validate({**settings.http.model_dump(), **given})
    except ValidationError:
        raise Failure(
            USAGE, "usage", "--host needs an address or a name of this machine", "try --host 127.0.0.1"
        ) from None
    return settings.model_copy(update={"http": http})


def _refused(error: BaseException, host: str, port: int) -> Exception:
    """What the system said of the address, found under what was raised from it; else that it is taken."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and isinstance(failure := _unbound(cause, host, port), Failure):
            return failure
        cause = cause.__cause__
    return _taken(host, port)


def _unusable(error: Exception) -> Exception:
    """The sentence for a file or folder that stands in the way of a start."""
    if not isinstance(error, OSError) or error.filename is None:
        return error
    detail = f"{error.filename} cannot be used ({error.strerror})"
    return Failure(USAGE, "start_refused", detail, "free the place and give this user the right to it")


def _unbound(error: OSError, host: str, port: int) -> Exception:
    """The sentence for an address that cannot be bound; any other error of the system stays what it is."""
    if error.errno == errno.EADDRINUSE:
        return _taken(host, port)
    if isinstance(error, socket.gaierror):
        detail = f"{host} is no address and no name that this machine knows ({error.strerror})"
        return Failure(UNREACHABLE, "cannot_bind", detail, "choose another with --host")
    if error.errno in (errno.EADDRNOTAVAIL, errno.EACCES) and error.filename is None:
        detail = f"{host}:{port} cannot be bound ({error.strerror})"
        return Failure(UNREACHABLE, "cannot_bind", detail, "choose another with --host and --port")
    return error


def _taken(host: str, port: int) -> Failure:
    advice = f"stop the other program, or choose another port: lintas run --port {port + 1 if port < 65_535 else 0}"
    return Failure(UNREACHABLE, "port_taken", f"another program already listens on {host}:{port}", advice)
