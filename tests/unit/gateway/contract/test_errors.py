"""An error says what happens next; without a sentence of its own it says its reason's title."""

from __future__ import annotations

import pytest

from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.reasons import REASONS, Reason


@pytest.mark.parametrize("kind", [TryLater, Refused, Ambiguous])
def test_its_words_are_its_own_or_those_of_its_reason(kind: type[Exception]) -> None:
    assert str(kind(Reason.BUSY)) == REASONS[Reason.BUSY].title
    assert str(kind(Reason.BUSY, "in a moment")) == "in a moment"


def test_what_else_it_carries() -> None:
    refused = Refused(Reason.BODY_TOO_LARGE, limit=7, errors=[("a", "b", "c")], answer=b"x")
    assert (refused.limit, refused.errors, refused.answer) == (7, (("a", "b", "c"),), b"x")
    assert TryLater(after=3).after == 3
    assert (NeedsOperator("mend it").reason, NeedsOperator("mend it").detail) == (Reason.OPERATOR_NEEDED, "mend it")
