"""The mark as the appearance of a signature field (ISO 32000-1, section 12.5.5).

Enters: operators, their size, how the page is turned. Leaves: a pyHanko stamp style that draws exactly them. Refuses:
nothing. Fonts are those that every viewer has; nothing of the page is touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import AppearanceContent, PdfResources, ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.stamp import BaseStampStyle


@dataclass(frozen=True)
class MarkStyle(BaseStampStyle):
    """Draws `operators` in a box of `size` points, turned by the matrix `turn` to be upright on a turned page."""

    operators: bytes = b""
    size: tuple[float, float] = (0.0, 0.0)
    turn: tuple[int, int, int, int] = (1, 0, 0, 1)

    def create_stamp(self, writer: Any, box: Any, text_params: Any) -> Any:
        return _Drawing(writer, self)


class _Drawing(AppearanceContent):
    def __init__(self, writer: Any, style: MarkStyle) -> None:
        super().__init__(writer, BoxConstraints(width=style.size[0], height=style.size[1]))
        self._style = style
        self.set_resource(ResourceType.FONT, pdf_name("/F1"), _helvetica())

    def render(self) -> bytes:
        return self._style.operators

    def as_form_xobject(self) -> generic.StreamObject:
        width, height = self._style.size
        form = generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"),
                pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): _numbers(0, 0, width, height),
                pdf_name("/Matrix"): _numbers(*self._style.turn, 0, 0),
                pdf_name("/Resources"): self.resources.as_pdf_object(),
            },
            stream_data=self.render(),
        )
        form.compress()  # type: ignore[no-untyped-call]
        return form

    @property
    def resources(self) -> PdfResources:
        return self._resources


def _helvetica() -> Any:
    dictionary: Any = generic.DictionaryObject
    return dictionary(
        {
            pdf_name("/Type"): pdf_name("/Font"),
            pdf_name("/Subtype"): pdf_name("/Type1"),
            pdf_name("/BaseFont"): pdf_name("/Helvetica"),
            pdf_name("/Encoding"): pdf_name("/WinAnsiEncoding"),
        }
    )


def _numbers(*values: float) -> Any:
    number: Any = generic.FloatObject
    return generic.ArrayObject(number(f"{one:.4f}") for one in values)
