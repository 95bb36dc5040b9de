"""The command `lintas` as anybody starts it, in a process of its own.

Enters: its words. Leaves: exit code and what it printed. Refuses: nothing; one that takes too long has failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from typing import Any

SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    """`code` is None if it had to be ended."""

    code: int | None
    out: bytes

    def json(self) -> dict[str, Any]:
        """What it printed as a JSON object; empty if it is none."""
        try:
            value = json.loads(self.out)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


async def lintas(*words: object) -> Ended:
    command = (sys.executable, "-m", "gateway.cli", *map(str, words))
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    try:
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError:
        return Ended(None, b"")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return Ended(process.returncode, out)
