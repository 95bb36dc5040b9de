"""Bodies, receipts and answers at rest: everything of one message is sealed under that message's data key.

Enters: a body, receipts or an answer with their message id. Leaves: sealed bytes for the journal, and back again.
Refuses: to open what was erased (`Erased`) or tampered with (`SealBroken`).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.contract.exchange import Part
from gateway.message import Body, Origin
from gateway.store.sealing import DataKey, KeyRing, binding

SALT_BYTES = 16
_UNTOLD = Origin()


class Erased(Exception):
    """The data key of this message was deleted: its body is gone for good, its receipts and events still verify."""


class Vault:
    """`keys` wraps data keys; the wrapped form lies in the message row, and deleting it erases the message."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def wrap(self, key: DataKey, message: str) -> bytes:
        return self._keys.wrap(key, binding("data-key", message))

    def unwrap(self, wrapped: bytes | None, message: str) -> DataKey:
        if wrapped is None:
            raise Erased(message)
        return self._keys.unwrap(wrapped, binding("data-key", message))

    def seal_body(self, key: DataKey, message: str, body: Body) -> bytes:
        return key.seal(pack(body), binding("body", message))

    def open_body(self, key: DataKey, message: str, sealed: bytes | None) -> Body:
        if sealed is None:
            raise Erased(message)
        return unpack(key.open(sealed, binding("body", message)))


def pack(body: Body) -> bytes:
    """A body as bytes: the length of a JSON head in four bytes, the head, then the document as it is."""
    value: dict[str, Any] = {
        "salt": b64encode(body.salt).decode(),
        "name": body.name,
        "envelope": body.envelope,
        "accepted": body.accepted,
        "trace": body.trace,
        "parts": [[p.number, p.sha256, p.size, p.media_type, p.name, p.address] for p in body.parts],
    }
    if body.origin != _UNTOLD:
        value["origin"] = [body.origin.source, body.origin.batch, body.origin.row]
    if body.verdicts:
        value["verdicts"] = body.verdicts
    head = orjson.dumps(value)
    return len(head).to_bytes(4, "big") + head + body.document


def unpack(data: bytes) -> Body:
    """The reverse of `pack`; the document's bytes are the very same."""
    end = 4 + int.from_bytes(data[:4], "big")
    value: Mapping[str, Any] = orjson.loads(data[4:end])
    return Body(
        document=data[end:],
        salt=b64decode(value["salt"]),
        parts=tuple(Part(*fields) for fields in value["parts"]),
        name=value["name"],
        envelope=value["envelope"],
        accepted=value["accepted"],
        trace=value.get("trace"),
        origin=Origin(*value["origin"]) if "origin" in value else _UNTOLD,
        verdicts=tuple(value.get("verdicts", ())),
    )
