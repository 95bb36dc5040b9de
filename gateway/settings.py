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
import ssl
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
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
from gateway.settings_variables import PREFIX, Loc, not_json, ours, placed, unknown, variable_for

FILE = "gateway.yaml"

KIB, MIB, GIB = 1024, 1024**2, 1024**3
HOUR, DAY = 3600, 86_400
# Beyond this a number no longer travels through JSON unharmed.
_MAX_INT = 2**53 - 1


def _number(default: int, description: str, *, least: int = 1, most: int = _MAX_INT) -> Any:
    return Field(default=default, ge=least, le=most, description=description)


def _seconds(default: float, description: str, *, least: float = 0.001, most: float = 366 * DAY) -> Any:
    return Field(default=default, ge=least, le=most, allow_inf_nan=False, description=description)


def _url(value: str | None) -> str | None:
    if value is None:
        return None
    scheme, _, rest = value.partition("://")
    if scheme not in {"http", "https"} or not rest or set(rest) & set("@?# \t\r\n"):
        raise ValueError("an http or https address without user, query or fragment")
    return value.rstrip("/")


def _authorities(value: Path | None) -> Path | None:
    if value is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
        except OSError as error:
            why = (
                "holds no certificate in PEM"
                if isinstance(error, ssl.SSLError)
                else f"cannot be read ({error.strerror})"
            )
            raise ValueError(f"a PEM file of certificate authorities; this one {why}") from None
    return value


NodeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
PublicUrl = Annotated[str | None, AfterValidator(_url)]
Authorities = Annotated[Path | None, AfterValidator(_authorities)]


