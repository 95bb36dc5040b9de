"""A recipient that is called by SOAP: a generated service of another gateway, or a system with the same contract.

Enters: outbound documents, queries and receipts. Leaves: one call each, with the delivery's id as idempotency key;
parts inline up to a limit, above it by their URL; nothing of a part is held. Refuses: by the recipient's fault (see
`faults`) or status; a redirect or a rejected key needs an operator. An answer that cannot be read leaves a
delivery ambiguous.
"""

from __future__ import annotations

import asyncio
import base64
import math
from urllib.parse import quote

from lxml import etree

from adapters.soap.charset import charset_of
from adapters.soap.codec import RECEIPTS, SoapCodec
from adapters.soap.config import SinkConfig
from adapters.soap.envelope import VERSIONS
from adapters.soap.faults import find_fault, judge_fault
from adapters.soap.names import words_of
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
from gateway.contract.judgement import retry_after

CHECK_SECONDS = 5.0
_NUMBER = 200
_XML = ("text/xml", "application/soap+xml", "application/xml")


class SoapSink(Sink):
    """One recipient. Its key is read when it is opened and never shown."""

    codec: SoapCodec

    def __init__(self, config: SinkConfig, host: Host) -> None:
        self._config, self._host = config, host
        self._key: str | None = None
        self._version = next(version for version in VERSIONS if version.name == config.version)
        self.capability = config.recipient
        self.codec = SoapCodec(host.limits, self._version, config.inline_limit)

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
        # Of an address with the name of the service in it, what stands before it must answer, with whatever.
        before, every, _ = self._config.url.partition("{service}")
        url = before if every else f"{self._config.url}?wsdl"
        try:
            reply = await self._send("GET", url, CHECK_SECONDS)
        except (TryLater, Ambiguous, Refused):
            return ["its url does not answer; see whether the recipient's system runs"]
        if every:
            return []
        if reply.status != 200:
            return [f"its url answers {reply.status} for ?wsdl; see whether it is the address of its service"]
        return await asyncio.to_thread(_misfits, reply.body, url)

    async def deliver(self, outbound: Outbound, attempt: Attempt) -> Delivered:
        if outbound.kind == "receipt":
            url = self._config.receipts_url or self._config.url_for(RECEIPTS)
            native = self.codec.receipt(outbound, self._host.clock.now())
        else:
            url = self._config.url_for(outbound.service)
            native = self.codec.from_document(outbound)
        reply = await self._send("POST", url, attempt.deadline, outbound, native)
        return Delivered(reply.body, self._taken(reply, RECEIPTS if outbound.kind == "receipt" else outbound.service))

    async def reconcile(self, outbound: Outbound, attempt: Attempt) -> Delivered | None:
        if self._config.reconcile_url is None:
            raise NeedsOperator("this recipient has no reconcile_url to ask")
        url = f"{self._config.reconcile_url.rstrip('/')}/{quote(outbound.delivery_id, safe='')}"
        reply = await self._send("GET", url, attempt.deadline, outbound)
        if reply.status == 404:
            return None
        try:
            self._host.http.judge(reply, asking=True)
        except Refused as error:
            raise Ambiguous(Reason.RECIPIENT_UNSURE, f"asked about the delivery, {error.detail}") from None
        return Delivered(reply.body)

    async def ask(self, outbound: Outbound, deadline: float) -> Native:
        native = self.codec.from_document(outbound)
        more = {"Prefer": f"wait={max(1, math.floor(deadline))}"}
        reply = await self._send("POST", self._config.url_for(outbound.service), deadline, outbound, native, more)
        # An answer is read once, by the codec; only what may be a fault is looked into here.
        if reply.status != 200 or b"Fault" in reply.body:
            self._find_fault(reply, asking=True)
            self._host.http.judge(reply, asking=True)
        return Native((reply.body,), _content_type(reply))

    def _taken(self, reply: HttpReply, service: str) -> str | None:
        """The recipient's number, if it gave one. Raises unless the answer says that the delivery was taken."""
        wrapper = self._find_fault(reply)
        self._host.http.judge(reply)
        words = words_of(service)
        if wrapper is None or wrapper.tag != words.response:
            raise Ambiguous(Reason.RECIPIENT_ANSWER_INVALID, "the answer is not the one that the contract names")
        number = wrapper.findtext(words.tag("registrationNumber"))
        return number if number and len(number) <= _NUMBER and number.isprintable() else None

    def _find_fault(self, reply: HttpReply, *, asking: bool = False) -> etree._Element | None:
        """The element in the answer's body; None if it is no SOAP message. Raises what a fault means."""
        if reply.media_type.partition(";")[0].strip().lower() not in _XML:
            return None
        try:
            opened = self.codec.open_answer(reply.body, charset_of(_content_type(reply)))
        except Refused:
            return None
        fault = find_fault(opened.wrapper)
        if fault is not None:
            judge_fault(fault, reply.body, asking=asking, retry_after=retry_after(reply.headers.get("Retry-After")))
        return opened.wrapper

    async def _send(
        self,
        method: str,
        url: str,
        deadline: float,
        outbound: Outbound | None = None,
        native: Native | None = None,
        more: dict[str, str] | None = None,
    ) -> HttpReply:
        headers = {"Accept": "text/xml, application/soap+xml", **(more or {})}
        if outbound is not None and outbound.trace is not None:
            headers["traceparent"] = outbound.trace
        if self._config.key is not None:
            if not self._key:
                raise NeedsOperator(f"the key {self._config.key.reference} is not there")
            headers["Authorization"] = _authorization(self._config.auth, self._key)
        return await self._host.http.send(
            method,
            url,
            native=native,
            headers=headers,
            timeout=min(deadline, self._config.timeout),
            limit=self._host.limits.answer_bytes,
            message_id=outbound.message_id if outbound is not None else None,
        )


def _misfits(wsdl: bytes, url: str) -> list[str]:
    # zeep costs a quarter of a second to import; only a check ever needs it.
    from adapters.soap.contract import misfits

    return misfits(wsdl, url)


def _content_type(reply: HttpReply) -> str:
    return reply.headers.get("Content-Type") or reply.media_type


def _authorization(scheme: str, key: str) -> str:
    if scheme == "bearer":
        return f"Bearer {key}"
    return "Basic " + base64.b64encode(f"lintas:{key}".encode()).decode()
