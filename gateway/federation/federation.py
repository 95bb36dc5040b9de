"""The federation as the rooms see it: resolved, frozen, fast to ask.

In: entries that `load` has validated and `check` has found without error. Out: `Federation`. Refuses nothing: it is
only made of what is sound. Every answer is a dictionary look-up made ready at start, since the set of systems is
closed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import orjson
from pydantic import BaseModel

from gateway.federation.model import (
    Channel,
    OperatorEntry,
    Route,
    SignedAs,
    SignerEntry,
    SystemEntry,
    SystemId,
    matches,
)

UseRole = Literal["source", "channel", "receipts"]

# The gateway takes these itself: they close a registration, and the sender gets a receipt, not a document.
TAKEN_BY_GATEWAY = frozenset({"acknowledgement.deliver"})
# The gateway answers these itself, with what the agency of the caller has entrusted to it; their routes lead nowhere.
ANSWERED_BY_GATEWAY = frozenset({"letter.sign"})
GATEWAY = "gateway"


class System(SystemEntry):
    """A system with its agency: `id` is `agency/system`; `time_zone` is its own or the agency's."""

    id: SystemId
    agency: str
    time_zone: str

    def channel_for(self, service: str) -> Channel | None:
        """How this system receives documents of a service; None when it does not."""
        return self.channels.get(service, self.channel)

    def receives(self, service: str, *, query: bool) -> bool:
        """Can documents of this service reach the system? A query needs a channel that is called."""
        channel = self.channel_for(service)
        return service in TAKEN_BY_GATEWAY or (channel is not None and not (query and channel.pull))


class Operator(OperatorEntry):
    """A person; `actor` is the name in events."""

    id: str

    @property
    def actor(self) -> str:
        return f"person:{self.id}"


class Signer(SignerEntry):
    """A signer of an agency; `adapter_config` is what the model of its adapter, if it has one, has validated."""

    id: str
    adapter_config: BaseModel | None = None


