"""What the service says of a signer and of a passphrase, in every form it may have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bsre.answers import STATUSES, check_status, refuse_error
from gateway.contract import Ambiguous, HttpReply, NeedsOperator, Reason, Refused, TryLater

LIMIT = 64 * 1024
PRIVATE = "Rahasia-7731"


def reply(value: Any, status: int = 200) -> HttpReply:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return HttpReply(status, {}, body, "application/json")


@pytest.mark.parametrize("value", [{"status": "ISSUE"}, {"status_code": 1111, "status": "ISSUE", "message": "x"},
                                   {"status_code": "1111"}])  # fmt: skip
def test_who_may_sign(value: Any) -> None:
    check_status(reply(value), LIMIT)


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_each_other_status_says_what_to_do(status: str) -> None:
    with pytest.raises(Refused) as caught:
        check_status(reply({"status": status, "message": PRIVATE}), LIMIT)
    assert caught.value.reason is Reason.SIGNER_NOT_READY
    assert caught.value.detail == STATUSES[status]
    assert "; " in caught.value.detail
    assert len(set(STATUSES.values())) == len(STATUSES)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply({"status_code": 1110, "status": "NOT_REGISTERED"}), Reason.SIGNER_NOT_READY),
        (reply({"status_code": 1110}), Reason.SIGNER_NOT_READY),
        (reply({"status_code": 1111, "status": "EXPIRED"}), Reason.SIGNER_NOT_READY),
        (reply({"status_code": 2011, "error": PRIVATE}, 400), Reason.SIGNER_NOT_READY),
        (reply({"status": PRIVATE}), Reason.SIGNER_NOT_READY),
        (reply({"hello": PRIVATE}), Reason.RECIPIENT_ANSWER_INVALID),
        (reply(b"<html>" + PRIVATE.encode()), Reason.RECIPIENT_ANSWER_INVALID),
        (reply({"status_code": 3000, "error": PRIVATE}, 400), Reason.RECIPIENT_REFUSED),
        (reply({"status_code": True, "error": PRIVATE}), Reason.RECIPIENT_ANSWER_INVALID),
    ],
)
def test_no_refusal_repeats_what_was_said(answer: HttpReply, reason: Reason) -> None:
    with pytest.raises(Refused) as caught:
        check_status(answer, LIMIT)
    assert caught.value.reason is reason
    assert PRIVATE not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize(("status", "meant"), [(401, NeedsOperator), (403, NeedsOperator), (500, Ambiguous)])
def test_a_server_that_does_not_answer_for_the_signer_may_use_the_same_words(
    status: int, meant: type[Exception]
) -> None:
    with pytest.raises(meant):
        check_status(reply({"status": "ISSUE"}, status), LIMIT)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("code", [2031, "2031"])
def test_a_wrong_passphrase_is_one_whatever_the_status(status: int, code: Any) -> None:
    with pytest.raises(Refused) as caught:
        refuse_error(reply({"status_code": code, "error": "Passphrase anda salah"}, status), LIMIT)
    assert caught.value.reason is Reason.PASSPHRASE_REFUSED


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (401, {"error": "Unauthorized"}, NeedsOperator),
        (404, {"status": 404, "error": "Not Found"}, NeedsOperator),
        (404, {"status_code": 404, "error": PRIVATE}, Refused),
        (400, {"status_code": 2099, "error": PRIVATE}, Refused),
        (400, b"", Refused),
        (302, b"", NeedsOperator),
        (503, b"", TryLater),
        (500, {"status_code": 9, "error": PRIVATE}, Ambiguous),
        (504, b"", Ambiguous),
        (200, {"status_code": 9, "error": PRIVATE}, Refused),
    ],
)
def test_what_has_no_code_goes_by_its_status(status: int, body: Any, meant: type[Exception]) -> None:
    with pytest.raises(meant) as caught:
        refuse_error(reply(body, status), LIMIT)
    assert PRIVATE not in f"{caught.value} {vars(caught.value)}"


def test_what_is_no_error_passes() -> None:
    refuse_error(reply({"time": 1, "file": ["x"]}), LIMIT)
    refuse_error(reply(b"%PDF-1.7"), LIMIT)


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["status", "status_code", "error"]), inner),
).map(lambda value: json.dumps(value).encode()), st.integers(100, 599))  # fmt: skip
def test_nothing_the_service_says_is_more_than_an_outcome(body: bytes, status: int) -> None:
    for ask in (check_status, refuse_error):
        try:
            ask(HttpReply(status, {}, body, ""), LIMIT)
        except (Refused, Ambiguous, NeedsOperator, TryLater):
            continue
