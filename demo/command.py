"""`lintas demo`: a gateway, its agencies and a morning of traffic, in one command.

Enters: a configuration, a state folder, a port. Leaves: a timeline and checks, then a gateway that stays up until
Ctrl-C; with `--once` the exit code alone. Refuses: a port that is taken, a configuration without the systems of the
morning.

A variable `LINTAS_DEMO_AGENCY_PORTS=free` puts the agencies on free ports, as `--port 0` does for all.
"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from gateway.commands.command import CONFIGURED, Setup, command, unusable
from gateway.commands.exits import FAILED, UNREACHABLE, USAGE, Failure

AGENCY_PORTS = "LINTAS_DEMO_AGENCY_PORTS"
_ANOTHER = "end the other program, or use free ports: lintas demo --port 0"


@command(*CONFIGURED)
def demo(
    setup: Setup,
    once: Annotated[
        bool, typer.Option("--once", help="End after the morning: 0 if every check holds, else 1.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(metavar="PORT", min=0, max=65_535, help="Port of the gateway; 0: free ports for everybody."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="With --once and no --state: keep the temporary state folder.")
    ] = False,
) -> int:
    """Play a morning among simulated agencies, show what moved, and stay up."""
    import asyncio
    import tempfile

    import aiohttp

    from demo import session
    from demo.agencies.server import PortTaken
    from demo.authority import NotOurs
    from demo.events import NotReadable
    from demo.places import NotThatFederation
    from demo.process import DidNotStart

    settings, findings = setup.settings()
    if settings is None:
        raise unusable(findings)
    passing = once and setup.state is None
    state = tempfile.mkdtemp(prefix="lintas demo ") if passing else settings.state_dir
    try:
        plan = session.plan(settings, state, port, free=port == 0 or os.environ.get(AGENCY_PORTS) == "free")
        return asyncio.run(session.run(plan, setup.face, once=once))
    except PortTaken as error:
        raise Failure(UNREACHABLE, "port_taken", str(error), _ANOTHER) from None
    except NotThatFederation as error:
        raise Failure(USAGE, "configuration", str(error), "name the folder with --config") from None
    except NotOurs as error:
        raise Failure(USAGE, "signer_of_others", str(error), "name another state folder with --state") from None
    except aiohttp.ClientError as error:
        words = f"the gateway stopped to answer in the middle of the morning ({type(error).__name__})"
        raise Failure(FAILED, "gateway_lost", words, f"see {session.log_of(state)}") from None
    except NotReadable as error:
        raise Failure(FAILED, "log_not_readable", str(error)) from None
    except DidNotStart as error:
        for line in str(error).splitlines()[1:]:
            setup.face.note(f"  {line}")
        known = error.exit_code in (USAGE, UNREACHABLE)
        code = error.exit_code if known and error.exit_code is not None else FAILED
        raise Failure(code, "gateway_did_not_start", str(error).splitlines()[0], "see its words above") from None
    finally:
        if passing:
            session.leave(state, keep, setup.face)
