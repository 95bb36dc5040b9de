"""Rows of a batch that were taken before: found by the keys that would be theirs, before a chunk is tried again.

Enters: a chunk of which at least one key is taken. Leaves: what of it is new; how many rows are repeats; a row problem
(`conflict`) for each row that has the key of another with other content. Refuses: nothing, and writes nothing: what was
found goes into the chunk's own unit, so that a crash leaves all of it or none.

1. The fields that a route declares make a row's key, wherever the row stands and whatever its file is called.
2. Without them its file's key and its number do: then it was taken by an earlier drop of the very same file.
3. Of two rows with one key in one chunk the first counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.audit.events import event_step
from gateway.contract.exchange import RowProblem
from gateway.contract.reasons import Reason
from gateway.message import Routed
from gateway.record import Recorder
from gateway.store.engine import Journal, Step


@dataclass(frozen=True, slots=True)
class Child:
    """A row that can be recorded: the steps that do it, and its key if it has one."""

    row: int
    routed: Routed
    steps: list[Step]
    key: bytes | None


@dataclass(slots=True)
class Chunk:
    """What one unit moves. `repeats` are rows that need nothing more, `beside` the steps that say so."""

    children: list[Child] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    repeats: int = 0
    beside: list[Step] = field(default_factory=list)


async def without_known(chunk: Chunk, journal: Journal, recorder: Recorder, now_ms: int) -> Chunk:
    """The chunk as it can be recorded now, from the chunk as it was read."""
    found = Chunk(problems=list(chunk.problems))
    seen: dict[bytes, tuple[str, bytes]] = {}
    for child in chunk.children:
        if child.key is None:
            found.children.append(child)
            continue
        content = recorder.content_of(child.routed)
        first = seen.get(child.key) or await _taken(journal, child.key, now_ms, found)
        if first is None:
            seen[child.key] = (child.routed.normalised.received.id, content)
            found.children.append(child)
            continue
        seen[child.key] = first
        _known(child, first, content, recorder, found)
    return found


async def _taken(journal: Journal, key: bytes, now_ms: int, found: Chunk) -> tuple[str, bytes] | None:
    """Message and content under a key; one whose time is over makes room."""
    rows = await journal.read("find_key", {"key": key})
    if not rows:
        return None
    message, content, expires = rows[0]
    if int(expires or 0) <= now_ms:
        found.beside.append(Step("drop_expired_key", {"key": key, "now": now_ms}))
        return None
    return str(message), content if isinstance(content, bytes) else b""


def _known(child: Child, first: tuple[str, bytes], content: bytes, recorder: Recorder, found: Chunk) -> None:
    fields = child.routed.route.idempotency_fields
    original, was = first
    if fields and content != was:
        said = f"a document with the same {' and '.join(fields)} was taken before, with other content"
        found.problems.append(RowProblem(child.row, None, Reason.CONFLICT.value, said))
        return
    found.repeats += 1
    if fields:
        found.beside.append(event_step(recorder.repeat_event(child.routed, original)))
