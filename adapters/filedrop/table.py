"""Tables: a header and rows to documents, something for every data row, whatever it looks like. Pure, flat memory.

Enters: the bytes of a delimited file in pieces, its encoding, what its columns mean. Leaves: per data row a document,
or a `RowProblem` with a masked value for each thing wrong with it; rows count from 1. Refuses (`Refused`): a file
without a header that fits, and more rows than the limit. A bad row never stops the batch.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.filedrop.cells import BadCell, Convert, converter, masked
from adapters.filedrop.config import Csv
from adapters.filedrop.content import misfit
from adapters.filedrop.records import BadRecord, Records, cells, damaged, lines, texts
from gateway.contract import Reason, Refused, RowProblem
from schemas.catalogue import model_of, parse_json
from schemas.document import Document, FieldError, SchemaError
from schemas.fields import FieldPlan, plan

DELIMITERS = (",", ";", "\t", "|")
_SEP_LINE = re.compile(r"sep=(.)", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"[0-9]{5,}")
_SHOWN = 40
_MISSING = frozenset(("missing", "one_of_required"))
_DATES = frozenset(("civil_date", "civil_date_type"))


@dataclass(frozen=True)
class Column:
    """One column that means something: its place, its header, the field's path in wire names."""

    index: int
    header: str
    path: tuple[str, ...]
    convert: Convert


@dataclass(frozen=True)
class _Plan:
    columns: tuple[Column, ...]
    raw: tuple[tuple[int, str], ...]
    width: int
    constants: tuple[tuple[tuple[str, ...], Any], ...]
    by_path: Mapping[str, Column]


def documents_of(
    pieces: Iterable[bytes],
    config: Csv,
    document_type: str,
    encoding: str,
    *,
    row_bytes: int,
    rows: int,
) -> Iterator[Document | RowProblem]:
    """A document or problems per data row. `row_bytes` and `rows` are limits. Raises `Refused`."""
    records = Records(lines(texts(pieces, encoding), row_bytes), limit=row_bytes, most_lines=config.record_lines)
    layout = _layout(_header(records, config, row_bytes), config, document_type)
    records.width = layout.width
    blank = 0
    for number, record in enumerate(records, 1):
        if number > rows:
            raise Refused(Reason.TOO_MANY_ROWS, limit=rows)
        if isinstance(record, list) and len(record) == layout.width and not any(cell.strip() for cell in record):
            # A spreadsheet saves the rows below the last one too, as nothing but delimiters: those are no rows.
            blank += 1
            continue
        for before in range(number - blank, number):
            yield RowProblem(before, None, "blank_row", "the row is empty, and others follow it")
        blank = 0
        yield from _row(number, record, layout, config, document_type)


def field_at(document_type: str, path: tuple[str, ...]) -> FieldPlan | None:
    """The field that a dotted path means, or None if the document has no such single-valued field."""
    fields = plan(model_of(document_type))
    for step in path:
        found = next((one for one in fields if one.wire == step), None)
        if found is None or found.repeated:
            return None
        if found.group is None:
            return found if step == path[-1] else None
        fields = plan(found.group)
    return None


def strangers(config: Csv, document_type: str) -> list[str]:
    """Fields that the configuration names and the document does not have."""
    named = [*config.columns.values(), *config.values]
    return sorted({name for name in named if field_at(document_type, tuple(name.split("."))) is None})


def _header(records: Records, config: Csv, row_bytes: int) -> list[str]:
    line = records.first()
    said = _SEP_LINE.fullmatch(line.strip()) if isinstance(line, str) else None
    if said is not None:
        line = records.first()
    if isinstance(line, BadRecord):
        raise Refused(Reason.ROW_TOO_LARGE, f"the header is longer than a row may be: {line.message}", limit=row_bytes)
    if line is None:
        raise Refused(Reason.HEADER_UNKNOWN, "the file has no header row")
    if "\0" in line or damaged(line):
        raise Refused(Reason.WRONG_CHARSET, "the header is not in the encoding that was found or configured")
    records.delimiter = said[1] if said else _delimiter(line, config)
    found = cells(line, records.delimiter)
    if isinstance(found, BadRecord):
        raise Refused(Reason.HEADER_UNKNOWN, found.message)
    return found


def _delimiter(line: str, config: Csv) -> str:
    """The one under which most of the header is known."""
    if config.delimiter != "auto":
        return config.delimiter
    known = {_plain(name) for name in config.columns}

    def score(delimiter: str) -> tuple[int, int]:
        found = cells(line, delimiter)
        names = [] if isinstance(found, BadRecord) else [_plain(name) for name in found]
        return sum(name in known for name in names), len(names)

    return max(DELIMITERS, key=score)


