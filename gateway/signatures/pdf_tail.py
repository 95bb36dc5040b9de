"""What stands in a PDF behind the bytes that were signed: later revisions, byte for byte, or something else?

Enters: the file, a reader that has parsed it, where the signed bytes end, the revision they end with. Leaves: whether
every byte behind belongs to an object, table or trailer that the reader knows. Refuses: nothing.

A viewer that finds a table damaged builds its own from every object that it sees in the file. So bytes that no table
names are not harmless: what the reader does not know of may be what a person is shown.
"""

from __future__ import annotations

import io
import re
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

_END = re.compile(rb"\s*startxref\s+(\d{1,12})\s+%%EOF[\s\x00]*")
_TABLE = re.compile(rb"xref\s+(?:\d{1,10} \d{1,10} ?[\r\n]+(?:\d{10} \d{5} [nf][ \r\n]{1,2})*)+trailer\s*\Z")
_HEAD = re.compile(rb"(\d{1,10})\s+(\d{1,5})\s+obj\b")
_STREAM = re.compile(rb"stream(?:\r\n|\n)")
_CLOSED = re.compile(rb"\s*endstream\s+endobj\s*\Z")
_SPACE = re.compile(rb"[\s\x00]*\Z")


class _Unknown(Exception):
    """These bytes belong to nothing that the reader knows."""


def is_known(data: bytes, reader: PdfFileReader, end: int, revision: int) -> bool:
    """Whether all bytes from `end` on are the revisions after `revision`, in order, and white space."""
    at = end
    try:
        for later in range(revision + 1, int(reader.xrefs.total_revisions)):
            at = _revision(data, reader, at, later)
    except Exception:  # what cannot be read here is not known
        return False
    return _SPACE.match(data, at) is not None


def _revision(data: bytes, reader: PdfFileReader, begin: int, number: int) -> int:
    """Where this revision ends; raises where it holds more than its own table names."""
    meta = reader.xrefs.get_xref_container_info(number)
    starts = _starts(reader, number)
    table = meta.stream_ref is None
    if not table:
        starts[int(meta.declared_startxref)] = meta.stream_ref
    places = sorted(starts)
    stop = int(meta.declared_startxref) if table else int(meta.end_location)
    if (places and not begin <= places[0]) or (places and places[-1] > stop):
        raise _Unknown
    first = places[0] if places else stop
    if data[begin:first].strip():
        raise _Unknown
    view = reader.get_historical_resolver(number)
    for place, following in zip(places, [*places[1:], stop], strict=True):
        _object(data[place:following], starts[place], view)
    at = _trailer(data, reader, meta) if table else stop
    if not table:
        at = stop + _closing(data, stop)
    found = _END.match(data, at)
    if found is None or int(found[1]) != int(meta.declared_startxref):
        raise _Unknown
    return found.end()


def _closing(data: bytes, at: int) -> int:
    """The `endobj` behind a cross-reference stream, where the reader stopped before it."""
    found = re.compile(rb"\s*endobj").match(data, at)
    return found.end() - at if found is not None else 0


def _starts(reader: PdfFileReader, number: int) -> dict[int, Any]:
    """The objects of a revision by their places in the file; those inside object streams have none of their own."""
    starts: dict[int, Any] = {}
    for ref in reader.xrefs.explicit_refs_in_revision(number):
        place = reader.xrefs.get_historical_ref(ref, number)
        if isinstance(place, int):
            if place in starts:
                raise _Unknown
            starts[place] = ref
    return starts


def _object(piece: bytes, ref: Any, view: Any) -> None:
    """One object and nothing else stands here."""
    head = _HEAD.match(piece)
    if head is None or (int(head[1]), int(head[2])) != (ref.idnum, ref.generation):
        raise _Unknown
    value = view.get_object(ref)
    stripped = piece.rstrip(b"\x00\t\n\f\r ")
    if not isinstance(value, generic.StreamObject):
        if not stripped.endswith(b"endobj") or piece.count(b"endobj") != 1 or _HEAD.search(piece, head.end()):
            raise _Unknown
        return
    begun = _STREAM.search(piece, head.end())
    if begun is None:
        raise _Unknown
    rest = piece[begun.end() + len(value.encoded_data) :]
    # Of a cross-reference stream the reader's end may stand before its `endobj`.
    if not _CLOSED.match(rest) and rest.strip() != b"endstream":
        raise _Unknown


def _trailer(data: bytes, reader: PdfFileReader, meta: Any) -> int:
    """Where the dictionary behind a cross-reference table ends."""
    if _TABLE.match(data[int(meta.declared_startxref) : int(meta.end_location)]) is None:
        raise _Unknown
    stream = io.BytesIO(data)
    stream.seek(int(meta.end_location))
    within = generic.TrailerReference(reader)  # type: ignore[no-untyped-call]
    generic.DictionaryObject.read_from_stream(stream, within)
    return stream.tell()
