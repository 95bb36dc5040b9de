"""The receipt room: signed statements about one message, each naming the one before.

Enters: facts of a transition. Leaves: `ReceiptCopy` with its SHA-256: a JWS (ES256) over a manifest of salted digests,
never of payloads, so that a body may be erased later and the rest still verifies. Refuses: nothing.

Manifest: `v, id, kind, instance, node, at, message, delivery, sender, recipients, service, document, salt, commit,
parts[{commit, size, mediaType}], registration, reason, previous`. `commit` = hex SHA-256(salt ‖ canonical document);
a part's commit = hex SHA-256(salt ‖ its 32-byte SHA-256), so that a large part is hashed once; `registration` = hex
SHA-256(salt ‖ number in UTF-8); `previous` = hex SHA-256 of the JWS before it in this message's or delivery's chain.
All of a message have one salt, but for deliveries that withhold something of it (`salt_of_released`).
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Sequence

import orjson

from gateway.audit.events import timestamp
from gateway.contract.exchange import Part, ReceiptCopy
from gateway.contract.frozen import frozen
from gateway.contract.reasons import Reason
from gateway.message import Body
from gateway.signatures.jws import SignsReceipts


def commit(salt: bytes, data: bytes) -> str:
    """The salted commitment to bytes, in hex."""
    return hashlib.sha256(salt + data).hexdigest()


def part_commit(salt: bytes, part: Part) -> str:
    return commit(salt, bytes.fromhex(part.sha256))


def salt_of_released(salt: bytes, delivery: str) -> bytes:
    """The salt of a delivery from which something is withheld. Its recipient gets it with its receipts, and cannot find
    the message's own by it: under that one, what was withheld could be guessed and tried."""
    return hmac.digest(salt, b"released\0" + delivery.encode(), "sha256")[: len(salt)]


@frozen
class Signed:
    """A receipt with the digest that the next one and its event name."""

    copy: ReceiptCopy
    sha256: str


class ReceiptWriter:
    """Signs receipts of one node."""

    def __init__(
        self, key: SignsReceipts, *, instance: str, node: str, new_id: Callable[[], str], now_ms: Callable[[], int]
    ) -> None:
        self._key, self._instance, self._node = key, instance, node
        self._new_id, self._now_ms = new_id, now_ms

    def write(
        self,
        kind: str,
        *,
        message: str,
        sender: str,
        recipients: Sequence[str],
        service: str,
        document_type: str,
        body: Body,
        delivery: str | None = None,
        registration: str | None = None,
        reason: Reason | None = None,
        previous: str | None = None,
    ) -> Signed:
        manifest = {
            "v": 1,
            "id": self._new_id(),
            "kind": kind,
            "instance": self._instance,
            "node": self._node,
            "at": timestamp(self._now_ms()),
            "message": message,
            "delivery": delivery,
            "sender": sender,
            "recipients": list(recipients),
            "service": service,
            "document": document_type,
            "salt": b64encode(body.salt).decode(),
            "commit": commit(body.salt, body.document),
            "parts": [
                {"commit": part_commit(body.salt, part), "size": part.size, "mediaType": part.media_type}
                for part in body.parts
            ],
            "registration": None if registration is None else commit(body.salt, registration.encode()),
            "reason": None if reason is None else reason.value,
            "previous": previous,
        }
        jws = self._key.sign(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS))
        return Signed(ReceiptCopy(kind, jws, delivery, registration), hashlib.sha256(jws.encode()).hexdigest())
