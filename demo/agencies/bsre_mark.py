"""What is seen of a signature: a picture that was sent, or the QR of a link, drawn into the signature's own appearance.

Enters: a PNG, or a link; a page of a PDF and a tag to look for. Leaves: content for pyHanko, places. Refuses
(`NotDrawn`): a PNG with an alpha channel or in several passes, a tag that is not on any page.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

import segno
from pyhanko.pdf_utils import generic, layout
from pyhanko.pdf_utils.content import PdfContent, RawContent, ResourceType
from pyhanko.pdf_utils.generic import pdf_name

_CHANNELS = {0: 1, 2: 3, 3: 1}
_SHOWN = re.compile(rb"([\d.]+)\s+([\d.]+)\s+Td\s*\(((?:[^()\\]|\\.)*)\)\s*Tj")
_QUIET = 2


class NotDrawn(Exception):
    """The text is for whoever asked for the signature."""


class Picture(PdfContent):
    """A PNG as it is: a PDF takes its compressed rows without change (ISO 32000-1, section 7.4.4.4)."""

    def __init__(self, png: bytes, width: float, height: float) -> None:
        super().__init__(box=layout.BoxConstraints(width, height))
        self._image, self._size = image(png), (width, height)

    def render(self) -> bytes:
        reference = self._ensure_writer.add_object(self._image)
        self.set_resource(ResourceType.XOBJECT, pdf_name("/Tanda"), reference)
        width, height = self._size
        return b"q %.2f 0 0 %.2f 0 0 cm /Tanda Do Q" % (width, height)


def image(png: bytes) -> generic.StreamObject:
    """The image object of a PNG. Raises NotDrawn."""
    chunks = _chunks(png)
    try:
        width, height, depth, kind, _, _, passes = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    except (KeyError, struct.error):
        raise NotDrawn("imageTTD is no PNG") from None
    if kind not in _CHANNELS or passes:
        raise NotDrawn("imageTTD has to be a PNG without alpha channel and in one pass")
    colours: generic.PdfObject = pdf_name("/DeviceRGB" if kind == 2 else "/DeviceGray")
    if kind == 3:
        palette = chunks.get(b"PLTE", b"")
        parts = [pdf_name("/Indexed"), pdf_name("/DeviceRGB"), generic.NumberObject(len(palette) // 3 - 1)]
        colours = generic.ArrayObject([*parts, generic.ByteStringObject(palette)])
    predictor = {
        "/Predictor": 15, "/Colors": _CHANNELS[kind], "/BitsPerComponent": depth, "/Columns": width
    }  # fmt: skip
    return generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Image"),
            pdf_name("/Width"): generic.NumberObject(width),
            pdf_name("/Height"): generic.NumberObject(height),
            pdf_name("/BitsPerComponent"): generic.NumberObject(depth),
            pdf_name("/ColorSpace"): colours,
            pdf_name("/Filter"): pdf_name("/FlateDecode"),
            pdf_name("/DecodeParms"): generic.DictionaryObject(
                {pdf_name(name): generic.NumberObject(value) for name, value in predictor.items()}
            ),
        },
        encoded_data=chunks[b"IDAT"],
    )


def _chunks(png: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 8
    while at + 12 <= len(png):
        size, name = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + size]
        if zlib.crc32(name + data) != struct.unpack(">I", png[at + 8 + size : at + 12 + size].rjust(4, b"\0"))[0]:
            raise NotDrawn("imageTTD is damaged")
        found[name] = found.get(name, b"") + data
        at += 12 + size
    return found


def qr(link: str, width: float, height: float) -> RawContent:
    """The QR of a link as squares, as large as fits."""
    matrix = [list(row) for row in segno.make(link, micro=False).matrix]
    side = min(width, height)
    cell = side / (len(matrix) + 2 * _QUIET)
    lines = [b"1 1 1 rg 0 0 %.3f %.3f re f 0 0 0 rg" % (side, side)]
    for number, row in enumerate(matrix):
        y = side - (number + 1 + _QUIET) * cell
        lines += [b"%.3f %.3f %.3f %.3f re f" % ((column + _QUIET) * cell, y, cell, cell)
                  for column, dark in enumerate(row) if dark]  # fmt: skip
    return RawContent(b" ".join(lines), box=layout.BoxConstraints(width, height))


def find(reader: Any, tag: str) -> tuple[int, float, float]:
    """Page (from 0) and corner of the text that a tag stands in. Simple pages only: `x y Td (text) Tj`."""
    for number in range(int(reader.root["/Pages"]["/Count"])):
        page = reader.root["/Pages"]["/Kids"][number]
        contents = page["/Contents"]
        streams = [contents] if isinstance(contents, generic.StreamObject) else [one.get_object() for one in contents]
        for stream in streams:
            for x, y, text in _SHOWN.findall(stream.data):
                if tag.encode("latin-1", "replace") in text:
                    return number, float(x), float(y)
    raise NotDrawn("tag_koordinat is not in the document")
