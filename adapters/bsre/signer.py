"""One signer's way to the service: asked whether the person may sign, then signed once, then looked at.

Enters: a PDF, its signer, what the signer alone knows. Leaves: the signed PDF, as it came. Refuses: a signer who may
not sign, a wrong passphrase, and an answer that is not the same document with one more signature. Nothing is called
twice: a repeated passphrase may lock an account, a repeated call may be a second signature.
"""

from __future__ import annotations

import base64

from adapters.bsre.answers import check_status, refuse_error
from adapters.bsre.config import SignerConfig
from adapters.bsre.dialect import Call, Dialect, Elsewhere, most
from adapters.bsre.look import Look, Looker, Unseen
from adapters.bsre.opinion import Opinion
from adapters.bsre.place import place
from adapters.bsre.v1 import V1
from adapters.bsre.v2 import V2
from gateway.contract import (
    Ambiguous,
    DocumentSigner,
    Ephemeral,
    Host,
    HttpReply,
    NeedsOperator,
    PdfToSign,
    Reason,
    Refused,
    TryLater,
)
from gateway.contract.judgement import KEY_REFUSED

CHECK_SECONDS = 5.0


class BsreSigner(DocumentSigner):
    """The credentials are read when it is opened and never shown."""

    def __init__(self, config: SignerConfig, host: Host) -> None:
        self._config, self._host = config, host
        self._dialect: Dialect = (
            V1(draws=config.mark == "link") if config.version == "v1" else V2(secret=config.confirm)
        )
        self._basic: str | None = None
        self._looker = Looker()

    async def open(self) -> None:
        try:
            said = self._host.secrets.get(self._config.credentials.reference).strip()
        except NeedsOperator:
            # The gateway starts without it; only this signer waits for an operator.
            said = ""
        user, colon, password = said.partition(":")
        usable = bool(user and colon and password)
        self._basic = f"Basic {base64.b64encode(said.encode()).decode()}" if usable else None

    async def check(self) -> list[str]:
        if self._basic is None:
            return [self._no_credentials()]
        try:
            reply = await self._call(Call("OPTIONS", "/"), CHECK_SECONDS)
        except (TryLater, Ambiguous):
            return ["the signing service does not answer; see whether it runs and whether its url is right"]
        except NeedsOperator as error:
            return [error.detail]
        if reply.status in KEY_REFUSED:
            return ["the signing service does not accept the credentials; ask who runs it for new ones"]
        return []

    async def sign(self, document: PdfToSign, ephemeral: Ephemeral, timeout: float) -> bytes:  # noqa: ASYNC109
        until = self._host.clock.monotonic() + timeout
        secret = self._secret(ephemeral)
        self._known(document.signer)
        before = await self._before(document)
        call = self._dialect.sign(document, secret, place(document, before, self._config))
        await self._may_sign(document.signer, self._left(until))
        reply = await self._call(call, self._left(until), self._dialect.answer_bytes(document.pdf))
        signed = await self._signed(reply, document, until)
        await self._after(document, before, signed)
        return signed

    async def send_code(self, signer: str, timeout: float) -> None:  # noqa: ASYNC109
        self._known(signer)
        call = self._dialect.code(signer) if self._config.confirm == "totp" else None
        if call is None:
            await super().send_code(signer, timeout)
            return
        reply = await self._call(call, timeout)
        refuse_error(reply, self._host.limits.answer_bytes)

    async def verify(self, pdf: bytes, timeout: float) -> Opinion:  # noqa: ASYNC109
        """What the service thinks of a signed PDF. It changes nothing, so a time-out is `TryLater`."""
        reply = await self._ask(self._dialect.verify(pdf), timeout)
        refuse_error(reply, self._host.limits.answer_bytes)
        return self._dialect.opinion(reply, self._host.limits.answer_bytes)

    def _secret(self, ephemeral: Ephemeral) -> str:
        secret = ephemeral.take(self._config.confirm)
        if not secret:
            word = "passphrase" if self._config.confirm == "passphrase" else "one-time code"
            raise Refused(Reason.PASSPHRASE_REFUSED, f"the signer's {word} has to come with the request")
        return secret

    def _known(self, signer: str) -> None:
        if not self._dialect.knows(signer):
            kinds = "a NIK of 16 digits" if self._config.version == "v1" else "a NIK of 16 digits or an e-mail address"
            raise NeedsOperator(f"the signer's name at the service is not {kinds}; correct the signer's file")

    async def _before(self, document: PdfToSign) -> Look:
        try:
            return await self._looker.look(document.pdf, document.page)
        except Unseen as error:
            raise Refused(Reason.BAD_REQUEST, f"the PDF to sign {error}") from None

    async def _may_sign(self, signer: str, seconds: float) -> None:
        reply = await self._ask(self._dialect.status(signer), seconds)
        try:
            check_status(reply, self._host.limits.answer_bytes)
        except Ambiguous as error:
            raise TryLater(error.reason, error.detail) from None

    async def _signed(self, reply: HttpReply, document: PdfToSign, until: float) -> bytes:
        self._whole(reply, document)
        found = self._dialect.signed(reply)
        if not isinstance(found, Elsewhere):
            return found
        # It is signed by now: whatever goes wrong here leaves a signed document that we do not have.
        try:
            fetched = await self._call(found.call, self._left(until), most(document.pdf))
        except (TryLater, NeedsOperator) as error:
            raise Ambiguous(error.reason, "the document was signed, and could not be fetched") from None
        self._whole(fetched, document)
        if not 200 <= fetched.status < 300:
            raise Ambiguous(Reason.RECIPIENT_UNSURE, "the document was signed, and the service does not hand it out")
        return fetched.body

    def _whole(self, reply: HttpReply, document: PdfToSign) -> None:
        if reply.cut:
            limit = most(document.pdf)
            detail = "the signing service's answer is larger than this document can be with one more signature"
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, detail, limit=limit)

    async def _after(self, document: PdfToSign, before: Look, signed: bytes) -> None:
        try:
            after = await self._looker.look(signed)
        except Unseen as error:
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, f"the PDF that came back {error}") from None
        wrong = None
        if after.pages != before.pages:
            wrong = "the PDF that came back has other pages than the one that was sent"
        elif after.signatures <= before.signatures:
            wrong = "the PDF that came back carries no new signature"
        elif (document.already_signed or before.signatures) and not signed.startswith(document.pdf):
            wrong = "the PDF that came back was written anew, which breaks the signatures that it had"
        if wrong is not None:
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, wrong)

    async def _ask(self, call: Call, seconds: float) -> HttpReply:
        """A question: no answer has changed nothing."""
        try:
            return await self._call(call, seconds)
        except Ambiguous as error:
            raise TryLater(error.reason, "the signing service did not answer; nothing was signed") from None

    async def _call(self, call: Call, seconds: float, limit: int | None = None) -> HttpReply:
        if self._basic is None:
            raise NeedsOperator(self._no_credentials())
        return await self._host.http.send(
            call.method,
            self._config.address(call.path),
            native=call.native,
            headers={"Authorization": self._basic},
            timeout=min(seconds, self._config.timeout),
            limit=limit or self._host.limits.answer_bytes,
            cut=limit is not None,
        )

    def _left(self, until: float) -> float:
        left = until - self._host.clock.monotonic()
        if left <= 0:
            raise TryLater(Reason.TIMED_OUT, "there was no time left to have it signed; nothing was")
        return left

    def _no_credentials(self) -> str:
        where = self._config.credentials.reference
        return f"{where} does not hold the service's user:password; write it there"
