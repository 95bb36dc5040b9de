"""The mark as an appearance stream."""

import io

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from gateway.signatures.appearance import MarkStyle
from tests.zoo.pdf import plain


def test_the_form_holds_exactly_the_operators() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(plain()))
    style = MarkStyle(operators=b"q 0 0 9.5 4 re f Q", size=(9.5, 4), turn=(0, 1, -1, 0))
    form = style.create_stamp(writer, None, {}).as_form_xobject()
    assert form.data == b"q 0 0 9.5 4 re f Q"
    assert [float(one) for one in form["/BBox"]] == [0, 0, 9.5, 4]
    assert [float(one) for one in form["/Matrix"]] == [0, 1, -1, 0, 0, 0]
    assert form["/Resources"]["/Font"]["/F1"]["/Encoding"] == "/WinAnsiEncoding"


def test_it_is_the_normal_appearance_of_the_field() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(plain()))
    field: dict[object, object] = {}
    MarkStyle(size=(9, 4)).create_stamp(writer, None, {}).apply_appearance(field)
    assert list(field["/AP"]) == ["/N"]  # type: ignore[call-overload]
