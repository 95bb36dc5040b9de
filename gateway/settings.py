"""How one gateway process is set up: addresses, folders, limits, times.

In: `gateway.yaml` in the configuration folder, and variables `LINTAS_…` (`LINTAS_HTTP__PORT` is `http.port`); a
variable wins over the file, the file over the default. Out: frozen `Settings`, or findings. Refuses: unknown names,
values out of range, and settings that contradict each other. Sizes are bytes, times are seconds unless the name says
days. Nothing secret is a setting: secrets are files.

`python -m gateway.settings` prints the table of docs/settings.md.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from gateway.federation import AdapterSpecLike, leaks, marks
from gateway.federation.explain import explain
from gateway.federation.findings import Finding, did_you_mean, shown
from gateway.federation.marks import Marked
from gateway.settings_evidence import Evidence
from gateway.settings_groups import (
    Concurrency,
    Disk,
    Group,
    Http,
    Limits,
    Log,
    NodeName,
    Outgoing,
    Retry,
    Sequencer,
    Stages,
    Times,
    Verification,
)
from gateway.settings_letters import Letters
from gateway.settings_variables import PREFIX, Loc, not_json, ours, placed, unknown, variable_for

__all__ = [
    "FILE",
    "Concurrency",
    "Disk",
    "Group",
    "Http",
    "Letters",
    "Limits",
    "Log",
    "NodeName",
    "Outgoing",
    "Retry",
    "Sequencer",
    "Settings",
    "Stages",
    "Times",
    "Verification",
    "endpoint_findings",
    "fields",
    "load_settings",
]

FILE = "gateway.yaml"


class Settings(BaseSettings):
    """Everything that can be set. Sources in order: variables, then what is passed in (the file), then defaults."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    instance: Literal["test", "production"] = Field(
        "test", description="Which federation this is; checked at every hop."
    )
    node: NodeName = Field("node-1", description="Name of this node in events; unique among the nodes.")
    config_dir: Path = Field(Path("config"), description="Folder of the configuration.")
    state_dir: Path = Field(Path("var"), description="Folder of everything that is written: journal, parts, keys, log.")
    create_keys: bool = Field(True, description="Make a missing API key file on first start.")
    endpoints: tuple[str, ...] = Field(
        ("rest", "soap"), description="Adapters whose endpoints are open; installed is not enabled."
    )
    durability: Literal["strict", "relaxed"] = Field(
        "strict",
        description="`relaxed` accepts a database that may lose the last commits on a failover; health shows it.",
    )
    http: Http = Field(default_factory=Http, description="")
    outgoing: Outgoing = Field(default_factory=Outgoing, description="")
    limits: Limits = Field(default_factory=Limits, description="")
    stages: Stages = Field(default_factory=Stages, description="")
    concurrency: Concurrency = Field(default_factory=Concurrency, description="")
    letters: Letters = Field(default_factory=Letters, description="")
    verification: Verification = Field(default_factory=Verification, description="")
    disk: Disk = Field(default_factory=Disk, description="")
    retry: Retry = Field(default_factory=Retry, description="")
    times: Times = Field(default_factory=Times, description="")
    sequencer: Sequencer = Field(default_factory=Sequencer, description="")
    evidence: Evidence = Field(default_factory=Evidence, description="")
    log: Log = Field(default_factory=Log, description="")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    @model_validator(mode="after")
    def _agree(self) -> Settings:
        if self.times.lease <= self.stages.deliver:
            raise ValueError("`times.lease` must be longer than `stages.deliver`")
        return self

    @property
    def trust_dir(self) -> Path:
        """The folder that says whose signatures count."""
        return self.config_dir / self.verification.trust_dir

    @property
    def public_url(self) -> str:
        """The address that others use, without a slash at its end."""
        if self.http.public_url is not None:
            return self.http.public_url
        host = f"[{self.http.host}]" if ":" in self.http.host else self.http.host
        return f"http://{host}:{self.http.port}"


