from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from adapters.filedrop.config import Csv
from adapters.filedrop.survey import Survey
from adapters.filedrop.table import documents_of, strangers
from gateway.contract import Reason, Refused, RowProblem
from schemas.person_1 import Person1

COLUMNS = {"NIK": "nik", "NAMA": "fullName", "TGL_LAHIR": "birthDate", "SEX": "sex"}
HEADER = "NIK;NAMA;TGL_LAHIR;SEX"
GOOD = "3273014205900001;Siti Contoh;02-05-1990;P"


def config(**more) -> Csv:
    return Csv.model_validate({"columns": COLUMNS, "dates": ["dd-MM-yyyy", "yyyy-MM-dd"], **more})


def read(data: bytes | str, conf: Csv | None = None, *, row_bytes: int = 4096, rows: int = 1000, step: int = 7):
    conf = conf or config()
    data = data.encode() if isinstance(data, str) else data
    survey = Survey(conf)
    for at in range(0, len(data), step):
        survey.feed(data[at : at + step])
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    found = survey.result(rows)
    return list(documents_of(pieces, conf, "person/1", found.encoding, row_bytes=row_bytes, rows=rows))


def table(*rows: str, header: str = HEADER) -> str:
    return "\r\n".join((header, *rows)) + "\r\n"


def problem(row: str, **options) -> RowProblem:
    (found,) = read(table(row), **options)
    assert isinstance(found, RowProblem), found
    return found


def test_a_row_becomes_a_document():
    (person,) = read(table(GOOD))
    assert isinstance(person, Person1)
    assert (person.nik, person.full_name, person.sex) == ("3273014205900001", "Siti Contoh", "female")
    assert person.birth_date.isoformat() == "1990-05-02"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_by_the_header(delimiter):
    (person,) = read(table(GOOD).replace(";", delimiter))
    assert isinstance(person, Person1)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_every_line_end_also_across_pieces(line_end, last, step):
    text = line_end.join((HEADER, GOOD, "", GOOD)) + (line_end if last else "")
    assert len(read(text, step=step)) == 2


