"""Every form in which receipts are handed out is read; what holds none is said."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signatures.receipt_bundle import Given, NoReceipts, gather, plain_json, together

A, B = "eyJhIjoxfQ.e30.AA", "eyJhIjoxfQ.e30.BB"
ANSWER = {"messageId": "m", "receipts": [{"kind": "accepted", "jws": A}, {"jws": B, "registrationNumber": "7"}]}


@pytest.mark.parametrize(
    "text",
    [
        f"{A}\n{B}\n",
        f"\ufeff{A}\r\n\r\n{B}",
        json.dumps(ANSWER),
        json.dumps(ANSWER, indent=2),
        json.dumps([A, B]),
        json.dumps({"receipt": A}) + "\n" + json.dumps({"jws": B}),
    ],
)
def test_each_form(text: str) -> None:
    assert [one.jws for one in gather(text.encode()).receipts] == [A, B]


def test_what_stands_beside_them_comes_along() -> None:
    notice = {
        "receipt": B,
        "document": {"b": 1, "a": "é"},
        "released": {"a": 2},
        "registrationNumber": "7",
        "errors": [],
    }
    bundle = gather(json.dumps(notice).encode())
    assert bundle.receipts == (Given(B, "7"),)
    assert bundle.documents == ('{"a":"é","b":1}'.encode(), b'{"a":2}')
    assert bundle.errors == b"[]"


def test_the_same_receipt_in_two_files_is_one() -> None:
    bundle = together([gather(A.encode()), gather(json.dumps({"jws": A, "registrationNumber": "7"}).encode())])
    assert bundle.receipts == (Given(A, "7"),)


@pytest.mark.parametrize("data", [b"", b"hello", b"{}", b"\xff\xfe", b"[[[[]]]]", b'{"receipts": 7}', b"a.b"])
def test_what_holds_none(data: bytes) -> None:
    with pytest.raises(NoReceipts):
        gather(data)


NAMES = st.sampled_from(["jws", "receipt", "receipts", "document", "errors"])
JSON: Any = st.recursive(
    st.none() | st.integers(0, 9) | st.text(max_size=5) | st.just(A),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
)


@given(JSON)
def test_nothing_but_that_is_raised(value: Any) -> None:
    with contextlib.suppress(NoReceipts):
        assert gather(json.dumps(value).encode()).receipts


@pytest.mark.parametrize("depth", [200, 300, 1_000, 100_000])
@pytest.mark.parametrize(("left", "right"), [(b"[", b"]"), (b'{"document":', b"}"), (b'{"\\u0041":', b"}")])
def test_what_is_nested_without_end_is_no_receipt(depth: int, left: bytes, right: bytes) -> None:
    for inner in (b"1", b'"\\u0041"', b'{"a":1,"a":2}'):
        data = left * depth + inner + right * depth
        with pytest.raises(ValueError):
            plain_json(data)
        with pytest.raises(NoReceipts):
            gather(data)
