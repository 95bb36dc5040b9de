"""What an adapter is: a spec, and a source, endpoint or sink with its codec, or a signer (see `signer`).

Enters: configuration of the adapter's own model and a `Host`. Leaves: inbound items, settled items, deliveries.
Refuses: by the four errors of `gateway.contract.errors`, never by another exception.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from gateway.contract.errors import NeedsOperator
from gateway.contract.exchange import Attempt, Delivered, Inbound, Native, Outbound, RowProblem, Settlement
from gateway.contract.host import Host
from gateway.contract.http import HttpCall, HttpRoute, Reply
from schemas.document import Document

Kind = Literal["source", "endpoint", "sink", "signer"]


class Capability(StrEnum):
    """What a recipient does with the same delivery twice: takes it once, can be asked, or neither."""

    IDEMPOTENT = "idempotent"
    RECONCILABLE = "reconcilable"
    NEITHER = "neither"


class Codec(Protocol):
    """Pure functions between native form and documents: no I/O, no clock."""

    def to_documents(self, inbound: Inbound) -> Iterator[Document | RowProblem]:
        """One document; for a batch one item per row. Raises `Refused` for what can be no document."""
        ...

    def from_document(self, outbound: Outbound) -> Native: ...

    def to_answer(self, reply: Native, document_type: str) -> Document:
        """The recipient's answer to a query as a document of `document_type`. Raises `Refused`."""
        ...


class Adapter(ABC):
    """Opened once with its configuration and host; `check` consumes nothing; `close` is idempotent.

    An `open` that raises keeps nobody else from starting: it is told to a person (what `NeedsOperator` says), closed,
    and tried again. Until then deliveries wait, a source is not polled, and an endpoint answers 503."""

    @abstractmethod
    async def open(self) -> None: ...

    @abstractmethod
    async def check(self) -> list[str]:
        """Sentences that say what would not work and what to do; empty when all is well. Consumes nothing."""
        ...

    async def close(self) -> None:
        return None


class Source(Adapter):
    """What we poll. An item that was polled is settled or released, also after a restart."""

    codec: Codec

    @abstractmethod
    def poll(self, limit: int) -> AsyncIterator[Inbound]: ...

    @abstractmethod
    async def settle(self, item: Inbound, settlement: Settlement) -> None:
        """Idempotent: it may be driven again after a restart with the same settlement."""
        ...

    @abstractmethod
    async def release(self, item: Inbound) -> None:
        """Gives the item back untouched: it will be polled again."""
        ...


class Endpoint(Adapter):
    """What calls us. The host has authenticated the caller before `decode`."""

    codec: Codec

    @abstractmethod
    def routes(self) -> Sequence[HttpRoute]: ...

    @abstractmethod
    async def decode(self, call: HttpCall) -> Inbound: ...

    @abstractmethod
    def encode(self, call: HttpCall, settlement: Settlement) -> Reply: ...


class Sink(Adapter):
    """What we call. `capability` belongs to the recipient as configured, not to the protocol."""

    codec: Codec
    capability: Capability = Capability.NEITHER

    @abstractmethod
    async def deliver(self, outbound: Outbound, attempt: Attempt) -> Delivered: ...

    async def reconcile(self, outbound: Outbound, attempt: Attempt) -> Delivered | None:
        """Asks whether an earlier attempt arrived. None: it did not. Only called for `reconcilable` sinks."""
        return None

    async def ask(self, outbound: Outbound, deadline: float) -> Native:
        """Asks a question and waits at most `deadline` seconds for the answer in native form."""
        raise NeedsOperator("this sink answers no queries; give the system a channel that does")


class UsesFolders(Protocol):
    """What a configuration model may offer, so that `lintas check` sees two places that would take each other's files.

    Both map a setting's name to the folder it means, default or not: relative to the state folder unless absolute."""

    def own_folders(self) -> Mapping[str, str]:
        """Folders whose files this place takes as its own; no other place may use them."""
        ...

    def shared_folders(self) -> Mapping[str, str]:
        """Folders it only writes to; others may write there too."""
        ...


class NamesFields(Protocol):
    """What a configuration model may offer, so that `lintas check` knows the document fields that its settings name."""

    def document_fields(self) -> Iterable[tuple[str, tuple[str, ...], str]]:
        """Document type (`letter/1`), place of the setting within the configuration, path of a field in wire names.

        An empty path means that the setting names the document type itself."""
        ...


class NamesService(Protocol):
    """What a configuration model of a source may offer, so that `lintas check` knows which service its items use."""

    def names_service(self) -> tuple[str | None, str | None, Sequence[str]]:
        """Service, document type and recipients, as its settings `service`, `document` and `recipients` say."""
        ...


class OffersWayBack(Protocol):
    """What a configuration model of a source may offer, so that whoever sends by it hears what became of it: unless the
    system says elsewhere where its receipts go, they go where this says."""

    def receipts_config(self) -> Mapping[str, Any]:
        """The configuration of a sink of the same adapter that receipts are delivered through."""
        ...


class ChoosesValues(Protocol):
    """What a configuration model may offer, so that `lintas check` knows the values that its settings put in fields."""

    def document_values(self) -> Iterable[tuple[str, tuple[str, ...], str, str]]:
        """Document type, place of the setting within the configuration, path of a field in wire names, a value."""
        ...


class _Factory(Protocol):
    def __call__(self, config: Any, host: Host) -> Adapter: ...


@dataclass(frozen=True)
class AdapterSpec:
    """What an adapter distribution puts in the entry-point group `gateway.adapters`.

    `makers` has, per kind it offers, its configuration model and its factory `(config, host) -> Adapter`. An endpoint
    is made once for the gateway; a source or sink once per place in the configuration, a signer once per person who
    signs with it.
    """

    name: str
    title: str
    makers: Mapping[Kind, tuple[type[BaseModel], _Factory]]
    ordered: bool = True

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(self.makers)

    def config_model(self, kind: Kind) -> type[BaseModel]:
        return self.makers[kind][0]

    def make(self, kind: Kind, config: BaseModel, host: Host) -> Adapter:
        return self.makers[kind][1](config, host)