@dataclass(frozen=True, slots=True)
class Agency:
    id: str
    name: str
    time_zone: str
    systems: tuple[SystemId, ...]
    signers: Mapping[str, Signer] = field(default_factory=dict)
    signed_as: tuple[SignedAs, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """One adapter to open: for which system, in which role, with the configuration its own model has validated.

    `name` is the source's name (also of the way back that a source offers), the service a channel is an exception for,
    or empty. `key` is unique and stable."""

    system: SystemId
    role: UseRole
    name: str
    adapter: str
    config: BaseModel

    @property
    def key(self) -> str:
        return f"{self.system}:{self.role}:{self.name}" if self.name else f"{self.system}:{self.role}"


@dataclass(frozen=True, slots=True)
class Federation:
    """Who takes part and what may go where. Built by `federate`."""

    agencies: Mapping[str, Agency]
    systems: Mapping[SystemId, System]
    routes: tuple[Route, ...]
    operators: Mapping[str, Operator]
    uses: tuple[Use, ...]
    digest: str
    """SHA-256 in hex over the canonical content; equal for equal meaning, whatever the files look like."""
    _routes: Mapping[tuple[str, str], Route] = field(repr=False)
    _recipients: Mapping[int, frozenset[SystemId]] = field(repr=False)
    _rights: Mapping[str, frozenset[str]] = field(repr=False)
    _readers: Mapping[str, frozenset[SystemId]] = field(repr=False)
    _channels: Mapping[tuple[str, str], Use] = field(repr=False)
    _receipts: Mapping[tuple[str, str], Use] = field(repr=False)
    _first_way_back: Mapping[str, Use] = field(repr=False)

    def route_for(self, service: str, sender: str) -> Route | None:
        """The first route that takes this service from this system, whether or not it has the right."""
        return self._routes.get((service, sender))

    def may_use(self, system: str, service: str) -> bool:
        """Has this system the right to call this service?"""
        return service in self._rights.get(system, frozenset())

    def signed_as(self, agency: str) -> tuple[SignedAs, ...]:
        """How the signers of an agency are known on its documents."""
        known = self.agencies.get(agency)
        return () if known is None else known.signed_as

    def may_anything(self, system: str) -> bool:
        """Has this system the right to call any service at all?"""
        return bool(self._rights.get(system))

    def recipients_of(self, route: Route) -> frozenset[SystemId]:
        """The systems this route can deliver to: all of them if fixed, those a sender may name otherwise.

        `route` is one of `routes`; a pattern's system without a channel for the service is not among them."""
        return self._recipients[id(route)]

    def may_read(self, reader: str, system: str) -> bool:
        """May `reader` read the messages of `system`: its own, or those an extra reader right names?"""
        return reader == system or system in self._readers.get(reader, frozenset())

    def channel_use(self, system: str, service: str) -> Use | None:
        """The adapter that carries documents of a service to this system; None when it pulls or does not receive."""
        return self._channels.get((system, service))

    def pulls(self, system: str, service: str) -> bool:
        """Does this system fetch documents of this service from its inbox?"""
        known = self.systems.get(SystemId(system))
        channel = known.channel_for(service) if known else None
        return channel is not None and channel.pull

    def receipts_use(self, system: str, source: str | None = None, *, beside: bool = False) -> Use | None:
        """The adapter through which receipts go back to this system; None when it asks for them.

        What its `receipts` say comes first, then the way back that its source offers (the one that the message came
        by, else the first). `beside`: the source's own first, where the other answers to that file are."""
        said, own = self._receipts.get((system, "")), self._receipts.get((system, source or ""))
        first, second = (own, said) if beside else (said, own)
        return first or second or self._first_way_back.get(system)

    def uses_of(self, role: UseRole) -> tuple[Use, ...]:
        return tuple(use for use in self.uses if use.role == role)


def first_routes(routes: Iterable[Route], systems: Iterable[str]) -> dict[tuple[str, str], Route]:
    """For every (service, sender), the first route in the file's order that matches."""
    names = tuple(systems)
    found: dict[tuple[str, str], Route] = {}
    for route in routes:
        for name in names:
            if any(matches(pattern, name) for pattern in route.senders):
                found.setdefault((route.service, name), route)
    return found


def federate(
    agencies: Mapping[str, Agency],
    systems: Mapping[SystemId, System],
    routes: tuple[Route, ...],
    operators: Mapping[str, Operator],
    uses: tuple[Use, ...],
    queries: Collection[str] = frozenset(),
) -> Federation:
    """Put the sound entries together and prepare every answer. `queries`: the services that ask for an answer."""
    services = {route.service for route in routes}
    by_key = {(use.system, use.name): use for use in uses if use.role == "channel"}
    channels: dict[tuple[str, str], Use] = {
        (name, service): use
        for name, system in systems.items()
        for service in services
        if (use := by_key.get((name, service if service in system.channels else ""))) is not None
    }
    return Federation(
        agencies=MappingProxyType(dict(sorted(agencies.items()))),
        systems=MappingProxyType(dict(sorted(systems.items()))),
        routes=routes,
        operators=MappingProxyType(dict(sorted(operators.items()))),
        uses=uses,
        digest=digest_of(agencies, systems, routes, operators),
        _routes=first_routes(routes, systems),
        # By identity: a route is asked for on every message, and hashing its fields costs more than the answer.
        _recipients={id(route): _recipients(route, systems, route.service in queries) for route in routes},
        _rights={name: frozenset(system.may_use) for name, system in systems.items()},
        _readers={name: _matching(system.reads, systems) for name, system in systems.items()},
        _channels=channels,
        _receipts={(use.system, use.name): use for use in uses if use.role == "receipts"},
        _first_way_back={use.system: use for use in reversed(uses) if use.role == "receipts"},
    )


def _recipients(route: Route, systems: Mapping[SystemId, System], query: bool) -> frozenset[SystemId]:
    return frozenset(
        name for name in _matching(route.to, systems) if systems[name].receives(route.service, query=query)
    )


def _matching(patterns: Iterable[str], systems: Iterable[SystemId]) -> frozenset[SystemId]:
    wanted = tuple(patterns)
    return frozenset(name for name in systems if any(matches(pattern, name) for pattern in wanted))


def digest_of(
    agencies: Mapping[str, Agency],
    systems: Mapping[SystemId, System],
    routes: Iterable[Route],
    operators: Mapping[str, Operator],
) -> str:
    """SHA-256 in hex of the content. The order of routes counts; that of files, entries and keys does not."""
    content: dict[str, Any] = {
        "agencies": {name: _agency(one) for name, one in agencies.items()},
        "systems": {name: one.model_dump(mode="json") for name, one in systems.items()},
        "routes": [one.model_dump(mode="json", by_alias=True) for one in routes],
        "operators": {name: one.model_dump(mode="json") for name, one in operators.items()},
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _agency(agency: Agency) -> list[Any]:
    signers = {name: one.model_dump(mode="json", exclude={"adapter_config"}) for name, one in agency.signers.items()}
    known = [one.model_dump(mode="json") for one in agency.signed_as]
    return [agency.name, agency.time_zone, *([signers] if signers or known else []), *([known] if known else [])]
