"""What is arriving: message ids, data keys and spooled parts of things that are not recorded yet.

Enters: byte streams of an adapter. Leaves: `Part`s, sealed and synced under the message's own data key. Refuses: parts
over the limit, more parts than allowed, names that are no names, digests or sizes that do not fit, a full disk.
What is not recorded in the end is discarded; a crash leaves files that the next start sweeps away.
"""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

from gateway.contract.errors import Refused, TryLater
from gateway.contract.exchange import Part
from gateway.contract.names import plain_name
from gateway.contract.reasons import Reason
from gateway.settings import Limits
from gateway.store.parts import DiskFull, PartsBusy, PartStore, PartTooLarge, StoredPart
from gateway.store.sealing import DataKey
from gateway.uploads import Uploads

KnownKey = Callable[[], Awaitable[DataKey | None]]


class Arrivals:
    """Every arrival of this process that is neither recorded nor discarded. Their number is bounded by the callers.

    `room` gives the bytes that may still be written before the disk reserve is touched.
    """

    def __init__(
        self,
        parts: PartStore,
        limits: Limits,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
        uploads: Uploads,
        room: Callable[[], int] = lambda: 2**63,
    ) -> None:
        self._room = room
        self._parts, self._limits, self._new_id, self._now = parts, limits, new_id, now
        self._keys: dict[str, DataKey] = {}
        self._uploads = uploads

    def begin(self, agency: str, message_id: str | None = None, recorded: KnownKey | None = None) -> SpoolingArrival:
        """`recorded` gives the data key of the message if it is recorded already: the same item may come again."""
        return SpoolingArrival(self, agency, message_id or self._new_id(), self._now(), recorded)

    def take_key(self, message_id: str) -> DataKey:
        """The data key for a message that is about to be recorded: the one its parts are sealed under, or a new one."""
        return self._keys.get(message_id) or DataKey.random()

    def key_of(self, message_id: str) -> DataKey | None:
        """The data key of something that is still arriving and has parts."""
        return self._keys.get(message_id)

    def keep(self, message_id: str) -> None:
        """The message is recorded: its parts stay."""
        self._keys.pop(message_id, None)

    async def discard(self, message_id: str) -> None:
        """The message was not recorded: its parts, if any, go."""
        if self._keys.pop(message_id, None) is not None:
            await self._parts.delete_message(message_id)

    async def spool(
        self,
        arrival: SpoolingArrival,
        chunks: AsyncIterator[bytes],
        media_type: str,
        name: str | None,
        sha256: str | None,
        size: int | None,
    ) -> Part:
        number = arrival.next_number(self._limits.parts)
        shown = None if name is None else plain_name(unicodedata.normalize("NFC", name), self._limits.name_bytes)
        if size is not None and size > self._limits.part_bytes:
            raise Refused(Reason.PART_TOO_LARGE, "the part is over the limit", limit=self._limits.part_bytes)
        if (size or 0) > self._room():
            raise TryLater(Reason.DISK_RESERVE, "there is no room for this part above the disk reserve")
        key = await self._key(arrival)
        async with self._uploads.turn(arrival.agency):
            stored = await self._write(arrival, key, self._uploads.paced(chunks))
        digest = stored.sha256.hex()
        if (sha256 is not None and sha256 != digest) or (size is not None and size != stored.size):
            raise Refused(Reason.DIGEST_MISMATCH, "the declared digest or size is not that of the bytes")
        return Part(number, digest, stored.size, media_type, shown, stored.address)

    async def _key(self, arrival: SpoolingArrival) -> DataKey:
        """The key to seal under. A recorded message keeps its own, and its parts, whatever comes of the repeat."""
        known = self._keys.get(arrival.message_id)
        if known is None and arrival.recorded is not None:
            known = await arrival.recorded()
        return known or self._keys.setdefault(arrival.message_id, DataKey.random())

    async def _write(self, arrival: SpoolingArrival, key: DataKey, chunks: AsyncIterator[bytes]) -> StoredPart:
        try:
            writer = await self._parts.open_writer(arrival.message_id, key, arrival.agency, self._limits.part_bytes)
            try:
                async for chunk in chunks:
                    if self._room() < len(chunk):
                        raise TryLater(Reason.DISK_RESERVE, "the disk reserve was reached while the part arrived")
                    await writer.write(chunk)
                return await writer.finish()
            except BaseException:
                await writer.abort()
                raise
        except PartTooLarge as error:
            raise Refused(Reason.PART_TOO_LARGE, "the part is over the limit", limit=self._limits.part_bytes) from error
        except DiskFull as error:
            raise TryLater(Reason.DISK_RESERVE) from error
        except PartsBusy as error:
            raise TryLater(Reason.BUSY) from error


class SpoolingArrival:
    """One arrival, as the contract gives it to an adapter."""

    __slots__ = ("_arrivals", "_count", "agency", "at", "message_id", "recorded")

    def __init__(
        self, arrivals: Arrivals, agency: str, message_id: str, at: datetime, recorded: KnownKey | None
    ) -> None:
        self._arrivals, self.agency, self.message_id, self.at = arrivals, agency, message_id, at
        self.recorded = recorded
        self._count = 0

    def next_number(self, limit: int) -> int:
        if self._count >= limit:
            raise Refused(Reason.TOO_MANY_PARTS, "the message has too many parts", limit=limit)
        self._count += 1
        return self._count

    async def spool(
        self,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        name: str | None = None,
        sha256: str | None = None,
        size: int | None = None,
    ) -> Part:
        return await self._arrivals.spool(self, chunks, media_type, name, sha256, size)
