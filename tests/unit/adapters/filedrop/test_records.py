from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.filedrop.records import BadRecord, Records, cells, ends_inside, lines, texts

CELL = st.text(st.sampled_from('ab";,\t|\n é𝄞'), max_size=8)
TABLE = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8))


def read(data: bytes, encoding: str, delimiter: str, step: int = 5, limit: int = 10_000):
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    records = Records(lines(texts(pieces, encoding), limit), limit=limit, most_lines=50)
    records.delimiter = delimiter
    return list(records)


@given(
    TABLE,
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]),
    st.integers(1, 9),
)
@settings(max_examples=300, deadline=None)
def test_what_a_writer_wrote_is_read_back(table, delimiter, line_end, encoding, step):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=line_end).writerows(table)
    assert read(out.getvalue().encode(encoding), encoding, delimiter, step) == table


@given(st.binary(max_size=300), st.sampled_from(["utf-8", "utf-16-le", "cp1252"]), st.integers(1, 9))
@settings(max_examples=300, deadline=None)
def test_any_bytes_end_in_records(data, encoding, step):
    for record in read(data, encoding, ";", step, limit=40):
        assert isinstance(record, BadRecord) or all(isinstance(cell, str) for cell in record)
        assert isinstance(record, BadRecord) or ";".join(record).encode() is not None


@pytest.mark.parametrize(
    ("line", "inside", "open_"),
    [
        ("a;b", False, False),
        ('"a;b', False, True),
        ('a"b;c', False, False),
        ('a;"b""', False, True),
        ('a;"b"";c"', False, False),
        ('b"', True, False),
        ('b";"c', True, True),
        ("b", True, True),
        ('""', False, False),
    ],
)
def test_where_a_quote_is_open(line, inside, open_):
    assert ends_inside(line, ";", inside) is open_


def test_lines_behind_an_open_quote_are_rows_of_their_own():
    found = read(b'a;"b\nc;d\n' + b"e;f\n" * 60, "utf-8", ";")
    assert isinstance(found[0], BadRecord)
    assert found[0].code == "unclosed_quote"
    assert found[1:] == [["c", "d"], *[["e", "f"]] * 60]


def test_a_line_without_an_end_does_not_fill_the_memory():
    longest = 0

    def endless():
        for _ in range(200):
            yield "x" * 1000

    found = list(lines(endless(), 5000))
    longest = max(len(line or "") for line in found)
    assert (found, longest) == ([None], 0)


def test_a_record_that_the_reader_cannot_take_apart_is_named():
    assert isinstance(cells('"' + "x" * 200_000 + '"', ";"), BadRecord)
