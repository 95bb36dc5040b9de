"""Which room the CPU time is spent in.

Enters: stacks of the sampler, or a plan and a case to take them from. Leaves: rows of room, own share, share with what
it calls. Refuses: nothing; what belongs to nobody is a row of its own.

A sample belongs to the innermost frame of ours or of aiohttp: what orjson, pydantic, apsw or cryptography do counts
for the room that called them.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.children import HOUSE, gateway, python

OTHER_THREADS, LOOP, REST = "other threads (journal, log files)", "event loop, sockets", "else"
PROFILE_CONNECTIONS, PROFILE_SECONDS = 32, 8.0
_OURS = ("gateway", "adapters", "schemas")
WRITE_SECONDS = 30.0


def room_of(file: str, function: str) -> str | None:
    """The row a frame belongs to; None if its caller decides."""
    path = Path(file)
    parts = path.parts
    if file.startswith(str(HOUSE)) and ".venv" not in parts:
        inner = path.relative_to(HOUSE).with_suffix("").parts
        if inner[0] not in _OURS:
            return None
        # Folders are rooms with several files; in `gateway` a single file is a room.
        return "/".join(inner[:2]) if inner[0] != "schemas" else "schemas"
    if "aiohttp" in parts:
        if path.stem.startswith("web"):
            return "aiohttp server"
        return "aiohttp client" if path.stem.startswith(("client", "connector")) else None
    if "asyncio" in parts or path.name == "selectors.py":
        return LOOP
    return None


def owner(stack: Sequence[Sequence[str]]) -> str:
    """The room of the innermost frame that has one."""
    for file, function in stack:
        if (found := room_of(file, function)) is not None:
            return found
    return REST


def table(stacks: Sequence[tuple[int, Sequence[Sequence[str]]]], loop_share: float) -> list[dict[str, Any]]:
    """Own and cumulative share of each room, in percent of the whole process, the greatest own share first.

    The stacks are those of the event loop's thread, which used `loop_share` of the process's CPU time.
    """
    own: dict[str, float] = defaultdict(float)
    within: dict[str, float] = defaultdict(float)
    for count, stack in stacks:
        mine = owner(stack)
        own[mine] += count
        for room in {mine, *(found for file, function in stack if (found := room_of(file, function)))} - {LOOP}:
            within[room] += count
    total = sum(own.values()) / loop_share or 1.0
    own[OTHER_THREADS] = within[OTHER_THREADS] = total * (1 - loop_share)
    names = sorted(own.keys() | within.keys(), key=lambda name: (-own[name], name))
    return [
        {"room": name, "own": round(100 * own[name] / total, 1), "within": round(100 * within[name] / total, 1)}
        for name in names
    ]


def profile(plan: Any, case: str) -> Mapping[str, Any]:
    """One series of a case on a gateway with the sampler inside."""
    from benchmarks import rounds

    folder = plan.folder / f"profile-{case[0]}"
    folder.mkdir(parents=True)
    target = folder / "stacks.json"

    def command(config: Path, state: Path) -> list[str]:
        return [*python("benchmarks.sampled", str(target)), *gateway(config, state)[3:]]

    with rounds.opened(folder, plan.cores, command) as site:
        one = rounds.Round(plan, 0, site, site.child)
        one.warm([case])
        pid = site.child.process.pid
        threads, cpu = site.child.thread_seconds(), site.child.cpu_seconds()
        os.kill(pid, signal.SIGUSR1)
        load = one.series(case, PROFILE_CONNECTIONS, PROFILE_SECONDS)
        site.settle()
        os.kill(pid, signal.SIGUSR2)
        cpu = site.child.cpu_seconds() - cpu
        spent = {name: used - threads.get(name, 0.0) for name, used in site.child.thread_seconds().items()}
        until = time.monotonic() + WRITE_SECONDS
        while not target.exists():
            if time.monotonic() > until:
                raise TimeoutError("the sampler wrote nothing")
            time.sleep(0.05)
    told = json.loads(target.read_text())
    loop_share = spent["main"] / (sum(spent.values()) or 1.0)
    return {
        "samples": told["samples"],
        "requests": load.answers,
        "cpu_us": cpu / load.answers * 1e6,
        "loop_share": loop_share,
        "rooms": table([(count, stack) for count, stack in told["stacks"]], loop_share),
    }
