"""Opens a PDF to be signed and finds the place of the mark in it.

Enters: the bytes of a PDF, a request. Leaves: a writer that adds a revision, the field's name, and the place as a page
and rectangles. Refuses (`SigningRefused`): what is no PDF that can be signed, a signer's ban on changes, a place or tag
that is not there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation import read_certification_data

from gateway.contract.frozen import frozen
from gateway.signatures.locate import PageUnreadable, TagAmbiguous, TagMissing, locate
from gateway.signatures.page_frame import Box, Frame, OutsidePage, framed
from gateway.signatures.signing import Placement, SigningRefused, SigningRequest

_PREFIX = "TandaTangan"
_DEEP = 64
_TAG = "Print the tag once in the document, at the place of the mark, or give coordinates."
_PLACE = "Give a page of the document and a place where the whole mark lies on it."


@frozen
class Place:
    """`page` counts from 0; `box` is in the page's own coordinates; `size` is as seen; `turn` makes it upright."""

    page: int
    box: Box
    size: tuple[float, float]
    turn: tuple[int, int, int, int]


@frozen
class Opened:
    """A PDF ready to be signed. `empty` tells that `field` is there already and waits for its signature."""

    writer: IncrementalPdfFileWriter
    field: str
    empty: bool
    place: Place | None


def opened(data: bytes, request: SigningRequest) -> Opened:
    """`data` with the place of the request's mark, if it has one."""
    try:
        return _opened(data, request)
    except (SigningRefused, MemoryError, RecursionError):
        raise
    except OutsidePage as error:
        raise SigningRefused("place_outside", "the place of the mark is not on the page", _PLACE) from error
    except Exception as error:  # a PDF reader meets anything in a file that is none
        raise _no_pdf("the file cannot be read as a PDF") from error


def _opened(data: bytes, request: SigningRequest) -> Opened:
    if b"%PDF-" not in data[:1024]:
        raise _no_pdf("the file is no PDF")
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    reader: PdfFileReader = writer.prev
    if reader.encrypted:
        raise SigningRefused(
            "changes_forbidden", "the file is protected by a password", "Give the document without its protection."
        )
    if reader.xrefs.hybrid_xrefs_present:
        raise _no_pdf("the file has two tables of contents at once")
    certified = read_certification_data(reader)
    if certified is not None and certified.permission == MDPPerm.NO_CHANGES:
        raise SigningRefused(
            "changes_forbidden",
            "an earlier signer forbids every change, a further signature too",
            "Ask the first signer for a copy that allows further signatures.",
        )
    fields = dict(_fields(reader))
    field = request.field or next(name for n in range(1, 10**6) if (name := f"{_PREFIX}{n}") not in fields)
    if (there := fields.get(field)) is not None and there.get("/V") is not None:
        raise SigningRefused(
            "already_signed", "this signature field is filled", "Name another field, or none for a new one."
        )
    if there is not None:
        place = _of_field(there)
        if place is None and request.mark is not None:
            raise SigningRefused("place_outside", "this signature field is not seen, so nothing can be drawn", _PLACE)
        return Opened(writer, field, True, place)
    place = None if request.mark is None else _place(data, writer, request.mark.placement)
    return Opened(writer, field, False, place)


def _fields(reader: PdfFileReader) -> Iterator[tuple[str, Any]]:
    for name, _, field in enumerate_sig_fields(reader):
        yield str(name), field.get_object()


def _place(data: bytes, writer: IncrementalPdfFileWriter, wanted: Placement) -> Place:
    if wanted.tag is not None:
        return _at_tag(data, writer, wanted)
    pages = _pages(writer)
    number = wanted.page - 1 if wanted.page > 0 else pages + wanted.page
    if wanted.page == 0 or not 0 <= number < pages:
        raise SigningRefused("place_outside", f"the document has no page {wanted.page}; it has {pages}", _PLACE)
    seen = (wanted.x, wanted.y, wanted.x + wanted.width, wanted.y + wanted.height)
    return _placed(number, _frame(writer, number), seen)


def _at_tag(data: bytes, writer: IncrementalPdfFileWriter, wanted: Placement) -> Place:
    try:
        spot = locate(data, wanted.tag or "")
    except TagMissing as error:
        raise SigningRefused("tag_missing", "the tag is not printed in the document", _TAG) from error
    except TagAmbiguous as error:
        raise SigningRefused("tag_ambiguous", "the tag is printed more than once in the document", _TAG) from error
    except PageUnreadable as error:
        raise SigningRefused("tag_missing", f"the text of page {error.page} cannot be read", _TAG) from error
    frame = _frame(writer, spot.page)
    left, _, _, top = frame.seen(spot.box)
    return _placed(spot.page, frame, (left, top - wanted.height, left + wanted.width, top))


def _placed(page: int, frame: Frame, seen: Box) -> Place:
    box = frame.own(frame.inside(seen))
    return Place(page, box, (seen[2] - seen[0], seen[3] - seen[1]), frame.turn)


def _of_field(field: Any) -> Place | None:
    """The place that an empty field has already; None if it is not seen."""
    kids = field.get("/Kids")
    widget = kids[0].get_object() if kids else field
    x0, y0, x1, y1 = sorted_box([float(one) for one in widget.get("/Rect", (0, 0, 0, 0))])
    if x1 - x0 < 1 or y1 - y0 < 1:
        return None
    page = widget.get("/P")
    frame = Frame((x0, y0, x1, y1)) if page is None else _frame_of(page.get_object())
    seen = frame.seen((x0, y0, x1, y1))
    return Place(0, (x0, y0, x1, y1), (seen[2] - seen[0], seen[3] - seen[1]), frame.turn)


def sorted_box(numbers: list[float]) -> Box:
    """Corners in any order as the lower left and the upper right one."""
    x0, y0, x1, y1 = numbers
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _pages(writer: IncrementalPdfFileWriter) -> int:
    return int(writer.root["/Pages"]["/Count"])


def _frame(writer: IncrementalPdfFileWriter, number: int) -> Frame:
    reference, _ = writer.find_page_for_modification(number)  # type: ignore[no-untyped-call]
    return _frame_of(reference.get_object())


def _frame_of(page: Any) -> Frame:
    media = _inherited(page, "/MediaBox")
    crop = _inherited(page, "/CropBox")
    turned = _inherited(page, "/Rotate")
    if media is None:
        raise OutsidePage
    box = None if crop is None else [float(one) for one in crop]
    return framed([float(one) for one in media], box, float(turned or 0))


def _inherited(page: Any, key: str) -> Any:
    """An entry of the page or of what it hangs below (ISO 32000-1, section 7.7.3.4)."""
    node = page
    for _ in range(_DEEP):
        if key in node:
            return node[key]
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
    return None


def _no_pdf(message: str) -> SigningRefused:
    return SigningRefused("not_a_pdf", message, "Give a PDF that opens in a viewer, without password.")
