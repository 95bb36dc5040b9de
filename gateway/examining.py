"""Parts that are examined for their signatures, as the verify room asks.

Enters: a part of a message that is arriving. Leaves: its verdict. Refuses (`busy`): more parts than may wait for a
worker. The part stays sealed where it lies: a worker asks for its bytes piece by piece.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from gateway.contract.errors import TryLater
from gateway.contract.exchange import Part
from gateway.contract.reasons import Reason
from gateway.hosting import HostParts
from gateway.settings import Verification
from gateway.signatures.constraints import Constraints
from gateway.signatures.material import Bounds
from gateway.signatures.workers import Source, WorkerLimits, Workers, WorkersBusy

AFTER_SECONDS = 5.0


class Examiner:
    """Gives parts to the workers. `trust` is the trust folder."""

    def __init__(self, workers: Workers, parts: HostParts, trust: Path) -> None:
        self._workers, self._parts, self._trust = workers, parts, trust

    async def examine(self, message: str, part: Part, constraints: Constraints) -> Mapping[str, Any]:
        async def read(start: int, stop: int) -> bytes:
            async with aclosing(self._parts.read(message, part, start, stop)) as chunks:
                return b"".join([chunk async for chunk in chunks])

        source = Source(part.name or "", size=part.size, read=read)
        try:
            return await self._workers.verify(source, trust=self._trust, constraints=constraints)
        except WorkersBusy as error:
            raise TryLater(Reason.BUSY, str(error), after=AFTER_SECONDS) from error


def pool(settings: Verification) -> Workers:
    """The workers of a gateway, within its settings."""
    limits = WorkerLimits(
        count=settings.workers,
        seconds=settings.seconds,
        memory=settings.memory_bytes,
        waiting=settings.waiting,
        small=settings.small_bytes,
    )
    bounds = Bounds(
        pdf_bytes=settings.pdf_bytes,
        xml_bytes=settings.xml_bytes,
        cms_bytes=settings.cms_bytes,
        jws_bytes=settings.jws_bytes,
        members=settings.members,
        container_bytes=settings.container_bytes,
        signatures=settings.signatures,
    )
    return Workers(limits, bounds)
