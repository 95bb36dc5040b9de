"""The adapters that the federation names, made once each, and found again by whom they serve.

Enters: the federation's uses, the installed specs, a way to make hosts. Leaves: sinks by channel, sources with their
systems, endpoints. Refuses: an endpoint that nobody has, and an adapter that fails while it is made; else nothing: the
configuration was checked before. What is for a sink that could not be opened waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel

from gateway.contract.adapter import Adapter, AdapterSpec, Endpoint, Kind, Sink, Source
from gateway.contract.errors import TryLater
from gateway.contract.exchange import Attempt, Delivered, Native, Outbound
from gateway.contract.host import Host
from gateway.contract.reasons import Reason
from gateway.contract.signer import DocumentSigner
from gateway.federation import Federation, Signer, Use
from gateway.logs import place
from gateway.message import Work
from gateway.sources import Polled

WAITS = "the way to the recipient could not be opened yet; the operator of the gateway has been told why"
MakeHost = Callable[[str, str | None, str], Host]
"""`(name, system, agency)`; an endpoint serves no single system."""


class EndpointUnknown(Exception):
    """The settings open an endpoint that no installed adapter has; install it, or take it off the list."""


class AdapterUnusable(Exception):
    """An adapter failed while it was made; the message says which, and what to do."""


class Shut(Sink):
    """Stands in for a sink that is not open: nothing leaves, and what is for it is tried again later."""

    def __init__(self, sink: Sink) -> None:
        self.capability = sink.capability

    async def open(self) -> None:
        return None

    async def check(self) -> list[str]:
        return []

    async def deliver(self, outbound: Outbound, attempt: Attempt) -> Delivered:
        raise TryLater(Reason.RECIPIENT_DOWN, WAITS)

    async def reconcile(self, outbound: Outbound, attempt: Attempt) -> Delivered | None:
        raise TryLater(Reason.RECIPIENT_DOWN, WAITS)

    async def ask(self, outbound: Outbound, deadline: float) -> Native:
        raise TryLater(Reason.RECIPIENT_DOWN, WAITS)


class Channels:
    """Filled by `make`, once every store is there. `is_open` says by name whether an adapter may be used now."""

    def __init__(
        self,
        federation: Federation,
        specs: Mapping[str, AdapterSpec],
        endpoints: Sequence[str],
        is_open: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self._federation, self._specs, self._enabled, self._is_open = federation, specs, endpoints, is_open
        self._sinks: dict[str, Sink] = {}
        self.adapters: list[tuple[str, Adapter]] = []
        self.polled: list[Polled] = []
        self.endpoints: list[Endpoint] = []
        self._signers: dict[str, DocumentSigner] = {}

    def make(self, make_host: MakeHost) -> None:
        """Every adapter in use; endpoints once for the whole gateway. Raises `EndpointUnknown`, `AdapterUnusable`."""
        for use in self._federation.uses:
            self._use(use, make_host)
        for agency in self._federation.agencies.values():
            for signer in agency.signers.values():
                self._signer(agency.id, signer, make_host)
        for name in self._enabled:
            spec = self._specs.get(name)
            if spec is None or "endpoint" not in spec.kinds:
                raise EndpointUnknown(f"`endpoints` names {name}, and no installed adapter of that name has one")
            adapter = _made(f"{name}:endpoint", spec, "endpoint", None, make_host(name, None, ""))
            self.adapters.append((f"{name}:endpoint", adapter))
            if isinstance(adapter, Endpoint):
                self.endpoints.append(adapter)

    def _use(self, use: Use, make_host: MakeHost) -> None:
        kind: Kind = "source" if use.role == "source" else "sink"
        host = make_host(use.key, str(use.system), self._federation.systems[use.system].agency)
        adapter = _made(use.key, self._specs[use.adapter], kind, use.config, host)
        self.adapters.append((use.key, adapter))
        if isinstance(adapter, Source):
            self.polled.append(Polled(use.key, str(use.system), adapter))
        elif isinstance(adapter, Sink):
            self._sinks[use.key] = adapter

    def _signer(self, agency: str, signer: Signer, make_host: MakeHost) -> None:
        if signer.key.adapter is None:
            return
        name = f"{agency}:signer:{signer.id}"
        host = make_host(name, None, agency)
        adapter = _made(name, self._specs[signer.key.adapter], "signer", signer.adapter_config, host)
        self.adapters.append((name, adapter))
        if isinstance(adapter, DocumentSigner):
            self._signers[name] = adapter

    def signer(self, agency: str, signer: str) -> DocumentSigner | None:
        """Who signs for a signer whose key is elsewhere. Raises `TryLater` while the way there is not open."""
        name = f"{agency}:signer:{signer}"
        if name in self._signers and not self._is_open(name):
            raise TryLater(Reason.RECIPIENT_DOWN, WAITS)
        return self._signers.get(name)

    def channel(self, system: str, service: str) -> Sink | None:
        """How documents of a service reach a system; None if it pulls or does not receive."""
        return self._sink(self.name(system, service))

    def sink_of(self, work: Work, source: str | None = None) -> Sink | None:
        """How one delivery reaches its recipient. `source` is the one that the message came by."""
        return self._sink(self.name_of(work, source))

    def name_of(self, work: Work, source: str | None = None) -> str:
        """What the adapter is called that carries one delivery, or nothing: a receipt goes its own way back, that of a
        row to where the report of its batch went."""
        if work.kind != "receipt":
            return self.name(work.recipient, work.service)
        use = self._federation.receipts_use(work.recipient, source, beside=work.message_kind == "row")
        return use.key if use else ""

    def name(self, system: str, service: str) -> str:
        """What the adapter is called by which documents of a service reach a system, or nothing."""
        use = self._federation.channel_use(system, service)
        return use.key if use else ""

    def _sink(self, name: str) -> Sink | None:
        sink = self._sinks.get(name)
        return sink if sink is None or self._is_open(name) else Shut(sink)


def _made(name: str, spec: AdapterSpec, kind: Kind, config: BaseModel | None, host: Host) -> Adapter:
    try:
        return spec.make(kind, spec.config_model(kind)() if config is None else config, host)
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        told = f"{name} cannot be made ({type(error).__name__}{place(error)}); report it to the adapter's author, or"
        raise AdapterUnusable(f"{told} take {spec.name} out of the configuration") from error
