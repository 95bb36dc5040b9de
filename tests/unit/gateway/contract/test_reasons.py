"""The catalogue is closed and whole: every reason has its three faces."""

from __future__ import annotations

import http
import re

from gateway.contract.reasons import REASONS, Reason


def test_every_reason_has_a_face_and_every_face_a_reason() -> None:
    assert set(REASONS) == set(Reason)


def test_codes_are_stable_names() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.value) for reason in Reason)
    assert all(reason.name.lower() == reason.value for reason in Reason)


def test_a_face_is_a_real_status_and_a_sentence_of_advice() -> None:
    for reason, face in REASONS.items():
        assert http.HTTPStatus(face.status).value >= 400, reason
        assert face.advice.endswith((".", "'")), reason
        assert face.title, reason
        assert not face.title.endswith("."), reason
        assert face.side in ("sender", "receiver"), reason


FOLDER = (
    Reason.WRONG_CHARSET, Reason.NOT_JSON, Reason.DUPLICATE_JSON_KEY, Reason.NOT_A_NUMBER, Reason.LONE_SURROGATE,
    Reason.NOT_XML, Reason.DOCTYPE_REFUSED, Reason.SCHEMA_INVALID, Reason.DIGEST_MISMATCH, Reason.PART_MISSING,
    Reason.PART_UNUSED, Reason.ZERO_BYTES, Reason.FILE_CHANGED, Reason.FILE_UNSAFE, Reason.SIDECAR_MISSING,
    Reason.FORMAT_UNKNOWN, Reason.HEADER_UNKNOWN, Reason.NAME_REFUSED, Reason.ROW_TOO_LARGE, Reason.TOO_MANY_ROWS,
)  # fmt: skip
"""What a clerk may be told who dropped a file."""
JARGON = re.compile(
    r"surrogate|boundary|RFC|NaN|well-formed|SHA-256|byte|hard link|device|sidecar|schema\b|document type|entit", re.I
)


def test_what_a_clerk_meets_says_first_what_a_clerk_can_do() -> None:
    for reason in FOLDER:
        first = re.split(r"[.;:]", REASONS[reason].advice)[0]
        assert not JARGON.search(first), reason


def test_what_the_gateway_keeps_is_not_to_be_sent_again() -> None:
    """A sender who is afraid of a loss sends once more, and the recipient has it twice."""
    for reason in (Reason.RECIPIENT_UNSURE, Reason.ATTEMPTS_EXHAUSTED, Reason.OPERATOR_NEEDED):
        assert "do not send it again" in REASONS[reason].advice.lower(), reason


def test_who_must_act_is_named_where_it_is_not_the_reader() -> None:
    operator = (Reason.NO_RIGHT, Reason.NO_ROUTE, Reason.DISK_RESERVE, Reason.PART_TOO_LARGE, Reason.OPERATOR_NEEDED)
    assert all("operator" in REASONS[reason].advice for reason in operator)
    software = (Reason.HEADERS_TOO_LARGE, Reason.TOO_DEEP, Reason.BAD_REQUEST, Reason.MUST_UNDERSTAND)
    assert all("software" in REASONS[reason].advice for reason in software)
