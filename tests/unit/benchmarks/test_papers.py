"""The requests of the benchmark: whole, about 2 KB, none like another, all fit for the gateway."""

import json
from collections.abc import Callable

import pytest

from benchmarks import papers
from schemas.catalogue import SERVICES, parse_json

KEY = "lintas_abc_def%20"


def split(request: bytes) -> tuple[bytes, bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    return head, body


MAKERS: list[Callable[[str], papers.Make]] = [
    papers.hop,
    lambda run: papers.query(run, KEY),
    lambda run: papers.accept(run, KEY),
    lambda run: papers.soap(run, KEY),
]


@pytest.mark.parametrize("maker", MAKERS)
def test_the_length_is_said_and_is_about_2_kb(maker: Callable[[str], papers.Make]) -> None:
    head, body = split(maker("000001")(7))
    assert b"Content-Length: %d" % len(body) in head
    assert 1700 <= len(body) <= 2600


@pytest.mark.parametrize("maker", MAKERS)
def test_no_two_requests_of_a_round_are_alike(maker: Callable[[str], papers.Make]) -> None:
    sent = [maker(run)(number) for run in ("000001", "000002") for number in range(50)]
    assert len(set(sent)) == 100


@pytest.mark.parametrize("make", [papers.query("000003", KEY), papers.accept("000003", KEY)])
def test_a_submission_fits_its_schema_and_carries_key_and_subject(make: papers.Make) -> None:
    head, body = split(make(42))
    assert f"Authorization: Bearer {KEY}".encode() in head
    said = json.loads(body)
    parse_json("envelope/1", said["envelope"])
    assert said["envelope"]["schema"] == SERVICES[said["envelope"]["service"]].request
    parse_json(said["envelope"]["schema"], said["document"])
    assert said["envelope"]["idempotencyKey"].endswith("42")
    assert b'"noKartu":"0000030000042"' in body


def test_the_answer_fits_its_schema() -> None:
    answer = papers.ANSWER_HEAD + b"0000030000042" + papers.ANSWER_TAIL
    parse_json("coverage/1", json.loads(answer)["document"])
    assert 1700 <= len(answer) <= 2300


def test_the_big_letter_fits_its_schema() -> None:
    said = json.loads(papers.letter(2**30, "0" * 64, "k-1"))
    parse_json("letter/1", said["document"])
