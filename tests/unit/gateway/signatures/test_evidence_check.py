"""What is told of the receipts in a container, and when there is nothing to tell."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gateway.signatures.evidence_check import story
from gateway.signatures.material import Bounds, Material
from tests.unit.gateway.signatures.test_receipt_check import BODY, DOCUMENT, JWKS, KEY, Chain

FILES = {"jwks.json": json.dumps(JWKS).encode(), "events.jsonl": b"", "message.json": b"{}"}

ALONE = replace(BODY, parts=())


def told(files: dict[str, bytes], bounds: Bounds = Bounds()) -> list[str]:
    found = story(list(files), lambda name: Material.of(files[name], name) if name in files else None, bounds)
    assert all(one.advice for one in found)
    assert [one.code for one in found[:1]] in ([], ["evidence_of"])
    return [one.code for one in found[1:]]


def receipts(*jws: str) -> bytes:
    return json.dumps({"receipts": [{"jws": one} for one in jws]}).encode()


def test_each_receipt_is_a_line() -> None:
    assert told({**FILES, "receipts.json": receipts(*Chain("c/d", body=ALONE).whole()), "document.json": DOCUMENT}) == [
        "receipt_holds",
        "receipt_holds",
    ]


def test_other_containers_have_no_story() -> None:
    assert told({"surat.pdf": b""}) == []
    assert told({"receipts.json": b"{}", "jwks.json": b"{}"}) == []
    assert told(FILES) == ["receipts_elsewhere"]


def test_a_part_that_no_receipt_commits_to_and_one_that_is_not_here() -> None:
    held = {**FILES, "receipts.json": receipts(*Chain("c/d", body=ALONE).whole()), "parts/1": b"palsu"}
    assert "receipt_fails" in told(held)
    whole = {**FILES, "receipts.json": receipts(*Chain("c/d").whole())}
    assert told({**whole, "document.json": DOCUMENT}) == ["receipt_fails"]
    assert told(whole) == ["receipt_holds", "receipt_holds"]


def test_a_forged_document_beside_the_true_one_fails() -> None:
    held = {**FILES, "receipts.json": receipts(*Chain("c/d", body=ALONE).whole())}
    for names in (("document.json", "released.json"), ("released.json", "document.json")):
        true, forged = names
        assert "receipt_fails" in told({**held, true: DOCUMENT, forged: b'{"subject":"palsu"}'})


def test_what_is_released_may_wait_for_its_receipt_and_nothing_else_may() -> None:
    accepted = Chain("c/d", body=ALONE).whole()[0]
    held = {**FILES, "receipts.json": receipts(accepted), "document.json": DOCUMENT, "released.json": b"{}"}
    assert set(told(held)) == {"receipt_holds", "receipt_missing"}
    assert "receipt_fails" in told({**held, "document.json": b"{}", "released.json": DOCUMENT})
    assert "receipt_fails" in told({**held, "parts/1": b"palsu"})


def test_the_key_that_a_receipt_fits_is_told_whole_and_not_vouched_for() -> None:
    files = {**FILES, "receipts.json": receipts(*Chain("c/d", body=ALONE).whole())}
    one = story(list(files), lambda name: Material.of(files[name], name), Bounds())[1]
    assert KEY.kid in one.message
    assert "vouches" in one.message
    assert "jwks.json" in one.advice


@pytest.mark.parametrize("rubbish", [b"", b"[]", b"{}", b"\xff", b'"', b"[[[", b'{"receipts":[{"jws":7}]}', b"null"])
@pytest.mark.parametrize("name", ["receipts.json", "jwks.json", "document.json", "errors.json"])
def test_rubbish_is_a_finding(rubbish: bytes, name: str) -> None:
    held = {
        **FILES,
        "receipts.json": receipts(*Chain("c/d", body=ALONE).whole()),
        "document.json": DOCUMENT,
        name: rubbish,
    }
    assert set(told(held)) <= {"receipt_fails", "receipt_holds", "receipt_missing"}
    if name != "errors.json":
        assert "receipt_fails" in told(held)


def test_a_document_that_says_a_thing_twice_does_not_hold() -> None:
    held = {**FILES, "receipts.json": receipts(*Chain("c/d", body=ALONE).whole())}
    assert told({**held, "document.json": b'{"subject":"Palsu",' + DOCUMENT[1:]}) == ["receipt_fails"]


def test_a_bound_is_told() -> None:
    assert told({**FILES, "receipts.json": receipts(*Chain("c/d", body=ALONE).whole())}, Bounds(jws_bytes=10)) == [
        "too_large"
    ]


def lines(**members: bytes) -> list[str]:
    files = {**FILES, **{name.replace("__", "."): value for name, value in members.items()}}
    return [one.message for one in story(list(files), lambda name: Material.of(files[name]) if name in files else None,
                                         Bounds())]  # fmt: skip


def test_it_says_who_sent_what_to_whom_and_what_was_found() -> None:
    facts = {
        "messageId": "01a2", "service": "letter.deliver", "sender": "a/b",
        "deliveries": [{"recipient": "c/d"}, {"recipient": "e/f"}],
    }  # fmt: skip
    verdicts = [{"part": 1, "conclusion": "valid", "file": "x"}, {"part": 2, "conclusion": "invalid"}]
    about, first, second, _ = lines(
        message__json=json.dumps(facts).encode(), verdicts__json=json.dumps(verdicts).encode()
    )
    assert about.endswith(": 01a2, letter.deliver, from a/b to c/d, e/f")
    assert (first.rpartition(": ")[2], second.rpartition(": ")[2]) == ("part 1, valid", "part 2, invalid")


ODD = ({"sender": "\x1b[31m\n" * 99, "deliveries": [7, {}]}, {"deliveries": [{"recipient": "a/b"}] * 999})


@pytest.mark.parametrize("value", [None, [], {}, 7, "x" * 9999, [[]], [{"part": []}] * 99, *ODD])
def test_what_it_says_of_itself_may_be_rubbish(value: object) -> None:
    written = json.dumps(value).encode()
    told = lines(message__json=written, verdicts__json=written)
    assert len(told) <= 8
    assert all(one.isprintable() and len(one) < 900 for one in told)
    assert "cannot be read" in lines(message__json=b"\xff")[0]
