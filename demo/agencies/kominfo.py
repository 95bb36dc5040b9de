"""An office that takes letters by REST, checks the file's digest, and registers each letter some time later.

Enters: multipart/form-data with `message` and `part-1`… (Content-Digest, RFC 9530). Leaves: 200 at once, and later an
`acknowledgement/1` with the registration number to the gateway. Refuses: a file whose bytes have another digest (422),
the same key with another letter (409).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from aiohttp import BodyPartReader, ClientError, web

from demo.agencies.books import Books, OtherContent
from demo.agencies.caller import Caller
from demo.agencies.server import Server, problem

WIB = timezone(timedelta(hours=7))
_TRIES, _PAUSE = 20, 0.5


@dataclass(frozen=True)
class Registered:
    """A letter in the register."""

    delivery: str
    message: str
    letter: str
    number: str


class LettersOffice(Server):
    """Holds the letters it received by their number. `after` is how long a registrar takes, in seconds."""

    def __init__(self, host: str, port: int, path: str, caller: Caller, *, after: float, run: str) -> None:
        super().__init__(caller.system, host, port)
        self._path, self._caller, self._after, self._run = path, caller, after, run
        self.books = Books()
        self.files: dict[str, bytes] = {}
        self.registered: list[Registered] = []
        self._desk: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        return [web.post(self._path, self._take)]

    async def stop(self) -> None:
        await super().stop()
        for task in self._desk:
            task.cancel()
        await asyncio.gather(*self._desk, return_exceptions=True)

    async def settled(self) -> None:
        """Returns when every letter that came so far is registered."""
        await asyncio.gather(*self._desk)

    async def _take(self, request: web.Request) -> web.Response:
        message: dict[str, Any] | None = None
        files: list[bytes] = []
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                return problem(400, "nested", "a part is no multipart itself")
            content = bytes(await part.read(decode=False))
            if part.name == "message":
                message = json.loads(content)
                continue
            digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
            if part.headers.get("Content-Digest") != f"sha-256=:{digest}:":
                return problem(422, "digest", "the file has another digest than its Content-Digest says")
            files.append(content)
        if message is None:
            return problem(400, "no_message", "the field `message` is due")
        return self._file(message, files, request.headers.get("Idempotency-Key", ""))

    def _file(self, message: dict[str, Any], files: list[bytes], key: str) -> web.Response:
        letter, envelope = message["document"], message["envelope"]
        digests = {hashlib.sha256(content).hexdigest() for content in files}
        if not key or letter["mainFile"]["sha256"] not in digests:
            return problem(422, "incomplete", "a key and the main file are due")
        number = letter["letterNumber"]
        try:
            new = self.books.take(key, letter["mainFile"]["sha256"], number, envelope["messageId"])
        except OtherContent:
            return problem(409, "conflict", "this key was used for another letter")
        if new:
            self.files[number] = files[0]
            # The number is drawn as the letter comes in: two that wait at the desk never share one.
            entry = Registered(
                key, envelope["messageId"], number, f"{len(self.books.entries):03}/REG/{self._run.upper()}"
            )
            task = asyncio.create_task(self._register(entry, envelope["sender"]))
            self._desk.add(task)
            task.add_done_callback(self._desk.discard)
        return web.json_response({"received": number})

    async def _register(self, entry: Registered, sender: str) -> None:
        await asyncio.sleep(self._after)
        now = datetime.now(WIB).isoformat(timespec="seconds")
        document = {
            "relatedToMessageId": entry.message,
            "deliveryId": entry.delivery,
            "status": "registered",
            "registrationNumber": entry.number,
            "registeredAt": now,
            "at": now,
        }
        envelope = {"service": "acknowledgement.deliver", "schema": "acknowledgement/1", "recipients": [sender]}
        submission = {"envelope": envelope, "document": document}
        for _ in range(_TRIES):
            # The gateway may still be writing down that we have the letter, or be restarting.
            with contextlib.suppress(ClientError):
                answer = await self._caller.submit(submission, key=f"reg-{entry.delivery}")
                if answer.status in (200, 202):
                    self.registered.append(entry)
                    return
            await asyncio.sleep(_PAUSE)
