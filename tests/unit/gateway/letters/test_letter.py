"""A letter's sealed values come back as they were, and the stricter of two classes counts."""

from __future__ import annotations

import pytest

from gateway.letters.letter import Ending, SignedFile, ending_of, facts_of, file_of, packed
from schemas.marks import Privacy
from tests.unit.gateway.letters.example import facts


def test_values_come_back() -> None:
    one, file, ending = facts(), SignedFile("a" * 64, 5, "b" * 64, "B-T", "CN=X", None, "c" * 64), Ending(by="X")
    assert (facts_of(packed(one)), file_of(packed(file)), ending_of(packed(ending))) == (one, file, ending)


@pytest.mark.parametrize(
    ("privacy", "security", "shown"),
    [
        ("public", "B", Privacy.public),
        ("public", "T", Privacy.personal),
        ("personal", "B", Privacy.personal),
        ("public", "R", Privacy.specific),
        ("specific", "T", Privacy.specific),
        ("public", "SR", Privacy.secret),
        ("secret", "B", Privacy.secret),
    ],
)
def test_the_stricter_class_counts(privacy: str, security: str, shown: Privacy) -> None:
    assert facts(privacy=privacy, security=security).shown is shown
