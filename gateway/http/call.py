"""One request as an endpoint sees it, with every limit kept here.

Enters: an aiohttp request whose caller is known. Leaves: its body whole, or its body parts one by one. Refuses: a body
over its limit (before it is sent, where its length is known), silence longer than the setting, broken multipart.
"""

from __future__ import annotations

import asyncio
import hashlib
import warnings
from collections.abc import AsyncIterator, Callable, Mapping

from aiohttp import (
    BodyPartReader,
    MultipartReader,
    StreamReader,
    content_disposition_filename,
    parse_content_disposition,
    web,
)
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError, LineTooLong
from aiohttp.web_protocol import PayloadAccessError, RequestPayloadError

from gateway.arrivals import SpoolingArrival
from gateway.contract.digests import FIELD, check, declared, mismatch
from gateway.contract.errors import Refused
from gateway.contract.exchange import Caller
from gateway.contract.reasons import Reason
from gateway.http.inflate import BrokenOff
from gateway.http.shares import Shares
from gateway.settings import Settings

CHUNK = 256 * 1024
CODINGS = frozenset({"", "identity", "gzip", "deflate"})
"""How a body may be encoded, by one of them at most."""
_LONGER = "sha-512"
_PLAIN = frozenset({"", "binary", "8bit", "7bit", "identity"})
PART_HEADERS = 128
"""Header lines of one part."""
BROKEN = (
    ConnectionError,
    ValueError,
    AssertionError,
    RuntimeError,
    LookupError,
    HttpProcessingError,
    RequestPayloadError,
    PayloadAccessError,
    BrokenOff,
)
"""How it shows that a body breaks off, that its sender is gone, or that it is not encoded as it says."""


FREE_BYTES = 64 * 1024
"""A body up to here needs no share of the budget."""


class RequestCall:
    """Implements the contract's `HttpCall`."""

    __slots__ = (
        "_budget",
        "_continued",
        "_held",
        "_permit",
        "_request",
        "_settings",
        "arrival",
        "caller",
        "charset",
        "match",
        "media_type",
    )

    def __init__(
        self,
        request: web.BaseRequest,
        match: Mapping[str, str],
        caller: Caller,
        arrival: SpoolingArrival,
        settings: Settings,
        permit: Callable[[str, str], None],
        budget: Shares,
    ) -> None:
        self._request, self._settings, self._permit = request, settings, permit
        self.match, self.caller, self.arrival = match, caller, arrival
        self.media_type = request.content_type
        self.charset = _charset(request)
        self._continued = False
        self._budget, self._held = budget, 0

    @property
    def method(self) -> str:
        return self._request.method

    @property
    def path(self) -> str:
        return self._request.path

    @property
    def headers(self) -> Mapping[str, str]:
        return self._request.headers

    @property
    def query(self) -> Mapping[str, str]:
        return self._request.query

    def permit(self, service: str) -> None:
        """Refuses a caller without the right, before anything large is read."""
        self._permit(self.caller.system, service)

    async def read(self, limit: int | None = None) -> bytes:
        most = self._settings.limits.body_bytes if limit is None else limit
        await self._ask_for(most)
        data = await self._whole(most)
        lines = self._request.headers.getall(FIELD, ())
        if lines:
            if self._request.headers.get("Content-Encoding"):
                # The digest is that of the encoded bytes, which nobody has any more.
                raise Refused(
                    Reason.UNSUPPORTED_MEDIA_TYPE, f"a body with a {FIELD} is sent as it is, without an encoding"
                )
            check(declared(lines), data)
        return data

    async def _whole(self, most: int) -> bytes:
        content = self._request.content
        pieces: list[bytes] = []
        size = 0
        deadline: float | None = None
        try:
            while True:
                piece = content.read_nowait(-1)
                if not piece:
                    if content.at_eof():
                        return b"".join(pieces)
                    if deadline is None:
                        deadline = asyncio.get_running_loop().time() + self._settings.stages.read_body
                    async with asyncio.timeout_at(deadline):
                        piece = await content.readany()
                size += len(piece)
                if size > most:
                    raise Refused(Reason.BODY_TOO_LARGE, "the body is over the limit", limit=most)
                if size > FREE_BYTES:
                    self._hold(size)
                pieces.append(piece)
        except TimeoutError:
            seconds = self._settings.stages.read_body
            raise Refused(Reason.SLOW_BODY, f"the body took longer than {seconds:g} s", limit=int(seconds)) from None
        except BROKEN as error:
            raise Refused(Reason.BAD_REQUEST, "the body broke off or is not encoded as it says") from error

    def _hold(self, size: int) -> None:
        """So many bytes of this call lie in memory, until it is over."""
        self._budget.take(self.caller.agency, size - self._held)
        self._held = size

    def release(self) -> None:
        """The call is over: its share of the budget is free again."""
        self._budget.give_back(self.caller.agency, self._held)
        self._held = 0

    async def multipart(self) -> AsyncIterator[Part]:
        limits = self._settings.limits
        most = limits.body_bytes + limits.parts * limits.part_bytes
        if self._request.headers.get(FIELD):
            raise Refused(Reason.BAD_REQUEST, f"give each part its own {FIELD}, not the multipart body")
        await self._ask_for(most)
        try:
            reader = MultipartReader(
                self._request.headers,
                self._request.content,
                max_field_size=limits.header_line_bytes,
                max_headers=PART_HEADERS,
            )
        except BROKEN as error:
            raise Refused(Reason.MULTIPART_BROKEN, "the multipart body has no boundary") from error
        while True:
            part = await self._bounded(reader.next)
            if part is None:
                if self._request.headers.get("Content-Encoding"):
                    await self._bounded(self._rest)
                return
            if not isinstance(part, BodyPartReader):
                raise Refused(Reason.MULTIPART_BROKEN, "a part of the body is multipart itself")
            yield Part(part, self._bounded, self._request.content, self._hold)

    async def _rest(self) -> None:
        """What is behind the last boundary: only at its end an encoded body shows that it is whole."""
        size = 0
        while piece := await self._request.content.readany():
            size += len(piece)
            if size > FREE_BYTES:
                raise Refused(Reason.MULTIPART_BROKEN, "too much stands behind the last boundary", limit=FREE_BYTES)

    async def _bounded(self, read: Callable[..., object], *arguments: object) -> object:
        """One read of the multipart body, within the silence allowed."""
        try:
            async with asyncio.timeout(self._settings.stages.read_body):
                return await read(*arguments)  # type: ignore[misc]
        except TimeoutError:
            seconds = self._settings.stages.read_body
            raise Refused(Reason.SLOW_BODY, f"the body paused longer than {seconds:g} s", limit=int(seconds)) from None
        except LineTooLong as error:
            most = self._settings.limits.header_line_bytes
            raise Refused(Reason.HEADERS_TOO_LARGE, "a header line of a part is over the limit", limit=most) from error
        except BROKEN as error:
            if isinstance(error, BadHttpMessage) and error.message.startswith("Too many headers"):
                detail = "a part has more header lines than the limit"
                raise Refused(Reason.HEADERS_TOO_LARGE, detail, limit=PART_HEADERS) from error
            raise Refused(Reason.MULTIPART_BROKEN, "the multipart body is broken or broke off") from error

    async def _ask_for(self, most: int) -> None:
        """Asks for the body of a client that waits to be asked (RFC 9110 section 10.1.1), if it is one we take."""
        if (self._request.content_length or 0) > most:
            raise Refused(Reason.BODY_TOO_LARGE, "the body is over the limit", limit=most)
        codings = self._request.headers.getall("Content-Encoding", ())
        if len(codings) > 1 or not CODINGS.issuperset(coding.strip().lower() for coding in codings):
            raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, "a body is sent as it is, or as gzip or deflate")
        if self._continued:
            return
        self._continued = True
        if self._request.headers.get("Expect", "").lower() == "100-continue":
            await self._request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            # The interim line is not part of the answer's size.
            self._request.writer.output_size = 0


