"""Batches: one parent whose rows become child messages, recorded in chunks; memory stays flat.

Enters: a received batch and its codec. Leaves: `Recorded` with a report of the rows. Refuses: what the codec refuses
before the first chunk is durable; after that, a file that cannot be read further ends with a row problem that says so.

1. The parent's key: a batch that is done already is answered with its original receipt and report.
2. A progress row is made, or found after a restart; rows before `next_row` are skipped.
3. Each chunk of rows is one unit: children, row problems and the progress row move together. A row that was taken
   before, by the key that its route declares or by an earlier drop of this file, moves no second time (`known.py`).
4. After the last chunk the parent is recorded with its receipt; only then may its file be settled.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from gateway.arrivals import Arrivals
from gateway.contract.adapter import Codec
from gateway.contract.errors import Refused, TryLater
from gateway.contract.exchange import BatchReport, RowProblem
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.known import Child, Chunk, without_known
from gateway.message import Normalised, Received, Recorded, Routed
from gateway.normalise import normalised
from gateway.policy import lane_of
from gateway.record import BatchKeys, Recorder
from gateway.route import route
from gateway.rows import problem_step, problems_of, problems_sha256
from gateway.store.engine import Journal, Step, Taken, Unit
from gateway.store.sealing import DataKey
from gateway.vault import Vault
from gateway.verify import verify
from schemas.catalogue import canonical
from schemas.document import Document, SchemaError
from schemas.file_batch_1 import FileBatch1

YIELD_EVERY = 8
"""Rows between two looks at the event loop: a chunk is prepared without holding anybody up."""

TRIES = 5
"""Times that a chunk is tried whose keys others take meanwhile, before its file is given back for later."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Told:
    """What a unit adds to the progress of its batch."""

    accepted: int
    rejected: int
    problems: int
    bad_row: int


@dataclasses.dataclass(slots=True)
class _Progress:
    """Where a batch stands. `resume` is the first row of this run; `seen` the last row the codec has given."""

    key: DataKey
    next_row: int
    accepted: int
    rejected: int
    resume: int
    seen: int = 0
    bad_row: int = 0
    problems: int = 0

    def advance(self, told: _Told) -> None:
        """A chunk is durable."""
        self.next_row = self.seen + 1
        self.accepted, self.rejected = self.accepted + told.accepted, self.rejected + told.rejected
        self.problems, self.bad_row = self.problems + told.problems, told.bad_row or self.bad_row


