"""What an operator says about a folder: where files come in, when they are ready, what they mean, where they go.

Enters: configuration values. Leaves: frozen models. Refuses: unknown settings, empty formats, durations that are none.
Paths are relative to the gateway's state folder unless absolute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from adapters.filedrop.cells import date_pattern
from gateway.contract.config import WRITTEN, seconds

FileFormat = Literal["json", "xml", "csv", "pdf"]

Duration = Annotated[float, BeforeValidator(seconds), Field(ge=0), *WRITTEN]
"""Seconds, written as `2s`, `500ms`, `5m` or `1h`; none at all is `0s`."""


def _form(value: str) -> str:
    date_pattern(value)
    return value


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _one_group(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as error:
        raise ValueError(f"a regular expression; this one is none ({error.msg})") from None
    if groups != 1:
        raise ValueError("a regular expression with exactly one group, which is the period")
    return value


DateForms = Annotated[
    tuple[Annotated[str, AfterValidator(_form)], ...],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]


def _stays(value: str) -> str:
    if not value.strip() or "\0" in value or ".." in value.split("/"):
        raise ValueError("a folder relative to the state folder or absolute, without '..'")
    return value


FolderPath = Annotated[str, AfterValidator(_stays)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Ready(_Settings):
    """When a file is complete. `stable`: unchanged over `polls` looks and for `min_age`; `marker`: a file with
    `marker_suffix` stands beside it; `rename`: writers rename it in, so a name that is no temporary one is complete,
    except that a file written less than `min_age` ago must first stay unchanged as with `stable`.
    """

    mode: Literal["stable", "marker", "rename"] = "stable"
    """How a file shows that it is complete."""
    polls: Annotated[int, Field(ge=2, le=100)] = 2
    """Looks in which it must be unchanged."""
    min_age: Duration = 2.0
    """Time for which it must be unchanged."""
    marker_suffix: Annotated[str, Field(pattern=r"^\.[A-Za-z0-9._-]{1,16}$")] = ".done"
    """Ending of the file that marks another as complete."""
    temp_patterns: tuple[str, ...] = ("*.tmp", "*.part", ".*", "~*")
    """Names that are not complete."""


class Sidecar(_Settings):
    """The metadata file of a PDF: `surat.pdf` + `surat.pdf.json`. One that stays alone for `wait` is refused."""

    suffix: Annotated[str, Field(pattern=r"^\.[A-Za-z0-9._-]{1,16}$")] = ".json"
    """Ending of the metadata file."""
    wait: Duration = 60.0
    """Time after which a lonely file is refused."""


class Csv(_Settings):
    """How a table becomes documents: one data row, one document.

    `columns` maps a header to a field of the document (`address.line` goes deeper); `constants` are added to every row;
    `values` translates cells per field; `dates` are the accepted forms of civil dates, tried in order.
    """

    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    """What stands between cells."""
    encoding: Literal["auto", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"] = "auto"
    """Characters of the file."""
    fallback: Literal["cp1252", "refuse"] = "cp1252"
    """What a file is read as that is not UTF-8."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Header to field of the document."""
    constants: dict[str, Any] = Field(default_factory=dict)
    """Fields that every row gets."""
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    """By field, what a cell means."""
    unknown: Literal["refuse", "raw", "ignore"] = "refuse"
    """What becomes of a column nobody named."""
    source_schema: str = "filedrop.csv/1"
    """Name of the schema of unmapped cells."""
    dates: DateForms = ("yyyy-MM-dd",)
    """Forms of dates, tried in order."""
    period: str | None = None
    """Period that is part of every key."""
    period_from_name: Annotated[str, AfterValidator(_one_group)] | None = None
    """Pattern that finds the period in a file's name."""
    record_lines: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Most lines of one record."""


class SourceConfig(_Settings):
    """A folder that is polled."""

    inbox: Annotated[FolderPath, Field(description="Folder that files are dropped in.")]
    work: Annotated[
        FolderPath | None,
        Field(description="Folder of files in hand; beside the inbox if absent: `work`, or `<inbox>.work`."),
    ] = None
    archive: Annotated[
        FolderPath | None, Field(description="Folder of files that were taken; a neighbour of the inbox if absent.")
    ] = None
    errors: Annotated[
        FolderPath | None, Field(description="Folder of files that were refused; a neighbour of the inbox if absent.")
    ] = None
    outbox: Annotated[
        FolderPath | None, Field(description="Folder of receipts; a neighbour of the inbox if absent.")
    ] = None
    ready: Ready = Ready()
    formats: Annotated[tuple[FileFormat, ...], Field(min_length=1)] = ("json", "xml", "csv", "pdf")
    """Formats that are taken."""
    service: str | None = None
    """Shared service of files without an envelope."""
    document: str | None = None
    """Document type of files without an envelope."""
    recipients: tuple[str, ...] = ()
    """Recipients of files without an envelope."""
    identity: Literal["content", "content_and_name"] = "content_and_name"
    """What makes two drops the same: the bytes and the period, or the name too."""
    zero_bytes: Literal["refuse", "wait", "accept"] = "refuse"
    """What becomes of an empty file."""
    csv: Csv = Csv()
    sidecar: Sidecar = Sidecar()
    order: Literal["name", "mtime"] = "name"
    """Which file is taken first."""
    max_bytes: Annotated[int, Field(ge=1)] = 16 * 1024**3
    """Largest file."""
    scan: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Most names that a look keeps."""
    attempts: Annotated[int, Field(ge=1, le=1000)] = 10
    """Times that the gateway may die holding a file before the file is refused."""
    changes: Annotated[int, Field(ge=0, le=100)] = 3
    """Changes after which a file is refused."""
    threads: Annotated[int, Field(ge=1, le=32)] = 4
    """Threads for files."""

    @model_validator(mode="after")
    def _csv_has_columns(self) -> SourceConfig:
        named = "formats" in self.model_fields_set and "csv" in self.formats
        if named and (not self.csv.columns or not self.document or not self.service):
            raise ValueError("format csv needs 'service', 'document' and 'csv.columns'")
        return self

    def own_folders(self) -> dict[str, str]:
        return {"inbox": self.inbox, "work": self._beside("work")}

    def shared_folders(self) -> dict[str, str]:
        return {name: self._beside(name) for name in ("archive", "errors", "outbox")}

    def _beside(self, name: str) -> str:
        return str(place("", getattr(self, name), Path(self.inbox), beside_name(Path(self.inbox), name)))

    def document_fields(self) -> Iterator[tuple[str, tuple[str, ...], str]]:
        if self.document is not None:
            yield self.document, ("document",), ""
            for header, path in self.csv.columns.items():
                yield self.document, ("csv", "columns", header), path
            for path in self.csv.values:
                yield self.document, ("csv", "values", path), path

    def names_service(self) -> tuple[str | None, str | None, Sequence[str]]:
        return self.service, self.document, self.recipients

    def receipts_config(self) -> dict[str, Any]:
        return {"outbox": self._beside("outbox")}

    def document_values(self) -> Iterator[tuple[str, tuple[str, ...], str, str]]:
        if self.document is not None:
            for path, meanings in self.csv.values.items():
                for cell, value in meanings.items():
                    yield self.document, ("csv", "values", path, cell), path, value


