"""The folder as a sink: documents with their parts, and receipts, written whole or not at all.

Enters: an `Outbound`. Leaves: files in the outbox: parts first, the metadata last, then the marker if one is
configured. Refuses: queries; a name that holds other bytes already; to make an outbox anew that was there and is gone.
Every name comes from the delivery's id, so the same delivery twice writes the same files: idempotent.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from contextlib import aclosing

from adapters.filedrop import notices
from adapters.filedrop.arrive import Threads
from adapters.filedrop.codec import FileCodec, parts_of
from adapters.filedrop.config import SinkConfig, place
from adapters.filedrop.folder import Barrier, Draft, Folder, Taken, make, no_barrier
from adapters.filedrop.known import Gone, Known
from adapters.filedrop.naming import part_file, safe
from adapters.filedrop.places import complaints, hindrances, trespasses
from gateway.contract import (
    Attempt,
    Capability,
    Delivered,
    Host,
    NeedsOperator,
    Outbound,
    Part,
    Reason,
    Refused,
    Sink,
    TryLater,
)

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}


class FolderSink(Sink):
    """Writes into one outbox. `barrier` is called between steps, so that a test can end the process there."""

    capability = Capability.IDEMPOTENT

    def __init__(self, config: SinkConfig, host: Host, barrier: Barrier = no_barrier) -> None:
        self._config, self._host, self._barrier = config, host, barrier
        self.codec = FileCodec(form=config.format)
        outbox = place(host.state_dir, config.outbox)
        self.places = {
            "outbox": outbox,
            "receipts": place(host.state_dir, config.receipts) if config.receipts else outbox,
        }
        self._distinct = self.places if config.receipts else {"outbox": outbox}
        self._folders: dict[str, Folder] = {}
        self._known = Known(host.state_dir)

    async def open(self) -> None:
        self._threads = Threads(self._config.threads)
        with contextlib.suppress(OSError, Gone, NeedsOperator):
            # One recipient's folder must not keep the others from starting: a delivery says what is wrong with it.
            await self._threads(self._open)

    async def check(self) -> list[str]:
        gone = await Threads(1)(self._known.gone, self._distinct)
        return gone or await Threads(1)(complaints, self._distinct, (), self._host.state_dir)

    async def close(self) -> None:
        folders, self._folders = self._folders, {}
        for folder in folders.values():
            folder.close()

    async def deliver(self, outbound: Outbound, attempt: Attempt) -> Delivered:
        """Raises `Refused` (conflict), `TryLater` (disk full, folder gone), `NeedsOperator` (a folder that does not
        work)."""
        if outbound.kind == "query":
            raise NeedsOperator("a folder answers no queries; give the system a channel that does")
        try:
            await self._threads(self._open)
            if outbound.kind == "receipt":
                await self._threads(self._receipt, outbound)
            else:
                await self._document(outbound)
        except Taken:
            raise Refused(Reason.CONFLICT, "a file of this delivery's name holds other bytes") from None
        except Gone as gone:
            raise TryLater(Reason.FOLDER_GONE, str(gone)) from None
        except OSError as error:
            if error.errno in _FULL:
                raise TryLater(Reason.DISK_RESERVE, "no room in the outbox") from None
            if missing := await self._threads(self._known.gone, self._distinct):
                raise TryLater(Reason.FOLDER_GONE, "; ".join(missing)) from None
            found = await self._threads(hindrances, self.places, (), self._host.state_dir)
            hint = "; ".join(found) or "see its rights and disk"
            raise NeedsOperator(f"the outbox does not work: {error.strerror}; {hint}") from None
        return Delivered()

    def _open(self) -> None:
        for name, path in self.places.items():
            known = self._folders.get(name)
            if known is not None and known.stands_at_its_path():
                continue
            self._known.must_stand(self._distinct)
            if found := trespasses({name: path}, self._host.state_dir):
                raise NeedsOperator("; ".join(found))
            make(path)
            # One that was there before stays open until its files are written: it is closed with its last user.
            self._folders[name] = Folder(path, barrier=self._barrier)
            self._known.note(path)

    async def _document(self, outbound: Outbound) -> None:
        for part in outbound.parts:
            await self._part(outbound, part)
        native = self.codec.from_document(outbound)
        stem = f"{safe(outbound.delivery_id)}-{safe(_stem(outbound))}"
        if self._config.format == "xml":
            about = {"envelope": dict(outbound.envelope), "parts": parts_of(outbound)}
            await self._threads(self._write, f"{stem}.envelope.json", notices.written(about), outbound)
        name = f"{stem}.{self._config.format}"
        await self._threads(self._write, name, native.whole(), outbound)
        if self._config.marker is not None:
            await self._threads(self._write, name + self._config.marker, b"", outbound)

    async def _part(self, outbound: Outbound, part: Part) -> None:
        name = part_file(outbound.delivery_id, part.number, part.name)
        token = f"{safe(outbound.delivery_id)}-{part.number}"
        draft = await self._threads(Draft, self._folders["outbox"], token)
        try:
            async with aclosing(self._host.parts.read(outbound.message_id, part)) as pieces:
                async for piece in pieces:
                    await self._threads(draft.write, piece)
            await self._threads(draft.publish, name)
            self._barrier("part written")
        except (Exception, asyncio.CancelledError):
            await self._threads(draft.discard)
            raise
        await self._threads(draft.discard)

    def _write(self, name: str, body: bytes, outbound: Outbound) -> None:
        with Draft(self._folders["outbox"], safe(outbound.delivery_id)) as draft:
            draft.write(body)
            draft.publish(name)

    def _receipt(self, outbound: Outbound) -> None:
        copy = outbound.receipt
        if copy is None:
            raise Refused(Reason.INTERNAL, "a receipt is due")
        row = None
        if outbound.batch is not None and outbound.row is not None:
            row = notices.Row(outbound.batch, outbound.row)
        body = notices.receipt(outbound.message_id, copy, row=row)
        name, to = outbound.name or outbound.message_id, self._folders["receipts"]
        mark = copy.delivery or outbound.delivery_id
        suffix = f".{copy.kind}.receipt.json" if row is None else f".row-{row.row}.{copy.kind}.receipt.json"
        try:
            to.write(safe(name, suffix), body, safe(outbound.delivery_id))
        except Taken:
            to.write(safe(name, f".{mark}{suffix}"), body, safe(outbound.delivery_id))


def _stem(outbound: Outbound) -> str:
    name = outbound.name or outbound.document_type.replace("/", "-")
    return name[: -len(".json")] if name.casefold().endswith(".json") else name
