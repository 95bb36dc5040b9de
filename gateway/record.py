"""The record room: ONE transaction, and custody passes.

Enters: `Verified`. Leaves: `Recorded`, after fsync: message, deliveries, events and the `accepted` receipt (signed
before, stored in it) are durable together. A repeat of the same content leaves with the original receipts.
Refuses: a repeat with other content (`conflict`).

1. Sign the receipt and seal the body under the message's data key.
2. Commit everything in one unit; the idempotency key is its unique row.
3. If the key is taken: an expired one is dropped and the unit tried once more; else compare contents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.arrivals import Arrivals
from gateway.audit.catalogue import EventName
from gateway.audit.events import Event, EventWriter, event_step
from gateway.contract.errors import Refused
from gateway.contract.exchange import Caller, Part, ReceiptCopy
from gateway.contract.reasons import Reason
from gateway.deliveries import Deliveries
from gateway.federation import Federation
from gateway.message import Body, Origin, Recorded, Routed, Verified
from gateway.policy import lanes_of, retention_ms, route_names, window_ms
from gateway.receipt import ReceiptWriter, Signed, commit
from gateway.route import field_values
from gateway.settings import Settings
from gateway.store.engine import Journal, Row, Step, Taken, Unit
from gateway.store.entropy import random_bytes
from gateway.store.hmac_keys import HmacKeys
from gateway.store.keyed import Keyed
from gateway.store.sealing import DataKey, binding
from gateway.vault import SALT_BYTES, Vault

PASSED_ON = ("createdAt", "classification", "inReplyTo")
"""What else a sender may say in its envelope that goes on to the recipient as it is."""


PDF = "application/pdf"


class Recorder:
    """Writes what was verified, and finds the original of a repeat."""

    def __init__(
        self,
        *,
        journal: Journal,
        vault: Vault,
        lookup: HmacKeys,
        receipts: ReceiptWriter,
        events: EventWriter,
        federation: Federation,
        settings: Settings,
        arrivals: Arrivals,
        monotonic: Any,
    ) -> None:
        self._journal, self._vault, self._lookup = journal, vault, lookup
        self._receipts, self._events, self._arrivals = receipts, events, arrivals
        self._federation, self._settings, self._monotonic = federation, settings, monotonic
        self._routes = route_names(federation)
        self._deliveries = Deliveries(events, lanes_of(federation), self._routes)

    async def record(self, verified: Verified, *, parent: str | None = None) -> Recorded:
        """Makes one message durable. `parent` is the batch it is a row of."""
        routed = verified.routed
        steps, receipt, key = self.steps(routed, parent=parent, verified=verified)
        try:
            await self._journal.commit(Unit(steps))
        except Taken:
            if key is not None:
                return await self._taken(routed, key, steps, receipt)
            # Ids are unique: an item of a source without a key, recorded before it could be settled.
            original = await self.original(routed.normalised.received.id)
            if not original.receipts:
                raise
            return original
        self._arrivals.keep(routed.normalised.received.id)
        return Recorded(routed.normalised.received.id, (receipt.copy,), document=routed.normalised.canonical)

    def steps(
        self,
        routed: Routed,
        *,
        parent: str | None = None,
        row: int | None = None,
        batch: BatchKeys | None = None,
        verified: Verified | None = None,
    ) -> tuple[list[Step], Signed, bytes | None]:
        """The unit that records a message, its receipt, and the digest of its idempotency key if it has one.

        `parent` is the batch this is `row` of; `batch` says that this is a batch itself, whose keys exist already.
        """
        received, inbound = routed.normalised.received, routed.normalised.received.inbound
        message, service = received.id, received.service
        data_key = batch.data_key if batch else self._arrivals.take_key(message)
        facts = envelope_facts(routed, self._settings.instance)
        salt, trace = random_bytes(SALT_BYTES), inbound.trace
        body = Body(routed.normalised.canonical, salt, inbound.parts, inbound.name, facts, trace=trace)
        receipt = self._receipts.write(
            "accepted",
            message=message,
            sender=received.caller.system,
            recipients=routed.recipients,
            service=service.name,
            document_type=routed.normalised.document.TYPE,
            body=body,
        )
        origin = Origin(source_of(received.caller), parent, row)
        verdicts = () if verified is None else verified.verdicts
        body = Body(
            body.document, body.salt, body.parts, body.name, body.envelope, receipt.copy.jws, trace, origin, verdicts
        )
        kind = "batch" if batch else "message" if parent is None else "row"
        steps = [Step("insert_message", self._message_row(routed, data_key, body, kind, parent))]
        key = batch.idempotency if batch else self.key_of(routed, row=parent is not None)
        if key is not None:
            expires = received.at_ms + window_ms(routed.route, self._settings)
            content = content_digest(self._lookup, routed)
            steps.append(Step("insert_key", {"key": key, "message": message, "content": content, "expires": expires}))
        steps += [self._carried(part, message) for part in inbound.parts if part.media_type == PDF]
        held = None if verified is None else verified.held
        for number, recipient in enumerate(routed.recipients, 1):
            steps += self._deliveries.begin(routed, f"{message}.{number}", recipient, receipt.sha256, held)
        subject_steps, subject_keys = self.subjects(routed.normalised.subjects, message)
        name = EventName.BATCH_ACCEPTED if batch else EventName.ACCEPTED
        event = self._accepted_event(name, routed, body, receipt, subject_keys, parent)
        return [*steps, *subject_steps, event_step(event)], receipt, key

    def _message_row(
        self, routed: Routed, data_key: DataKey, body: Body, kind: str, parent: str | None
    ) -> Mapping[str, Any]:
        received, inbound = routed.normalised.received, routed.normalised.received.inbound
        return {
            "id": received.id,
            "kind": kind,
            "parent": parent,
            "sender": received.caller.system,
            "service": received.service.name,
            "document": routed.normalised.document.TYPE,
            "conversation": self._conversation(inbound.conversation, parent),
            "route": self._routes[id(routed.route)],
            "purpose": routed.route.purpose,
            "parts": len(inbound.parts),
            "bytes": inbound.size or len(body.document),
            "created_at": received.at_ms,
            "expires_at": None if inbound.expires_at is None else int(inbound.expires_at.timestamp() * 1000),
            "trace": trace_name(self._lookup, inbound.trace),
            "sealed_key": self._vault.wrap(data_key, received.id),
            "body": self._vault.seal_body(data_key, received.id, body),
            "retain_until": received.at_ms + retention_ms(routed.route, self._settings),
        }

    def _carried(self, part: Part, message: str) -> Step:
        """Notes that the message carries a letter that was signed here, if it does."""
        digest = self._lookup.lookup("letter-file", part.sha256)
        return Step("note_carried", {"digest": digest, "message": message})

    def subjects(self, found: Sequence[tuple[str, str]], message: str) -> tuple[list[Step], list[Keyed]]:
        """Rows for the erasable table, and the keys whose pseudonyms stand in this message's events.

        A person has a fresh key per message, so that two events of one person share nothing that outlives the rows.
        """
        keys = [random_bytes(32) for _ in found[:16]]
        rows: list[dict[str, Any]] = [
            {"subject": self._lookup.lookup("subject", scheme, value), "message": message, "key": key}
            for (scheme, value), key in zip(found, keys, strict=False)
        ]
        return ([Step("insert_subject", rows)] if rows else []), [Keyed(key) for key in keys]

    def _accepted_event(
        self,
        name: EventName,
        routed: Routed,
        body: Body,
        receipt: Signed,
        subject_keys: list[Keyed],
        parent: str | None,
    ) -> Event:
        received, inbound = routed.normalised.received, routed.normalised.received.inbound
        return self._events.write(
            name,
            message=received.id,
            subject_keys=subject_keys,
            conversation=self._conversation(inbound.conversation, parent),
            sender=received.caller.system,
            recipient=routed.recipients[0] if len(routed.recipients) == 1 else None,
            actor=f"system:{received.caller.system}",
            service=received.service.name,
            document=routed.normalised.document.TYPE,
            route=self._routes[id(routed.route)],
            purpose=routed.route.purpose,
            commit_in=commit(body.salt, body.document),
            receipt_sha256=receipt.sha256,
            bytes=inbound.size or len(body.document),
            gateway_us=int((self._monotonic() - received.started) * 1_000_000),
            trace=trace_name(self._lookup, inbound.trace),
        )

    def _conversation(self, given: str | None, parent: str | None) -> str | None:
        """A row's is its batch's id, which is the gateway's own, unless the sender gave one."""
        return given if given == parent else conversation_name(self._lookup, given)

    def key_of(self, routed: Routed, *, row: bool = False) -> bytes | None:
        """The keyed digest of the idempotency key: the given one, else the fields the route declares, else none.

        The key that a row is given is that of its file: there the fields come first, unless the row has none of them.
        """
        received = routed.normalised.received
        given, fields = received.inbound.key, routed.route.idempotency_fields
        if fields and (given is None or row):
            values = field_values(routed.normalised.document, fields)
            if given is None or any(value is not None for value in values):
                given = "\x00".join("" if value is None else str(value) for value in values)
        if given is None:
            return None
        return self.key_digest(received.caller.system, received.service.name, given)

    def content_of(self, routed: Routed) -> bytes:
        """What makes a repeat of the same content: its document, parts and recipients, in a keyed form."""
        return content_digest(self._lookup, routed)

    def key_digest(self, system: str, service: str, key: str) -> bytes:
        """An idempotency key is unique per (system, service)."""
        return self._lookup.lookup("idempotency", system, service, key)

    async def _taken(self, routed: Routed, key: bytes, steps: list[Step], receipt: Signed) -> Recorded:
        received = routed.normalised.received
        rows = await self._journal.read("find_key", {"key": key})
        if not rows or int(rows[0][2] or 0) <= received.at_ms:
            dropped = Step("drop_expired_key", {"key": key, "now": received.at_ms})
            await self._journal.commit(Unit([dropped, *steps]))
            self._arrivals.keep(received.id)
            return Recorded(received.id, (receipt.copy,), document=routed.normalised.canonical)
        return await self.repeat(routed, key, rows[0])

    async def repeat(self, routed: Routed, key: bytes, row: Row, *, same: bool = False) -> Recorded:
        """The answer to a repeat, from the row of `find_key`: the original receipts, or `conflict` unless `same`."""
        original, content = str(row[0]), row[1]
        if not same and content != content_digest(self._lookup, routed):
            raise Refused(Reason.CONFLICT, "the first message with this key had other content")
        recorded = await self.original(original)
        await self._journal.commit(Unit([event_step(self.repeat_event(routed, original))]))
        return recorded

    def repeat_event(self, routed: Routed, original: str) -> Event:
        received = routed.normalised.received
        return self._events.write(
            EventName.DUPLICATE_ANSWERED,
            message=original,
            sender=received.caller.system,
            actor=f"system:{received.caller.system}",
            service=received.service.name,
            document=received.service.request,
            trace=trace_name(self._lookup, received.inbound.trace),
        )

    async def original(self, message: str) -> Recorded:
        """What a repeat is answered with: the stored receipts of the message itself."""
        receipts, document = await self._receipts_and_document(message)
        own = tuple(one for one in receipts if one.delivery is None)
        return Recorded(message, own, repeated=True, document=document)

    async def receipts_of(self, message: str) -> list[ReceiptCopy]:
        """Every receipt of a message, unsealed, in the order they were given. Raises `Erased`."""
        return (await self._receipts_and_document(message))[0]

    async def _receipts_and_document(self, message: str) -> tuple[list[ReceiptCopy], bytes]:
        rows = await self._journal.read("find_message", {"id": message})
        if not rows:
            return [], b""
        key = self._vault.unwrap(_blob(rows[0][14]), message)
        body = self._vault.open_body(key, message, _blob(rows[0][15]))
        found = await self._journal.read("receipts_of_message", {"message": message, "limit": 1000})
        later = [open_receipt(key, message, str(r[0]), str(r[1]), _blob(r[4]) or b"") for r in found]
        return [ReceiptCopy("accepted", body.accepted), *later], body.document