class Group(BaseModel):
    """Base of each group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Http(Group):
    """Where the gateway listens."""

    host: Host = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8700, ge=0, le=65_535, description="Port to listen on; 0 takes any free one.")
    public_url: PublicUrl = Field(None, description="Address that others use, for links; from host and port if absent.")


class Outgoing(Group):
    """How the gateway calls the systems of agencies."""

    ca_file: Authorities = Field(
        None, description="PEM file of certificate authorities that are trusted besides those of the system."
    )


class Limits(Group):
    """How much of anything is taken; past a limit stands a refusal that names it."""

    body_bytes: int = _number(MIB, "Largest JSON or XML body, without parts.")
    soap_body_bytes: int = _number(12 * MIB, "Largest SOAP body, with its inline attachments.")
    inline_part_bytes: int = _number(8 * MIB, "Largest part inside a body, decoded from base64.")
    part_bytes: int = _number(5 * GIB, "Largest part that travels beside the body.")
    upload_bytes_per_second: int = _number(
        1024, "Least pace of a part, over each ten seconds of waiting for it; 0 takes any.", least=0
    )
    parts: int = _number(64, "Parts of one message.", most=10_000)
    nesting: int = _number(64, "Depth of JSON or XML.", most=512)
    header_line_bytes: int = _number(8190, "One line of an HTTP header.", least=1024, most=MIB)
    header_bytes: int = _number(32 * KIB, "All HTTP header lines of a request.", least=1024, most=16 * MIB)
    inbox_page_bytes: int = _number(4 * MIB, "One page of an inbox; a document that is larger is a page by itself.")
    name_bytes: int = _number(255, "A file name, in UTF-8.", most=255)
    recipients: int = _number(64, "Recipients of one message.", most=10_000)
    batch_rows: int = _number(1_000_000, "Rows of one batch.")
    row_bytes: int = _number(64 * KIB, "One row of a batch.")
    refused_per_minute: int = _number(
        6000, "Calls of one source network that are refused before it is known who calls; who is known is always heard."
    )

    @model_validator(mode="after")
    def _agree(self) -> Limits:
        if self.header_bytes < self.header_line_bytes:
            raise ValueError("`header_bytes` must not be smaller than `header_line_bytes`")
        if self.soap_body_bytes * 3 < self.inline_part_bytes * 4:
            raise ValueError("`soap_body_bytes` leaves no room for `inline_part_bytes` in base64")
        return self


class Stages(Group):
    """How long each stage may take."""

    headers: float = _seconds(20, "From the start of a connection, or of a later request, until its head is whole.")
    read_body: float = _seconds(60, "A body without parts, whole; silence while parts arrive.")
    send: float = _seconds(60, "Silence of a caller that does not take what it is sent.")
    upload_turn: float = _seconds(10, "Waiting until a part may arrive, while others do.")
    decode: float = _seconds(10, "Reading and decoding a handful of rows of a batch.")
    record: float = _seconds(10, "A commit; while one takes longer, nothing new is taken.")
    ask: float = _seconds(30, "Longest deadline a caller gets for a query.")
    deliver: float = _seconds(60, "One attempt to deliver.")
    drain: float = _seconds(20, "Finishing what is in flight before the process ends.")


class Concurrency(Group):
    """How much happens at once; past a bound the caller is told to come back."""

    connections: int = _number(
        2048,
        "Connections that are open; fewer where the process may not have 256 more files than that.",
        most=1_000_000,
    )
    connections_per_address: int = _number(
        1536, "Those from one address; at most three quarters of all.", most=1_000_000
    )
    inflight: int = _number(1024, "Requests being handled.", most=1_000_000)
    inflight_per_agency: int = _number(512, "Messages and questions of one agency being handled.", most=1_000_000)
    body_bytes: int = _number(256 * MIB, "Bodies over 64 KiB that are held in memory, together.", least=MIB)
    body_bytes_per_agency: int = _number(128 * MIB, "Those of one agency.", least=MIB)
    uploads: int = _number(64, "Parts that are arriving, of all agencies.", most=100_000)
    uploads_per_agency: int = _number(16, "Parts that are arriving, of one agency.", most=100_000)
    downloads: int = _number(256, "Parts that are being fetched, by all agencies.", most=100_000)
    downloads_per_agency: int = _number(64, "Parts that are being fetched, by one agency.", most=100_000)
    lane: int = _number(16, "Deliveries at once to one recipient.", most=10_000)
    batch_chunk: int = _number(256, "Rows of a batch that are recorded in one transaction.", most=256)
    journal_waiting: int = _number(4096, "Units of work that wait for the journal.", most=1_000_000)


class Disk(Group):
    """What must stay free."""

    reserve_bytes: int = _number(256 * MIB, "Free space below which nothing new is taken.", least=0)


class Retry(Group):
    """When a delivery that failed is tried again, and when it no longer is."""

    first: float = _seconds(1, "Wait before the second attempt.")
    factor: float = Field(
        2, ge=1, le=100, allow_inf_nan=False, description="Growth of the wait from attempt to attempt."
    )
    cap: float = _seconds(15 * 60, "Longest wait.")
    jitter: float = Field(
        0.2, ge=0, le=1, allow_inf_nan=False, description="Share of a wait that is random, both ways."
    )
    attempts: int = _number(200, "Attempts after which a delivery is put in quarantine.", most=1_000_000)
    age: float = _seconds(24 * HOUR, "Age of a delivery after which it is put in quarantine.")

    @model_validator(mode="after")
    def _agree(self) -> Retry:
        if self.cap < self.first:
            raise ValueError("`cap` must not be shorter than `first`")
        return self


class Times(Group):
    """How long things are held or kept; a route may say otherwise where it has the option."""

    lease: float = _seconds(120, "Lease of a delivery; it outlives the attempt's deadline.")
    idempotency_window_days: int = _number(30, "Days in which a repeat is known as one.", most=36_525)
    answer_keep: float = _seconds(600, "How long an answer with a key is kept, sealed.")
    registration_days: int = _number(14, "Days a recipient has to register what it took.", most=36_525)
    retention_days: int = _number(365, "Days a settled message is kept.", most=36_525)
    look: float = _seconds(
        30, "Between two looks whether what adapters need is there: folders, keys, recipients that answer."
    )
    sweep: float = _seconds(5, "Between two looks for leases that ended, registrations overdue and time that is over.")


class Sequencer(Group):
    """How events reach the log."""

    batch: int = _number(1024, "Events numbered in one go.", most=1_000_000)
    interval: float = _seconds(0.2, "Wait between two looks at the outbox.", most=60)


class Log(Group):
    """What the program says about itself; the audit log is another thing."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severity that is written.")
    format: Literal["json", "console"] = Field("json", description="For machines, or for a person at a terminal.")


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
