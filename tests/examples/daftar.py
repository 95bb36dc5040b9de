"""An agency that adds a line per person to one file, `nomor|nik|nama|tgl_lahir|jk`, and reads a result per line.

Enters: whole lines of `<folder>/daftar.txt`, which only grows. Leaves: person/1; `<folder>/hasil/<message id>.txt` with
`nomor|accepted`, `nomor|duplicate` or `nomor|<reason>`. Refuses: lines that are too long or no person.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import orjson

from gateway import contract as door
from gateway.contract.config import AdapterConfig
from schemas.catalogue import parse_json
from schemas.document import Document, SchemaError

FIELDS = ("nomor", "nik", "nama", "tgl_lahir", "jk")
SEXES = {"L": "male", "P": "female"}


class SourceConfig(AdapterConfig):
    folder: str

    def own_folders(self) -> Mapping[str, str]:  # `lintas check` refuses a second place that takes from it
        return {"folder": self.folder}

    def shared_folders(self) -> Mapping[str, str]:
        return {}


class DaftarCodec:
    def __init__(self, most: int) -> None:
        self._most = most

    def to_documents(self, inbound: door.Inbound) -> Iterator[Document | door.RowProblem]:
        told = dict(zip(FIELDS, cells(inbound.content), strict=False))
        if len(inbound.content) > self._most:
            raise door.Refused(door.Reason.ROW_TOO_LARGE, limit=self._most)
        if len(told) < len(FIELDS) or not told["nomor"]:
            raise door.Refused(door.Reason.SCHEMA_INVALID, f"a line is {'|'.join(FIELDS)}")
        day, month, year = [*told["tgl_lahir"].split("-"), "", ""][:3]
        person = {"nik": told["nik"], "fullName": told["nama"], "birthDate": f"{year}-{month}-{day}",
                  "sex": SEXES.get(told["jk"], "?"), "raw": {"sourceSchema": "daftar/1", "fields": told}}  # fmt: skip
        try:
            yield parse_json("person/1", person)
        except SchemaError as error:
            raise door.Refused(door.Reason.SCHEMA_INVALID, errors=error.errors) from None

    def from_document(self, outbound: door.Outbound) -> door.Native:
        raise door.NeedsOperator("this agency only hands out; give it another channel to receive by")

    def to_answer(self, reply: door.Native, document_type: str) -> Document:
        raise door.NeedsOperator("this agency answers no queries")


def cells(line: bytes) -> list[str]:
    return line.decode("utf-8", "replace").rstrip("\r\n").split("|")


class DaftarSource(door.Source):
    def __init__(self, config: SourceConfig, host: door.Host) -> None:
        self.codec, self._host = DaftarCodec(host.limits.row_bytes), host
        self._folder = Path(host.state_dir) / config.folder
        self._next, self._fence = 0, 0  # where the first line stands that was never claimed
        self._open: dict[str, tuple[door.Claim, int]] = {}  # each open claim, and where its line stands

    async def open(self) -> None:
        await asyncio.to_thread((self._folder / "hasil").mkdir, parents=True, exist_ok=True)
        value, self._fence = await self._host.state.get("read") or (b'{"next":0,"open":{}}', 0)
        noted = orjson.loads(value)
        self._next = noted["next"]
        for claim in await self._host.claims.unsettled():
            if claim.id in noted["open"]:
                self._open[claim.id] = claim, noted["open"][claim.id]
            else:  # the process died before the note, so `next` has not passed the line: it is claimed again
                await self._host.claims.release(claim)

    async def check(self) -> list[str]:
        told = "daftar.txt is not there; ask the agency to begin it, if only empty"
        return [] if (self._folder / "daftar.txt").is_file() else [told]

    async def poll(self, limit: int) -> AsyncIterator[door.Inbound]:
        if len(self._open) < limit:
            await self._claim(limit - len(self._open))
        for claim, at in list(self._open.values())[:limit]:  # what was given out and not settled is given out again
            for line, _ in await asyncio.to_thread(self._lines, at, 1):
                arrival = self._host.claims.arrive(claim)
                yield door.Inbound(arrival.message_id, arrival.at, "person.deliver", "person/1", line,
                                   key=cells(line)[0] or None, size=len(line), item=claim)  # fmt: skip

    async def settle(self, item: door.Inbound, settlement: door.Settlement) -> None:
        told = settlement.error.reason.value if isinstance(settlement, door.Rejected) else "accepted"
        told = "duplicate" if isinstance(settlement, door.Duplicate) else told
        await asyncio.to_thread(self._tell, item.message_id, f"{cells(item.content)[0]}|{told}\n")
        await self._host.claims.settle(item.item)
        self._open.pop(item.item.id, None)  # noted with the next round; `open` drops what is settled by then

    async def release(self, item: door.Inbound) -> None:
        _, at = self._open.pop(item.item.id)
        self._next = min(self._next, at)
        await self._note()  # before the claim goes: nobody else remembers the line
        await self._host.claims.release(item.item)

    async def _claim(self, most: int) -> None:
        name, before = str(self._folder / "daftar.txt"), self._next
        for line, end in await asyncio.to_thread(self._lines, self._next, most):
            claim = await self._host.claims.claim(door.Fingerprint(f"{name}:{self._next}", 0, 0, len(line), 0))
            if claim is not None:
                self._open[claim.id] = claim, self._next
            self._next = end
        if self._next != before:
            await self._note()  # before any of them is given out, and one commit for all

    async def _note(self) -> None:
        noted = orjson.dumps({"next": self._next, "open": {key: at for key, (_, at) in self._open.items()}})
        if not await self._host.state.put("read", noted, self._fence):
            raise door.NeedsOperator("another process reads this file; stop one of them")
        self._fence += 1

    def _lines(self, at: int, most: int) -> list[tuple[bytes, int]]:
        """Whole lines from a place on, each with the place after it; at most one byte over the limit of each."""
        found, limit = list[tuple[bytes, int]](), self._host.limits.row_bytes
        try:
            with (self._folder / "daftar.txt").open("rb") as file:
                file.seek(at)
                while len(found) < most:
                    line = rest = file.readline(limit + 1)
                    while len(rest) > limit and not rest.endswith(b"\n"):
                        rest = file.readline(limit + 1)
                    if not rest.endswith(b"\n"):  # the agency is still writing it
                        break
                    found.append((line, file.tell()))
        except OSError as error:
            raise door.NeedsOperator(f"daftar.txt cannot be read ({error.strerror})") from error
        return found

    def _tell(self, message_id: str, text: str) -> None:
        """Told twice is told once: the name is the message's. On the disk before the claim is closed."""
        new = self._folder / "hasil" / f".{message_id}"
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.rename(new.with_name(f"{message_id}.txt"))


ADAPTER = door.AdapterSpec("daftar", "Daftar of an agency", {"source": (SourceConfig, DaftarSource)})
