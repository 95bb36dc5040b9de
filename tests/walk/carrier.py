"""A federation in which one message reaches every kind of recipient at once, and the office that sends and receives.

Enters: a folder, the channels of the recipients. Leaves: letters with files, sent in any way; what arrived of them.
Refuses: by an assertion, what was not taken, and what does not arrive.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from lxml import etree

from tests.e2e.process import Gateway, Place, until

SERVICE = "letter.deliver"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
NS = f"urn:lintas:service:{SERVICE}"
ANSWER = (
    f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><LetterDeliverResponse xmlns="{NS}"><messageId>m</messageId>'
    "<state>accepted</state></LetterDeliverResponse></s:Body></s:Envelope>"
)
INBOX = "drop/kirim/inbox"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def document(number: str, files: Sequence[bytes], media_type: str) -> dict[str, Any]:
    """A letter/1 whose first file is the letter itself and whose others are enclosed."""

    def reference(at: int) -> dict[str, Any]:
        return {"sha256": sha256(files[at]), "size": len(files[at]), "mediaType": media_type, "name": f"berkas-{at}"}

    value = {
        "letterNumber": number, "letterDate": "2026-11-20", "letterType": "undangan", "subject": "Rapat",
        "securityLevel": "B", "urgency": "biasa", "archiveClass": "000.1.2", "sender": {"name": "Kelurahan"},
        "recipients": [{"kind": "internal", "organisation": {"name": "Dinas"}}], "mainFile": reference(0),
    }  # fmt: skip
    enclosed = [{"file": reference(at)} for at in range(1, len(files))]
    return {**value, "attachments": enclosed} if enclosed else value


def submission(number: str, files: Sequence[bytes], media_type: str) -> dict[str, Any]:
    envelope = {"service": SERVICE, "schema": "letter/1"}
    return {"envelope": envelope, "document": document(number, files, media_type)}


class Office:
    """The systems that are called: whatever they are sent lies in `calls`, by way and letter number."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], Any] = {}
        self.url = ""

    async def open(self) -> None:
        application = web.Application(client_max_size=2**30)
        application.router.add_post("/rest/{way}", self._rest)
        application.router.add_post("/soap/{way}", self._soap)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _rest(self, request: web.Request) -> web.Response:
        if request.content_type == "application/json":
            message, files = await request.json(), []
        else:
            # Taken apart by hand: aiohttp's reader is also the gateway's, and would not see its own mistakes.
            message, files = _form(await request.read(), request.content_type, request.headers["Content-Type"])
        self.calls[request.match_info["way"], message["document"]["letterNumber"]] = (message, files)
        return web.json_response({})

    async def _soap(self, request: web.Request) -> web.Response:
        root = etree.fromstring(await request.read(), etree.XMLParser(huge_tree=True, resolve_entities=False))
        number = root.findtext(".//{urn:lintas:schema:letter:1}letterNumber")
        parts = [{etree.QName(one).localname: one.text or "" for one in part} for part in root.iter(f"{{{NS}}}part")]
        self.calls[request.match_info["way"], str(number)] = parts
        return web.Response(text=ANSWER, content_type="text/xml")


def _form(body: bytes, kind: str, header: str) -> tuple[Any, list[bytes]]:
    assert kind == "multipart/form-data", header
    border = b"\r\n--" + header.partition("boundary=")[2].encode()
    first, *pieces, end = (b"\r\n" + body).split(border)
    assert (first, end) == (b"", b"--\r\n")
    contents = [piece.partition(b"\r\n\r\n")[2] for piece in pieces]
    return json.loads(contents[0]), contents[1:]


_COUNT = itertools.count(1)
"""Over all worlds, since an office outlives a gateway."""


class World:
    """One running gateway with its office."""

    def __init__(self, gateway: Gateway, office: Office) -> None:
        self.gateway, self.office = gateway, office
        self._count = _COUNT

    @property
    def place(self) -> Place:
        return self.gateway.place

    def number(self) -> str:
        return f"005/{next(self._count)}"

    async def arrived(self, way: str, number: str) -> Any:
        """What a called system was sent of a letter."""
        await until(lambda: (way, number) in self.office.calls, f"{number} at {way}")
        return self.office.calls[way, number]

    async def fetched(self, href: str, who: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """A part by its URL, with the recipient's own key."""
        sent = {**self.place.auth(who), **(headers or {})}
        async with self.gateway.http.get(href, headers=sent) as answer:
            return answer.status, await answer.read()

    async def waiting(self, who: str, number: str) -> Any:
        """What an inbox shows of a letter; then it is acknowledged, so that the inbox stays short."""

        async def there() -> Any:
            told = await self.gateway.told("/api/v1/inbox", who)
            return next((one for one in told["deliveries"] if one["document"]["letterNumber"] == number), None)

        return await until(there, f"{number} in the inbox of {who}")

    async def taken(self, who: str, delivery: str) -> None:
        body = {"outcome": "delivered"}
        status, told = await self.gateway.call("POST", f"/api/v1/inbox/{delivery}/ack", who, json=body)
        assert status == 200, told

    def drop(self, name: str, data: bytes) -> Path:
        """Renames a file into the sender's inbox."""
        inbox = self.place.state / INBOX
        draft = inbox / f".{name}"
        draft.write_bytes(data)
        return draft.rename(inbox / name)


def place(root: Path, channels: Mapping[str, Any]) -> Place:
    """`channels` of the recipients by their names; `kirim` sends, by its key and from its folder."""
    source = {
        "name": "inbox",
        "adapter": "filedrop",
        "config": {
            "inbox": INBOX, "ready": {"mode": "rename", "min_age": "0s"}, "formats": ["pdf", "json"],
            "document": "letter/1", "service": SERVICE,
        },
    }  # fmt: skip
    systems = {
        "kirim": {"may_use": [SERVICE], "sources": [source]},
        **{name: {"channel": channel} for name, channel in channels.items()},
    }
    route = {"service": SERVICE, "to": [f"uji/{name}" for name in channels]}
    limits = {"body_bytes": 8 << 20, "part_bytes": 64 << 20}
    return Place(root, systems, [route], {"limits": limits})


def inline(files: Sequence[bytes], media_type: str) -> list[dict[str, str]]:
    return [{"mediaType": media_type, "content": base64.b64encode(one).decode()} for one in files]
