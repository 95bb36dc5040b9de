"""Batches: one parent whose rows become child messages, recorded in chunks; memory stays flat.

Enters: a received batch and its codec. Leaves: `Recorded` with a report of the rows. Refuses: what the codec refuses
before the first chunk is durable; after that, a file that cannot be read further ends with a row problem that says so.

1. The parent's key: a batch that is done already is answered with its original receipt and report.
2. A progress row is made, or found after a restart; rows before `next_row` are skipped.
3. Each chunk of rows is one unit: children, row problems and the progress row move together.
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
        was, accepted, bad = progress.next_row, 0, set[int]()
        steps: list[Step] = []
        children: list[tuple[Routed, list[Step]]] = []
        for count, item in enumerate(items):
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            row = item.row if isinstance(item, RowProblem) else progress.seen + 1
            progress.seen = max(progress.seen, row)
            if row < progress.resume:
                continue
            problem = item if isinstance(item, RowProblem) else self._child(received, item, row, children)
            if problem is None:
                accepted += 1
                continue
            progress.problems += 1
            bad.add(row)
            steps.append(problem_step(received.id, progress.problems, problem, progress.key))
        if progress.seen < progress.resume:
            return
        # A row with two bad cells is one rejected row, also when a chunk ends between them.
        rejected = len(bad - {progress.bad_row})
        progress.bad_row = max(bad, default=progress.bad_row)
        moved: dict[str, Any] = {
            "message": received.id,
            "next_row": progress.seen + 1,
            "was": was,
            "accepted": accepted,
            "rejected": rejected,
        }
        steps.append(Step("advance_batch", moved, rows=1))
        self._barrier("batch.before_chunk")
        await self._commit(children, steps)
        self._barrier("batch.after_chunk")
        progress.next_row = progress.seen + 1
        progress.accepted, progress.rejected = progress.accepted + accepted, progress.rejected + rejected
        self._wake(children)

    def _child(
        self, received: Received, document: Document, row: int, children: list[tuple[Routed, list[Step]]]
    ) -> RowProblem | None:
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
        steps, _, _ = self._recorder.steps(routed, parent=received.id, row=row)
        children.append((routed, steps))
        return None

    async def _commit(self, children: list[tuple[Routed, list[Step]]], steps: list[Step]) -> None:
        try:
            await self._journal.commit(Unit([*(step for _, own in children for step in own), *steps]))
        except Taken:
            # Some rows were recorded by an earlier drop of this file that was never finished: they are not sent twice.
            for _, own in children:
                try:
                    await self._journal.commit(Unit(own))
                except Taken:
                    continue
            await self._journal.commit(Unit(steps))

    def _wake(self, children: list[tuple[Routed, list[Step]]]) -> None:
        lanes = {
            lane_of(self._federation, recipient, routed.normalised.received.service.name, "document")
            for routed, _ in children
            for recipient in routed.recipients
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
        )
        return Recorded(received.id, (receipt.copy,), report=report, document=parent.normalised.canonical)

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
