"""Problem details as RFC 9457 has them, one per reason."""

from __future__ import annotations

import json

import pytest

from gateway.contract import REASONS, Reason, Refused, Rejected
from gateway.contract.problem import ERRORS, problem

PUBLIC = "https://gateway.example"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_problem(reason: Reason) -> None:
    reply = problem(Rejected("m-1", Refused(reason), stage="intake"), PUBLIC)
    told = json.loads(reply.body)
    face = REASONS[reason]
    assert (reply.status, reply.media_type) == (face.status, "application/problem+json")
    assert told == {
        "type": f"{PUBLIC}/errors/{reason.value}",
        "title": face.title,
        "status": face.status,
        "detail": face.title,
        "instance": "/api/v1/messages/m-1",
        "code": reason.value,
        "messageId": "m-1",
        "advice": face.advice,
        "stage": "intake",
    }
    assert ("WWW-Authenticate" in reply.headers) == (reply.status == 401)


def test_limits_findings_and_waiting_are_told() -> None:
    findings = [("document.nik", "nik_length", "a NIK has 16 digits")] * (ERRORS + 5)
    error = Refused(Reason.SCHEMA_INVALID, "does not fit", limit=7, errors=findings)
    reply = problem(Rejected("m-1", error, retry_after=0.2), PUBLIC)
    told = json.loads(reply.body)
    assert (told["detail"], told["limit"], len(told["errors"])) == ("does not fit", 7, ERRORS)
    assert told["errors"][0] == {"path": "document.nik", "code": "nik_length", "message": "a NIK has 16 digits"}
    assert reply.headers["Retry-After"] == "1"


def test_the_answer_of_another_side_stays_out() -> None:
    reply = problem(Rejected("m-1", Refused(Reason.RECIPIENT_REFUSED, answer=b"rahasia")), PUBLIC)
    assert b"rahasia" not in reply.body
