"""Cases a to d in interleaved rounds, each round on a fresh gateway and a fresh hop.

Enters: which cases, how many rounds, how long. Leaves: cells. Refuses: to measure two targets at once; to count a
drain in which a delivery is missing.

1. Start the recipients (other core), the hop and the gateway (core of the gateway).
2. Warm each target; wait until the gateway's log is whole.
3. For each number of connections, each target in turn; the order moves on by one from round to round.
4. CPU is read before the first request and after the log is whole, so that the sequencer's work is inside.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import federation, papers
from benchmarks.cells import HOP, Cell, cell
from benchmarks.children import Child, gateway, python
from benchmarks.load import Load, drive

QUERY, SOAP, ACCEPT, DRAIN = "a query REST-REST", "b query SOAP-REST", "c accept", "d drain"
LETTERS = {"a": QUERY, "b": SOAP, "c": ACCEPT, "d": DRAIN}
STATUS = {HOP: 200, QUERY: 200, SOAP: 200, ACCEPT: 202}
_MAKERS = {QUERY: papers.query, SOAP: papers.soap, ACCEPT: papers.accept, DRAIN: papers.accept}
MOST = 200_000
"""Requests of one series, whatever the time: what is recorded stays on the disk until the round ends."""
DRAIN_CONNECTIONS = 32
Command = Callable[[Path, Path], list[str]]
POLL_SECONDS, QUIET_POLLS = 0.25, 3
WARM_REQUESTS, WARM_CONNECTIONS = 600, 8
DRAIN_SECONDS = 300.0


@dataclass(frozen=True)
class Plan:
    """What to run. `cores`: the gateway's and the other one. `done` is told after each series."""

    cases: str
    rounds: int
    seconds: float
    connections: Sequence[int]
    backlog: int
    cores: tuple[int, int]
    folder: Path
    done: Callable[[str], None] = field(default=lambda _: None)

    def steps(self) -> int:
        targets = len([one for one in "abc" if one in self.cases])
        return self.rounds * (len(self.connections) * (1 + targets) + ("d" in self.cases))


class NotDrained(Exception):
    """The recipient did not get every delivery once."""


def get(address: str, path: str, key: str | None = None) -> Any:
    """One GET whose answer is JSON."""
    at = urlsplit(address)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


class Site:
    """One gateway with its recipients: where they listen, which keys are theirs."""

    def __init__(self, child: Child, peer: str, state: Path) -> None:
        self.child, self.peer, self.address = child, peer, child.address
        self._state = state
        self.operator = self.key("operators/operator-1")

    def key(self, system: str) -> str:
        return federation.key(self._state, system)

    def settle(self) -> float:
        """Waits until every event has its number and no delivery is on its way; gives the seconds until then."""
        started = time.monotonic()
        still, last, quiet_since = 0, -1, 0.0
        while still < QUIET_POLLS:
            told = get(self.address, "/api/v1/status", self.operator)
            busy = any(one["leased"] for one in told["lanes"]) or told["journal"]["waiting"]
            number = told["log"]["next"]
            if number != last or busy:
                still, last, quiet_since = 0, number, time.monotonic()
            else:
                still += 1
            time.sleep(POLL_SECONDS)
        return quiet_since - started


@contextmanager
def opened(folder: Path, cores: tuple[int, int], command: Command = gateway) -> Iterator[Site]:
    """The recipients and a fresh gateway."""
    with ExitStack() as stack:
        peer = stack.enter_context(Child(python("benchmarks.peer"), cores[1]))
        federation.write(folder / "config", peer.wait_ready())
        child = stack.enter_context(Child(command(folder / "config", folder / "state"), cores[0]))
        child.wait_ready()
        yield Site(child, peer.address, folder / "state")


