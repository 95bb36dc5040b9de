from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.filedrop.naming import NAME_MAX, NameRefused, checked, extension, folded, part_file, safe, with_mark

ANY = st.text(st.characters(), min_size=0, max_size=400)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../surat.json",
        "a/b",
        "a\\b",
        "a\x00b",
        "a\nb",
        "a\x7fb",
        "a\u202ejson.exe",
        "a\udcffb",
        "x" * 256,
    ],
)
def test_names_that_may_not_pass(name):
    with pytest.raises(NameRefused) as refused:
        checked(name)
    assert name in ("", ".", "..") or name not in str(refused.value)
    assert refused.value.limit == (NAME_MAX if len(name) > NAME_MAX else None)


@pytest.mark.parametrize("name", ["surat.pdf", "Surat Undangan (1).pdf", "séance.json", "surat-№5.json"])
def test_plain_names_pass(name):
    assert checked(name) == unicodedata.normalize("NFC", name)


def test_names_come_out_composed():
    assert checked("e\u0301.json") == "\u00e9.json"
    assert folded("SE\u0301ANCE.json") == folded("s\u00e9ance.JSON")


@pytest.mark.parametrize("name", ["con.json", "NUL", "a:b.pdf", ".tersembunyi", "~temp", "../../etc/passwd", "x" * 300])
def test_unsafe_names_are_changed_and_marked(name):
    made = safe(name, ".error.json")
    assert made != name + ".error.json"
    assert "~" in made[1:]
    assert len(made.encode()) <= NAME_MAX
    assert "/" not in made


@given(ANY)
@settings(max_examples=200)
def test_what_is_made_safe_passes_the_check(name):
    for made in (safe(name), safe(name, ".accepted.receipt.json"), with_mark(name, "claim-00000001")):
        assert checked(made) == made
        assert made[0] not in ".~-"


@given(ANY, ANY)
@settings(max_examples=200)
def test_two_names_stay_two(one, other):
    if unicodedata.normalize("NFC", one) != unicodedata.normalize("NFC", other):
        assert safe(one) != safe(other)


def test_suffix_and_mark_survive_a_long_name():
    made = with_mark("n" * 300 + ".pdf", "0198-claim", ".error.json")
    assert made.endswith(".pdf.0198-claim.error.json")
    assert len(made.encode()) <= NAME_MAX


def test_part_files_of_equal_names_differ():
    assert part_file("d1", 1, "A.pdf") != part_file("d1", 2, "a.pdf")
    assert folded(part_file("d1", 1, "A.pdf")) != folded(part_file("d1", 2, "a.pdf"))
    assert "/" not in part_file("d1", 1, "../../x")
    assert len(part_file("d" * 36, 1, "x" * 400).encode()) <= NAME_MAX


def test_extension():
    assert [extension(n) for n in ("a.JSON", "a", "a.pdf.json", ".x")] == ["json", "", "json", "x"]
