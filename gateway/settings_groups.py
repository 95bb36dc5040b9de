"""The groups of settings: addresses, limits, times, each with its default and what it is for.

Enters: values out of a file or variables. Leaves: frozen groups. Refuses: unknown names, values out of range, settings
of one group that contradict each other. Sizes are bytes, times are seconds unless the name says days.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

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
    inflight_per_agency: int = _number(256, "Those of one agency, also reads.", most=1_000_000)
    body_bytes: int = _number(256 * MIB, "Bodies over 64 KiB that are held in memory, together.", least=MIB)
    body_bytes_per_agency: int = _number(128 * MIB, "Those of one agency.", least=MIB)
    answer_bytes: int = _number(128 * MIB, "Answers over 64 KiB that are not taken yet, together.", least=32 * MIB)
    answer_bytes_per_agency: int = _number(32 * MIB, "Those of one agency.", least=32 * MIB)
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


class Verification(Group):
    """How files are checked for their signatures, and PDFs signed: in processes of their own, with bounds."""

    trust_dir: Path = Field(
        Path("trust"), description="Folder of trusted authorities; within the folder of the configuration, or absolute."
    )
    workers: int = _number(2, "Processes that check and sign; one of them is kept for small files.", most=256)
    seconds: float = _seconds(30, "Longest check of one file.")
    memory_bytes: int = _number(1024 * MIB, "Memory of one such process.", least=256 * MIB)
    waiting: int = _number(256, "Files that wait for a check; past it the sender is told to come back.", most=100_000)
    small_bytes: int = _number(4 * MIB, "Files up to this size never wait behind larger ones only.")
    pdf_bytes: int = _number(256 * MIB, "Largest PDF that is checked.")
    xml_bytes: int = _number(32 * MIB, "Largest XML document that is checked.")
    cms_bytes: int = _number(64 * MIB, "Largest CMS file that is checked, without what it is detached from.")
    jws_bytes: int = _number(32 * MIB, "Largest JWS that is checked.")
    container_bytes: int = _number(8 * GIB, "Most bytes that the files in a container may unfold to.")
    members: int = _number(1000, "Files in a container.", most=100_000)
    signatures: int = _number(64, "Signatures of one file.", most=10_000)
