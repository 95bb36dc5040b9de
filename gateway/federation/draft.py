"""A configuration while it is being read.

In: sound entries and findings, as `load` comes upon them. Out: all of them together, for `check`. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from gateway.federation.federation import Agency, Operator, System, Use
from gateway.federation.findings import Finding
from gateway.federation.marks import Marked, Place
from gateway.federation.model import Route, SystemId

Kind = Literal["source", "endpoint", "sink", "signer"]


class AdapterSpecLike(Protocol):
    """What must be known of an adapter to check its configuration; the contract's `AdapterSpec` is one."""

    @property
    def name(self) -> str: ...
    @property
    def kinds(self) -> frozenset[Kind]: ...
    def config_model(self, kind: Kind) -> type[BaseModel]:
        """The model of the configuration for one of its kinds."""
        ...


class ServiceLike(Protocol):
    """A shared service: `kind` is `delivery` or `query`, `request` and `answer` name documents."""

    @property
    def kind(self) -> Any: ...
    @property
    def request(self) -> str: ...
    @property
    def answer(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Located:
    """Where an entry stands, for findings that need more than the entry."""

    marked: Marked
    place: Place


@dataclass(slots=True)
class Draft:
    """What has been read so far: sound entries, the names declared, and where each stands."""

    adapters: Mapping[str, AdapterSpecLike]
    services: Mapping[str, ServiceLike]
    documents: Mapping[str, type[BaseModel]]
    broken: Mapping[str, str] = field(default_factory=dict)
    """Adapters that are installed and cannot be used, with the sentence that says why."""
    findings: list[Finding] = field(default_factory=list)
    agencies: dict[str, Agency] = field(default_factory=dict)
    systems: dict[SystemId, System] = field(default_factory=dict)
    routes: list[tuple[Route, Located]] = field(default_factory=list)
    routes_whole: bool = True
    """False when a route could not be read, so that the absence of one proves nothing."""
    operators: dict[str, Operator] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    used: list[tuple[Use, Located]] = field(default_factory=list)
    """Every sound use of an adapter and where its `config` stands, also in an entry that is broken elsewhere."""
    unread: set[str] = field(default_factory=set)
    """Agencies whose file, or the list of systems in it, could not be read: what is named of them may well be there.
    `*` stands for all of them, when the folder could not be read."""
    at: dict[str, Located] = field(default_factory=dict)
    """Every declared agency, system (`agency/system`) and operator (`person:id`), sound or not."""

    def note(
        self, code: str, where: Located, inside: Place, message: str, hint: str = "", *, key: bool = False
    ) -> None:
        self.findings.append(where.marked.finding(code, (*where.place, *inside), message, hint, key=key))
