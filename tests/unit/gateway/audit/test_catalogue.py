"""Every event says what it means; names are stable and past tense."""

from __future__ import annotations

import re

from gateway.audit.catalogue import MEANINGS, EventName


def test_every_event_has_one_sentence_or_two() -> None:
    assert set(MEANINGS) == set(EventName)
    assert all(meaning.endswith((".", "count.")) and len(meaning) < 160 for meaning in MEANINGS.values())


def test_names_are_plain() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name.value) and name.name.lower() == name.value for name in EventName)
