"""Evidence: all that proves one message later, offline, in one container that a stranger's program opens.

Enters: a message, who asks. Leaves: an ASiC-E with CAdES, as a stream; its manifest covers every file in it. Refuses:
what the reader refuses. Nothing of it is stored.

A party gets what it may read anyway: document, parts, receipts, its events. A person (operator, auditor) gets events
and digests, never a body. Of what was erased, of a question and of a refusal, events and digests are all there is. The
receipts of what was erased went with it, but the parties hold them: who brings them back has them put in again, each if
its SHA-256 is in an event.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Protocol

import orjson

from gateway.contract.errors import NeedsOperator, Refused
from gateway.contract.exchange import Part
from gateway.contract.reasons import Reason
from gateway.evidence_words import readme
from gateway.identity import Person, Principal
from gateway.signatures.asic_writer import MANIFEST, SIGNATURE, Mismatch, Piece, container, manifest
from gateway.signatures.receipt_bundle import Given

JSON, LINES, TEXT = "application/json", "application/jsonl", "text/plain"
_DIGESTS = ("commit_in", "commit_out", "receipt_sha256")
_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")
_SORTED = orjson.OPT_SORT_KEYS


class Reads(Protocol):
    """What is read, by the rules of who may read it."""

    async def message(self, message: str, who: Principal | None, *, every_event: bool = False) -> dict[str, Any]: ...

    async def receipts(self, message: str, who: Principal | None) -> dict[str, Any]: ...

    async def part(self, message: str, number: int, who: Principal | None) -> Part: ...


class ReadsParts(Protocol):
    """Bytes of a part."""

    def read(self, message_id: str, part: Part) -> AsyncGenerator[bytes, None]: ...


class SignsEvidence(Protocol):
    """The key of evidence."""

    def sign(self, content: bytes, at: datetime) -> bytes: ...


class Evidence:
    """`jwks` gives the public keys of receipts, `now` an aware time."""

    def __init__(
        self,
        *,
        reader: Reads,
        parts: ReadsParts,
        key: SignsEvidence,
        jwks: Callable[[], Mapping[str, Any]],
        now: Callable[[], datetime],
    ) -> None:
        self._reader, self._parts, self._key, self._jwks, self._now = reader, parts, key, jwks, now

    async def of(
        self, message: str, who: Principal | None, brought: Sequence[Given] = ()
    ) -> AsyncGenerator[bytes, None]:
        """The container, piece by piece. All that can be refused is refused before it is returned. `brought`: receipts
        that the caller holds; they are put in where they are not kept here any more."""
        told = await self._reader.message(message, who, every_event=True)
        held = None if isinstance(who, Person) else await self._held(told, message, who)
        again = _brought(told, held, brought)
        members = [
            *_about(told, held or again),
            Piece.of("jwks.json", JSON, orjson.dumps(self._jwks(), option=_SORTED)),
        ]
        if held is not None:
            members += [await self._part(message, one["number"], who) for one in told["parts"]]
        at = self._now()
        members.append(
            Piece.of("README.txt", TEXT, _readme(message, at, {one.name for one in members}, held is not None))
        )
        listed = manifest(members)
        signature = await asyncio.to_thread(self._key.sign, listed, at)
        return _guarded(container(members, {MANIFEST: listed, SIGNATURE: signature}))

    async def _held(self, told: Mapping[str, Any], message: str, who: Principal | None) -> dict[str, Any] | None:
        """Receipts with what they commit to; None where nothing of it is kept."""
        if told["kind"] in ("query", "refusal") or told.get("erased"):
            return None
        try:
            return await self._reader.receipts(message, who)
        except Refused as refused:
            if refused.reason is Reason.ERASED:
                return None
            raise

    async def _part(self, message: str, number: int, who: Principal | None) -> Piece:
        part = await self._reader.part(message, number, who)
        name = _STRANGE.sub("_", part.name or "")[-80:].strip("._")
        pieces = self._parts.read(message, part)
        path = f"parts/{part.number}-{name}" if name else f"parts/{part.number}"
        return Piece(path, part.media_type, bytes.fromhex(part.sha256), part.size, pieces=pieces)


def _brought(
    told: Mapping[str, Any], held: Mapping[str, Any] | None, brought: Sequence[Given]
) -> dict[str, Any] | None:
    """Receipts in the shape in which they are kept, if the log names each of them."""
    if not brought or held is not None:
        return None
    named = {one["event"].get("receipt_sha256") for one in told["timeline"]}
    if any(hashlib.sha256(one.jws.encode()).hexdigest() not in named for one in brought):
        raise Refused(Reason.NOT_FOUND, "the log of this message names no such receipt")
    receipts = [
        {"jws": one.jws} | ({} if one.registration is None else {"registrationNumber": one.registration})
        for one in brought
    ]
    return {"messageId": told["messageId"], "receipts": receipts}


def _about(told: Mapping[str, Any], held: Mapping[str, Any] | None) -> list[Piece]:
    """Every member but the parts and the keys."""
    timeline = told["timeline"]
    facts = {name: value for name, value in told.items() if name not in ("timeline", "verdicts")}
    lines = b"".join(
        b'{"number":%d,"event":%s}\n' % (one["number"], orjson.dumps(one["event"], option=_SORTED)) for one in timeline
    )
    members = [
        Piece.of("message.json", JSON, orjson.dumps(facts, option=_SORTED)),
        Piece.of("events.jsonl", LINES, lines),
        Piece.of("digests.json", JSON, orjson.dumps(_digests(told), option=_SORTED)),
    ]
    if told.get("verdicts"):
        members.append(Piece.of("verdicts.json", JSON, orjson.dumps(told["verdicts"], option=_SORTED)))
    if held is not None:
        receipts = {"messageId": held["messageId"], "receipts": held["receipts"]}
        members.append(Piece.of("receipts.json", JSON, orjson.dumps(receipts, option=_SORTED)))
        members += [
            Piece.of(f"{name}.json", JSON, orjson.dumps(held[name], option=_SORTED))
            for name in ("document", "released", "errors")
            if name in held
        ]
    return members


def _readme(message: str, at: datetime, names: Collection[str], documents: bool) -> bytes:
    receipts, verdicts, errors = (f"{name}.json" in names for name in ("receipts", "verdicts", "errors"))
    return readme(message, at, documents=documents, receipts=receipts, verdicts=verdicts, errors=errors)


def _digests(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the log committed to: salted digests of documents, and SHA-256 of receipts."""
    rows = [
        {"number": one["number"], "event": one["event"]["event"], "delivery": one["event"].get("delivery")}
        | {name: one["event"][name] for name in _DIGESTS if one["event"].get(name)}
        for one in told["timeline"]
    ]
    return {"messageId": told["messageId"], "digests": [one for one in rows if any(name in one for name in _DIGESTS)]}


async def _guarded(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(pieces) as chunks:
            async for one in chunks:
                yield one
    except Mismatch as error:
        raise NeedsOperator("a part is not what its digest says") from error
