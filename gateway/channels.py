"""The adapters that the federation names, made once each, and found again by whom they serve.

Enters: the federation's uses, the installed specs, a way to make hosts. Leaves: sinks by channel, sources with their
systems, endpoints. Refuses: nothing; the configuration was checked before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gateway.contract.adapter import Adapter, AdapterSpec, Endpoint, Kind, Sink, Source
from gateway.contract.host import Host
from gateway.federation import Federation, Use
from gateway.message import Work
from gateway.sources import Polled

MakeHost = Callable[[str, str | None, str], Host]
"""`(name, system, agency)`; an endpoint serves no single system."""


class EndpointUnknown(Exception):
    """The settings open an endpoint that no installed adapter has; install it, or take it off the list."""


class Channels:
    """Filled by `make`, once every store is there."""

    def __init__(self, federation: Federation, specs: Mapping[str, AdapterSpec], endpoints: Sequence[str]) -> None:
        self._federation, self._specs, self._enabled = federation, specs, endpoints
        self._sinks: dict[str, Sink] = {}
        self.adapters: list[tuple[str, Adapter]] = []
        self.polled: list[Polled] = []
        self.endpoints: list[Endpoint] = []

    def make(self, make_host: MakeHost) -> None:
        """Every adapter in use; endpoints once for the whole gateway. Raises `EndpointUnknown`."""
        for use in self._federation.uses:
            self._use(use, make_host)
        for name in self._enabled:
            spec = self._specs.get(name)
            if spec is None or "endpoint" not in spec.kinds:
                raise EndpointUnknown(f"`endpoints` names {name}, and no installed adapter of that name has one")
            adapter = spec.make("endpoint", spec.config_model("endpoint")(), make_host(name, None, ""))
            self.adapters.append((f"{name}:endpoint", adapter))
            if isinstance(adapter, Endpoint):
                self.endpoints.append(adapter)

    def _use(self, use: Use, make_host: MakeHost) -> None:
        kind: Kind = "source" if use.role == "source" else "sink"
        host = make_host(use.key, str(use.system), self._federation.systems[use.system].agency)
        adapter = self._specs[use.adapter].make(kind, use.config, host)
        self.adapters.append((use.key, adapter))
        if isinstance(adapter, Source):
            self.polled.append(Polled(use.key, str(use.system), adapter))
        elif isinstance(adapter, Sink):
            self._sinks[use.key] = adapter

    def channel(self, system: str, service: str) -> Sink | None:
        """How documents of a service reach a system; None if it pulls or does not receive."""
        return self._sinks.get(self.name(system, service))

    def sink_of(self, work: Work) -> Sink | None:
        """How one delivery reaches its recipient."""
        return self._sinks.get(self.name_of(work))

    def name_of(self, work: Work) -> str:
        """What the adapter is called that carries one delivery, or nothing: a receipt goes its own way back."""
        if work.kind != "receipt":
            return self.name(work.recipient, work.service)
        use = self._federation.receipts_use(work.recipient)
        return use.key if use else ""

    def name(self, system: str, service: str) -> str:
        """What the adapter is called by which documents of a service reach a system, or nothing."""
        use = self._federation.channel_use(system, service)
        return use.key if use else ""