class Round:
    """One round. `number` counts from 0."""

    def __init__(self, plan: Plan, number: int, site: Site, hop: Child) -> None:
        self._plan, self._number, self._site, self._hop = plan, number, site, hop
        self._series = 0

    def make(self, target: str) -> papers.Make:
        """Requests that no other series of this round has sent."""
        self._series += 1
        run = f"{self._series:06d}"
        if target == HOP:
            return papers.hop(run)
        caller = self._site.key(federation.LOADER if target == DRAIN else federation.CALLER)
        return _MAKERS[target](run, caller)

    def series(self, target: str, connections: int, seconds: float, most: int = MOST) -> Load:
        address = self._hop.address if target == HOP else self._site.address
        status = STATUS.get(target, 202)
        return asyncio.run(
            drive(address, self.make(target), connections=connections, seconds=seconds, most=most, status=status)
        )

    def warm(self, targets: Sequence[str]) -> None:
        for target in targets:
            self.series(target, WARM_CONNECTIONS, 30.0, WARM_REQUESTS)
        self._site.settle()

    def measure(self, target: str, connections: int) -> Cell:
        child = self._hop if target == HOP else self._site.child
        before = child.cpu_seconds()
        load = self.series(target, connections, self._plan.seconds)
        waited = 0.0 if target == HOP else self._site.settle()
        return cell(target, connections, self._number, load, child.cpu_seconds() - before, waited)

    def drain(self, backlog: int) -> Cell:
        """Records `backlog` messages while the recipient holds every answer back, then lets it answer."""
        site = self._site
        get(site.peer, "/gate/close")
        self.series(DRAIN, DRAIN_CONNECTIONS, DRAIN_SECONDS, backlog)
        self._log_whole()
        before, started = site.child.cpu_seconds(), time.monotonic()
        get(site.peer, "/gate/open")
        while (told := get(site.peer, "/count"))["distinct"] < backlog:
            if time.monotonic() - started > DRAIN_SECONDS:
                raise NotDrained(f"{told['distinct']} of {backlog} came")
            time.sleep(0.05)
        seconds = time.monotonic() - started
        waited = site.settle()
        cpu = site.child.cpu_seconds() - before
        told = get(site.peer, "/count")
        if told["taken"] != backlog:
            raise NotDrained(f"{told['taken']} deliveries of {backlog} messages")
        # A backlog has no caller who waits: the latencies say the time per delivery of the whole drain.
        load = Load(backlog, seconds, [int(seconds / backlog * 1e9)])
        return cell(DRAIN, DRAIN_CONNECTIONS, self._number, load, cpu, waited)

    def _log_whole(self) -> None:
        """Until the sequencer has nothing left; deliveries that the recipient holds stay leased."""
        last = -1
        while (number := get(self._site.address, "/api/v1/status", self._site.operator)["log"]["next"]) != last:
            last = number
            time.sleep(POLL_SECONDS * QUIET_POLLS)


def run(plan: Plan) -> list[Cell]:
    """All rounds of cases a to d, and of the hop."""
    targets = [HOP, *(LETTERS[one] for one in "abc" if one in plan.cases)]
    cells: list[Cell] = []
    for number in range(plan.rounds):
        folder = plan.folder / f"round-{number}"
        with opened(folder, plan.cores) as site:
            with Child(python("benchmarks.hop", f"{site.peer}/answer"), plan.cores[0]) as hop:
                hop.wait_ready()
                one = Round(plan, number, site, hop)
                one.warm(targets)
                turn = number % len(targets)
                for connections in plan.connections:
                    for target in targets[turn:] + targets[:turn]:
                        cells.append(one.measure(target, connections))
                        plan.done(f"round {number + 1}: {target}, {connections} connections")
                if "d" in plan.cases:
                    cells.append(one.drain(plan.backlog))
                    plan.done(f"round {number + 1}: {DRAIN}")
    return cells


def machine() -> Mapping[str, Any]:
    """What it ran on."""
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "unknown")  # fmt: skip
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": os.getloadavg(),
    }
