"""A part is examined where it lies sealed: a worker asks for its bytes piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.contract.errors import TryLater
from gateway.contract.reasons import Reason
from gateway.examining import Examiner, pool
from gateway.settings import Verification
from gateway.signatures.constraints import DEFAULT
from gateway.signatures.workers import Source, WorkersBusy
from tests.unit.gateway.bench import Bench
from tests.unit.gateway.test_hosting import recorded_part


class Asking:
    """Reads what it is given in odd pieces, as a worker does."""

    def __init__(self) -> None:
        self.read: list[bytes] = []

    async def verify(self, source: Source, *, trust: Path, constraints: Any) -> dict[str, Any]:
        assert source.read is not None
        self.read = [await source.read(0, 5), await source.read(5, source.size)]
        return {"conclusion": "valid", "file": source.name, "trust": trust, "constraints": constraints}


class Busy:
    async def verify(self, source: Source, **more: Any) -> dict[str, Any]:
        raise WorkersBusy(3)


async def test_the_worker_reads_the_plain_bytes_in_pieces(bench: Bench) -> None:
    part, asking = await recorded_part(bench), Asking()
    told = await Examiner(asking, bench.host_parts, Path("trust")).examine("m-1", part, DEFAULT)  # type: ignore[arg-type]
    plain = b"".join([piece async for piece in bench.host_parts.read("m-1", part)])
    assert (b"".join(asking.read), len(asking.read[0])) == (plain, 5)
    assert (told["file"], told["trust"], told["constraints"]) == (part.name or "", Path("trust"), DEFAULT)


async def test_too_many_that_wait_are_told_to_come_back(bench: Bench) -> None:
    part = await recorded_part(bench)
    with pytest.raises(TryLater) as caught:
        await Examiner(Busy(), bench.host_parts, Path("trust")).examine("m-1", part, DEFAULT)  # type: ignore[arg-type]
    assert caught.value.reason is Reason.BUSY


async def test_the_pool_keeps_to_the_settings() -> None:
    made = pool(Verification(workers=3, seconds=7, memory_bytes=300 << 20, waiting=5, pdf_bytes=9, members=4))
    limits, bounds = made._limits, made._bounds
    assert (limits.count, limits.seconds, limits.memory, limits.waiting) == (3, 7, 300 << 20, 5)
    assert (bounds.pdf_bytes, bounds.members) == (9, 4)
    await made.close()
