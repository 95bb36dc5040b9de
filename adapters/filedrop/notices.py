"""What is written back for people and programs to read: receipts, row reports, errors. Pure.

Enters: settlements' contents. Leaves: the bytes of a JSON file, the same for the same input. Refuses: nothing.
A notice about a refusal never quotes the file.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from gateway.contract import REASONS, BatchReport, Reason, ReceiptCopy, Refused

_ADVICE = {
    Reason.RECIPIENT_REFUSED: "Ask the recipient what it found wrong; correct that and drop it as a new file.",
    Reason.EXPIRED: "It was not delivered in time; drop it again with a later 'expiresAt' if it is still to go.",
}
_GIVEN_UP = (
    "It was given up at the gateway: ask the operator with the messageId, then drop it again if it is still to go."
)


_ROWS_KNOWN = (
    "Correct the rows under 'errors' and drop the whole file again, or these rows alone: what was accepted is known "
    "and does not move a second time."
)
_ROWS_ALONE = (
    "Correct the rows under 'errors' and drop them in a file of their own, with the same header and without the rows "
    "that were accepted: of another file every row moves, also one that has moved already."
)


@dataclass(frozen=True, slots=True)
class Row:
    """Which row of which batch a receipt is about; `batch` is the message id that its report names."""

    batch: str
    row: int


def receipt(message_id: str, copy: ReceiptCopy, document: bytes = b"", row: Row | None = None) -> bytes:
    """`{messageId, kind, deliveryId, row?, batchId?, code?, title?, advice?, receipt, statement, registrationNumber?,
    document?}`. `receipt` is a JWS; what stands beside it is for people.

    `document`, where it is known, is what the receipt commits to: the file's contents as a shared document."""
    said = statement(copy.jws)
    notice: dict[str, Any] = {
        "messageId": message_id,
        "kind": copy.kind,
        "deliveryId": copy.delivery,
        **({} if row is None else {"row": row.row, "batchId": row.batch}),
        **(_refusal(said, row) if copy.kind == "refused" else {}),
        "receipt": copy.jws,
        "statement": said,
    }
    if copy.registration is not None:
        notice["registrationNumber"] = copy.registration
    if document:
        notice["document"] = json.loads(document)
    return written(notice)


def _refusal(said: dict[str, Any] | None, row: Row | None) -> dict[str, Any]:
    """What a person needs to know of a refusal: the same words as in a notice about a refused file."""
    try:
        reason = Reason(str((said or {}).get("reason")))
    except ValueError:
        return {}
    advice = _ADVICE.get(reason, _GIVEN_UP)
    if row is not None:
        advice = f"This is about row {row.row} alone; the others went their own way. {advice}"
    return {"code": reason.value, "title": REASONS[reason].title, "advice": advice}


def statement(jws: str) -> dict[str, Any] | None:
    """The payload of a compact JWS, unverified and for reading only; None if it is no JSON object."""
    pieces = jws.split(".")
    if len(pieces) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4))
        loaded = json.loads(payload)
    except (ValueError, binascii.Error):
        return None
    return loaded if isinstance(loaded, dict) else None


def rows(message_id: str, report: BatchReport) -> bytes:
    """`{messageId, rows, accepted, rejected, advice?, sha256, encoding, errors}`, an error being `{row, column, code,
    message, value}`. The file-batch/1 that the receipt commits to has the digest of `errors` as `errorsSha256`."""
    return written(
        {
            "messageId": message_id,
            "rows": report.rows,
            "accepted": report.accepted,
            "rejected": report.rejected,
            **({"advice": _ROWS_KNOWN if report.rows_known else _ROWS_ALONE} if report.rejected else {}),
            "sha256": report.sha256,
            "encoding": report.encoding,
            "errors": [
                {"row": p.row, "column": p.column, "code": p.code, "message": p.message, "value": p.value}
                for p in report.problems
            ],
        }
    )


def error(message_id: str | None, name: str, refused: Refused, stage: str | None = None) -> dict[str, Any]:
    """`{messageId?, file, code, title, stage?, reason, advice, limit?, errors: [{path, code, message}]}`."""
    face = REASONS[refused.reason]
    notice: dict[str, Any] = {
        **({"messageId": message_id} if message_id is not None else {}),
        "file": name.encode("utf-8", "replace").decode(),
        "code": refused.reason.value,
        "title": face.title,
        **({"stage": stage} if stage is not None else {}),
        "reason": refused.detail or face.title,
        "advice": face.advice,
    }
    if refused.limit is not None:
        notice["limit"] = refused.limit
    notice["errors"] = [{"path": p, "code": c, "message": m} for p, c, m in refused.errors]
    return notice


def written(notice: dict[str, Any]) -> bytes:
    """The bytes of a notice: UTF-8, indented for people."""
    return (json.dumps(notice, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")
