"""From the files of a claim to an `Inbound`: read once, bounded, and only if they are what was seen in the inbox.

Enters: a claim and its files in the work folder. Leaves: an `Inbound` whose parts are spooled. Refuses: nothing by
itself: what cannot be a message becomes an `Inbound` that its codec refuses, so that the refusal has a message id, an
event and a settlement. A file that changes while it is read raises `Changed`: it was not ready.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import os
import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar

from adapters.filedrop.config import SourceConfig
from adapters.filedrop.content import Broken, JsonContent, TableContent, XmlContent, json_value, misfit, xml_element
from adapters.filedrop.folder import CHUNK, Changed, Unreadable, Unsafe, chunks
from adapters.filedrop.naming import NAME_MAX, NameRefused, checked, extension
from adapters.filedrop.survey import Survey
from adapters.filedrop.workroom import ITEM, SIDECAR, Held, Workroom
from gateway.contract import Arrival, Claim, Host, Inbound, Part, Reason, Refused
from schemas.catalogue import SERVICES, parse_json
from schemas.document import SchemaError
from schemas.envelope_1 import Envelope1
from schemas.scalars import instant_text
from schemas.xml import document_type

T = TypeVar("T")
P = ParamSpec("P")
_FORMATS = {"json": "json", "xml": "xml", "csv": "csv", "tsv": "csv", "txt": "csv", "pdf": "pdf"}
_UNREADABLE = "the gateway's user may not read this file; give it the right to read, and drop the file again"
_SUBMISSION = frozenset(("envelope", "document", "parts"))


@dataclass(frozen=True)
class Handle:
    """What the host gives back at `settle`: the claim and its files."""

    claim: Claim
    held: Held


class Threads:
    """Blocking calls, at most `most` at a time. A cancelled caller waits until its call has ended."""

    def __init__(self, most: int) -> None:
        self._slots = asyncio.Semaphore(most)

    async def __call__(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        async with self._slots:
            running = asyncio.ensure_future(asyncio.to_thread(call, *args, **named))
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.wait([running])
                raise


@dataclass
class _Draft:
    """What is known of the message so far."""

    service: str
    document_type: str
    recipients: tuple[str, ...]
    content: Any = None
    key: str | None = None
    size: int = 0
    format: str | None = None
    encoding: str | None = None
    batch: bool = False
    stream: Callable[[], Iterator[bytes]] | None = None
    envelope: Envelope1 | None = None
    parts: tuple[Part, ...] = ()


def _facts(envelope: Envelope1 | None) -> dict[str, str]:
    """What else the envelope says to the recipient."""
    if envelope is None:
        return {}
    said = {
        "createdAt": None if envelope.created_at is None else instant_text(envelope.created_at),
        "classification": envelope.classification,
        "inReplyTo": envelope.in_reply_to,
    }
    return {name: value for name, value in said.items() if value is not None}


class Reader:
    """Reads the files of claims."""

    def __init__(self, config: SourceConfig, host: Host, room: Workroom, threads: Threads) -> None:
        self._config, self._host, self._room, self._threads = config, host, room, threads

    @property
    def _by_name(self) -> bool:
        return self._config.identity == "content_and_name"

    async def inbound(self, claim: Claim, held: Held) -> Inbound:
        """The claim's item. Raises `Changed`."""
        arrival = self._host.claims.arrive(claim)
        config = self._config
        draft = _Draft(
            config.service or _service_of(config.document) or "", config.document or "", config.recipients
        )  # fmt: skip
        try:
            await self._fill(draft, claim, held, arrival)
        except Refused as refused:
            draft.content, draft.batch, draft.stream = Broken(refused), False, None
        except Unsafe:
            draft.content = Broken(Refused(Reason.FILE_UNSAFE))
        except Unreadable:
            draft.content = Broken(Refused(Reason.FILE_UNSAFE, _UNREADABLE))
        envelope = draft.envelope
        return Inbound(
            message_id=arrival.message_id,
            received_at=arrival.at,
            service=draft.service,
            document_type=draft.document_type,
            content=draft.content,
            recipients=draft.recipients,
            key=draft.key,
            sender=envelope.sender if envelope else None,
            conversation=envelope.conversation_id if envelope else None,
            instance=envelope.instance if envelope else None,
            purpose=envelope.purpose if envelope else None,
            expires_at=envelope.expires_at if envelope else None,
            parts=draft.parts,
            facts=_facts(envelope),
            size=draft.size,
            name=data_name(held.name),
            format=draft.format,
            encoding=draft.encoding,
            batch=draft.batch,
            stream=draft.stream,
            item=Handle(claim, held),
        )

    async def _fill(self, draft: _Draft, claim: Claim, held: Held, arrival: Arrival) -> None:
        if claim.state == "claimed" and claim.attempts > self._config.attempts:
            raise Refused(Reason.ATTEMPTS_EXHAUSTED, limit=self._config.attempts)
        limit = min(self._host.limits.name_bytes, NAME_MAX)
        for seen in held.files.values():
            try:
                checked(seen.name, limit)
            except NameRefused as error:
                raise Refused(Reason.NAME_REFUSED, str(error), limit=error.limit) from None
        if held.trouble is not None:
            raise Refused(Reason(held.trouble), self._awaited(Reason(held.trouble)))
        item = held.files[ITEM]
        if item.size > self._config.max_bytes:
            raise Refused(Reason.BODY_TOO_LARGE, limit=self._config.max_bytes)
        form = _FORMATS.get(extension(item.name))
        if form is None or form not in self._config.formats:
            raise Refused(Reason.FORMAT_UNKNOWN, f"this folder takes {', '.join(self._config.formats)}")
        draft.format = form
        draft.size = sum(seen.size for local, seen in held.files.items() if local in (ITEM, SIDECAR))
        fill = {"json": self._json, "xml": self._xml, "csv": self._table, "pdf": self._pdf}[form]
        digest = await fill(draft, held, arrival)
        given = draft.envelope.idempotency_key if draft.envelope else None
        name = item.name if self._by_name else ""
        draft.key = given or file_key(digest, name, self._period(held.name))

    async def _json(self, draft: _Draft, held: Held, arrival: Arrival) -> str:
        data = await self._whole(held, ITEM, self._host.limits.body_bytes)
        limits = self._host.limits
        value = await self._threads(json_value, data, limits.body_bytes, limits.nesting)
        pieces = self._open(draft, value)
        draft.parts = await self._inline(pieces, arrival)
        return hashlib.sha256(data).hexdigest()

    async def _xml(self, draft: _Draft, held: Held, arrival: Arrival) -> str:
        data = await self._whole(held, ITEM, self._host.limits.body_bytes)
        limits = self._host.limits
        element = await self._threads(xml_element, data, limits.body_bytes, limits.nesting)
        try:
            draft.document_type = document_type(element)
        except SchemaError as error:
            raise misfit(error) from None
        draft.service = self._config.service or _service_of(draft.document_type) or ""
        draft.content = XmlContent(element)
        return hashlib.sha256(data).hexdigest()

    def _awaited(self, reason: Reason) -> str:
        """Under which name the file that is missing would have been found."""
        suffix = self._config.sidecar.suffix
        if reason is Reason.SIDECAR_MISSING:
            return f"no file describes it: for name.pdf that is name.pdf{suffix}, with the whole name and its ending"
        if reason is Reason.PART_MISSING:
            return f"the file that it speaks of is not there: name.pdf{suffix} describes name.pdf"
        return ""

    async def _pdf(self, draft: _Draft, held: Held, arrival: Arrival) -> str:
        if SIDECAR not in held.files:
            raise Refused(Reason.SIDECAR_MISSING, self._awaited(Reason.SIDECAR_MISSING))
        limits = self._host.limits
        if held.files[ITEM].size > limits.part_bytes:
            raise Refused(Reason.PART_TOO_LARGE, limit=limits.part_bytes)
        data = await self._whole(held, SIDECAR, limits.body_bytes)
        value = json_value(data, limits.body_bytes, limits.nesting)
        if isinstance(value, dict) and value.get("parts"):
            raise Refused(Reason.PART_UNUSED, "the part of a sidecar is the file it stands beside")
        draft.document_type = draft.document_type or "letter/1"
        draft.service = draft.service or _service_of(draft.document_type) or ""
        self._open(draft, value)
        name = data_name(held.name)
        part = await arrival.spool(
            self._pdf_chunks(held), media_type="application/pdf", name=name, size=held.files[ITEM].size
        )
        draft.parts = (part,)
        if draft.document_type == "letter/1":
            # The same letter under another name must stay the same document where the name says nothing.
            shown = part if self._by_name else replace(part, name=None)
            draft.content = JsonContent(with_main_file(draft.content.document, shown))
        return hashlib.sha256(part.sha256.encode() + hashlib.sha256(data).digest()).hexdigest()

    async def _pdf_chunks(self, held: Held) -> AsyncIterator[bytes]:
        """The file's bytes, if they begin as those of a PDF do, or nearly: readers look at the first kilobyte."""
        begun = False
        async for piece in self._chunks(held, ITEM):
            if not begun and b"%PDF-" not in piece[:1024]:
                raise Refused(Reason.SCHEMA_INVALID, errors=[("mainFile", "not_pdf", "a PDF begins with %PDF-")])
            begun = True
            yield piece

    async def _table(self, draft: _Draft, held: Held, arrival: Arrival) -> str:
        survey = Survey(self._config.csv)
        async for piece in self._chunks(held, ITEM):
            await self._threads(survey.feed, piece)
        found = survey.result(self._host.limits.batch_rows)
        draft.content = TableContent(found.sha256, found.encoding, self._period(held.name))
        draft.encoding = found.encoding
        draft.batch, draft.stream = True, lambda: self._stream(held, found.sha256)
        return found.sha256

    def _stream(self, held: Held, sha256: str) -> Iterator[bytes]:
        """The rows' bytes, again; ends in a refusal if they are no longer those that gave the key."""
        digest = hashlib.sha256()
        try:
            fd, seen = self._room.open(held, ITEM)
            try:
                for piece in chunks(fd, seen):
                    digest.update(piece)
                    yield piece
            finally:
                os.close(fd)
        except (Changed, Unsafe, Unreadable, FileNotFoundError):
            raise Refused(Reason.FILE_CHANGED) from None
        if digest.hexdigest() != sha256:
            raise Refused(Reason.FILE_CHANGED)

    def _open(self, draft: _Draft, value: Any) -> list[Any]:
        """Takes a submission, or a bare document under the folder's own service. Gives the inline parts."""
        if not isinstance(value, dict):
            raise Refused(Reason.SCHEMA_INVALID, errors=[("", "not_object", "an object is due")])
        submission = "document" in value and value.keys() <= _SUBMISSION
        document = value["document"] if submission else value
        if not isinstance(document, dict):
            raise Refused(Reason.SCHEMA_INVALID, errors=[("document", "not_object", "an object is due")])
        draft.content = JsonContent(document)
        envelope = value.get("envelope") if submission else None
        if envelope is not None:
            self._take_envelope(draft, envelope)
        if not draft.document_type:
            raise Refused(Reason.UNKNOWN_DOCUMENT_TYPE, "the envelope names no document type, nor does the folder")
        draft.service = draft.service or _service_of(draft.document_type) or ""
        pieces = value.get("parts", []) if submission else []
        if not isinstance(pieces, list):
            raise Refused(Reason.SCHEMA_INVALID, errors=[("parts", "not_list", "a list is due")])
        return pieces

    def _take_envelope(self, draft: _Draft, given: Any) -> None:
        if not isinstance(given, dict):
            raise Refused(Reason.SCHEMA_INVALID, errors=[("envelope", "not_object", "an object is due")])
        filled = dict(given)
        if "schema" not in filled and draft.document_type:
            filled["schema"] = draft.document_type
        if "service" not in filled and draft.service:
            filled["service"] = draft.service
        try:
            envelope = parse_json("envelope/1", filled)
        except SchemaError as error:
            raise misfit(error) from None
        assert isinstance(envelope, Envelope1)
        draft.envelope, draft.service, draft.document_type = envelope, envelope.service, envelope.schema_
        if envelope.recipients is not None:
            draft.recipients = tuple(envelope.recipients)

    async def _inline(self, pieces: list[Any], arrival: Arrival) -> tuple[Part, ...]:
        limits = self._host.limits
        if len(pieces) > limits.parts:
            raise Refused(Reason.TOO_MANY_PARTS, limit=limits.parts)
        return tuple([await _spool_inline(piece, arrival, limits.inline_part_bytes) for piece in pieces])

    async def _whole(self, held: Held, local: str, limit: int) -> bytes:
        if held.files[local].size > limit:
            raise Refused(Reason.BODY_TOO_LARGE, limit=limit)
        return await self._threads(self._read, held, local)

    def _read(self, held: Held, local: str) -> bytes:
        """Opened, read and closed in one turn of a thread: most files are small."""
        fd, seen = self._room.open(held, local)
        try:
            return b"".join(chunks(fd, seen))
        finally:
            os.close(fd)

    async def _chunks(self, held: Held, local: str) -> AsyncIterator[bytes]:
        fd, seen = await self._threads(self._room.open, held, local)
        try:
            pieces = chunks(fd, seen, CHUNK)
            while (piece := await self._threads(next, pieces, None)) is not None:
                yield piece
        finally:
            await self._threads(os.close, fd)

    def _period(self, name: str) -> str | None:
        csv = self._config.csv
        if csv.period_from_name is not None:
            found = re.search(csv.period_from_name, name)
            return found[1] if found else None
        return csv.period