class Batches:
    """Takes batches. `notify` wakes a lane; `chunk` rows are one transaction."""

    def __init__(
        self,
        *,
        journal: Journal,
        vault: Vault,
        recorder: Recorder,
        federation: Federation,
        arrivals: Arrivals,
        new_id: Callable[[], str],
        notify: Callable[[str], None],
        chunk: int,
        decode_seconds: float,
        barrier: Callable[[str], None],
    ) -> None:
        self._journal, self._vault, self._recorder = journal, vault, recorder
        self._federation, self._arrivals, self._new_id = federation, arrivals, new_id
        self._notify, self._chunk, self._barrier = notify, chunk, barrier
        self._decode_seconds = decode_seconds

    async def take(self, received: Received, codec: Codec) -> Recorded:
        """The whole file. May be called again with the same message id after a restart."""
        done = await self._done_before(received)
        if done is not None:
            return done
        progress = await self._progress(received.id)
        counted = _Counted(received)
        rows = _Rows(codec.to_documents(dataclasses.replace(received.inbound, stream=counted)))
        while True:
            items, stopped = await self._some(rows)
            if stopped is not None and progress.next_row == 1 and not items:
                # Nothing of it was recorded, and nobody comes back to it.
                await self._journal.commit(Unit([Step("drop_batch", {"message": received.id})]))
                raise stopped
            if stopped is not None:
                items.append(RowProblem(progress.seen + len(items) + 1, None, stopped.reason.value, stopped.detail))
            if items:
                await self._record(received, items, progress)
            if stopped is not None or len(items) < self._chunk:
                break
        return await self._finish(received, progress, await asyncio.to_thread(counted.sha256))

    async def _some(self, rows: _Rows) -> tuple[list[Document | RowProblem], Refused | None]:
        """The next handful. A disk that hangs gives the file back: what is recorded stays, the rest comes later."""
        try:
            async with asyncio.timeout(self._decode_seconds):
                return await asyncio.to_thread(_some, rows, self._chunk)
        except TimeoutError:
            raise TryLater(Reason.BUSY, "reading the file takes too long") from None

    async def report_of(self, message: str) -> BatchReport | None:
        """The report of a batch that was recorded, from the journal."""
        found = await self._journal.read("find_message", {"id": message})
        progress = await self._journal.read("find_batch", {"message": message})
        if not found or not progress:
            return None
        key = self._vault.unwrap(_bytes(found[0][14]), message)
        document = orjson.loads(self._vault.open_body(key, message, _bytes(found[0][15])).document)
        problems = await problems_of(self._journal, message, key)
        return BatchReport(
            document["rows"],
            document["accepted"],
            document["rejected"],
            document["sha256"],
            document.get("encoding", ""),
            problems,
            self._rows_known(str(found[0][4]), str(found[0][3])),
        )

    async def _done_before(self, received: Received) -> Recorded | None:
        key = self._parent_key(received)
        if key is None:
            return None
        rows = await self._journal.read("find_key", {"key": key})
        if not rows or int(rows[0][2] or 0) <= received.at_ms:
            return None
        original = str(rows[0][0])
        recorded = await self._recorder.original(original)
        return dataclasses.replace(recorded, report=await self.report_of(original))

    def _parent_key(self, received: Received) -> bytes | None:
        given = received.inbound.key
        if given is None:
            return None
        return self._recorder.key_digest(received.caller.system, received.service.name, f"batch:{given}")

    async def _progress(self, message: str) -> _Progress:
        key = DataKey.random()
        made: dict[str, Any] = {"message": message, "sealed_key": self._vault.wrap(key, message)}
        await self._journal.commit(Unit([Step("insert_batch", made)]))
        row = (await self._journal.read("find_batch", {"message": message}))[0]
        known = self._vault.unwrap(_bytes(row[3]), message)
        next_row = int(row[0] or 1)
        return _Progress(known, next_row, int(row[1] or 0), int(row[2] or 0), next_row)

    async def _record(self, received: Received, items: list[Document | RowProblem], progress: _Progress) -> None:
        chunk = Chunk()
        for count, item in enumerate(items):
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            row = item.row if isinstance(item, RowProblem) else progress.seen + 1
            progress.seen = max(progress.seen, row)
            if row < progress.resume:
                continue
            problem = item if isinstance(item, RowProblem) else self._child(received, item, row, chunk)
            if problem is not None:
                chunk.problems.append(problem)
        if progress.seen < progress.resume:
            return
        self._barrier("batch.before_chunk")
        moved = await self._commit(received, chunk, progress)
        self._barrier("batch.after_chunk")
        self._wake(moved.children)

    def _child(self, received: Received, document: Document, row: int, chunk: Chunk) -> RowProblem | None:
        inbound = received.inbound
        key = None if inbound.key is None else f"{inbound.key}#{row}"
        child = dataclasses.replace(
            inbound,
            conversation=inbound.conversation or received.id,
            message_id=self._new_id(),
            key=key,
            batch=False,
            stream=None,
            size=0,
        )
        try:
            routed = verify(
                route(normalised(dataclasses.replace(received, inbound=child), document), self._federation)
            ).routed
        except Refused as error:
            return RowProblem(row, None, error.reason.value, error.detail)
        steps, _, own = self._recorder.steps(routed, parent=received.id, row=row)
        chunk.children.append(Child(row, routed, steps, own))
        return None

    async def _commit(self, received: Received, chunk: Chunk, progress: _Progress) -> Chunk:
        """One unit, or none of it. What of the chunk was taken before is sorted out when a key turns out to be taken;
        others may take one in between, so it is looked at anew each time."""
        moving = chunk
        for _ in range(TRIES):
            unit, told = self._unit(received, moving, progress)
            try:
                await self._journal.commit(unit)
            except Taken:
                moving = await without_known(chunk, self._journal, self._recorder, received.at_ms)
                continue
            progress.advance(told)
            return moving
        raise TryLater(Reason.BUSY, "others send rows of the same keys at this moment")

    def _unit(self, received: Received, chunk: Chunk, progress: _Progress) -> tuple[Unit, _Told]:
        bad = {problem.row for problem in chunk.problems}
        # A row with two bad cells is one rejected row, also when a chunk ends between them.
        rejected = len(bad - {progress.bad_row})
        told = _Told(len(chunk.children) + chunk.repeats, rejected, len(chunk.problems), max(bad, default=0))
        moved: dict[str, Any] = {
            "message": received.id,
            "next_row": progress.seen + 1,
            "was": progress.next_row,
            "accepted": told.accepted,
            "rejected": told.rejected,
        }
        numbered = enumerate(chunk.problems, progress.problems + 1)
        return Unit(
            [
                *chunk.beside,
                *(step for child in chunk.children for step in child.steps),
                *(problem_step(received.id, number, problem, progress.key) for number, problem in numbered),
                Step("advance_batch", moved, rows=1),
            ]
        ), told

    def _wake(self, children: list[Child]) -> None:
        lanes = {
            lane_of(self._federation, recipient, child.routed.normalised.received.service.name, "document")
            for child in children
            for recipient in child.routed.recipients
        }
        for lane in lanes:
            self._notify(lane)

    async def _finish(self, received: Received, progress: _Progress, sha256: str) -> Recorded:
        inbound = received.inbound
        problems = await problems_of(self._journal, received.id, progress.key)
        fields: dict[str, Any] = {
            "sha256": sha256,
            "source": received.caller.system,
            "format": inbound.format or "table",
            "rows": progress.accepted + progress.rejected,
            "accepted": progress.accepted,
            "rejected": progress.rejected,
            "document": received.service.request,
            "errors_sha256": await asyncio.to_thread(problems_sha256, problems),
        }
        fields |= {} if inbound.name is None else {"file_name": inbound.name[:200]}
        fields |= {} if inbound.encoding is None else {"encoding": inbound.encoding}
        document = FileBatch1(**fields)
        parent = self._parent(received, document)
        keys = BatchKeys(progress.key, self._parent_key(received))
        steps, receipt, _ = self._recorder.steps(parent, batch=keys)
        self._barrier("batch.before_parent")
        try:
            await self._journal.commit(Unit(steps))
        except Taken:
            done = await self._done_before(received)
            if done is None:
                raise
            return done
        self._barrier("batch.after_parent")
        self._arrivals.keep(received.id)
        report = BatchReport(
            progress.accepted + progress.rejected,
            progress.accepted,
            progress.rejected,
            sha256,
            inbound.encoding or "",
            problems,
            self._rows_known(received.service.name, received.caller.system),
        )
        return Recorded(received.id, (receipt.copy,), report=report, document=parent.normalised.canonical)

    def _rows_known(self, service: str, system: str) -> bool:
        """Do rows have a key of their own, by which they are known in another file?"""
        chosen = self._federation.route_for(service, system)
        return chosen is not None and bool(chosen.idempotency_fields)

    def _parent(self, received: Received, document: FileBatch1) -> Routed:
        chosen = self._federation.route_for(received.service.name, received.caller.system)
        if chosen is None:
            raise Refused(Reason.NO_ROUTE, f"no route takes {received.service.name} from {received.caller.system}")
        return Routed(Normalised(received, document, canonical(document), ()), chosen, (), None)


