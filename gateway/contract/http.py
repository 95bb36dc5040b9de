"""An HTTP call as an endpoint sees it; the host owns the sockets, limits, authentication and time-outs.

Enters: a request the host has authenticated. Leaves: a `Reply`. Refuses (by the host, as `Refused`): bodies, parts and
names over their limits, broken multipart, wrong digests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import field
from typing import Protocol

from gateway.contract.exchange import Caller
from gateway.contract.frozen import frozen
from gateway.contract.host import Arrival


class BodyPart(Protocol):
    """One body part of a multipart request (RFC 2046), read in order, once."""

    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def name(self) -> str | None: ...
    @property
    def filename(self) -> str | None: ...
    @property
    def media_type(self) -> str: ...
    async def read(self, limit: int) -> bytes: ...
    def chunks(self) -> AsyncIterator[bytes]: ...


class HttpCall(Protocol):
    """One authenticated request. `arrival` mints the message id and spools parts."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def match(self) -> Mapping[str, str]: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def query(self) -> Mapping[str, str]: ...
    @property
    def media_type(self) -> str: ...
    @property
    def charset(self) -> str | None: ...
    @property
    def caller(self) -> Caller: ...
    @property
    def arrival(self) -> Arrival: ...
    def permit(self, service: str) -> None:
        """Refuses (`no_right`) a caller without the right. Ask before anything large is read or spooled."""
        ...

    async def read(self, limit: int | None = None) -> bytes: ...
    def multipart(self) -> AsyncIterator[BodyPart]: ...


@frozen
class Reply:
    """What goes back to the caller."""

    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@frozen
class HttpRoute:
    """One path an endpoint owns. With `serve` it is a published document (a WSDL), open to all; without, a message.

    `path` may hold `{name}` segments. `max_bytes` caps the body unless it is multipart.
    """

    method: str
    path: str
    max_bytes: int | None = None
    serve: Callable[[HttpCall], Reply] | None = None
    summary: str = ""
