"""Calls for endpoints, from real bytes.

Enters: a JSON value, or a multipart body as bytes or as a stream of chunks. Leaves: an `HttpCall`.
Refuses: a body over its limit, a multipart body that breaks off (RFC 2046, section 5.1).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from email.message import Message
from typing import Any

from gateway.contract.errors import Refused
from gateway.contract.exchange import Caller
from gateway.contract.reasons import Reason
from gateway.contract.testing.headers import Headers
from gateway.contract.testing.host import FakeHost
from gateway.contract.testing.state import CHUNK, FakeArrival

Body = bytes | AsyncIterator[bytes]
BOUNDARY = "a-boundary-of-the-test"
HEADER_BYTES = 16 * 1024
CALLER = Caller("kota-contoh/sistem")


def _field(value: str) -> Message:
    message = Message()
    message["content-type"] = value
    return message


async def _chunks(body: Body) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        for at in range(0, len(body), CHUNK):
            yield body[at : at + CHUNK]
    else:
        async for chunk in body:
            yield chunk


class _Feed:
    """A window on the body: never more than a chunk and a boundary in memory."""

    def __init__(self, body: Body) -> None:
        self._chunks, self.window = _chunks(body), bytearray()

    async def more(self) -> None:
        try:
            self.window += await anext(self._chunks)
        except StopAsyncIteration:
            raise Refused(Reason.MULTIPART_BROKEN) from None

    async def until(self, mark: bytes) -> AsyncIterator[bytes]:
        while (at := self.window.find(mark)) < 0:
            safe = len(self.window) - len(mark)
            if safe > 0:
                yield bytes(self.window[:safe])
                del self.window[:safe]
            await self.more()
        if at:
            yield bytes(self.window[:at])
        del self.window[: at + len(mark)]

    async def take(self, count: int) -> bytes:
        while len(self.window) < count:
            await self.more()
        taken = bytes(self.window[:count])
        del self.window[:count]
        return taken


class FakeBodyPart:
    """One body part, read once, in order."""

    def __init__(self, headers: Headers, chunks: AsyncIterator[bytes]) -> None:
        self.headers: Mapping[str, str] = headers
        self._chunks = chunks
        disposition = Message()
        disposition["content-disposition"] = headers.get("Content-Disposition", "")
        name = disposition.get_param("name", header="content-disposition")
        self._name = name if isinstance(name, str) else None
        self._filename = disposition.get_filename()

    @property
    def name(self) -> str | None:
        return self._name

    @property
    def filename(self) -> str | None:
        return self._filename

    @property
    def media_type(self) -> str:
        return _field(self.headers.get("Content-Type", "application/octet-stream")).get_content_type()

    async def read(self, limit: int) -> bytes:
        whole = bytearray()
        async for chunk in self._chunks:
            whole += chunk
            if len(whole) > limit:
                raise Refused(Reason.BODY_TOO_LARGE, limit=limit)
        return bytes(whole)

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            yield chunk


class FakeCall:
    """One authenticated call with its own arrival."""

    def __init__(
        self,
        host: FakeHost,
        method: str,
        path: str,
        body: Body = b"",
        *,
        headers: Mapping[str, str] | None = None,
        match: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        caller: Caller = CALLER,
        denied: Collection[str] = (),
    ) -> None:
        self.method, self.path, self._denied = method, path, denied
        self.match: Mapping[str, str] = dict(match or {})
        self.headers: Mapping[str, str] = Headers(headers)
        self.query: Mapping[str, str] = dict(query or {})
        self.caller = caller
        self.arrival: FakeArrival = host.arrive()
        self._body, self._limits = body, host.limits
        self._content_type = _field(self.headers.get("Content-Type", "application/octet-stream"))

    @property
    def media_type(self) -> str:
        return self._content_type.get_content_type()

    @property
    def charset(self) -> str | None:
        return self._content_type.get_content_charset()

    def permit(self, service: str) -> None:
        if service in self._denied:
            raise Refused(Reason.NO_RIGHT)

    async def read(self, limit: int | None = None) -> bytes:
        most = self._limits.body_bytes if limit is None else limit
        return await FakeBodyPart(Headers(), _chunks(self._body)).read(most)

    async def multipart(self) -> AsyncIterator[FakeBodyPart]:
        boundary = self._content_type.get_param("boundary")
        if not isinstance(boundary, str) or not boundary:
            raise Refused(Reason.MULTIPART_BROKEN)
        mark, feed = b"\r\n--" + boundary.encode(), _Feed(self._body)
        feed.window += b"\r\n"
        async for _ in feed.until(mark):
            pass
        while await feed.take(2) != b"--":
            head = b"".join([piece async for piece in feed.until(b"\r\n\r\n")])
            if len(head) > HEADER_BYTES:
                raise Refused(Reason.MULTIPART_BROKEN, limit=HEADER_BYTES)
            lines = [line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n") if line]
            part = FakeBodyPart(Headers({name.strip(): value.strip() for name, _, value in lines}), feed.until(mark))
            yield part
            async for _ in part.chunks():
                pass


def json_call(host: FakeHost, path: str, value: Any, *, headers: Mapping[str, str] | None = None,
              caller: Caller = CALLER, method: str = "POST") -> FakeCall:  # fmt: skip
    """A call with a JSON body; `bytes` are sent as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    fields = {"Content-Type": "application/json", **(headers or {})}
    return FakeCall(host, method, path, body, headers=fields, caller=caller)


Piece = tuple[Mapping[str, str], bytes]


def _join(pieces: Sequence[Piece]) -> bytes:
    out = bytearray()
    for headers, data in pieces:
        out += f"--{BOUNDARY}\r\n".encode()
        out += "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n" + data + b"\r\n"
    return bytes(out + f"--{BOUNDARY}--\r\n".encode())


def form_data(fields: Sequence[tuple[str, str | None, str, bytes, Mapping[str, str]]]) -> bytes:
    """A multipart/form-data body (RFC 7578) of `(name, file name, media type, bytes, more headers)`."""
    pieces: list[Piece] = []
    for name, file, media_type, data, more in fields:
        disposition = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
        pieces.append(({"Content-Disposition": disposition, "Content-Type": media_type, **more}, data))
    return _join(pieces)


def related(pieces: Sequence[tuple[str, bytes, Mapping[str, str]]]) -> bytes:
    """A multipart/related body (RFC 2387) of `(media type, bytes, more headers)`, its root first."""
    return _join([({"Content-Type": media_type, **more}, data) for media_type, data, more in pieces])


def multipart_call(host: FakeHost, path: str, body: Body, *, subtype: str = "form-data",
                   headers: Mapping[str, str] | None = None, caller: Caller = CALLER) -> FakeCall:  # fmt: skip
    """A multipart call over a body made by `form_data` or `related`, or over any chunks with the same boundary."""
    content_type = f'multipart/{subtype}; boundary="{BOUNDARY}"'
    return FakeCall(host, "POST", path, body, headers={"Content-Type": content_type, **(headers or {})}, caller=caller)
