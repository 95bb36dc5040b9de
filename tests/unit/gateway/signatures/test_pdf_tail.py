"""Every byte behind the signed ones belongs to a revision that the reader knows, or is told."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader

from gateway.signatures.pdf_tail import is_known
from tests.zoo import pdf
from tests.zoo.pki import pki


def known(data: bytes, *, strict: bool = True) -> bool:
    """About what stands behind the first signature of a file."""
    reader = PdfFileReader(io.BytesIO(data), strict=strict)
    first = reader.embedded_regular_signatures[0]
    numbers = [int(one) for one in first.byte_range]
    return is_known(data, reader, numbers[2] + numbers[3], int(first.signed_revision))


@pytest.mark.parametrize(
    "build",
    [
        pdf.good,
        lambda: pdf.good() + b"\r\n  \x00",
        lambda: pdf.updated(pdf.good(), pdf._repaint),
        lambda: pdf.updated(pdf.updated(pdf.good(), pdf._note), pdf._new_field),
        lambda: pdf.signed(pdf.good(), pki().second, field="Kedua"),
        lambda: pdf.dated(pdf.good(), at=pdf.SIGNED_AT),
        lambda: pdf.with_crl(pki().declared, at=pdf.SIGNED_AT, long=True),
    ],
)
def test_what_programs_write_is_known(build) -> None:
    assert known(build())


@pytest.mark.parametrize(
    "tail",
    [b"x", b"% a remark\n", b"9 0 obj\n<<>>\nendobj\n", b"startxref\n0\n%%EOF\n", b"%%EOF\n", b"trailer\n<<>>\n"],
)
@pytest.mark.parametrize("before", [pdf.good, lambda: pdf.updated(pdf.good(), pdf._note)])
def test_what_belongs_to_no_revision_is_not(before, tail: bytes) -> None:
    with contextlib.suppress(PdfReadError, ValueError):
        assert not known(before() + tail, strict=False)


@settings(max_examples=40, deadline=None)
@given(at=some.integers(0, 10_000))
def test_no_object_can_be_put_among_those_of_a_revision(at: int) -> None:
    signed, whole = pdf.good(), pdf.updated(pdf.good(), pdf._note)
    place = len(signed) + at % (len(whole) - len(signed))
    with contextlib.suppress(PdfReadError, ValueError):
        assert not known(whole[:place] + b" 7 0 obj <<>> endobj " + whole[place:])
