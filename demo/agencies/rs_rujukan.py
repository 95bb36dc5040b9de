"""A referral hospital whose system is called by SOAP 1.1, document/literal wrapped.

Enters: `ReferralDeliver` calls; small attachments inline as base64, large ones by URL. Leaves: the response, then a
download of each large attachment with the hospital's own key. Refuses (Client fault): what is no such call, an
attachment whose bytes have another digest, the same key with another referral.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import time
from dataclasses import dataclass, field

from aiohttp import ClientError, web
from lxml import etree

from demo.agencies.books import Books, OtherContent
from demo.agencies.caller import Caller
from demo.agencies.server import Server

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "urn:lintas:service:referral.deliver"
REFERRAL = "urn:lintas:schema:referral:1"
_TRIES, _PAUSE = 20, 0.5


@dataclass(frozen=True)
class Attachment:
    """One attachment as it arrived. `took` is the time of the download in seconds, None if it came inline."""

    name: str
    size: int
    sha256: str
    intact: bool
    took: float | None = None


@dataclass
class Referral:
    """One referral, and what has arrived of its attachments."""

    number: str
    delivery: str
    message: str
    due: int
    attachments: list[Attachment] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return len(self.attachments) == self.due and all(one.intact for one in self.attachments)


class CallRefused(Exception):
    """What stands in the Client fault."""


class ReferralHospital(Server):
    """Keeps referrals by their number."""

    def __init__(self, host: str, port: int, path: str, caller: Caller) -> None:
        super().__init__(caller.system, host, port)
        self._path, self._caller = path, caller
        self.books = Books()
        self.referrals: dict[str, Referral] = {}
        self._downloads: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        return [web.post(self._path, self._take), web.get(self._path, self._contract)]

    async def stop(self) -> None:
        await super().stop()
        for task in self._downloads:
            task.cancel()
        await asyncio.gather(*self._downloads, return_exceptions=True)

    async def _contract(self, request: web.Request) -> web.Response:
        """The contract is the gateway's own: this hospital was built from it."""
        answer = await self._caller.get("/soap/referral.deliver?wsdl")
        own = f"http://{self.host}:{self.port}{self._path}".encode()
        theirs = f"{self._caller.url}/soap/referral.deliver".encode()
        return web.Response(body=answer.body.replace(theirs, own), content_type="text/xml", status=answer.status)

    async def settled(self) -> None:
        """Returns when every download that was begun has ended."""
        await asyncio.gather(*self._downloads)

    async def _take(self, request: web.Request) -> web.Response:
        try:
            message = self._read(await request.read())
        except CallRefused as refused:
            fault = f"<faultcode>s:Client</faultcode><faultstring>{refused}</faultstring>"
            return _reply(f"<s:Fault>{fault}</s:Fault>", 500)
        said = f"<messageId>{message}</messageId><state>accepted</state>"
        return _reply(f'<ReferralDeliverResponse xmlns="{SERVICE}">{said}</ReferralDeliverResponse>')

    def _read(self, body: bytes) -> str:
        """Files a call; gives the id under which the hospital has it."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        try:
            root = etree.fromstring(body, parser)
        except etree.XMLSyntaxError:
            raise CallRefused("this is no XML") from None
        call = root.find(f"{{{SOAP}}}Body/{{{SERVICE}}}ReferralDeliver")
        if call is None or b"<!DOCTYPE" in body[:1024]:
            raise CallRefused("this is no ReferralDeliver call")
        delivery, message = _said(call, "envelope/idempotencyKey"), _said(call, "envelope/messageId")
        document = call.find(f"{{{SERVICE}}}document")
        number = None if document is None else document.findtext(f"{{{REFERRAL}}}referralNumber")
        if document is None or not number or not delivery:
            raise CallRefused("a key, a document and its number are due")
        # Digests name the attachments, so the document alone tells two referrals apart.
        digest = hashlib.sha256(etree.tostring(document, method="c14n")).hexdigest()
        parts = call.findall(f"{{{SERVICE}}}part")
        referral = Referral(number, delivery, message, len(parts))
        inline = [one for part in parts if (one := _inline(part)) is not None]
        if not all(one.intact for one in inline):
            raise CallRefused("an attachment has another digest than the call says")
        try:
            new = self.books.take(delivery, digest, number, message)
        except OtherContent:
            raise CallRefused("this key was used for another referral") from None
        if new:
            referral.attachments += inline
            self.referrals[number] = referral
            for part in parts:
                if _said(part, "href"):
                    self._fetch_later(referral, part)
        return message or delivery

    def _fetch_later(self, referral: Referral, part: etree._Element) -> None:
        wanted = (_said(part, "href"), _said(part, "name"), _said(part, "sha256"))
        task = asyncio.create_task(self._fetch(referral, *wanted))
        self._downloads.add(task)
        task.add_done_callback(self._downloads.discard)

    async def _fetch(self, referral: Referral, url: str, name: str, sha256: str) -> None:
        for _ in range(_TRIES):
            started, digest, size = time.monotonic(), hashlib.sha256(), 0
            try:
                headers = {"Authorization": f"Bearer {self._caller.key}"}
                async with self._caller.session.get(url, headers=headers) as reply:
                    async for chunk in reply.content.iter_chunked(1 << 18):
                        digest.update(chunk)
                        size += len(chunk)
                    status = reply.status
            except ClientError:
                status = 0
            if status == 200:
                found, took = digest.hexdigest(), time.monotonic() - started
                referral.attachments.append(Attachment(name, size, found, found == sha256, took))
                return
            await asyncio.sleep(_PAUSE)


def _said(element: etree._Element, path: str) -> str:
    return (element.findtext("/".join(f"{{{SERVICE}}}{step}" for step in path.split("/"))) or "").strip()


def _inline(part: etree._Element) -> Attachment | None:
    content = part.findtext(f"{{{SERVICE}}}content")
    if content is None:
        return None
    try:
        data = base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        raise CallRefused("an attachment is no base64") from None
    digest = hashlib.sha256(data).hexdigest()
    return Attachment(_said(part, "name"), len(data), digest, digest == _said(part, "sha256").lower())


def _reply(inside: str, status: int = 200) -> web.Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}"><s:Body>{inside}</s:Body></s:Envelope>'
    return web.Response(body=text.encode(), status=status, content_type="text/xml", charset="utf-8")
