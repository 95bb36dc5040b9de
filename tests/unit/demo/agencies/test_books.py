from __future__ import annotations

import pytest

from demo.agencies.books import Books, OtherContent


def test_a_repeat_is_counted_and_changes_nothing() -> None:
    books = Books()
    assert books.take("d1", "aa", "letter 1", "m1")
    first = books.entries["d1"]
    assert not books.take("d1", "aa", "letter 1", "m1")
    assert (books.entries["d1"], books.repeats) == (first, 1)
    assert books.about("letter 1") == [first]
    assert books.matters() == ["letter 1"]


def test_the_same_identifier_with_other_content_is_refused() -> None:
    books = Books()
    books.take("d1", "aa", "letter 1")
    with pytest.raises(OtherContent):
        books.take("d1", "bb", "letter 1")
    assert books.entries["d1"].sha256 == "aa"
