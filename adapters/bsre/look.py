"""How many pages and signatures a PDF has, found out by a process that may fail.

Enters: a PDF's bytes, the number of the page at hand. Leaves: a `Look`. Refuses (`Unseen`): what is no readable PDF, is
encrypted, has no such page, or costs too much.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE

import orjson

from adapters.bsre import reader
from gateway.contract.frozen import frozen

_AT_ONCE = 2
_WHY = {
    reader.ENCRYPTED: "is encrypted",
    reader.NO_PAGE: "has no page of that number",
    reader.TOO_COSTLY: "needs too much memory or time to be read",
}


@frozen
class Look:
    """`page` counts from 1; `width` and `height` are that page's, in points."""

    pages: int
    signatures: int
    page: int
    width: float
    height: float


class Unseen(Exception):
    """The text is the end of a sentence about the PDF: "is encrypted"."""


class Looker:
    """Looks at a few files at a time."""

    def __init__(self, memory: int = reader.MEMORY, seconds: float = reader.SECONDS) -> None:
        self._memory, self._seconds = memory, seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def look(self, pdf: bytes, page: int = -1) -> Look:
        """Raises Unseen."""
        async with self._turns:
            code, out = await self._read(pdf, page)
        if code != 0:
            # Killed for what it took, or ended by itself.
            raise Unseen(_WHY[reader.TOO_COSTLY] if code < 0 else _WHY.get(code, "cannot be read as a PDF"))
        try:
            return Look(**orjson.loads(out))
        except (orjson.JSONDecodeError, TypeError):
            raise Unseen(_WHY[reader.TOO_COSTLY]) from None

    async def _read(self, pdf: bytes, page: int) -> tuple[int, bytes]:
        # Secrets of the gateway's environment are none of its business.
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
        kept["PYTHONPATH"] = os.pathsep.join(one for one in sys.path if one)
        command = (sys.executable, "-m", "adapters.bsre.reader", str(page), str(self._memory))
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=kept)
        try:
            async with asyncio.timeout(self._seconds):
                out, _ = await process.communicate(pdf)
        except TimeoutError:
            return reader.TOO_COSTLY, b""
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return process.returncode or 0, out
