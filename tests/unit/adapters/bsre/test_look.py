"""A PDF is looked at by a process that may be killed by what it reads."""

from __future__ import annotations

import io
import sys
import time
import zlib

import pytest
from pyhanko.pdf_utils.writer import PdfFileWriter

from adapters.bsre.look import Look, Looker, Unseen
from tests.unit.adapters.bsre.bench import pdf


async def test_a_good_file() -> None:
    assert await Looker().look(pdf(2), 1) == Look(2, 0, 1, 595.0, 842.0)


@pytest.mark.parametrize(
    ("data", "page", "why"),
    [
        (b"", -1, "cannot be read as a PDF"),
        (b"%PDF-1.7\n%%EOF", -1, "cannot be read as a PDF"),
        (b"MZ" * 500, -1, "cannot be read as a PDF"),
        (pdf(), 9, "page of that number"),
    ],
)
async def test_what_is_none(data: bytes, page: int, why: str) -> None:
    with pytest.raises(Unseen, match=why):
        await Looker().look(data, page)


async def test_an_encrypted_file_is_named_so() -> None:
    writer = PdfFileWriter(stream_xrefs=False)
    writer.encrypt("rahasia", "rahasia")
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(Unseen, match="is encrypted"):
        await Looker().look(out.getvalue())


def bomb() -> bytes:
    """A file whose table of objects unpacks to far more than there is."""
    packed = zlib.compress(b"\0" * (2 << 30 >> 4), 9)
    for _ in range(1):
        packed = zlib.compress(packed, 9)
    head = b"%PDF-1.7\n"
    body = (
        b"1 0 obj\n<</Type/XRef/Size 5/W[1 2 1]/Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n" % len(packed)
        + packed
        + b"\nendstream\nendobj\n"
    )
    return head + body + b"startxref\n%d\n%%%%EOF" % len(head)


async def test_a_file_that_unpacks_without_end_ends() -> None:
    begun = time.monotonic()
    with pytest.raises(Unseen):
        await Looker(memory=192 << 20, seconds=8.0).look(bomb())
    assert time.monotonic() - begun < 10.0


async def test_a_file_that_needs_more_memory_than_it_may_have_ends() -> None:
    with pytest.raises(Unseen, match="too much memory or time"):
        await Looker(memory=1 << 20).look(pdf() + bytes(64 << 20))


async def test_a_time_that_is_over_ends_it() -> None:
    with pytest.raises(Unseen, match="too much memory or time"):
        await Looker(seconds=0.01).look(pdf())


async def test_the_environment_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINTAS_SECRET", "x")
    monkeypatch.setattr(sys, "executable", "/usr/bin/env")
    with pytest.raises(Unseen):
        await Looker().look(pdf())
