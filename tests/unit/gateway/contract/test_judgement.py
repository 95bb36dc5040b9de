"""What a status says about custody."""

from __future__ import annotations

import pytest

from gateway.contract import Ambiguous, HttpReply, NeedsOperator, Refused, TryLater
from gateway.contract.judgement import MOST_SECONDS, judge, retry_after
from gateway.contract.testing import Headers


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_taken(status: int) -> None:
    assert judge(HttpReply(status, Headers(), b"")) is None


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, TryLater), (503, TryLater), (408, Ambiguous), (425, Ambiguous), (500, Ambiguous), (599, Ambiguous)]
    + [(status, Refused) for status in (400, 409, 411, 414, 415, 499)]
    + [(status, NeedsOperator) for status in (300, 302, 399, 401, 403, 404, 405, 407, 410)]
    + [(status, Ambiguous) for status in (100, 101)],
)
def test_the_rest_is_an_error(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        judge(HttpReply(status, Headers(), b""))


@pytest.mark.parametrize("status", [404, 405, 410])
@pytest.mark.parametrize(
    ("media_type", "asking"),
    [("application/problem+json", False), ("Application/Problem+JSON; charset=utf-8", False), ("text/html", True)],
)
def test_what_is_not_there_is_a_word_of_the_recipients_own(status: int, media_type: str, asking: bool) -> None:
    with pytest.raises(Refused) as caught:
        judge(HttpReply(status, Headers(), b"{}", media_type), asking=asking)
    assert caught.value.answer == b"{}"


@pytest.mark.parametrize("media_type", ["", "text/html", "application/json", "application/problem+jsonx"])
def test_what_whatever_stands_before_it_says_is_for_an_operator(media_type: str) -> None:
    with pytest.raises(NeedsOperator, match="see whether its url is right"):
        judge(HttpReply(404, Headers(), b"{}", media_type))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("", None), ("7", 7.0), (" 7 ", 7.0), ("-1", None), ("1.5", None), ("٧", None), ("soon", None),
     ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("9" * 400, MOST_SECONDS)],
)  # fmt: skip
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds
