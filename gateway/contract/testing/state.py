"""What a host keeps for an adapter: parts, claims and keyed state, on a disk that outlives a restart.

Enters: chunks, fingerprints, values. Leaves: `Part`, `Claim`, bytes. Refuses: a part over its limit, empty or with
another digest; a part of another message; a write with a stale fence.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.contract.errors import Refused
from gateway.contract.exchange import Part
from gateway.contract.host import Claim, Clock, Fingerprint, Limits
from gateway.contract.names import plain_name
from gateway.contract.reasons import Reason

CHUNK = 64 * 1024


@dataclass
class Disk:
    """What a restart does not take away. Parts over `keep_bytes` are measured and digested, not kept."""

    keep_bytes: int = 16 * 1024 * 1024
    parts: dict[tuple[str, str], bytes] = field(default_factory=dict)
    claims: dict[str, tuple[Fingerprint, Claim]] = field(default_factory=dict)
    released: dict[Fingerprint, int] = field(default_factory=dict)
    state: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    minted: int = 0

    def wake(self) -> None:
        """A new process: each claim that the last one left open has been tried once more."""
        for key, (fingerprint, claim) in self.claims.items():
            if claim.state == "claimed":
                self.claims[key] = (fingerprint, replace(claim, attempts=claim.attempts + 1))

    def mint(self, prefix: str) -> str:
        self.minted += 1
        return f"{prefix}{self.minted:08d}"


class FakeArrival:
    """One arriving thing; `spooled` holds what it spooled, and `peak` the largest chunk that was handed over."""

    def __init__(self, disk: Disk, limits: Limits, message_id: str, at: datetime) -> None:
        self._disk, self._limits, self._id, self._at = disk, limits, message_id, at
        self.spooled: list[Part] = []
        self.peak = 0

    @property
    def message_id(self) -> str:
        return self._id

    @property
    def at(self) -> datetime:
        return self._at

    async def spool(
        self,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        name: str | None = None,
        sha256: str | None = None,
        size: int | None = None,
    ) -> Part:
        limits = self._limits
        if len(self.spooled) >= limits.parts:
            raise Refused(Reason.TOO_MANY_PARTS, limit=limits.parts)
        if size is not None and size > limits.part_bytes:
            raise Refused(Reason.PART_TOO_LARGE, limit=limits.part_bytes)
        if name is not None:
            name = plain_name(unicodedata.normalize("NFC", name), limits.name_bytes)
        digest, total, kept = hashlib.sha256(), 0, bytearray()
        async for chunk in chunks:
            self.peak = max(self.peak, len(chunk))
            total += len(chunk)
            if total > limits.part_bytes:
                raise Refused(Reason.PART_TOO_LARGE, limit=limits.part_bytes)
            digest.update(chunk)
            if total <= self._disk.keep_bytes:
                kept += chunk
        if (sha256 is not None and sha256.lower() != digest.hexdigest()) or (size is not None and size != total):
            raise Refused(Reason.DIGEST_MISMATCH)
        number = len(self.spooled) + 1
        part = Part(number, digest.hexdigest(), total, media_type, name, address=f"{self._id}-{number}")
        self._disk.parts[(self._id, part.address)] = bytes(kept) if total <= self._disk.keep_bytes else b""
        self.spooled.append(part)
        return part


class FakeParts:
    """Reads parts of the message they belong to, in chunks of 64 KiB at most."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def put(self, message_id: str, data: bytes, *, number: int = 1, media_type: str = "application/octet-stream",
            name: str | None = None) -> Part:  # fmt: skip
        """Puts a part there without an arrival, for tests of sinks."""
        part = Part(number, hashlib.sha256(data).hexdigest(), len(data), media_type, name, f"{message_id}-{number}")
        self._disk.parts[(message_id, part.address)] = data
        return part

    def put_huge(self, message_id: str, size: int, *, number: int = 1) -> Part:
        """A part of `size` zero bytes that is made up while it is read, so that it never sits in memory."""
        digest, left = hashlib.sha256(), size
        while left:
            step = min(CHUNK, left)
            digest.update(bytes(step))
            left -= step
        return Part(number, digest.hexdigest(), size, "application/octet-stream", None, f"huge:{message_id}")

    async def read(
        self, message_id: str, part: Part, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        end = part.size if stop is None else min(stop, part.size)
        if part.address == f"huge:{message_id}":
            for at in range(start, end, CHUNK):
                yield bytes(min(CHUNK, end - at))
            return
        data = self._disk.parts.get((message_id, part.address))
        if data is None:
            raise Refused(Reason.PART_MISSING, "the part is not of this message")
        for at in range(start, end, CHUNK):
            yield data[at : min(at + CHUNK, end)]


class FakeClaims:
    """Claims of one source. They are on the `Disk` before a call returns, so a restart finds them."""

    def __init__(self, disk: Disk, limits: Limits, clock: Clock) -> None:
        self._disk, self._limits, self._clock = disk, limits, clock

    async def claim(self, fingerprint: Fingerprint) -> Claim | None:
        if any(held == fingerprint for held, _ in self._disk.claims.values()):
            return None
        attempts = self._disk.released.get(fingerprint, 1)
        made = Claim(self._disk.mint("claim-"), self._disk.mint("message-"), "claimed", attempts)
        self._disk.claims[made.id] = (fingerprint, made)
        return made

    async def unsettled(self) -> list[Claim]:
        return [claim for _, claim in self._disk.claims.values() if claim.state != "settled"]

    async def settle(self, claim: Claim) -> None:
        self._move(claim.id, "settled")

    async def release(self, claim: Claim) -> None:
        held = self._disk.claims.get(claim.id)
        if held is not None and held[1].state == "claimed":
            del self._disk.claims[claim.id]
            self._disk.released[held[0]] = held[1].attempts

    def arrive(self, claim: Claim) -> FakeArrival:
        return FakeArrival(self._disk, self._limits, claim.message_id, self._clock.now())

    def commit(self, message_id: str) -> None:
        """What the host does in the transaction that records the message of a claim."""
        for _, claim in list(self._disk.claims.values()):
            if claim.message_id == message_id and claim.state == "claimed":
                self._move(claim.id, "committed")

    def _move(self, claim_id: str, state: str) -> None:
        fingerprint, claim = self._disk.claims[claim_id]
        self._disk.claims[claim_id] = (fingerprint, replace(claim, state=state))


class FakeState:
    """Compare and swap: a write carries the fence that was read, 0 for a key that is not there."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def get(self, key: str) -> tuple[bytes, int] | None:
        return self._disk.state.get(key)

    async def put(self, key: str, value: bytes, fence: int) -> bool:
        if fence != self._disk.state.get(key, (b"", 0))[1]:
            return False
        self._disk.state[key] = (value, fence + 1)
        return True
