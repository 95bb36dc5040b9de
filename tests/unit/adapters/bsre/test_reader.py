"""What the looking process finds, without the process."""

from __future__ import annotations

import io

import pytest
from pyhanko.pdf_utils.generic import ArrayObject, NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from adapters.bsre import reader
from tests.unit.adapters.bsre.bench import pdf
from tests.zoo.pdf import good


def test_pages_signatures_and_a_size() -> None:
    assert reader.look(pdf(3), -1) == {"pages": 3, "signatures": 0, "page": 3, "width": 595.0, "height": 842.0}
    assert reader.look(pdf(3), 2)["page"] == 2
    assert reader.look(good(), -1)["signatures"] == 1


@pytest.mark.parametrize("number", [0, -2, 4])
def test_a_page_that_is_not_there(number: int) -> None:
    with pytest.raises(reader._Unreadable) as caught:
        reader.look(pdf(3), number)
    assert caught.value.code == reader.NO_PAGE


def test_a_number_of_pages_is_counted_and_not_believed() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf(2)))
    writer.root["/Pages"][pdf_name("/Count")] = NumberObject(9)
    writer.update_container(writer.root["/Pages"])
    out = io.BytesIO()
    writer.write(out)
    assert reader.look(out.getvalue(), -1)["pages"] == 2


def test_pages_that_hold_each_other_end() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf(2)))
    pages = writer.root["/Pages"]
    pages[pdf_name("/Kids")] = ArrayObject([writer.root.raw_get("/Pages")] * 2)
    writer.update_container(pages)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(reader._Unreadable) as caught:
        reader.look(out.getvalue(), -1)
    assert caught.value.code == reader.TOO_COSTLY