@pytest.mark.parametrize(
    ("encoding", "mark", "found"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("cp1252", b"", "cp1252"),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_encodings_and_byte_order_marks(encoding, mark, found, step):
    data = mark + table(GOOD.replace("Siti", "Zoë")).encode(encoding)
    survey = Survey(config())
    for at in range(0, len(data), step):
        survey.feed(data[at : at + step])
    assert survey.result(10).encoding == found
    (person,) = read(data, step=step)
    assert isinstance(person, Person1)
    assert person.full_name == "Zoë Contoh"


def test_a_declared_encoding_is_kept_and_a_foreign_byte_costs_its_row_only():
    data = table(GOOD, GOOD.replace("Siti", "Zo\udceb"), GOOD).encode("utf-8", "surrogateescape")
    before, bad, after = read(data, config(encoding="utf-8"))
    assert isinstance(bad, RowProblem)
    assert (bad.row, bad.code) == (2, "wrong_charset")
    assert isinstance(before, Person1)
    assert isinstance(after, Person1)


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_a_table_that_is_almost_utf8_is_never_read_in_another_encoding(step):
    names = [GOOD.replace("Siti", name) for name in ("Zoë", "Nur", "Andr\udce9", "José")]
    data = table(*names).encode("utf-8", "surrogateescape")
    survey = Survey(config())
    for at in range(0, len(data), step):
        survey.feed(data[at : at + step])
    assert survey.result(10).encoding == "utf-8"
    first, second, bad, last = read(data, config(), step=step)
    assert [first.full_name, second.full_name, last.full_name] == ["Zoë Contoh", "Nur Contoh", "José Contoh"]
    assert isinstance(bad, RowProblem)
    assert (bad.row, bad.code) == (3, "wrong_charset")


def test_a_table_cut_inside_a_character_loses_its_last_row_only():
    data = table(GOOD.replace("Siti", "Zoë"), GOOD.replace("Siti", "Renaté")).encode()
    first, bad = read(data[: data.index(b"Renat") + 6], config())
    assert first.full_name == "Zoë Contoh"
    assert isinstance(bad, RowProblem)


@pytest.mark.parametrize("cell", ["#REF!", "#N/A", "#NAME?", "#DIV/0!", " #VALUE! "])
def test_a_failed_formula_is_no_value(cell):
    (bad,) = read(table(GOOD.replace("Siti Contoh", cell)))
    assert (bad.row, bad.code) == (1, "formula_failed")


def test_rows_of_nothing_but_delimiters_are_no_rows_at_the_end_and_one_problem_each_before_it():
    empty = ";" * HEADER.count(";") if ";" in HEADER else "," * HEADER.count(",")
    assert len(read(table(GOOD, empty, empty))) == 1
    first, blank, last = read(table(GOOD, empty, GOOD))
    assert (blank.row, blank.code, blank.column) == (2, "blank_row", None)
    assert first.full_name == last.full_name


def test_other_encodings_are_refused_where_the_folder_says_so():
    data = table(GOOD.replace("Siti", "Zoë")).encode("cp1252")
    with pytest.raises(Refused) as refused:
        read(data, config(fallback="refuse"))
    assert refused.value.reason is Reason.WRONG_CHARSET


@pytest.mark.parametrize(
    "nik",
    ["3.27301E+15", "3,27301E+15", "3E+15", "3273014205900001.0", "3273014205900001,00", "3.273.014.205.900.001",
     "327301420590000", "32730142059000010"],
)  # fmt: skip
def test_an_identifier_that_a_spreadsheet_destroyed(nik):
    delimiter = "|"
    row = f"{nik}|Siti|02-05-1990|P"
    (found,) = read(table(row, header=HEADER.replace(";", delimiter)))
    assert isinstance(found, RowProblem)
    assert (found.row, found.column, found.code) == (1, "NIK", "identifier_destroyed")
    assert not any(char in "1234568" for char in found.value or "")


@pytest.mark.parametrize("nik", ["'3273014205900001", "\u20193273014205900001", '"=""3273014205900001"""'])
def test_what_protects_a_number_from_a_spreadsheet_goes(nik):
    (person,) = read(table(f"{nik};Siti;02-05-1990;P"))
    assert isinstance(person, Person1)
    assert person.nik == "3273014205900001"


def test_an_apostrophe_that_begins_a_name_stays():
    (person,) = read(table("3273014205900001;'Aisyah;02-05-1990;P"))
    assert person.full_name == "'Aisyah"


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("3273014205900001;Siti;31-02-1990;P", "TGL_LAHIR", "impossible_date"),
        ("3273014205900001;Siti;1990/05/02;P", "TGL_LAHIR", "impossible_date"),
        ("3273014205900001;Siti;32995;P", "TGL_LAHIR", "impossible_date"),
        ("3273014205900001;;02-05-1990;P", "NAMA", "missing_value"),
        (";Siti;02-05-1990;P", "NIK", "missing_value"),
        ("3273014205900001;Siti;;P", "TGL_LAHIR", "missing_value"),
        ("3273014205900001;Siti;02-05-1990", None, "column_count"),
        ("3273014205900001;Siti;02-05-1990;P;x", None, "column_count"),
        ("9973014205900001;Siti;02-05-1990;P", "NIK", "nik_province"),
        ("3273014205900001;Siti;02-05-1990;X", "SEX", "not_allowed"),
        ("3273014205900001;Si\x07ti;02-05-1990;P", "NAMA", "xml_text"),
        ('"3273014205900001;Siti;02-05-1990;P', "NIK", "unclosed_quote"),
    ],
)
def test_each_fault_has_its_code_and_column(row, column, code):
    found = problem(row)
    assert (found.row, found.column, found.code) == (1, column, code)
    assert "Siti" not in (found.value or "") + found.message
    assert "3273" not in (found.value or "") + found.message


