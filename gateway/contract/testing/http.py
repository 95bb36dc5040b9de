"""A scripted HTTP client: what was sent is kept, what comes back was written by the test.

Enters: rules `(method, start of URL) -> reply, exception or function`. Leaves: `HttpReply`, and `sent`.
Refuses: a call no rule fits (`AssertionError`), an answer over its limit, a body that names a strange part.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from gateway.contract.errors import Ambiguous
from gateway.contract.exchange import Native, PartRef
from gateway.contract.host import HttpReply, PartReader
from gateway.contract.judgement import judge
from gateway.contract.reasons import Reason
from gateway.contract.testing.headers import Headers

KEPT = 1024 * 1024


@dataclass(frozen=True)
class Sent:
    """One call that left. `body` is its first MiB; `size` and `sha256` are of all; `peak` is the largest piece."""

    method: str
    url: str
    headers: Headers
    body: bytes
    size: int
    sha256: str
    peak: int
    timeout: float
    media_type: str
    message_id: str | None


Answer = HttpReply | Exception | Callable[[Sent], HttpReply]


class FakeHttp:
    """Rules are tried in order; a rule made with `once=True` is used up."""

    def __init__(self, parts: PartReader) -> None:
        self._parts = parts
        self._rules: list[tuple[str, str, Answer, bool]] = []
        self.sent: list[Sent] = []

    def on(self, method: str, url: str, answer: Answer, *, once: bool = False) -> None:
        self._rules.append((method, url, answer, once))

    def on_json(self, method: str, url: str, status: int = 200, body: bytes = b"{}",
                headers: Mapping[str, str] | None = None, *, once: bool = False) -> None:  # fmt: skip
        reply = HttpReply(status, Headers(headers), body, "application/json")
        self.on(method, url, reply, once=once)

    def forget(self) -> None:
        self._rules.clear()

    async def send(
        self,
        method: str,
        url: str,
        *,
        native: Native | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float,  # noqa: ASYNC109
        limit: int | None = None,
        message_id: str | None = None,
        cut: bool = False,
    ) -> HttpReply:
        body, size, digest, peak = bytearray(), 0, hashlib.sha256(), 0
        async for piece in self._stream(native, message_id):
            size, peak = size + len(piece), max(peak, len(piece))
            digest.update(piece)
            body += piece[: max(0, KEPT - len(body))]
        fields = Headers({**(native.headers if native else {}), **(headers or {})})
        media_type = native.media_type if native else ""
        sent = Sent(method, url, fields, bytes(body), size, digest.hexdigest(), peak, timeout, media_type, message_id)
        self.sent.append(sent)
        reply = self._answer(sent)
        if limit is not None and len(reply.body) > limit:
            if not (cut and 200 <= reply.status < 300):
                raise Ambiguous(Reason.RECIPIENT_ANSWER_INVALID, f"the answer is over {limit} bytes")
            return HttpReply(reply.status, reply.headers, b"", reply.media_type, cut=True)
        return reply

    def judge(self, reply: HttpReply, *, asking: bool = False) -> None:
        judge(reply, asking=asking)

    async def _stream(self, native: Native | None, message_id: str | None) -> AsyncIterator[bytes]:
        for piece in native.body if native else ():
            if isinstance(piece, PartRef):
                async for chunk in self._part(piece, message_id or ""):
                    yield chunk
            else:
                yield piece

    async def _part(self, ref: PartRef, message_id: str) -> AsyncIterator[bytes]:
        rest = b""
        async for chunk in self._parts.read(message_id, ref.part):
            if ref.encoding == "raw":
                yield chunk
                continue
            rest += chunk
            whole = len(rest) - len(rest) % 3
            yield base64.b64encode(rest[:whole])
            rest = rest[whole:]
        if rest:
            yield base64.b64encode(rest)

    def _answer(self, sent: Sent) -> HttpReply:
        for index, (method, url, answer, once) in enumerate(self._rules):
            if method != sent.method or not sent.url.startswith(url):
                continue
            if once:
                del self._rules[index]
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, HttpReply) else answer(sent)
        raise AssertionError(f"no rule for {sent.method} {sent.url}")
