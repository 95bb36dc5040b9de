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
    return [one.code for one in found]


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
    one = story(list(files), lambda name: Material.of(files[name], name), Bounds())[0]
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


def test_a_bound_is_told() -> None:
    assert told({**FILES, "receipts.json": receipts(*Chain("c/d", body=ALONE).whole())}, Bounds(jws_bytes=10)) == [
        "too_large"
    ]
