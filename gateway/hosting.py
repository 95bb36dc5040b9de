"""What the host gives each adapter, over the real stores: claims, parts, secrets, small state.

Enters: an adapter's requests through the contract. Leaves: durable claims, unsealed part bytes, secrets. Refuses: a
part of a message that is erased, a secret that is not there or that others can read, a state write with a stale fence.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client import Counter

from gateway.arrivals import Arrivals, SpoolingArrival
from gateway.contract.errors import NeedsOperator, Refused
from gateway.contract.exchange import Part
from gateway.contract.host import Claim, Fingerprint
from gateway.contract.host import Limits as ContractLimits
from gateway.contract.places import own_key
from gateway.contract.reasons import Reason
from gateway.settings import Limits, Settings
from gateway.store.engine import Journal, Step, Taken, Unexpected, Unit
from gateway.store.hmac_keys import HmacKeys
from gateway.store.parts import PartError, PartStore
from gateway.store.sealing import DataKey, SealBroken
from gateway.vault import Erased, Vault

KEYS_KEPT = 256
ANSWER_BYTES = 8 * 1024 * 1024
CLAIMS = 10_000


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class HostParts:
    """Reads parts of what is arriving and of recorded messages. The last few data keys are kept unwrapped."""

    def __init__(self, journal: Journal, vault: Vault, parts: PartStore, arrivals: Arrivals) -> None:
        self._journal, self._vault, self._parts, self._arrivals = journal, vault, parts, arrivals
        self._keys: OrderedDict[str, DataKey] = OrderedDict()

    async def read(
        self, message_id: str, part: Part, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        try:
            key = await self._key(message_id)
            async with aclosing(await self._parts.read(message_id, part.address, key, start, stop)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except (Erased, SealBroken, PartError) as error:
            raise NeedsOperator(f"a part cannot be read: {type(error).__name__}") from error

    async def _key(self, message_id: str) -> DataKey:
        arriving = self._arrivals.key_of(message_id)
        if arriving is not None:
            return arriving
        known = self._keys.get(message_id)
        if known is not None:
            self._keys.move_to_end(message_id)
            return known
        rows = await self._journal.read("find_message", {"id": message_id})
        if not rows:
            raise Refused(Reason.PART_MISSING, "the part is not of this message")
        wrapped = rows[0][14]
        key = self._vault.unwrap(wrapped if isinstance(wrapped, bytes) else None, message_id)
        self._keys[message_id] = key
        if len(self._keys) > KEYS_KEPT:
            self._keys.popitem(last=False)
        return key

    def forget(self, message_id: str) -> None:
        """The message is erased: its key must not outlive it here."""
        self._keys.pop(message_id, None)


class HostClaims:
    """Claims of one source, in the journal."""

    def __init__(
        self,
        *,
        journal: Journal,
        lookup: HmacKeys,
        arrivals: Arrivals,
        vault: Vault,
        source: str,
        agency: str,
        node: str,
        new_id: Callable[[], str],
        now_ms: Callable[[], int],
    ) -> None:
        self._journal, self._lookup, self._arrivals, self._vault = journal, lookup, arrivals, vault
        self._source, self._agency, self._node = source, agency, node
        self._new_id, self._now_ms = new_id, now_ms
        self._open: dict[str, bytes] = {}

    async def claim(self, fingerprint: Fingerprint) -> Claim | None:
        key = self._lookup.lookup(
            "claim",
            self._source,
            # A name need not be UTF-8; what it is not shows as it is escaped.
            fingerprint.path.encode("utf-8", "backslashreplace").decode(),
            str(fingerprint.device),
            str(fingerprint.inode),
            str(fingerprint.size),
            str(fingerprint.mtime_ns),
        )
        claim = Claim(self._new_id(), self._new_id(), "claimed", 1)
        row: dict[str, Any] = {
            "fingerprint": key,
            "id": claim.id,
            "source": self._source,
            "message": claim.message_id,
            "node": self._node,
            "now": self._now_ms(),
        }
        try:
            await self._journal.commit(Unit([Step("insert_claim", row)]))
        except Taken:
            return await self._again(row, claim)
        self._open[claim.id] = key
        return claim

    async def _again(self, row: dict[str, Any], claim: Claim) -> Claim | None:
        """An item that was given back is claimed again, with the attempts it had."""
        again = {name: value for name, value in row.items() if name != "source"}
        found = (await self._journal.commit(Unit([Step("claim_again", again)])))[0]
        if not found:
            return None
        self._open[claim.id] = row["fingerprint"]
        return Claim(claim.id, claim.message_id, "claimed", int(found[0][0] or 0))

    async def unsettled(self) -> list[Claim]:
        rows = await self._journal.read("unsettled_claims", {"source": self._source, "limit": CLAIMS})
        found = []
        for fingerprint, identity, message, state, attempts in rows:
            claim = Claim(str(identity), str(message), str(state), int(attempts or 0))
            if claim.id not in self._open and isinstance(fingerprint, bytes):
                # A process before this one held it: that was an attempt of its own.
                again: dict[str, Any] = {"fingerprint": fingerprint, "id": claim.id}
                await self._journal.commit(Unit([Step("retry_claim", again)]))
                self._open[claim.id] = fingerprint
                claim = Claim(claim.id, claim.message_id, claim.state, claim.attempts + 1)
            found.append(claim)
        return found

    async def settle(self, claim: Claim) -> None:
        await self._end("settle_claim", claim, now=self._now_ms())

    async def release(self, claim: Claim) -> None:
        await self._end("release_claim", claim, now=self._now_ms())

    async def _end(self, query: str, claim: Claim, **more: int) -> None:
        fingerprint = self._open.get(claim.id)
        if fingerprint is None:
            await self.unsettled()
            fingerprint = self._open.get(claim.id)
        if fingerprint is not None:
            row: dict[str, Any] = {"fingerprint": fingerprint, "id": claim.id, **more}
            await self._journal.commit(Unit([Step(query, row)]))
            self._open.pop(claim.id, None)

    def arrive(self, claim: Claim) -> SpoolingArrival:
        return self._arrivals.begin(self._agency, claim.message_id, partial(self._recorded, claim.message_id))

    async def _recorded(self, message: str) -> DataKey | None:
        """The data key of a message that was recorded before its item was settled."""
        rows = await self._journal.read("find_message", {"id": message})
        wrapped = rows[0][14] if rows else None
        return self._vault.unwrap(wrapped, message) if isinstance(wrapped, bytes) else None


class HostState:
    """The small durable state of one adapter."""

    def __init__(self, journal: Journal, adapter: str) -> None:
        self._journal, self._adapter = journal, adapter

    async def get(self, key: str) -> tuple[bytes, int] | None:
        rows = await self._journal.read("get_state", {"adapter": self._adapter, "key": key})
        if not rows or not isinstance(rows[0][0], bytes):
            return None
        return rows[0][0], int(rows[0][1] or 0)

    async def put(self, key: str, value: bytes, fence: int) -> bool:
        row: dict[str, Any] = {"adapter": self._adapter, "key": key, "value": value}
        step = Step("create_state", row) if fence == 0 else Step("put_state", {**row, "fence": fence}, rows=1)
        try:
            await self._journal.commit(Unit([step]))
        except (Taken, Unexpected):
            return False
        return True


class FileSecrets:
    """Secrets by reference: `file:<path below the state folder>` or `env:<NAME>`."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def get(self, reference: str) -> str:
        kind, _, name = reference.partition(":")
        if kind == "env":
            value = os.environ.get(name)
            if value is None:
                raise NeedsOperator(f"the variable {name} is not set")
            return value
        path = self._state_dir / name
        if own_key(path, self._state_dir):
            raise NeedsOperator(f"{name} is a key of the gateway's own and goes to nobody; name another file")
        try:
            if path.stat().st_mode & 0o077:
                raise NeedsOperator(f"{name} can be read by others; run chmod 600 on it")
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NeedsOperator(f"the secret file {name} cannot be read") from error

    def __repr__(self) -> str:
        return "FileSecrets()"


ADAPTER_EVENTS = Counter("lintas_adapter_events", "What adapters count", ["adapter", "name"])


class HostMetrics:
    """Counters of one adapter; each label set is made once."""

    def __init__(self, adapter: str) -> None:
        self._adapter = adapter
        self._counters: dict[str, Any] = {}

    def count(self, name: str, amount: int = 1) -> None:
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = ADAPTER_EVENTS.labels(self._adapter, name)
        counter.inc(amount)


def contract_limits(settings: Settings) -> ContractLimits:
    """The limits that an adapter must keep."""
    limits: Limits = settings.limits
    return ContractLimits(
        body_bytes=limits.body_bytes,
        soap_body_bytes=limits.soap_body_bytes,
        inline_part_bytes=limits.inline_part_bytes,
        part_bytes=limits.part_bytes,
        parts=limits.parts,
        nesting=limits.nesting,
        name_bytes=limits.name_bytes,
        recipients=limits.recipients,
        batch_rows=limits.batch_rows,
        row_bytes=limits.row_bytes,
        answer_bytes=ANSWER_BYTES,
    )
