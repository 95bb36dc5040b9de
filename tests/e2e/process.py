"""The real process, seen from outside: configuration written, started, asked, killed, started again on its state.

Enters: a federation as plain data. Leaves: a gateway that is asked over its socket. Refuses: to wait for ever; every
wait has a deadline and says what it waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import yaml

RUNNER = Path(__file__).with_name("runner.py")
PATIENCE = 40.0

QUICK: dict[str, Any] = {
    "instance": "test",
    "http": {"port": 0},
    "disk": {"reserve_bytes": 0},
    "retry": {"first": 0.05, "factor": 1.5, "cap": 0.4},
    "stages": {"deliver": 20, "drain": 10},
    "sequencer": {"interval": 0.02},
}
"""Settings under which nothing waits long."""


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Two levels are all that settings have."""
    both = dict(base)
    for name, value in more.items():
        both[name] = {**base.get(name, {}), **value} if isinstance(value, Mapping) else value
    return both


async def until(check: Callable[[], Awaitable[Any] | Any], what: str, patience: float = PATIENCE) -> Any:
    """What `check` gives, once it is true."""
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while True:
        found = check()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert loop.time() < end, f"waited {patience} s in vain for {what}"
        await asyncio.sleep(0.02)


def rows(state: Path, sql: str) -> list[tuple[Any, ...]]:
    """One look into the journal, also of a running process."""
    connection = apsw.Connection(str(state / "journal" / "journal.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return list(connection.execute(sql))
    finally:
        connection.close()


class Place:
    """One configuration folder and one state folder. `systems` belong to the agency `uji`."""

    def __init__(
        self,
        root: Path,
        systems: Mapping[str, Any],
        routes: list[dict[str, Any]],
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.config, self.state, self.errors = root / "config", root / "a state", root / "stderr"
        (self.config / "agencies").mkdir(parents=True)
        named = {
            name: {"name": name, "credentials": {"api_keys": [{"file": f"keys/{name}.key"}]}, **entry}
            for name, entry in systems.items()
        }
        self.write("agencies/uji.yaml", {"agency": "uji", "name": "Uji (simulasi)", "systems": named})
        persons = {
            role: {
                "name": role,
                "roles": [role],
                "credentials": {"api_keys": [{"file": f"keys/{role}.key"}]},
            }
            for role in ("operator", "auditor")
        }
        self.write("operators.yaml", {"operators": persons})
        self.write("routes.yaml", {"routes": [{"purpose": "Uji", **route} for route in routes]})
        self.write("gateway.yaml", {**merged(QUICK, settings or {}), "state_dir": str(self.state)})

    def write(self, name: str, value: Any) -> None:
        (self.config / name).write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")

    def key(self, name: str) -> str:
        return (self.state / "keys" / f"{name}.key").read_text(encoding="ascii").strip()

    def auth(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key(name)}"}

    def log(self) -> str:
        return self.errors.read_text(encoding="utf-8")

    @contextlib.asynccontextmanager
    async def running(self, stop: Mapping[str, Any] | None = None) -> AsyncIterator[Gateway]:
        """A started process. What is still there at the end is asked to drain, and must do so well."""
        names = {name: value for name, value in os.environ.items() if not name.startswith("LINTAS_")}
        with self.errors.open("ab") as told:
            process = await asyncio.create_subprocess_exec(
                sys.executable, RUNNER, self.config, json.dumps(stop), stdout=PIPE, stderr=told, env=names,
                cwd=RUNNER.parents[2],
            )  # fmt: skip
        gateway = Gateway(self, process)
        try:
            await gateway.started()
            yield gateway
        finally:
            await gateway.end()


class Gateway:
    """One process. `hit` is done when it stands still at its barrier."""

    def __init__(self, place: Place, process: Process) -> None:
        self.place, self.process, self.url = place, process, ""
        self.hit: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ready = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            word, _, rest = line.decode().strip().partition(" ")
            if word == "ready":
                self.url = rest
            elif word == "hit" and not self.hit.done():
                self.hit.set_result(rest)
            self._ready.set()
        self._ready.set()

    async def started(self) -> None:
        """Serving, or standing still before it serves."""
        await asyncio.wait_for(self._ready.wait(), PATIENCE)
        assert self.url or self.hit.done(), self.place.log()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        self.process.terminate()
        assert await asyncio.wait_for(self.process.wait(), PATIENCE) == 0, self.place.log()

    async def end(self) -> None:
        try:
            if self.process.returncode is None:
                await (self.kill() if self.hit.done() else self.stop())
        finally:
            if self.process.returncode is None:
                await self.kill()
            await self._reading
            await self.http.close()

    async def call(
        self, method: str, path: str, who: str | None = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> tuple[int, Any]:
        """Status and JSON body of one call."""
        sent = {**(self.place.auth(who) if who else {}), **(headers or {})}
        async with self.http.request(method, self.url + path, headers=sent, **more) as answer:
            return answer.status, await answer.json(content_type=None)

    async def told(self, path: str, who: str) -> Any:
        status, value = await self.call("GET", path, who)
        assert status == 200, value
        return value

    async def post(self, submission: Any, who: str, *, key: str | None = None) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.call("POST", "/api/v1/messages", who, headers, json=submission)

    async def healthy(self) -> None:
        status, value = await self.call("GET", "/health")
        assert (status, value["status"]) == (200, "ok")

    async def quarantine(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.told("/api/v1/quarantine?limit=1000", "operator"))["items"]
        return found

    async def decide(self, item: Mapping[str, Any], action: str) -> None:
        status, value = await self.call("POST", f"/api/v1/quarantine/{item['id']}/{action}", "operator")
        assert status == 200, value

    async def events(self, **filters: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = -1
        query = "".join(f"&{name}={value}" for name, value in filters.items())
        while True:
            page = await self.told(f"/api/v1/events?limit=1000&after={after}{query}", "auditor")
            found += page["events"]
            if page["next"] == after or not page["events"]:
                return found
            after = page["next"]

    async def at_rest(self, *but: str) -> bool:
        """Nothing waits and nothing is under way, on any lane but these; an inbox waits for its system."""
        lanes = rows(self.place.state, "SELECT lane FROM queue UNION SELECT lane FROM leases")
        return not {str(lane) for (lane,) in lanes} - set(but)

    async def drained(self, *but: str) -> None:
        await until(lambda: self.at_rest(*but), "lanes to be empty")
