"""Where the mark goes, in the service's own measures.

Enters: a place in points from the lower left corner, the page it lies on. Leaves: whole pixels from the corner that the
service counts from, or a tag. Refuses: a place outside the page, a page that is not there, a tag of more than one
character.
"""

from __future__ import annotations

from adapters.bsre.config import SignerConfig
from adapters.bsre.look import Look
from gateway.contract import PdfToSign, Reason, Refused
from gateway.contract.frozen import frozen

POINTS_PER_INCH = 72.0
_SLACK = 0.5
"""Points by which a place may reach over the page's edge: both are rounded."""


@frozen
class Place:
    """`page` counts from 1 and is one of `pages`; the rest is in pixels. With a `tag`, page and corner do not count."""

    page: int
    pages: int
    x: int
    y: int
    width: int
    height: int
    tag: str | None = None


def seen(document: PdfToSign) -> bool:
    """Whether the signature has a mark."""
    return document.image is not None or document.qr_url is not None


def place(document: PdfToSign, look: Look, config: SignerConfig) -> Place | None:
    """The place of the mark; None for a signature that is not seen. `look` is at the page that `document` names."""
    if not seen(document):
        return None
    scale = config.pixels_per_inch / POINTS_PER_INCH
    if document.tag is None:
        _on_page(document, look)
    elif len(document.tag) != 1 or not document.tag.isprintable() or document.tag.isspace():
        raise Refused(Reason.BAD_REQUEST, "the tag is one printable character, such as # or $, for this signer")
    elif not (0 <= document.width <= look.width and 0 <= document.height <= look.height):
        raise Refused(Reason.BAD_REQUEST, "the mark is larger than the page")
    x, y = (document.x, document.y) if document.tag is None else (0.0, 0.0)
    if config.origin == "upper_left" and document.tag is None:
        y = look.height - y - document.height
    left, low, width, height = (round(one * scale) for one in (x, y, document.width, document.height))
    return Place(look.page, look.pages, left, low, width, height, document.tag)


def _on_page(document: PdfToSign, look: Look) -> None:
    if document.width <= 0 or document.height <= 0:
        raise Refused(Reason.BAD_REQUEST, "the mark needs a width and a height, or a tag in the document")
    right, top = document.x + document.width, document.y + document.height
    # Written so that what is no number is outside as well.
    inside = document.x >= -_SLACK and document.y >= -_SLACK
    if not (inside and right <= look.width + _SLACK and top <= look.height + _SLACK):
        raise Refused(Reason.BAD_REQUEST, "the mark does not lie within the page; move it or make it smaller")
