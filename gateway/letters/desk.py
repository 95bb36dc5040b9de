"""The desk where letters are signed: `letter.sign`, answered by the gateway itself.

Enters: a signature-request/1 with its PDF, and what only the signer knows. Leaves: a signed-document/1; the signed PDF
is kept, and its code is in force from the moment on at which the answer is durable. Refuses: signers that the caller's
agency does not have, PDFs over the limit, and what the signing itself refuses, each as a reason of the catalogue.

1. A code is minted and reserved. From here on it answers "not issued".
2. The mark with the code's QR is drawn and the PDF signed, in one go, by a worker or by the signer's own service.
3. The signed bytes are kept.
4. Code and bytes are put in force in the unit that holds the answer (see `Registry.activation`).

A crash or an error at any step leaves a reserved code. Nothing is tried again: a second call may be a second signature.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, cast

import orjson

from gateway.ask import Concluding
from gateway.contract.adapter import Capability
from gateway.contract.errors import Refused, TryLater
from gateway.contract.exchange import Native, Outbound, Part
from gateway.contract.host import PartReader
from gateway.contract.reasons import Reason
from gateway.federation import Federation, Signer
from gateway.letters.code import grouped, mint
from gateway.letters.letter import Facts, SignedFile
from gateway.letters.registry import SERVICE, Registry, Reserved
from gateway.letters.signers import Pen, Written
from gateway.store.engine import Step
from gateway.store.entropy import random_bytes
from gateway.store.parts import DiskFull, PartsBusy
from gateway.vault import SALT_BYTES
from schemas.catalogue import parse_json
from schemas.document import Document
from schemas.scalars import instant_text
from schemas.signature_request_1 import SignatureRequest1

JSON = "application/json"
CODE_SECONDS = 20.0
"""How long a signing service may take to send a one-time code."""


class _Codec:
    """Answers are shared documents already."""

    def to_documents(self, inbound: Any) -> Any:
        raise NotImplementedError

    def from_document(self, outbound: Outbound) -> Native:
        return Native((outbound.document_json,), JSON)

    def to_answer(self, reply: Native, document_type: str) -> Document:
        return parse_json(document_type, reply.whole())


class SigningDesk(Concluding):
    """`most` is the largest PDF in bytes. Holds what is signed and not yet answered, by the question's message id."""

    capability = Capability.NEITHER

    def __init__(
        self,
        *,
        registry: Registry,
        pen: Pen,
        parts: PartReader,
        federation: Federation,
        public_url: Callable[[], str],
        most: int,
        now: Callable[[], datetime],
    ) -> None:
        self._registry, self._pen, self._parts, self._federation = registry, pen, parts, federation
        self._public_url, self._most, self._now = public_url, most, now
        self._kept: dict[str, tuple[Reserved, tuple[Step, ...]]] = {}
        self.codec = _Codec()

    async def open(self) -> None:
        return None

    async def check(self) -> list[str]:
        return []

    async def ask(self, outbound: Outbound, deadline: float) -> Native:
        request = cast("SignatureRequest1", outbound.load())
        agency = self._federation.agencies[outbound.sender.partition("/")[0]]
        signer = self._signer(agency.id, request.signer)
        pdf = await self._pdf(outbound, request)
        facts = _facts(request, signer, agency.name)
        held = await self._registry.reserve(facts, outbound.sender, outbound.message_id)
        url, at = f"{self._public_url()}/v/{held.code}", self._now()
        written = await self._pen.sign(
            pdf, request, signer, agency=agency.id, url=url, code=held.code, at=at, ephemeral=outbound.ephemeral,
            seconds=deadline,
        )  # fmt: skip
        # From here on there is something to throw away if no answer comes of it.
        self._kept[outbound.message_id] = held, ()
        file = await self._file(held, written)
        self._kept[outbound.message_id] = held, self._registry.activation(held, file)
        return Native((orjson.dumps(_told(held, file, url, at)),), JSON)

    async def send_code(self, system: str, signer: str) -> None:
        """Has a one-time code sent to a signer of the system's agency."""
        if not self._federation.may_use(system, SERVICE):
            raise Refused(Reason.NO_RIGHT, f"{system} has no right to {SERVICE}")
        agency = system.partition("/")[0]
        await self._pen.send_code(self._signer(agency, signer), agency, CODE_SECONDS)

    def _signer(self, agency: str, name: str) -> Signer:
        signer = self._federation.agencies[agency].signers.get(name)
        if signer is None:
            raise Refused(Reason.UNKNOWN_SIGNER, "your agency has no signer of this name")
        return signer

    def concluding(self, message: str) -> tuple[Step, ...]:
        return self._kept.pop(message)[1]

    async def abandon(self, message: str) -> None:
        held, _ = self._kept.pop(message, (None, ()))
        if held is not None:
            await self._registry.drop(held)

    async def _pdf(self, outbound: Outbound, request: SignatureRequest1) -> bytes:
        part = next((one for one in outbound.parts if one.sha256 == request.file.sha256), None)
        if part is None:
            raise Refused(Reason.PART_MISSING, "the PDF to sign did not come with the request")
        if part.size > self._most:
            raise Refused(Reason.PART_TOO_LARGE, "the PDF to sign is over the limit", limit=self._most)
        return await _whole(self._parts, outbound.message_id, part)

    async def _file(self, held: Reserved, written: Written) -> SignedFile:
        try:
            sha256, address = await self._registry.keep(held, written.data)
        except DiskFull as error:
            raise TryLater(Reason.DISK_RESERVE) from error
        except PartsBusy as error:
            raise TryLater(Reason.BUSY) from error
        return SignedFile(
            sha256, len(written.data), address, written.level, written.signer, written.organisation,
            written.certificate,
        )  # fmt: skip


async def _whole(parts: PartReader, message: str, part: Part) -> bytes:
    async with aclosing(parts.read(message, part)) as pieces:
        return b"".join([piece async for piece in pieces])


def _facts(request: SignatureRequest1, signer: Signer, agency: str) -> Facts:
    return Facts(
        code=mint(random_bytes),
        agency=agency,
        signer=signer.id,
        name=signer.name,
        position=signer.title,
        number=request.letter_number,
        date=request.letter_date.isoformat(),
        subject=request.subject,
        security=request.security_level or "B",
        privacy=request.privacy or "personal",
        salt=random_bytes(SALT_BYTES),
    )


def _told(held: Reserved, file: SignedFile, url: str, at: datetime) -> dict[str, Any]:
    return {
        "code": grouped(held.code),
        "url": url,
        "sha256": file.sha256,
        "size": file.size,
        "signer": held.facts.name,
        "position": held.facts.position,
        "level": file.level,
        "signedAt": instant_text(at.astimezone(UTC).replace(microsecond=0)),
    }
