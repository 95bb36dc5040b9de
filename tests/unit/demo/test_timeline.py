from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from demo.timeline import Row, rows

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


def event(name: str, second: float, **fields: Any) -> dict[str, Any]:
    told = {"sender": "a/one", "recipient": "b/two", "service": "letter.deliver", "message": "m1", **fields}
    return {"event": name, "time": f"2026-01-05T01:00:{second:06.3f}Z", **told}


def test_a_delivery_that_waited_is_one_row_from_acceptance_to_delivery() -> None:
    events = [
        event("accepted", 1),
        event("attempt_started", 1.1, delivery="m1.1"),
        event("attempt_failed", 1.2, delivery="m1.1"),
        event("attempt_started", 3, delivery="m1.1"),
        event("attempt_failed", 3.1, delivery="m1.1"),
        event("delivered", 6, delivery="m1.1"),
        event("registered", 8.5, delivery="m1.1"),
    ]
    assert rows(events, START, {"m1": "letter 1"}) == [
        Row(1.0, "a/one", "letter 1", "b/two", "delivered after 2 vain attempts", 5.0, "m1"),
        Row(8.5, "b/two", "letter 1", "a/one", "registered", 2.5, "m1"),
    ]


def test_a_letter_that_was_replaced_is_a_row() -> None:
    found = rows([event("letter_replaced", 2, recipient=None)], START, {"m1": "notice"})
    assert found == [Row(2.0, "a/one", "notice", "gateway", "replaced by another letter", None, "m1")]


def test_receipts_on_their_way_back_come_from_the_gateway() -> None:
    found = rows([event("delivered", 2, recipient="a/one", delivery="m1.r1-registered")], START, {"m1": "letter 1"})
    assert found == [Row(2.0, "gateway", "receipt 'registered' of letter 1", "a/one", "delivered", None, "m1")]


def test_a_question_is_one_row_answered_or_not() -> None:
    events = [
        event("asked", 1, message="q1"),
        event("asked", 1, message="q2"),
        event("answered", 1.25, message="q1", reason=None),
        event("answered", 1.5, message="q2", reason="recipient_refused"),
        event("refused", 1.5, message="q2", reason="recipient_refused"),
    ]
    assert [(row.at, row.outcome, row.took) for row in rows(events, START, {})] == [
        (1.0, "answered", 0.25),
        (1.0, "not answered: recipient_refused", 0.5),
    ]


def test_refusals_repeats_and_failures_are_seen() -> None:
    events = [
        event("refused", 1, reason="no_right", recipient=None),
        event("duplicate_answered", 2, recipient=None),
        event("batch_accepted", 3, recipient=None),
        event("quarantined", 4, delivery="m1.1", reason="attempts_exhausted"),
        event("node_started", 5),
    ]
    assert [(row.recipient, row.outcome) for row in rows(events, START, {})] == [
        ("gateway", "refused: no_right"),
        ("gateway", "a repeat: the original receipt again"),
        ("gateway", "taken row by row"),
        ("b/two", "in quarantine: attempts_exhausted"),
    ]


def test_many_alike_become_one_row_few_do_not() -> None:
    many = [event("accepted", n, message=f"m{n}") for n in range(10)]
    many += [event("delivered", n + 0.5, message=f"m{n}", delivery=f"m{n}.1") for n in range(10)]
    drawn = rows(many, START, {})
    assert [(row.at, row.took, row.count, row.message) for row in drawn] == [(0.0, 9.5, 10, None)]
    assert len(rows(many[:3] + many[10:13], START, {})) == 3
    assert drawn[0].to_dict()["count"] == 10


def test_what_agencies_saw_stands_at_its_time() -> None:
    seen = Row(1.5, "gateway", "scan fetched", "c/three", "digest right", 0.2)
    found = rows([event("refused", 1, reason="conflict"), event("refused", 2, reason="conflict")], START, {}, [seen])
    assert [row.what for row in found] == ["letter.deliver", "scan fetched", "letter.deliver"]
