"""What the commands start: a gateway that serves until it is told to stop, and a look at what it would find.

Enters: settings, a federation without errors, the installed adapters. Leaves: an exit code; what adapters say. Refuses:
state that another process holds, keys that others can read, a port that is taken; each in one sentence.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Mapping

from gateway.app import Barrier, build, no_barrier, outgoing
from gateway.audit.sequencer import LogAhead, LogDamaged
from gateway.channels import AdapterUnusable, Channels, EndpointUnknown
from gateway.contract.adapter import AdapterSpec
from gateway.contract.host import Host
from gateway.federation import Federation
from gateway.hosting import FileSecrets, HostMetrics, SystemClock, contract_limits
from gateway.http.owners import AddressTaken, RoutesUnknown, collisions
from gateway.http.server import PortTaken
from gateway.identity import KeyRefused
from gateway.live import LostState, NoClaims, NoParts, Said, look
from gateway.settings import Settings
from gateway.signatures.evidence_key import EvidenceKeyRefused
from gateway.signatures.jws import SigningKeyRefused
from gateway.store.engine import JournalRefused
from gateway.store.keyfiles import KeyFileRefused


class StartRefused(Exception):
    """The gateway cannot start; the message says why and what to do."""


REFUSED = (
    AdapterUnusable, AddressTaken, EndpointUnknown, JournalRefused, KeyFileRefused, KeyRefused, LogAhead, LogDamaged,
    EvidenceKeyRefused, RoutesUnknown, SigningKeyRefused,
)  # fmt: skip


class PortRefused(StartRefused):
    """The port is taken."""


async def serve(
    settings: Settings,
    federation: Federation,
    adapters: Mapping[str, AdapterSpec],
    *,
    ready: Callable[[str], None] | None = None,
    barrier: Barrier = no_barrier,
) -> int:
    """Runs until SIGINT or SIGTERM. `ready` gets the address once calls are taken. Returns the exit code."""
    settings = with_port(settings)
    try:
        node = build(settings, federation, adapters, barrier)
        address = await node.start()
    except PortTaken as error:
        raise PortRefused(str(error)) from error
    except REFUSED as error:
        raise StartRefused(str(error)) from error
    # What is there now stays: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, node.ask_to_stop)
    if ready is not None:
        ready(address)
    await node.wait()
    return await node.stop()


def with_port(settings: Settings) -> Settings:
    """Port 0 becomes a free one now, since adapters are told the public address before anything listens."""
    if settings.http.port != 0:
        return settings
    with socket.socket(socket.AF_INET6 if ":" in settings.http.host else socket.AF_INET) as probe:
        probe.bind((settings.http.host, 0))
        port = probe.getsockname()[1]
    return settings.model_copy(update={"http": settings.http.model_copy(update={"port": port})})


async def look_around(settings: Settings, federation: Federation, adapters: Mapping[str, AdapterSpec]) -> list[Said]:
    """What every adapter in use says would not work now. Opens no journal and takes nothing."""
    channels = Channels(federation, adapters, settings.endpoints)
    state = settings.state_dir.resolve()
    http = outgoing(NoParts(), settings)

    def host(name: str, system: str | None, agency: str) -> Host:
        return Host(
            http=http,
            parts=NoParts(),
            clock=SystemClock(),
            secrets=FileSecrets(state),
            claims=NoClaims(),
            state=LostState(),
            limits=contract_limits(settings),
            metrics=HostMetrics(name),
            instance=settings.instance,
            system=system,
            public_url=settings.public_url,
            state_dir=str(state),
            name=name,
        )

    await http.open()
    try:
        channels.make(host)
        return sorted([*await look(channels.adapters), *collisions(channels.adapters, settings)])
    except AdapterUnusable as error:
        return [(str(error).partition(" ")[0], str(error))]
    finally:
        await http.close()
