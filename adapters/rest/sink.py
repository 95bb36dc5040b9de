"""A recipient that is called by REST.

Enters: outbound documents, queries and receipts. Leaves: one POST each, with the delivery's id as Idempotency-Key.
Refuses: by status (see `gateway.contract.judgement`).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote

from adapters.rest.codec import RestCodec, read_json
from adapters.rest.config import SinkConfig
from gateway.contract import (
    Ambiguous,
    Attempt,
    Delivered,
    Host,
    HttpReply,
    Native,
    NeedsOperator,
    Outbound,
    Reason,
    Refused,
    Sink,
    TryLater,
)
from gateway.contract.judgement import KEY_REFUSED, retry_after
from schemas.strict_json import JsonLimits

CHECK_SECONDS = 5.0
_NUMBER = 255


class RestSink(Sink):
    """One recipient. Its key is read when it is opened and never shown."""

    def __init__(self, config: SinkConfig, host: Host) -> None:
        self._config, self._host = config, host
        self._key: str | None = None
        self.capability = config.recipient
        self.codec = RestCodec(host.limits, config.parts)
        self._json = JsonLimits(host.limits.answer_bytes, host.limits.nesting)

    async def open(self) -> None:
        if self._config.key is not None:
            try:
                self._key = self._host.secrets.get(self._config.key.reference).strip()
            except NeedsOperator:
                # The gateway starts without it: only deliveries to this recipient wait for an operator.
                self._key = None

    async def check(self) -> list[str]:
        if self._config.key is not None and not self._key:
            return [f"the key {self._config.key.reference} is not there; put the recipient's API key in it"]
        try:
            reply = await self._send("OPTIONS", self._config.url, CHECK_SECONDS)
        except (TryLater, Ambiguous, Refused):
            return ["its url does not answer; see whether the recipient's system runs"]
        except NeedsOperator as error:
            return [error.detail]
        if reply.status in KEY_REFUSED:
            return ["the recipient does not accept our key; ask it for a new one"]
        return []

    async def deliver(self, outbound: Outbound, attempt: Attempt) -> Delivered:
        url = self._config.url
        if outbound.kind == "receipt" and self._config.receipts_url is not None:
            url = self._config.receipts_url
        native = self.codec.from_document(outbound)
        reply = await self._send("POST", url, attempt.deadline, outbound, native, cut=True)
        self._judge(reply)
        if reply.cut:
            # It has it; only what it said of it is lost.
            most = self._host.limits.answer_bytes
            return Delivered(f"HTTP {reply.status}; the body was over {most} bytes and was cut off".encode())
        return Delivered(reply.body, self._registration(reply))

    async def reconcile(self, outbound: Outbound, attempt: Attempt) -> Delivered | None:
        if self._config.reconcile_url is None:
            raise NeedsOperator("this recipient has no reconcile_url to ask")
        url = f"{self._config.reconcile_url.rstrip('/')}/{quote(outbound.delivery_id, safe='')}"
        reply = await self._send("GET", url, attempt.deadline, outbound)
        if reply.status == 404:
            return None
        try:
            self._judge(reply, asking=True)
        except Refused as error:
            raise Ambiguous(Reason.RECIPIENT_UNSURE, f"asked about the delivery, {error.detail}") from None
        return Delivered(reply.body, self._registration(reply))

    async def ask(self, outbound: Outbound, deadline: float) -> Native:
        native = self.codec.from_document(outbound)
        more = {"Prefer": f"wait={max(1, math.floor(deadline))}"}
        reply = await self._send("POST", self._config.url, deadline, outbound, native, more)
        self._judge(reply, asking=True)
        return Native((reply.body,), reply.media_type)

    def _send(
        self,
        method: str,
        url: str,
        deadline: float,
        outbound: Outbound | None = None,
        native: Native | None = None,
        more: dict[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> Awaitable[HttpReply]:
        headers = {"Accept": "application/json, application/problem+json", **(more or {})}
        if outbound is not None and outbound.trace is not None:
            headers["traceparent"] = outbound.trace
        if self._config.key is not None:
            if not self._key:
                raise NeedsOperator(f"the key {self._config.key.reference} is not there")
            headers["Authorization"] = f"Bearer {self._key}"
        if native is not None and outbound is not None:
            headers["Idempotency-Key"] = outbound.delivery_id
        return self._host.http.send(
            method,
            url,
            native=native,
            headers=headers,
            timeout=min(deadline, self._config.timeout),
            limit=self._host.limits.answer_bytes,
            message_id=outbound.message_id if outbound is not None else None,
            cut=cut,
        )

    def _judge(self, reply: HttpReply, *, asking: bool = False) -> None:
        if reply.status == 409 and self._object(reply).get("code") == Reason.IN_PROGRESS.value:
            after = retry_after(reply.headers.get("Retry-After"))
            raise TryLater(Reason.RECIPIENT_DOWN, "the recipient is still at work on this delivery", after=after)
        self._host.http.judge(reply, asking=asking)

    def _registration(self, reply: HttpReply) -> str | None:
        """The recipient's number, if its answer is JSON that has one; any other answer of 2xx is a delivery, too."""
        number = self._object(reply).get("registrationNumber")
        return number if isinstance(number, str) and 0 < len(number) <= _NUMBER and number.isprintable() else None

    def _object(self, reply: HttpReply) -> dict[str, Any]:
        if not reply.body:
            return {}
        try:
            return read_json(reply.body, self._json)
        except Refused:
            return {}
