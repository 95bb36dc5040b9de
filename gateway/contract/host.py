"""What the host gives an adapter, and nothing else.

Enters: an adapter's requests. Leaves: sessions, parts, time, secrets, claims, small durable state.
Refuses: a secret that is not configured, a part that is not of the message at hand, a write with a stale fence.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gateway.contract.exchange import Native, Part
from gateway.contract.frozen import frozen


class Clock(Protocol):
    """The only source of time. `now` is UTC and aware; `monotonic` is in seconds."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


class Arrival(Protocol):
    """One thing that is arriving: its message id, and a place for its parts that vanishes unless it is recorded."""

    @property
    def message_id(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    async def spool(
        self,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        name: str | None = None,
        sha256: str | None = None,
        size: int | None = None,
    ) -> Part: ...


@frozen
class HttpReply:
    """An answer to our own request, its body read whole within the limit; `cut`: it was over it, and none is here."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    media_type: str = ""
    cut: bool = False


class HttpClient(Protocol):
    """Our calls to others: TLS, pools, limits and time-outs are the host's.

    Raises `TryLater` when nothing was sent (refused, no route, TLS) and `Ambiguous` once bytes may have left, also when
    the answer is over its limit; with `cut` an answer of 2xx that is over it comes without its body. `timeout` is in
    seconds. A status is returned, not judged: see `judge`.
    """

    async def send(
        self,
        method: str,
        url: str,
        *,
        native: Native | None = None,
        headers: Mapping[str, str] = ...,
        timeout: float,  # noqa: ASYNC109 - the host keeps it
        limit: int | None = None,
        message_id: str | None = None,
        cut: bool = False,
    ) -> HttpReply: ...

    def judge(self, reply: HttpReply, *, asking: bool = False) -> None:
        """2xx returns; 429 and 503 raise `TryLater`, 408, 425 and other 5xx `Ambiguous`, the rest `Refused`.

        What speaks of our key or of the recipient's address raises `NeedsOperator`: 3xx, 401, 403, 407; and, unless
        `asking`, 404, 405 and 410 without a body of `application/problem+json`."""
        ...


class PartReader(Protocol):
    """Bytes of a part of the message at hand, unsealed and streamed in bounded chunks."""

    def read(self, message_id: str, part: Part, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` to before `stop`, in pieces. Use `contextlib.aclosing` where you may stop early."""
        ...


@frozen
class Fingerprint:
    """What makes a physical item itself: a changed file is another item."""

    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int


@frozen
class Claim:
    """The lock on a physical item. `state`: claimed, then committed (its message is recorded), then settled.

    `attempts` is one more than the processes that ended while they held it; to give it back is no failure."""

    id: str
    message_id: str
    state: str
    attempts: int = 0


class Claims(Protocol):
    """Claims of one source. Durable before they return; one holder at a time; survive a restart."""

    async def claim(self, fingerprint: Fingerprint) -> Claim | None:
        """None if the item is claimed already, or was settled before; that costs a durable unit as well, so claim what
        is not known yet."""
        ...

    async def unsettled(self) -> list[Claim]:
        """Every claim of this source that has not been settled: what a restart must finish."""
        ...

    async def settle(self, claim: Claim) -> None: ...
    async def release(self, claim: Claim) -> None: ...
    def arrive(self, claim: Claim) -> Arrival: ...


class KeyedState(Protocol):
    """A small durable state of one adapter: a few keys, compared and swapped by `fence`."""

    async def get(self, key: str) -> tuple[bytes, int] | None: ...
    async def put(self, key: str, value: bytes, fence: int) -> bool: ...


class Secrets(Protocol):
    """Secrets by reference (a file below the state folder, or an environment variable); never printed."""

    def get(self, reference: str) -> str: ...


class Metrics(Protocol):
    """Counters of the adapter; names and labels are fixed when the adapter is opened."""

    def count(self, name: str, amount: int = 1) -> None: ...


@frozen
class Limits:
    """The limits an adapter must keep, in bytes, counts and seconds; each is a setting of the gateway."""

    body_bytes: int
    soap_body_bytes: int
    inline_part_bytes: int
    part_bytes: int
    parts: int
    nesting: int
    name_bytes: int
    recipients: int
    batch_rows: int
    row_bytes: int
    answer_bytes: int


@dataclass(frozen=True)
class Host:
    """Everything an adapter may touch outside itself."""

    http: HttpClient
    parts: PartReader
    clock: Clock
    secrets: Secrets
    claims: Claims
    state: KeyedState
    limits: Limits
    metrics: Metrics
    instance: str
    system: str | None
    public_url: str
    state_dir: str
    name: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def services_used(self) -> Iterable[str]:
        """The services the system at hand may use, for endpoints that publish per service."""
        services: Iterable[str] = self.extra.get("services", ())
        return services