class _Rows:
    """Items of a codec, one of which can be put back."""

    def __init__(self, items: Iterator[Document | RowProblem]) -> None:
        self._items = items
        self._back: list[Document | RowProblem] = []

    def __iter__(self) -> Iterator[Document | RowProblem]:
        return self

    def __next__(self) -> Document | RowProblem:
        return self._back.pop() if self._back else next(self._items)

    def put_back(self, item: Document | RowProblem) -> None:
        self._back.append(item)


def _some(rows: _Rows, limit: int) -> tuple[list[Document | RowProblem], Refused | None]:
    """About `limit` items, in a thread: reading and parsing block. The problems of one row stay together, so that a
    restart, which goes on at a row, misses none."""
    items: list[Document | RowProblem] = []
    try:
        for item in rows:
            if len(items) >= limit and not _of_one_row(items[-1], item):
                rows.put_back(item)
                break
            items.append(item)
    except Refused as error:
        return items, error
    except SchemaError as error:
        return items, Refused(Reason.SCHEMA_INVALID, "a row does not fit its schema", errors=error.errors)
    return items, None


def _of_one_row(one: Document | RowProblem, other: Document | RowProblem) -> bool:
    return isinstance(one, RowProblem) and isinstance(other, RowProblem) and one.row == other.row


class _Counted:
    """A stream of bytes that keeps their digest, also of what the codec did not care to read."""

    def __init__(self, received: Received) -> None:
        if received.inbound.stream is None:
            raise Refused(Reason.BAD_REQUEST, "a batch needs a stream of bytes")
        self._pieces = received.inbound.stream()
        self._digest = hashlib.sha256()

    def __call__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._digest.update(piece)
            yield piece

    def sha256(self) -> str:
        for piece in self._pieces:
            self._digest.update(piece)
        return self._digest.hexdigest()


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
