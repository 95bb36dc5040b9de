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