def file_key(sha256: str, name: str, period: str | None) -> str:
    """The identity of a drop: content, name (empty where it does not count) and period. A digest, so that a name in it
    tells nothing."""
    normal = unicodedata.normalize("NFC", name).encode("utf-8", "surrogatepass")
    return "file-" + hashlib.sha256(b"\0".join((sha256.encode(), normal, (period or "").encode()))).hexdigest()


def data_name(name: str) -> str:
    """The original name as data: NFC, and bytes that are not UTF-8 replaced."""
    return unicodedata.normalize("NFC", name).encode("utf-8", "replace").decode()


def with_main_file(document: Mapping[str, Any], part: Part) -> dict[str, Any]:
    """The letter with `mainFile` filled from the file; what the sidecar says of it must be true."""
    facts: dict[str, Any] = {"sha256": part.sha256, "size": part.size, "mediaType": part.media_type}
    if part.name is not None:
        facts["name"] = part.name
    said = document.get("mainFile", {})
    if not isinstance(said, dict):
        raise Refused(Reason.SCHEMA_INVALID, errors=[("mainFile", "not_object", "an object is due")])
    for field in ("sha256", "size"):
        if field in said and said[field] != facts[field]:
            raise Refused(
                Reason.DIGEST_MISMATCH, errors=[(f"mainFile.{field}", "digest_mismatch", "the file has another")]
            )
    return {**document, "mainFile": {**facts, **said}}


async def _spool_inline(piece: Any, arrival: Arrival, limit: int) -> Part:
    def text(field: str, due: bool = False) -> str | None:
        value = piece.get(field)
        if value is None and not due:
            return None
        if not isinstance(value, str):
            raise Refused(Reason.SCHEMA_INVALID, errors=[(f"parts.{field}", "not_text", "text is due")])
        return value

    if not isinstance(piece, dict):
        raise Refused(Reason.SCHEMA_INVALID, errors=[("parts", "not_object", "an object is due")])
    content = text("content", due=True) or ""
    if len(content) > (limit + 2) // 3 * 4:
        raise Refused(Reason.INLINE_TOO_LARGE, limit=limit)
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.SCHEMA_INVALID, errors=[("parts.content", "not_base64", "base64 is due")]) from None

    async def once() -> AsyncIterator[bytes]:
        yield data

    media_type = text("mediaType") or "application/octet-stream"
    return await arrival.spool(once(), media_type=media_type, name=text("name"), sha256=text("sha256"))


def _service_of(document: str | None) -> str | None:
    """The one delivery service that takes this type, if there is one."""
    found = [s.name for s in SERVICES.values() if s.kind == "delivery" and s.request == document]
    return found[0] if len(found) == 1 else None