def load_settings(config_dir: Path | None = None) -> tuple[Settings | None, list[Finding]]:
    """Settings of a configuration folder (default: `LINTAS_CONFIG_DIR`, then `config`), and everything wrong with them.

    The settings are None when a finding is an error. A folder without `gateway.yaml` means the defaults."""
    variables = ours(os.environ)
    folder = config_dir or Path(os.environ.get(f"{PREFIX}CONFIG_DIR") or "config")
    path = folder / FILE
    marked = marks.read(path, FILE) if path.exists() else Marked(FILE)
    strangers = list(unknown(variables, _known()))
    findings = [*marked.problems, *leaks.find(marked), *(finding for finding, _ in strangers)]
    data = {} if marked.data is None else marked.data
    if not isinstance(data, dict):
        findings.append(marked.finding("C003", (), "the file is not a mapping of settings"))
        data = {}
    # The settings class takes keys with an underscore as orders to itself (read that file as variables).
    for key in [one for one in data if one.startswith("_")]:
        findings.append(marked.finding("C001", (key,), f"unknown field {shown(key)}", key=True))
        data = {name: value for name, value in data.items() if name != key}
    findings += _wrong_types(data, marked)
    if config_dir is not None:
        data = {**data, "config_dir": config_dir}
    settings: Settings | None = None
    try:
        settings = Settings(**data)
    except SettingsError:
        findings += not_json(variables, _WHOLE)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            if not any(_is_of(problem["loc"], path) for _, path in strangers):
                findings.append(placed(explain(Settings, problem, marked, ()), problem["loc"], variables))
    findings = sorted(set(findings))
    return (None if any(one.is_error for one in findings) else settings), findings


def endpoint_findings(
    config_dir: Path, settings: Settings, adapters: Mapping[str, AdapterSpecLike], broken: Mapping[str, str]
) -> list[Finding]:
    """What is wrong with the names in `endpoints`: no such adapter, a broken one, one without endpoint, one twice."""
    able = {name for name, spec in adapters.items() if "endpoint" in spec.kinds}
    path = config_dir / FILE
    marked = marks.read(path, FILE) if path.exists() else Marked(FILE)
    found: list[Finding] = []
    for index, name in enumerate(settings.endpoints):
        where: tuple[int | str, ...] = ("endpoints", index)
        if name in settings.endpoints[:index]:
            finding = marked.finding("C021", where, f"the endpoint {shown(name)} is already listed")
        elif name in able:
            continue
        elif name in adapters:
            message = f"the adapter {shown(name)} is not an endpoint"
            finding = marked.finding("C017", where, message, did_you_mean(name, able))
        elif name in broken:
            finding = marked.finding("C013", where, broken[name])
        else:
            finding = marked.finding("C013", where, f"no adapter is called {shown(name)}", did_you_mean(name, able))
        found.append(placed(finding, where, ours(os.environ)))
    return found


def _wrong_types(data: dict[str, Any], marked: Marked) -> list[Finding]:
    """What has another type in the file than its setting. Variables are all text and are converted; a file is not."""
    try:
        _types().model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        found = [explain(Settings, problem, marked, ()) for problem in error.errors(include_url=False)]
        # Values and names are judged with the variables in place, which may change them.
        return [one for one in found if one.code == "C003"]
    return []


@cache
def _types() -> type[BaseModel]:
    kinds: dict[str, Any] = {name: (info.annotation, None) for name, info in Settings.model_fields.items()}
    return create_model("Types", **kinds)


def _is_of(loc: Loc, path: Loc) -> bool:
    """Is what the settings say about `loc` only what is said already of the unknown variable for `path`?"""
    return 0 < len(loc) <= len(path) and path[: len(loc)] == loc


_WHOLE = frozenset(
    name
    for name, info in Settings.model_fields.items()
    if name == "endpoints" or (isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel))
)
"""Settings that hold others: a variable gives them whole, as JSON."""


@cache
def _known() -> frozenset[str]:
    return frozenset(variable_for(tuple(path.split("."))) for path, _, _ in fields()) | frozenset(
        variable_for((name,)) for name in Settings.model_fields
    )


def fields() -> Iterator[tuple[str, Any, Any]]:
    """Every setting: its dotted name, its field, its default."""
    for name, info in Settings.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for inner, inner_info in kind.model_fields.items():
                yield f"{name}.{inner}", inner_info, inner_info.default
        else:
            yield name, info, info.default