@dataclass(frozen=True, slots=True)
class BatchKeys:
    """What a batch has had since its first chunk: its data key, and the digest of its idempotency key."""

    data_key: DataKey
    idempotency: bytes | None


def source_of(caller: Caller) -> str | None:
    """The name of the source that took it, within its system; None for a caller who called."""
    return caller.credential.rpartition(":")[2] if caller.scheme == "source" else None


def seal_receipt(key: DataKey, message: str, copy: ReceiptCopy) -> bytes:
    """The JWS and, behind a line feed, the registration number it commits to."""
    plain = copy.jws if copy.registration is None else f"{copy.jws}\n{copy.registration}"
    return key.seal(plain.encode(), binding(f"receipt:{copy.delivery or ''}:{copy.kind}", message))


def open_receipt(key: DataKey, message: str, delivery: str, kind: str, sealed: bytes) -> ReceiptCopy:
    plain = key.open(sealed, binding(f"receipt:{delivery}:{kind}", message)).decode()
    jws, _, registration = plain.partition("\n")
    return ReceiptCopy(kind, jws, delivery or None, registration or None)


def conversation_name(lookup: HmacKeys, given: str | None) -> str | None:
    """How a conversation is called in events and rows: by a keyed digest, the same in all of them.

    A sender may make its identifiers of a person's number, in the digits of a UUID as well, and a log cannot forget.
    """
    return None if given is None else "keyed:" + lookup.lookup("conversation", given).hex()[:32]