class SinkConfig(_Settings):
    """A folder that documents and receipts are written to. `marker`: a suffix of a file written last, e.g. `.done`."""

    outbox: Annotated[FolderPath, Field(description="Folder that documents are written to.")]
    receipts: Annotated[
        FolderPath | None, Field(description="Folder that receipts are written to; else the outbox.")
    ] = None
    format: Literal["json", "xml"] = "json"
    """Form of the documents."""
    marker: Annotated[str, Field(pattern=r"^\.[A-Za-z0-9._-]{1,16}$")] | None = None
    """Ending of a file that is written last."""
    threads: Annotated[int, Field(ge=1, le=32)] = 4
    """Threads for files."""

    def own_folders(self) -> dict[str, str]:
        return {}

    def shared_folders(self) -> dict[str, str]:
        return {"outbox": self.outbox} | ({"receipts": self.receipts} if self.receipts else {})


def beside_name(inbox: Path, name: str) -> str:
    """What a folder beside an inbox is called. What is in hand of one inbox is nobody else's: where inboxes stand side
    by side, each has a work folder of its own. The others take names that nobody else can have, and may be shared.
    """
    return name if name != "work" or inbox.name in {"", "inbox"} else f"{inbox.name}.work"


def place(state_dir: str, path: str | None, beside: Path | None = None, name: str = "") -> Path:
    """The folder a setting means; without a setting, `name` beside another folder."""
    if path is not None:
        return Path(state_dir) / path
    if beside is None:
        raise ValueError("a folder needs a path or a neighbour")
    return beside.parent / name