def test_a_bad_row_never_stops_the_batch_and_rows_count_from_one():
    found = read(table(GOOD, "x", GOOD, '"open;quote', GOOD, "3E+15;A;02-05-1990;L", GOOD))
    assert [type(item) for item in found] == [Person1, RowProblem, Person1, RowProblem, Person1, RowProblem, Person1]
    assert [item.row for item in found if isinstance(item, RowProblem)] == [2, 4, 6]


def test_everything_wrong_with_a_row_is_told():
    found = read(table("3E+15;;31-02-1990;P", GOOD))
    assert [(p.row, p.column, p.code) for p in found[:-1]] == [
        (1, "NIK", "identifier_destroyed"),
        (1, "TGL_LAHIR", "impossible_date"),
        (1, "NAMA", "missing_value"),
    ]
    assert isinstance(found[-1], Person1)


def test_a_quoted_cell_may_hold_delimiters_quotes_and_line_ends():
    columns = {**COLUMNS, "TEMPAT": "birthPlace"}
    row = '3273014205900001;"Siti; ""Ibu"" Contoh";02-05-1990;P;"Kota\nBandung"'
    (person,) = read(table(row, header=HEADER + ";TEMPAT"), config(columns=columns))
    assert person.full_name == 'Siti; "Ibu" Contoh'
    assert person.birth_place == "Kota\nBandung"


def test_a_row_over_its_limit_is_named_and_the_next_one_moves():
    found = read(table("3273014205900001;" + "x" * 5000 + ";02-05-1990;P", GOOD), row_bytes=1000)
    assert [getattr(item, "code", "ok") for item in found] == ["row_too_large", "ok"]


def test_an_open_quote_does_not_swallow_more_than_its_own_line():
    found = read(table('3273014205900001;"Siti;02-05-1990;P', *[GOOD] * 50), config(record_lines=20))
    assert [getattr(item, "code", "ok") for item in found] == ["unclosed_quote", *["ok"] * 50]


OPEN = '3273014205900001;"Siti;02-05-1990;P'


@pytest.mark.parametrize(
    ("behind", "codes"),
    [
        ([GOOD, GOOD], ["unclosed_quote", "ok", "ok"]),
        ([GOOD, GOOD.replace("Siti Contoh", '"Budi"')], ["unclosed_quote", "ok", "ok"]),
        ([GOOD, OPEN, GOOD], ["unclosed_quote", "ok", "unclosed_quote", "ok"]),
        ([GOOD, GOOD.replace("Contoh", 'Contoh"'), GOOD], ["unclosed_quote"] * 3 + ["ok"]),
        ([GOOD, GOOD + '"', GOOD], ["unclosed_quote"] * 3 + ["ok"]),
        ([GOOD.replace("Siti Contoh", '""')] * 2, ["unclosed_quote", "missing_value", "missing_value"]),
    ],
    ids=["never closed", "next quote opens", "two open", "closed by a later cell", "closed by a line", "empty cells"],
)
def test_no_line_behind_an_open_quote_vanishes(behind, codes):
    found = read(table(OPEN, *behind))
    assert [getattr(item, "code", "ok") for item in found] == codes
    first = found[0]
    assert isinstance(first, RowProblem)
    assert (first.row, first.column) == (1, "NAMA")
    assert "lines 2 to " in first.message


def test_the_lines_of_an_open_quote_are_those_of_the_file():
    found = read("sep=;\r\n" + table(GOOD, "", OPEN, GOOD, OPEN))
    bad = [item for item in found if isinstance(item, RowProblem)]
    assert [(item.row, item.message.partition(": ")[2].partition(";")[0]) for item in bad] == [
        (2, "lines 5 to 7"),
        (4, "lines 7 to 7"),
    ]


