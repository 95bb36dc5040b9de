"""The gateway's own HTTP interface, called from a command.

Enters: address, key, calls. Leaves: decoded JSON. Refuses: redirects (the key would follow them), answers beyond
`MAX_ANSWER`, and everything that is not an answer of the gateway; each as a `Failure` that says what to do. No
exception of aiohttp leaves this module.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

import aiohttp

from gateway.commands.exits import FAILED, NOT_AUTHORISED, UNREACHABLE, USAGE, Failure

MAX_ANSWER = 64 * 1024**2
"""Bytes of one answer."""
_CONNECT = 10.0


class Client:
    """One session with one gateway; `timeout` is seconds of silence, not of the whole call.

    Without a key only what is public can be asked for."""

    def __init__(self, url: str, key: str | None, whose: str, timeout: float) -> None:
        host = urlsplit(url).hostname if "://" in url else None
        if not host or not url.startswith(("http://", "https://")):
            raise Failure(USAGE, "bad_url", "the address is no http or https URL", "write --url http://host:port")
        self.url, self._key, self._whose, self._timeout = url, key, whose, timeout
        self.exposed = url.startswith("http://") and host not in ("localhost", "::1") and not host.startswith("127.")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Client:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=self._timeout)
        headers = {"Accept": "application/json, application/problem+json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        self._session = aiohttp.ClientSession(timeout=timeout, headers=headers, auto_decompress=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        return await self._call("GET", path, params=params)

    async def save(self, path: str, out: IO[bytes], body: bytes | None = None) -> int:
        """GET, or POST of lines of text, as a stream into an open file; gives its size in bytes."""
        sent: dict[str, Any] = {} if body is None else {"data": body, "headers": {"Content-Type": "text/plain"}}
        method = "GET" if body is None else "POST"
        size: int = await self._guarded(method, path, lambda response: self._into(response, out), **sent)
        return size

    async def _into(self, response: aiohttp.ClientResponse, out: IO[bytes]) -> int:
        if response.status != 200:
            self._judged(response.status, await _body(response))
            raise Failure(FAILED, "not_a_gateway", "the answer is not a gateway's", "check --url")
        async for chunk in response.content.iter_any():
            out.write(chunk)
        return out.tell()

    async def post(
        self,
        path: str,
        *,
        body: Any = None,
        form: aiohttp.MultipartWriter | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """POST JSON, or a form that streams; nothing if neither."""
        if form is not None:
            return await self._call("POST", path, data=form, headers=headers)
        if body is None:
            return await self._call("POST", path, headers=headers)
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return await self._call(
            "POST", path, data=data, headers={**(headers or {}), "Content-Type": "application/json"}
        )

    async def bytes_of(self, path: str) -> bytes:
        """A file, whole. A refusal is told as always."""

        async def taken(response: aiohttp.ClientResponse) -> bytes:
            data = await _body(response)
            return data if response.status == 200 else self._told(response.status, data)

        found: bytes = await self._guarded("GET", path, taken)
        return found

    def _told(self, status: int, data: bytes) -> bytes:
        self._judged(status, data)
        advice = "check that --url is the address of a gateway, without a path"
        raise Failure(FAILED, "not_a_gateway", f"the answer (HTTP {status}) is not a gateway's", advice)

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        async def judged(response: aiohttp.ClientResponse) -> dict[str, Any]:
            return self._judged(response.status, await _body(response))

        told: dict[str, Any] = await self._guarded(method, path, judged, **options)
        return told

    async def _guarded(
        self, method: str, path: str, take: Callable[[aiohttp.ClientResponse], Awaitable[Any]], **options: Any
    ) -> Any:
        if self._session is None:
            raise RuntimeError("the client is not open")
        try:
            async with self._session.request(method, f"{self.url}{path}", allow_redirects=False, **options) as response:
                return await take(response)
        except aiohttp.ClientConnectorError as error:
            told = error.os_error.strerror or type(error).__name__
            advice = "start it with `lintas run`, or name another with --url"
            raise Failure(UNREACHABLE, "unreachable", f"no gateway answers at {self.url} ({told})", advice) from None
        except aiohttp.InvalidURL:
            raise Failure(USAGE, "bad_url", "the address is no URL", "write --url http://host:port") from None
        except TimeoutError:
            detail = f"{self.url} was silent for {self._timeout:g} s"
            raise Failure(UNREACHABLE, "timed_out", detail, "try again, or give more time with --timeout") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            detail = f"the connection with {self.url} broke ({type(error).__name__})"
            raise Failure(UNREACHABLE, "connection_broken", detail, "look at the gateway's own log") from None

    def _judged(self, status: int, data: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(data) if data else {}
        except (ValueError, RecursionError):
            answer = None
        if 200 <= status < 300 and isinstance(answer, dict):
            return answer
        if status < 400 or not isinstance(answer, dict):
            advice = "check that --url is the address of a gateway, without a path"
            raise Failure(FAILED, "not_a_gateway", f"the answer (HTTP {status}) is not a gateway's", advice)
        failure = _refusal(status, answer)
        if failure.exit_code == NOT_AUTHORISED:
            failure.advice = f"show the key of {self._whose} with --key-file. {failure.advice}".strip()
        raise failure


async def _body(response: aiohttp.ClientResponse) -> bytes:
    gathered = bytearray()
    async for chunk in response.content.iter_any():
        gathered += chunk
        if len(gathered) > MAX_ANSWER:
            raise Failure(FAILED, "answer_too_large", f"the answer exceeds {MAX_ANSWER} bytes", "ask for less at once")
    return bytes(gathered)


def _refusal(status: int, problem: Mapping[str, Any]) -> Failure:
    """RFC 9457 as a failure."""
    errors = problem.get("errors")
    more = {name: problem[name] for name in ("title", "stage", "limit", "status") if name in problem}
    detail = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
    if "limit" in problem:
        detail += f" (limit: {problem['limit']})"
    return Failure(
        NOT_AUTHORISED if status in (401, 403) else FAILED,
        str(problem.get("code") or f"http_{status}"),
        detail,
        str(problem.get("advice") or ""),
        message_id=str(problem["messageId"]) if problem.get("messageId") else None,
        errors=[one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else (),
        more=more,
    )
