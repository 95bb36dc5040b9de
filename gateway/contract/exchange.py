"""What travels between an adapter and the host: inbound, outbound, settlements, parts.

Enters: values an adapter or the host builds. Leaves: frozen values. Refuses: nothing; the rooms refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Literal, cast

from gateway.contract.errors import Refused
from gateway.contract.frozen import frozen
from schemas.document import Document


@frozen
class Caller:
    """Who is calling, as the host has established it: `agency/system`, the scheme and the credential's public id."""

    system: str
    scheme: str = "api_key"
    credential: str = ""

    @property
    def agency(self) -> str:
        return self.system.partition("/")[0]


@frozen
class Part:
    """Bytes that travel with a document. `address` is opaque: only the host can find the bytes by it."""

    number: int
    sha256: str
    size: int
    media_type: str
    name: str | None = None
    address: str = ""


@frozen
class PartRef:
    """A place in a native body where the host streams a part, raw or as base64."""

    part: Part
    encoding: Literal["raw", "base64"] = "raw"


@frozen
class Native:
    """A document in the other side's own form. `body`: bytes and part references in order; never a whole part."""

    body: tuple[bytes | PartRef, ...]
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def whole(self) -> bytes:
        """The body as one piece. Raises ValueError if it refers to a part."""
        if self.streams():
            raise ValueError("this body refers to parts and must be streamed")
        return b"".join(cast("tuple[bytes, ...]", self.body))

    def streams(self) -> bool:
        """True if the body refers to a part: the host streams it then."""
        return PartRef in map(type, self.body)


class Ephemeral:
    """What must not be recorded (a passphrase, a TOTP): memory only, empty repr, not picklable, wiped after use."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values: dict[str, str] = dict(values or {})

    def take(self, name: str) -> str | None:
        return self._values.get(name)

    def wipe(self) -> None:
        self._values.clear()

    def __bool__(self) -> bool:
        return bool(self._values)

    def __repr__(self) -> str:
        return "Ephemeral()"

    def __reduce__(self) -> Any:
        raise TypeError("an ephemeral value cannot be stored")


@frozen
class Inbound:
    """One thing that arrived, decoded as far as its protocol goes; the codec turns `content` into documents.

    `message_id` was minted by the host at arrival. `key` is the idempotency key, frozen where the item was first seen.
    `content` belongs to the adapter (a dict, an element). A batch sets `stream`, which opens the rows lazily. `format`
    and `encoding` are those of a file, as found. `facts` are what else the envelope says to the recipient, by name:
    `createdAt`, `classification`, `inReplyTo`. `size` is the size of what arrived, in bytes. `item` is the source's
    own handle (a claim), given back at settle.
    """

    message_id: str
    received_at: datetime
    service: str
    document_type: str
    content: Any = None
    recipients: tuple[str, ...] = ()
    key: str | None = None
    sender: str | None = None
    conversation: str | None = None
    instance: str | None = None
    purpose: str | None = None
    expires_at: datetime | None = None
    deadline: float | None = None
    parts: tuple[Part, ...] = ()
    size: int = 0
    name: str | None = None
    trace: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    encoding: str | None = None
    batch: bool = False
    stream: Callable[[], Iterator[bytes]] | None = None
    item: Any = None
    ephemeral: Ephemeral | None = None


@frozen
class ReceiptCopy:
    """One signed receipt as it is handed out. `jws` is compact JWS; `kind`: accepted, delivered, registered, refused.

    `registration` is the number the recipient gave; the receipt itself holds only its salted digest.
    """

    kind: str
    jws: str
    delivery: str | None = None
    registration: str | None = None


@frozen
class Outbound:
    """One delivery or question to one recipient.

    `kind`: a `document` to deliver, a `receipt` going back to its sender, or a `query`. `document_json` is the
    released document in canonical JSON; `load()` gives it as a model. `envelope` is what the recipient may see of the
    envelope, in wire names. `part_urls` has one URL per part, readable with the recipient's own credentials. `trace` is
    the sender's `traceparent`, to go on in the header of that name. `batch` and `row` are the message id of the batch
    that it is a row of and the row's number, counted from 1.
    """

    delivery_id: str
    message_id: str
    kind: Literal["document", "receipt", "query"]
    sender: str
    recipient: str
    service: str
    document_type: str
    document_json: bytes
    envelope: Mapping[str, Any]
    load: Callable[[], Document]
    parts: tuple[Part, ...] = ()
    part_urls: tuple[str, ...] = ()
    receipt: ReceiptCopy | None = None
    name: str | None = None
    ephemeral: Ephemeral | None = None
    trace: str | None = None
    batch: str | None = None
    row: int | None = None


@frozen
class Attempt:
    """One try. `number` counts from 1 since the delivery was last put on its way; `deadline` is in seconds from now."""

    number: int
    deadline: float
    fence: int = 0


@frozen
class Delivered:
    """The recipient has it. `answer` is its own answer, kept sealed; `registration` its number, if it came at once."""

    answer: bytes = b""
    registration: str | None = None


@frozen
class RowProblem:
    """One bad row or cell of a batch: `row` counts data rows from 1; `code` is stable; `value` is masked already."""

    row: int
    column: str | None
    code: str
    message: str
    value: str | None = None


@frozen
class BatchReport:
    """What became of a batch. `problems` are the first 10,000, `rejected` counts all rows. The batch's document, a
    file-batch/1, states the digest of the problems as they are handed out. A row that was taken before counts as
    accepted; `rows_known`: it is known wherever it stands, so that a corrected file may be sent whole."""

    rows: int
    accepted: int
    rejected: int
    sha256: str
    encoding: str
    problems: tuple[RowProblem, ...] = ()
    rows_known: bool = False


@frozen
class Accepted:
    """Custody has passed to the gateway. For a batch, `report` tells the rows. `document` is the canonical form (RFC
    8785) that the `accepted` receipt commits to: whoever sent a file or XML needs it to check the receipt."""

    message_id: str
    receipts: tuple[ReceiptCopy, ...]
    report: BatchReport | None = None
    document: bytes = b""


@frozen
class Answered:
    """The answer to a query, as a shared document."""

    message_id: str
    document_type: str
    document_json: bytes
    load: Callable[[], Document]
    repeated: bool = False


STAGES = ("arrive", "intake", "normalise", "route", "verify", "record", "ask", "batch", "register", "operate")
"""The rooms that refuse. `arrive` is everything before a message is whole, authentication among it; `operate` is the
gateway's own API: what parties read and take from an inbox, what operators see and decide."""


@frozen
class Rejected:
    """Not taken. The sender keeps custody. `error` names the reason and, where one was met, the limit.

    `stage` is the room that refused, one of `STAGES`.
    """

    message_id: str
    error: Refused
    retry_after: float | None = None
    stage: str | None = None


@frozen
class Duplicate:
    """A repeat of the same content: the stored original receipts, byte-identical, and what the first commits to."""

    message_id: str
    receipts: tuple[ReceiptCopy, ...]
    report: BatchReport | None = None
    document: bytes = b""


Settlement = Accepted | Answered | Rejected | Duplicate
