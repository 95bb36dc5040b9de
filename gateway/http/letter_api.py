"""Letters by their codes, for the agency that issued them, and for operators.

Enters: authenticated requests with a code. Leaves: JSON; the signed PDF, byte for byte. Refuses: letters of other
agencies, as 404; the file and changes to who has no right; to change what is not in force (`letter_ended`). Every look
and every change by a person is an event; a person does not see what a letter says of people, nor what its class keeps
from the public page.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from aiohttp import web

from gateway.audit.events import timestamp
from gateway.contract.errors import NeedsOperator, Refused
from gateway.contract.exchange import Caller
from gateway.contract.http import Reply
from gateway.contract.reasons import Reason
from gateway.http.api import line, object_of, told
from gateway.http.pieces import send
from gateway.http.server import Server
from gateway.identity import Person, Principal
from gateway.letters.code import grouped
from gateway.letters.letter import Ending, Letter
from gateway.letters.registry import LetterEnded, Registry
from gateway.looks import Looks
from gateway.settings import Settings
from gateway.store.parts import PartError
from gateway.store.sealing import SealBroken
from gateway.vault import Erased

BASE = "/api/v1/letters/{code}"
Match = Mapping[str, str]


class LetterApi:
    """Handlers; `mount` puts them on a server."""

    def __init__(
        self,
        *,
        registry: Registry,
        looks: Looks,
        settings: Settings,
        public_url: Callable[[], str],
        send_code: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._registry, self._looks, self._settings, self._public_url = registry, looks, settings, public_url
        self._send_code = send_code

    def mount(self, server: Server) -> None:
        self._server = server
        server.add("GET", BASE, self.show)
        server.add("GET", f"{BASE}/file", self.file)
        server.add("POST", f"{BASE}/withdraw", self.withdraw)
        server.add("POST", f"{BASE}/replace", self.replace)
        server.add("POST", "/api/v1/signers/{signer}/code", self.code)

    async def show(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        letter = await self._letter(match["code"], who)
        if isinstance(who, Person):
            await self._looks.looked(who, letter.question)
        return told(await self._value(letter, who))

    async def file(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply | web.StreamResponse:
        """The signed PDF, for the systems of its agency alone."""
        if not isinstance(who, Caller):
            raise Refused(Reason.NO_RIGHT, "a letter's file belongs to its agency; this key belongs to a person")
        letter = await self._letter(match["code"], who)
        if letter.facts is None:
            raise Refused(Reason.ERASED)
        if letter.file is None:
            raise Refused(Reason.NOT_FOUND, "this code was reserved and never put in force: there is no file")
        digest = base64.b64encode(bytes.fromhex(letter.file.sha256)).decode()
        answer = web.StreamResponse(
            headers={
                "Content-Type": "application/pdf",
                "Content-Disposition": f'attachment; filename="{letter.facts.code}.pdf"',
                "Cache-Control": "private, no-store",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "Repr-Digest": f"sha-256=:{digest}:",
                "ETag": f'"{letter.file.sha256}"',
            }
        )
        answer.content_length = letter.file.size
        self._server.downloads.take(who.agency)
        try:
            await self._send(request, answer, letter)
        finally:
            self._server.downloads.give_back(who.agency)
        return answer

    async def _send(self, request: web.BaseRequest, answer: web.StreamResponse, letter: Letter) -> None:
        try:
            async with aclosing(self._registry.read(letter)) as pieces:
                async for piece in pieces:
                    if not answer.prepared:
                        await answer.prepare(request)
                    if request.method == "HEAD":
                        break
                    await send(request, answer, piece, self._settings.stages.send)
        except (Erased, SealBroken, PartError) as error:
            raise NeedsOperator(f"a letter's file cannot be read: {type(error).__name__}") from error
        await answer.write_eof()

    async def withdraw(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        letter = await self._letter(match["code"], who, change=True)
        reason = line(await self._body(request, match, who, "reason"), "reason", 500)
        if reason is None:
            raise Refused(Reason.BAD_REQUEST, 'send {"reason": "why it is withdrawn"}')
        return await self._end(letter, Ending(reason=reason), who)

    async def replace(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        letter = await self._letter(match["code"], who, change=True)
        code = line(await self._body(request, match, who, "by"), "by", 64)
        if code is None:
            raise Refused(Reason.BAD_REQUEST, 'send {"by": "the code of the letter that replaces it"}')
        by = await self._registry.find(code)
        if by is None or by.facts is None or by.agency != letter.agency:
            raise Refused(Reason.NOT_FOUND, "the agency has no letter with the code in `by`")
        if by.id == letter.id:
            raise Refused(Reason.BAD_REQUEST, "a letter cannot replace itself")
        return await self._end(letter, Ending(by=by.facts.code), who, by)

    async def code(self, request: web.BaseRequest, match: Match, who: Principal | None) -> Reply:
        """A one-time code is sent to the signer, by the service that has the key."""
        if not isinstance(who, Caller):
            raise Refused(Reason.NO_RIGHT, "letters are signed for systems; this key belongs to a person")
        await self._send_code(who.system, match["signer"])
        return told({"signer": match["signer"], "sent": True})

    async def _end(self, letter: Letter, ending: Ending, who: Principal | None, by: Letter | None = None) -> Reply:
        # The same once more changes nothing, so that a lost answer does no harm.
        if letter.ending != ending:
            actor = who.actor if isinstance(who, Person) else f"system:{who.system}" if who is not None else "gateway"
            try:
                await self._registry.end(letter, ending, actor, by)
            except LetterEnded:
                raise Refused(Reason.LETTER_ENDED, "the letter, or the one in `by`, is not in force") from None
        facts = letter.facts
        after = None if facts is None else await self._registry.find(facts.code)
        return told(await self._value(after or letter, who))

    async def _letter(self, code: str, who: Principal | None, *, change: bool = False) -> Letter:
        """The letter, if it is the caller's to see. Nobody learns which codes others have."""
        if isinstance(who, Person):
            roles = {"operator"} if change else {"operator", "auditor"}
            if not who.roles & roles:
                raise Refused(Reason.NO_RIGHT, f"this needs the role {' or '.join(sorted(roles))}")
        letter = await self._registry.find(code)
        if letter is None or (isinstance(who, Caller) and who.agency != letter.agency):
            raise Refused(Reason.NOT_FOUND)
        if change and letter.facts is None:
            raise Refused(Reason.ERASED)
        return letter

    async def _body(self, request: web.BaseRequest, match: Match, who: Principal | None, name: str) -> dict[str, Any]:
        caller = who if isinstance(who, Caller) else Caller("")
        body = await object_of(self._server, self._settings, request, match, caller)
        if set(body) - {name}:
            raise Refused(Reason.BAD_REQUEST, f"send `{name}` and nothing else")
        return body

    async def _value(self, letter: Letter, who: Principal | None) -> dict[str, Any]:
        """A letter as the API tells it. Persons see which it is and how it stands, and nothing of what it says."""
        own = isinstance(who, Caller)
        value: dict[str, Any] = {
            "state": letter.state,
            "agency": letter.agency,
            "system": letter.system,
            "messageId": letter.question,
            "reservedAt": timestamp(letter.reserved_at),
            "erased": letter.facts is None,
        }
        if letter.activated_at is not None:
            value["activatedAt"] = timestamp(letter.activated_at)
        if letter.ended_at is not None:
            value["endedAt"] = timestamp(letter.ended_at)
        if letter.facts is not None:
            facts = letter.facts
            value |= {
                "code": grouped(facts.code),
                "url": f"{self._public_url()}/v/{facts.code}",
                "securityLevel": facts.security,
                "privacy": facts.privacy,
            }
            if own or facts.opens("number"):
                value |= {"letterNumber": facts.number, "letterDate": facts.date}
            if own:
                salt = base64.b64encode(facts.salt).decode()
                said = {"signer": facts.name, "position": facts.position, "subject": facts.subject, "salt": salt}
                value |= said
        if letter.file is not None:
            value |= {"sha256": letter.file.sha256, "size": letter.file.size, "level": letter.file.level}
        return value | await self._ending(letter, own=own)

    async def _ending(self, letter: Letter, *, own: bool) -> dict[str, Any]:
        """Why it is not in force: all of it for its agency, for persons as much as both classes show."""
        ending, facts = letter.ending, letter.facts
        if ending is None:
            return {}
        if ending.by is None:
            return {"reason": ending.reason} if own or (facts is not None and facts.opens("reason")) else {}
        shown = own or letter.names(await self._registry.find(ending.by))
        return {"replacedBy": grouped(ending.by)} if shown else {}
