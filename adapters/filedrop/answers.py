"""What an agency finds in its folders when one of its files is settled: receipts, reports, notices, the file put away.

Enters: a file in hand and how it was settled. Leaves: receipts and reports in the outbox, the file in the archive or,
with a notice beside it, in the errors. Refuses: nothing; every step may be done again and writes the same. Blocks: run
it in a thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.filedrop import notices
from adapters.filedrop.arrive import data_name
from adapters.filedrop.folder import Barrier, Folder, Taken
from adapters.filedrop.naming import safe
from adapters.filedrop.workroom import ITEM, Held, Workroom, archived_names, refused_names
from gateway.contract import Accepted, Duplicate, Reason, Refused
from gateway.contract.host import Metrics

_WRITTEN_ON = (
    "the file was written to after it was read: what was read is recorded (see its receipt and rows report), "
    "rows and bytes behind it were not taken; drop the whole file again"
)


class Answers:
    """`folders` by their names: inbox, work, archive, errors, outbox."""

    def __init__(self, folders: Mapping[str, Folder], room: Workroom, metrics: Metrics, barrier: Barrier) -> None:
        self._folders, self._room, self._metrics, self._barrier = folders, room, metrics, barrier

    def archive(self, held: Held, settlement: Accepted | Duplicate) -> None:
        outcome = self._room.outcome(held.claim)
        if outcome is None:
            if not self._room.holds(held.claim):
                return
            self._write_receipts(held, settlement)
            outcome = self._room.decide(held, self._end(held, settlement.message_id))
        self.put_away(held, outcome)

    def _end(self, held: Held, message_id: str) -> dict[str, Any]:
        """The archive, unless a writer went on behind what was read: that must not look like a file taken whole."""
        if not self._room.touched(held):
            return {"to": "archive", **archived_names(held)}
        self._metrics.count("filedrop_changed_after_reading")
        notice = notices.error(message_id, data_name(held.name), Refused(Reason.FILE_CHANGED, _WRITTEN_ON))
        return {"to": "errors", **refused_names(held, self._folders["errors"]), "notice": notice}

    def _write_receipts(self, held: Held, settlement: Accepted | Duplicate) -> None:
        for copy in settlement.receipts:
            body = notices.receipt(settlement.message_id, copy, b"" if copy.delivery else settlement.document)
            mark = copy.delivery or settlement.message_id
            self._notice("outbox", held, mark, f".{copy.kind}.receipt.json", body)
            self._barrier(f"receipt {copy.kind}")
        if settlement.report is not None:
            body = notices.rows(settlement.message_id, settlement.report)
            self._notice("outbox", held, settlement.message_id, ".rows.json", body)
            self._barrier("rows written")

    def refuse(self, held: Held, message_id: str, refused: Refused, stage: str | None) -> None:
        outcome = self._room.outcome(held.claim)
        if outcome is None:
            if not self._room.holds(held.claim):
                return
            names = refused_names(held, self._folders["errors"])
            notice = notices.error(message_id, data_name(held.name), refused, stage)
            outcome = self._room.decide(held, {"to": "errors", **names, "notice": notice})
        self.put_away(held, outcome)

    def put_away(self, held: Held, outcome: dict[str, Any]) -> None:
        notice = outcome.get("notice")
        if notice is not None:
            self.write("errors", outcome[ITEM], held.claim, ".error.json", notices.written(notice))
            self._barrier("error written")
        self._room.part_with(held, self._folders[outcome["to"]], outcome)

    def _notice(self, folder: str, held: Held, mark: str, suffix: str, body: bytes) -> None:
        self.write(folder, held.name, mark, suffix, body, held.claim)

    def write(self, folder: str, name: str, mark: str, suffix: str, body: bytes, token: str | None = None) -> None:
        """Under the file's own name; a name taken by an earlier file of the same name gets a mark."""
        to = self._folders[folder]
        try:
            to.write(safe(name, suffix), body, token or mark)
        except Taken:
            to.write(safe(name, f".{mark}{suffix}"), body, token or mark)
