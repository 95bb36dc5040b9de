"""Our calls to others: one pool, TLS always checked, every answer within its limit.

Enters: a method, a URL, a native body. Leaves: `HttpReply`. Refuses: redirects (a status like any other), cookies,
proxies from the environment. Raises `TryLater` when nothing was sent, `Ambiguous` once bytes may have left.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path

import aiohttp

from gateway.contract.errors import Ambiguous, NeedsOperator, TryLater
from gateway.contract.exchange import Native, PartRef
from gateway.contract.host import HttpReply, PartReader
from gateway.contract.judgement import judge
from gateway.contract.reasons import Reason
from gateway.deadline import Deadlines

CONNECT_SECONDS = 10.0
_TURNS = 10
_BASE64_STEP = 3 * 64 * 1024


class OutgoingHttp:
    """Implements the contract's `HttpClient`."""

    def __init__(self, parts: PartReader, *, answer_bytes: int, per_host: int, ca_file: Path | None = None) -> None:
        self._parts, self._answer_bytes, self._per_host = parts, answer_bytes, per_host
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None
        self._deadlines = Deadlines()

    async def open(self) -> None:
        trusted = ssl.create_default_context()
        if self._ca_file is not None:
            trusted.load_verify_locations(self._ca_file)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=self._per_host, ssl=trusted),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            skip_auto_headers=("User-Agent",),
            auto_decompress=True,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(
        self,
        method: str,
        url: str,
        *,
        native: Native | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float,  # noqa: ASYNC109 - the contract's own word; it covers the whole call
        limit: int | None = None,
        message_id: str | None = None,
        cut: bool = False,
    ) -> HttpReply:
        if self._session is None:
            raise TryLater(Reason.STOPPING, "the gateway is not open")
        sent = dict(headers or {})
        data: bytes | AsyncIterator[bytes] | None = None
        if native is not None:
            sent |= native.headers
            sent["Content-Type"] = native.media_type
            data = self._body(native, message_id, sent)
        try:
            with self._deadlines.within(timeout):
                async with self._session.request(method, url, data=data, headers=sent, allow_redirects=False) as answer:
                    most = limit or self._answer_bytes
                    body = await self._read(answer, most)
                    # Half an answer says nothing of what was asked; that a document was taken the status says alone.
                    if body is None and not (cut and 200 <= answer.status < 300):
                        raise Ambiguous(Reason.RECIPIENT_ANSWER_INVALID, f"the answer is over {most} bytes")
                    return HttpReply(answer.status, answer.headers, body or b"", answer.content_type, body is None)
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError) as error:
            why = (
                "its certificate is not trusted"
                if isinstance(error, aiohttp.ClientConnectorCertificateError)
                else "TLS failed"
            )
            raise TryLater(Reason.RECIPIENT_DOWN, f"no connection: {why}") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise TryLater(Reason.RECIPIENT_DOWN, f"no connection: {type(error).__name__}") from error
        except TimeoutError as error:
            raise Ambiguous(Reason.TIMED_OUT, "no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, NeedsOperator):
                # A part could not be read: the recipient got half a body, which is none.
                raise error.__cause__ from None
            raise Ambiguous(Reason.RECIPIENT_DOWN, f"the connection broke: {type(error).__name__}") from error
        finally:
            if isinstance(data, AsyncGenerator):
                await _close(data)

    def judge(self, reply: HttpReply, *, asking: bool = False) -> None:
        judge(reply, asking=asking)

    def _body(self, native: Native, message_id: str | None, headers: dict[str, str]) -> bytes | AsyncIterator[bytes]:
        if not native.streams():
            return native.whole()
        headers["Content-Length"] = str(sum(_length(piece) for piece in native.body))
        return self._pieces(native, message_id or "")

    async def _pieces(self, native: Native, message_id: str) -> AsyncIterator[bytes]:
        for piece in native.body:
            if isinstance(piece, bytes):
                yield piece
            elif piece.encoding == "raw":
                async with aclosing(self._parts.read(message_id, piece.part)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            else:
                async with aclosing(self._parts.read(message_id, piece.part)) as chunks:
                    async for chunk in _base64(chunks):
                        yield chunk

    async def _read(self, answer: aiohttp.ClientResponse, limit: int) -> bytes | None:
        """None: it is over the limit, and the rest is not waited for."""
        content, pieces, size = answer.content, list[bytes](), 0
        while chunk := await content.readany():
            size += len(chunk)
            if size > limit:
                return None
            pieces.append(chunk)
            if content.at_eof():
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _close(body: AsyncGenerator[bytes, None]) -> None:
    """Closes a body of which not everything was sent: its part's file would wait for the collector."""
    for _ in range(_TURNS):
        try:
            await body.aclose()
        except RuntimeError:
            # Whoever was sending it is being cancelled at this moment.
            await asyncio.sleep(0)
        else:
            return


def _length(piece: bytes | PartRef) -> int:
    if isinstance(piece, bytes):
        return len(piece)
    size = piece.part.size
    return size if piece.encoding == "raw" else (size + 2) // 3 * 4


async def _base64(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Base64 of a stream, without line breaks, in pieces whose length is a multiple of three bytes."""
    rest = b""
    async for chunk in chunks:
        rest += chunk
        whole = len(rest) // 3 * 3
        for at in range(0, whole, _BASE64_STEP):
            yield base64.b64encode(rest[at : min(at + _BASE64_STEP, whole)])
        rest = rest[whole:]
    if rest:
        yield base64.b64encode(rest)