class Part:
    """Implements the contract's `BodyPart`."""

    __slots__ = ("_bounded", "_content", "_hold", "_part", "_said", "filename", "name")

    def __init__(
        self, part: BodyPartReader, bounded: Callable[..., object], content: StreamReader, hold: Callable[[int], None]
    ) -> None:
        self._part, self._bounded, self._content, self._hold = part, bounded, content, hold
        self.name, self.filename = _named(part.headers.get("Content-Disposition"))
        encoding = part.headers.get("Content-Transfer-Encoding", "").strip().lower()
        if encoding not in _PLAIN or part.headers.get("Content-Encoding", "").strip().lower() not in _PLAIN:
            raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, "a part is sent as it is, without a transfer encoding")
        self._said = declared(part.headers.getall(FIELD, ()))

    @property
    def headers(self) -> Mapping[str, str]:
        return self._part.headers

    @property
    def media_type(self) -> str:
        declared = self._part.headers.get("Content-Type", "application/octet-stream")
        return declared.partition(";")[0].strip().lower()

    async def read(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        async for piece in self.chunks():
            size += len(piece)
            if size > limit:
                raise Refused(Reason.BODY_TOO_LARGE, "the message part is over the limit", limit=limit)
            if size > FREE_BYTES:
                self._hold(size)
            pieces.append(piece)
        data = b"".join(pieces)
        check(self._said, data)
        return data

    async def chunks(self) -> AsyncIterator[bytes]:
        """A SHA-512 is checked here, at the end; a SHA-256 by whoever spools the part, which hashes it anyway."""
        longer = hashlib.sha512() if _LONGER in self._said else None
        while True:
            piece = await self._bounded(self._part.read_chunk, CHUNK)  # type: ignore[misc]
            if not isinstance(piece, bytes | bytearray) or not piece:
                break
            if longer is not None:
                longer.update(piece)
            yield bytes(piece)
        # Behind a part that is whole its boundary lies unread; what broke off is said before it is measured.
        if self._content.at_eof():
            raise Refused(Reason.MULTIPART_BROKEN, "a part of the multipart body broke off")
        if longer is not None and longer.digest() != self._said[_LONGER]:
            raise mismatch(_LONGER)


def _named(disposition: str | None) -> tuple[str | None, str | None]:
    """The name and the file name that a part is given. aiohttp warns of what it cannot read, in the sender's words."""
    if not disposition:
        return None, None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            # A semicolon at the end is a slip that changes nothing.
            _, said = parse_content_disposition(disposition.rstrip("; \t"))
        except Warning:
            raise Refused(Reason.MULTIPART_BROKEN, "the Content-Disposition of a part cannot be read") from None
        return content_disposition_filename(said, "name"), content_disposition_filename(said, "filename")


def _charset(request: web.BaseRequest) -> str | None:
    try:
        return request.charset
    except (LookupError, ValueError):
        return "unknown"