def _layout(header: list[str], config: Csv, document_type: str) -> _Plan:
    known = {_plain(name): (name, target) for name, target in config.columns.items()}
    columns, raw, errors, seen = [], [], list[tuple[str, str, str]](), set[str]()
    for index, cell in enumerate(header):
        plain = _plain(cell)
        if plain and plain in seen:
            errors.append((_shown(cell), "duplicate_column", "the header names this column twice"))
        seen.add(plain)
        if plain in known:
            name, target = known[plain]
            path = tuple(target.split("."))
            convert = converter(field_at(document_type, path), config.values.get(target, {}), config.dates)
            columns.append(Column(index, name, path, convert))
        elif plain and config.unknown == "refuse":
            errors.append((_shown(cell), "unknown_column", "this folder knows no column of this name"))
        elif plain and config.unknown == "raw":
            raw.append((index, unicodedata.normalize("NFC", cell.strip())))
    if not columns:
        raise Refused(Reason.HEADER_UNKNOWN, "no column of the first row is known; the first row holds the names")
    constants = tuple(_flat(config.constants))
    errors += _absent(columns, constants, document_type)
    if errors:
        raise Refused(Reason.HEADER_UNKNOWN, errors=errors[:50])
    by_path = {".".join(column.path): column for column in columns}
    return _Plan(tuple(columns), tuple(raw), len(header), constants, by_path)


def _absent(
    columns: list[Column], constants: tuple[tuple[tuple[str, ...], Any], ...], document_type: str
) -> list[tuple[str, str, str]]:
    try:
        fields = plan(model_of(document_type))
    except SchemaError as error:
        raise misfit(error) from None
    given = {column.path[0] for column in columns} | {path[0] for path, _ in constants}
    return [
        (field.wire, "missing_column", "no column gives this required field")
        for field in fields
        if field.required and field.wire not in given
    ]


def _row(
    number: int, record: list[str] | BadRecord, layout: _Plan, config: Csv, kind: str
) -> list[Document] | list[RowProblem]:
    """The document of a row, or everything that is wrong with it."""
    if isinstance(record, BadRecord):
        header = next((column.header for column in layout.columns if column.index == record.cell), None)
        return [RowProblem(number, header, record.code, record.message)]
    if len(record) != layout.width:
        return [RowProblem(number, None, "column_count", f"{layout.width} cells are due, {len(record)} are there")]
    value: dict[str, Any] = {}
    for path, constant in layout.constants:
        _set(value, path, constant)
    problems: list[RowProblem] = []
    for column in layout.columns:
        try:
            cell = column.convert(record[column.index])
        except BadCell as bad:
            problems.append(RowProblem(number, column.header, bad.code, bad.message, masked(record[column.index])))
            continue
        if cell is not None:
            _set(value, column.path, cell)
    extra = {name: record[index] for index, name in layout.raw if record[index].strip()}
    if extra:
        value["raw"] = {"sourceSchema": config.source_schema, "fields": extra}
    try:
        document = parse_json(kind, value)
    except SchemaError as error:
        found = [_problem(number, fault, record, layout, kind) for fault in error.errors]
        named = {problem.column for problem in problems}
        return problems + [one for one in found if one.column not in named]
    return problems or [document]


def _problem(number: int, fault: FieldError, record: list[str], layout: _Plan, kind: str) -> RowProblem:
    path, code, message = fault
    column = layout.by_path.get(path)
    if code == "one_of_required":
        wires = {field.attr: field.wire for field in plan(model_of(kind))}
        column = next((c for a in model_of(kind).ONE_OF if (c := layout.by_path.get(wires[a]))), None)
    if code in _MISSING:
        return RowProblem(number, column.header if column else path or None, "missing_value", message)
    code = "impossible_date" if code in _DATES else code
    if column is None:
        return RowProblem(number, path or None, code, message)
    return RowProblem(number, column.header, code, message, masked(record[column.index]))


def _set(value: dict[str, Any], path: tuple[str, ...], leaf: Any) -> None:
    for step in path[:-1]:
        value = value.setdefault(step, {})
    value[path[-1]] = leaf


def _flat(value: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, item in value.items():
        path = (*above, *key.split("."))
        if isinstance(item, Mapping):
            yield from _flat(item, path)
        else:
            yield path, item


def _plain(name: str) -> str:
    """A header as it is compared: NFC, without case and needless space."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _shown(name: str) -> str:
    """A header as it may be told: short, and without long numbers, since a headless file begins with data."""
    return _LONG_NUMBER.sub("9…", " ".join(name.split())[:_SHOWN])
