"""A small sound configuration in a folder, stub adapters and services, and a way to break one file of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from adapters import filedrop, rest, soap
from gateway.federation import Federation, Finding, load

FILES = {
    "agencies/kota.yaml": """\
agency: kota
name: Kota
systems:
  simpus:
    name: SIMPUS
    credentials: {api_keys: [{file: keys/simpus.key}]}
    may_use: [coverage.lookup, letter.deliver]
  folder:
    name: Folder
    may_use: [letter.deliver]
    sources:
      - name: inbox
        adapter: filedrop
        config:
          inbox: drop/inbox
    receipts: {adapter: filedrop, config: {inbox: drop/outbox}}
""",
    "agencies/bpjs.yaml": """\
agency: bpjs
name: BPJS
time_zone: Asia/Makassar
systems:
  vclaim:
    name: VClaim
    channel:
      adapter: rest
      config:
        url: http://127.0.0.1:1/a
    channels:
      letter.deliver: {pull: true}
    credentials: {api_keys: [{file: keys/vclaim.key}]}
  inbox:
    name: Inbox
    time_zone: Asia/Jayapura
    channel: {pull: true}
    credentials: {api_keys: [{file: keys/inbox.key}]}
""",
    "routes.yaml": """\
routes:
  - service: coverage.lookup
    from: ["kota/*"]
    to: [bpjs/vclaim]
    purpose: UU 24/2011
    deadline: 10s
  - service: letter.deliver
    to: ["bpjs/*"]
    recipients: named
    purpose: Perpres 95/2018
    registration: {within: 14d}
""",
    "operators.yaml": """\
operators:
  ani:
    name: Ani
    roles: [operator]
    credentials: {api_keys: [{file: keys/operators/ani.key}]}
""",
}


class Peer(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    url: str
    recipient: Literal["idempotent", "reconcilable", "neither"] = "neither"
    tries: int = 1
    code: str | None = None
    secure: bool = False


class Drop(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inbox: str
    columns: dict[str, str] = {}


class Letter(BaseModel):
    subject: str
    sender: Peer | None = None


@dataclass
class Spec:
    name: str
    model: type[BaseModel]
    kinds: frozenset[Any] = field(default=frozenset({"source", "sink"}))

    def config_model(self, kind: str) -> type[BaseModel]:
        return self.model


def _service(kind: str, request: str, answer: str | None = None) -> Any:
    return SimpleNamespace(kind=kind, request=request, answer=answer)


ADAPTERS: Mapping[str, Any] = {
    "rest": Spec("rest", Peer, frozenset({"endpoint", "sink"})),
    "filedrop": Spec("filedrop", Drop),
}
SERVICES: Mapping[str, Any] = {
    "coverage.lookup": _service("query", "eligibility-query/1", "coverage/1"),
    "letter.deliver": _service("delivery", "letter/1"),
    "acknowledgement.deliver": _service("delivery", "acknowledgement/1"),
}

Loaded = tuple[Federation | None, list[Finding]]


@dataclass
class Folder:
    """A configuration folder under test."""

    path: Path
    files: Mapping[str, str] = field(default_factory=lambda: FILES)

    def write(self, name: str, text: str | bytes) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.path / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def load(self, documents: Mapping[str, type[BaseModel]] | None = None) -> Loaded:
        return load(self.path, ADAPTERS, SERVICES, documents)

    def sound(self) -> Federation:
        federation, findings = self.load()
        assert findings == []
        assert federation is not None
        return federation


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "config")
    for name, text in FILES.items():
        made.write(name, text)
    return made


@pytest.fixture
def documents() -> dict[str, type[BaseModel]]:
    return {"letter/1": Letter}


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[str], Folder]:
    """Another folder with the same files."""

    def make(name: str) -> Folder:
        made = Folder(tmp_path / name)
        for file, text in FILES.items():
            made.write(file, text)
        return made

    return make


@pytest.fixture(scope="session")
def built_in() -> Mapping[str, Any]:
    """The built-in adapters: what we ship and document must satisfy their own models."""
    return {spec.name: spec for spec in (rest.ADAPTER, soap.ADAPTER, filedrop.ADAPTER)}
