"""One run of the demonstration: the ports, the gateway's process, the agencies, the morning, the end.

Enters: settings and a face to speak through. Leaves: the exit code. Refuses: a taken port (PortTaken), a gateway that
does not start (DidNotStart).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from demo import places as where
from demo import report
from demo.agencies.server import PortTaken
from demo.authority import Authority
from demo.checks import Check, checks
from demo.morning import OWN, Morning, Played
from demo.places import Places
from demo.process import GatewayProcess
from demo.progress import Progress
from demo.proof_checks import unspoken
from demo.proofs import Proofs
from gateway.commands.exits import DONE, FAILED, INTERRUPTED
from gateway.commands.face import Face
from gateway.settings import Settings

TRUST = "LINTAS_VERIFICATION__TRUST_DIR"
SIGNER, OFFICE = "Dr. Ani Contoh, M.T.", "Dinas Komunikasi dan Informatika (simulasi)"
"""As the certificate says them; the configuration knows the office by this name (`signed_as`)."""


@dataclass(frozen=True)
class Plan:
    """Where everything will be."""

    places: Places
    host: str
    port: int
    evidence: Path
    """The certificate of the gateway's evidence; there once it has started."""


def plan(settings: Settings, state_dir: str | Path, port: int | None, *, free: bool) -> Plan:
    """Chooses ports and, with `free`, writes a copy of the configuration with free ones. Raises NotThatFederation."""
    state, config = Path(state_dir).resolve(), settings.config_dir.resolve()
    if not config.is_dir():
        # Called from elsewhere: the federation that came with this checkout.
        config = Path(__file__).resolve().parent.parent / "config"
    where.read(config, state)
    if free:
        config = where.relocated(config, state / OWN / "config")
    chosen = settings.http.port if port is None else port
    if chosen == 0:
        with where.free_ports(1, settings.http.host) as found:
            chosen = found[0]
    evidence = state / settings.evidence.certificate_file
    return Plan(where.read(config, state), settings.http.host, chosen, evidence)


def _authority(places: Places) -> Authority:
    """The test authority of this state folder, with its signer equipped. Raises NotOurs."""
    authority = Authority(places.state / OWN / "authority")
    authority.equip(places.signer, SIGNER, OFFICE)
    return authority


def log_of(state: str | Path) -> Path:
    """Where the gateway's own words go."""
    return Path(state).resolve() / OWN / "gateway.log"


def leave(state: str | Path, keep: bool, face: Face) -> None:
    """Puts a temporary state folder away, or says where it is."""
    if keep:
        face.note(f"the state is kept in {state}")
    else:
        shutil.rmtree(state, ignore_errors=True)


async def run(plan: Plan, face: Face, *, once: bool) -> int:
    """Plays the morning; without `once` stays up afterwards. Ctrl-C drains at any time."""
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    if not where.is_free(plan.host, plan.port):
        raise PortTaken("the gateway", plan.port)
    state = plan.places.state
    authority = await asyncio.to_thread(_authority, plan.places)
    gateway = GatewayProcess(
        plan.places.config, state, plan.host, plan.port, log_of(state), **{TRUST: str(authority.trust)}
    )
    trusted = partial(authority.trust_also, "gateway-evidence.pem", plan.evidence)
    async with aiohttp.ClientSession() as session:
        with Progress(face.machine) as progress:
            morning = Morning(plan.places, gateway.url, session, new_run(), progress.say, authority)
            try:
                await morning.open()
                played = await _unless(stop, _play(gateway, morning, session, progress, trusted))
                if played is None:
                    face.note("told to stop: the gateway drains")
                    return INTERRUPTED
                found = checks(morning, played)
                found.append(Check(*unspoken(authority.passphrase, repr(played.events).encode(), gateway.log)))
                if once:
                    found.append(_stopped(await gateway.stop()))
                progress.close()
                report.show(face, gateway.url, morning, played, found)
                code = DONE if all(check.ok for check in found) else FAILED
                return code if once else await _stay(plan, gateway, face, stop, code, played.proofs, authority)
            finally:
                progress.close()
                await _end(gateway, morning)


async def _play(
    gateway: GatewayProcess,
    morning: Morning,
    session: aiohttp.ClientSession,
    progress: Progress,
    started: Callable[[], None],
) -> Played:
    progress.say("the gateway starts")
    progress.say(f"the gateway serves at {gateway.url} after {await gateway.start(session):.1f} s")
    await asyncio.to_thread(started)
    due = morning.persons_due
    watching = asyncio.create_task(progress.follow(due, lambda: due - morning.persons_missing()))
    try:
        return await morning.play()
    finally:
        watching.cancel()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Played]) -> Played | None:
    """The work's result; None if we were told to stop first."""
    playing, told = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({playing, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not playing.done():
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing
        return None
    return playing.result()


async def _stay(
    plan: Plan,
    gateway: GatewayProcess,
    face: Face,
    stop: asyncio.Event,
    code: int,
    proofs: Proofs,
    authority: Authority,
) -> int:
    report.show_places(face, gateway.url, plan.places, proofs, authority)
    ended, told = asyncio.create_task(gateway.ended()), asyncio.create_task(stop.wait())
    await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not stop.is_set():
        face.note(f"the gateway ended by itself with {ended.result()}; its log is {gateway.log}")
        return FAILED
    ended.cancel()
    face.note("stopping: the gateway drains")
    check = _stopped(await gateway.stop())
    face.note(check.detail)
    return code if check.ok else FAILED


async def _end(gateway: GatewayProcess, morning: Morning) -> None:
    await gateway.stop()
    await morning.close()


def _stopped(code: int | None) -> Check:
    return Check("the gateway drains and stops", code == 0, f"it ended with {code}")


def new_run() -> str:
    """A name for one morning, in 8 characters that nobody mistakes; never the same twice on a machine."""
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    # Seconds in five of them keep the order; random ones tell two mornings of one second apart.
    now, extra = int(time.time()) % 32**5, int.from_bytes(os.urandom(2)) % 32**3
    return "".join(digits[now >> shift & 31] for shift in (20, 15, 10, 5, 0)) + "".join(
        digits[extra >> shift & 31] for shift in (10, 5, 0)
    )
