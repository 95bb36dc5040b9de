"""The part store: large bytes of messages, sealed, in a place that tells nothing.

Enters: chunks of a part, as they arrive. Leaves: its address, SHA-256 and size once it is durable; later its bytes,
from any offset. Refuses: more bytes than the limit (`PartTooLarge`), a part that is not there (`PartMissing`), a full
disk (`DiskFull`), more open writers than configured (`PartsBusy`), and bytes that are not what was stored
(`SealBroken`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Set
from dataclasses import dataclass
from typing import Protocol

from gateway.store.sealing import DataKey


class PartError(Exception):
    """The part store did not do what was asked. Messages carry limits and message ids, never names of files."""


class PartTooLarge(PartError):
    """The part is larger than allowed. Nothing of it is kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the part is larger than {limit} bytes")
        self.limit = limit


class PartMissing(PartError):
    """There is no such part: it was never finished, or its time of keeping is over."""


class PartUnreadable(PartError):
    """The part is there, but the disk does not give it back. Bring it back from a backup."""


class PartsBusy(PartError):
    """More parts are being written than the store allows. Ask again later."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} parts are being written")
        self.limit = limit


class DiskFull(PartError):
    """There is no room. Nothing of this part was acknowledged and nothing is kept. Ask again later."""


class PartsFailed(PartError):
    """The disk failed. End the process and start again."""


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that is durable. `sha256` (32 bytes) and `size` are of the plain bytes."""

    address: str
    sha256: bytes
    size: int


class PartWriter(Protocol):
    """Takes one part. Exactly one of `finish` and `abort` ends it; `abort` may be called again, and after `finish`."""

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes; may wait until earlier ones have gone to disk."""

    async def finish(self) -> StoredPart:
        """Return once the part is durable under its address."""

    async def abort(self) -> None:
        """Leave nothing behind."""


class PartStore(Protocol):
    """What every part store does."""

    async def open(self) -> None:
        """Make ready."""

    async def close(self) -> None:
        """Let go of threads and connections; writers that are open are aborted."""

    async def open_writer(self, message: str, data_key: DataKey, agency: str, limit_bytes: int) -> PartWriter:
        """Begin a part of a message, sealed under the message's key, addressed under the agency's."""

    async def read(
        self, message: str, address: str, data_key: DataKey, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The plain bytes from `start` up to `stop`, in pieces of at most one chunk.

        Before the first byte is given the last chunk has opened: the part is whole, and the one that was named.
        """

    async def delete_message(self, message: str) -> None:
        """Remove all parts of a message; does nothing if there are none."""

    async def sweep(self, keep: Callable[[Set[str]], Awaitable[Set[str]]]) -> int:
        """At start, before any writer: remove unfinished parts, and messages that `keep`, asked in bounded sets of
        ids, does not give back. Returns how many messages were removed.
        """

    def free_bytes(self) -> int:
        """Room left, in bytes, for those who are not root."""