def trace_name(lookup: HmacKeys, given: str | None) -> str | None:
    """How a trace (W3C `traceparent`) is called there: by a keyed digest of its trace id, for the same reason."""
    if given is None:
        return None
    _, _, rest = given.partition("-")
    return "keyed:" + lookup.lookup("trace", rest.partition("-")[0] or given).hex()[:32]


def content_digest(lookup: HmacKeys, routed: Routed) -> bytes:
    """Equal for equal canonical document, equal parts and equal recipients, in a keyed form.

    A repeat to somebody else is no repeat: the new recipient would silently get nothing.
    """
    parts = [part.sha256 for part in routed.normalised.received.inbound.parts]
    document = hashlib.sha256(routed.normalised.canonical).hexdigest()
    return lookup.lookup("content", document, *parts, *sorted(routed.recipients))


def envelope_facts(routed: Routed, instance: str) -> dict[str, Any]:
    """What of the envelope a recipient may see, by wire names; whom else it goes to is not among it."""
    received, inbound = routed.normalised.received, routed.normalised.received.inbound
    facts: dict[str, Any] = {name: inbound.facts[name] for name in PASSED_ON if name in inbound.facts}
    facts |= {
        "messageId": received.id,
        "service": received.service.name,
        "schema": received.service.request,
        "sender": received.caller.system,
        "instance": instance,
        "purpose": inbound.purpose or routed.route.purpose,
    }
    if inbound.conversation is not None:
        facts["conversationId"] = inbound.conversation
    if inbound.expires_at is not None:
        facts["expiresAt"] = inbound.expires_at.isoformat()
    return facts


def _blob(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