@pytest.mark.parametrize(
    ("header", "code", "path"),
    [
        ("NIK;NAMA;TGL_LAHIR;SEX;WARNA", "unknown_column", "WARNA"),
        ("NIK;NAMA;TGL_LAHIR;SEX;nama", "duplicate_column", "nama"),
        ("NIK;NAMA;SEX", "missing_column", "birthDate"),
    ],
)
def test_a_header_that_does_not_fit_is_refused_by_name(header, code, path):
    with pytest.raises(Refused) as refused:
        read(table(GOOD, header=header))
    assert refused.value.reason is Reason.HEADER_UNKNOWN
    assert (path, code) in [(p, c) for p, c, _ in refused.value.errors]


def test_a_file_without_a_header_does_not_tell_its_first_row():
    with pytest.raises(Refused) as refused:
        read(GOOD + "\n" + GOOD + "\n")
    assert "Siti" not in str(refused.value) + repr(refused.value.errors)
    assert "3273" not in str(refused.value) + repr(refused.value.errors)


def test_unknown_columns_can_be_kept_in_raw():
    (person,) = read(table(GOOD + ";biru", header=HEADER + ";WARNA"), config(unknown="raw", source_schema="desa.csv/1"))
    assert person.raw.source_schema == "desa.csv/1"
    assert person.raw.fields == {"WARNA": "biru"}


def test_constants_values_and_deeper_fields():
    conf = config(columns={**COLUMNS, "ALAMAT": "address.line"}, values={"sex": {"1": "male"}},
                  constants={"birthPlace": "Bandung"})  # fmt: skip
    row = "3273010205900001;Budi;02-05-1990;1;Jl. Cihapit 1"
    (person,) = read(table(row, header=HEADER + ";ALAMAT"), conf)
    assert (person.sex, person.birth_place, person.address.line) == ("male", "Bandung", "Jl. Cihapit 1")


def test_dates_with_indonesian_month_names():
    (person,) = read(table("3273014205900001;Siti;2 Mei 1990;P"), config(dates="d MMMM yyyy"))
    assert person.birth_date.isoformat() == "1990-05-02"


def test_a_separator_line_is_obeyed():
    (person,) = read("sep=|\r\n" + table(GOOD).replace(";", "|"))
    assert isinstance(person, Person1)


def test_too_many_rows_are_refused_with_the_limit():
    with pytest.raises(Refused) as refused:
        read(table(GOOD, GOOD, GOOD), rows=2)
    assert (refused.value.reason, refused.value.limit) == (Reason.TOO_MANY_ROWS, 2)


def test_fields_that_the_document_lacks_are_found_in_the_configuration():
    assert strangers(config(columns={"NIK": "nik", "A": "name", "B": "address.nowhere"}), "person/1") == [
        "address.nowhere",
        "name",
    ]


def test_memory_stays_flat():
    row = (GOOD + "\n").encode()

    def pieces() -> Iterator[bytes]:
        yield HEADER.encode() + b"\n"
        for _ in range(60):
            yield row * 500

    stream = documents_of(pieces(), config(), "person/1", "utf-8", row_bytes=4096, rows=1_000_000)
    first = [next(stream) for _ in range(1000)]
    assert len(first) == 1000
    tracemalloc.start()
    count = sum(1 for _ in stream)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 29_000
    assert peak < 2_000_000


@pytest.mark.parametrize("before", ["", "\r\n", "sep=;\r\n"])
def test_a_header_longer_than_a_row_may_be_states_the_limit(before):
    wide = ";".join(f"KOLOM{number}" for number in range(100))
    with pytest.raises(Refused) as caught:
        read(before + table(GOOD, header=wide), row_bytes=200)
    assert (caught.value.reason, caught.value.limit) == (Reason.ROW_TOO_LARGE, 200)
    assert "at most 200 bytes" in caught.value.detail
