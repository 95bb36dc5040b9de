"""What is told of the receipts in a container, and when there is nothing to tell."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gateway.signatures.evidence_check import story
from gateway.signatures.material import Bounds, Material
from tests.unit.gateway.signatures.test_receipt_check import BODY, DOCUMENT, JWKS, Chain

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
