"""The gateway as a process of its own, started as anyone would start it.

Enters: configuration, state, port. Leaves: a gateway that answers at its URL, and its exit code when it has drained.
Refuses (`DidNotStart`): a gateway that ends before it answers, or does not answer in time; its last words are told.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

import aiohttp

START_SECONDS, STOP_SECONDS = 60.0, 45.0
_LAST_WORDS = 12
_PR_SET_PDEATHSIG = 1


class DidNotStart(Exception):
    """The gateway does not serve. `exit_code` is None if it is still trying."""

    def __init__(self, text: str, exit_code: int | None) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class GatewayProcess:
    """One run of `lintas run`. What it prints goes to `log`; `environment` are variables besides our own."""

    def __init__(self, config: Path, state: Path, host: str, port: int, log: Path, **environment: str) -> None:
        self._arguments = [
            sys.executable, "-m", "gateway.cli", "run", "--config", str(config), "--state", str(state),
            "--host", host, "--port", str(port),
        ]  # fmt: skip
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self.log = log
        self._environment = environment
        self._process: Process | None = None

    async def start(self, session: aiohttp.ClientSession) -> float:
        """Returns when it serves, with the seconds it took. Raises DidNotStart."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with self.log.open("wb") as log:
            # A group of its own: Ctrl-C reaches us first, and we tell it to drain.
            self._process = await asyncio.create_subprocess_exec(
                *self._arguments,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
                process_group=0,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        while not await self._serves(session):
            if self._process.returncode is not None:
                raise DidNotStart(f"the gateway ended while starting:\n{self.last_words()}", self._process.returncode)
            if time.monotonic() - began > START_SECONDS:
                raise DidNotStart(f"the gateway does not answer at {self.url}:\n{self.last_words()}", None)
            await asyncio.sleep(0.1)
        return time.monotonic() - began

    async def _serves(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/health", timeout=aiohttp.ClientTimeout(total=2)) as reply:
                return "status" in await reply.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError, TypeError):
            return False

    async def stop(self) -> int | None:
        """Tells it to drain, and gives its exit code; None if it never ran."""
        process, self._process = self._process, None
        if process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return await process.wait()

    async def ended(self) -> int:
        """Returns when it ends by itself, with its exit code."""
        if self._process is None:
            raise RuntimeError("the gateway was not started")
        return await self._process.wait()

    def last_words(self) -> str:
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_WORDS:])
        except OSError:
            return ""


def _end_with_parent() -> None:
    """In the child: if we are killed, it is told to drain, so that no gateway is left behind on the port."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
