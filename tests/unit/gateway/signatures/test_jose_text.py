"""`gateway/signatures/jose_text.py`: one way to write a thing, and only one way to read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.signatures.jose_text import NotJose, b64_bytes, b64url_bytes, b64url_text, json_object


@given(data=some.binary(max_size=50))
def test_what_is_written_is_read(data: bytes) -> None:
    assert b64url_bytes(b64url_text(data)) == data


@pytest.mark.parametrize("text", ["A", "AB", "AAB", "AA==", "A A", "AA\n", "+/AA", "ÄA", "AAAAA"])
def test_any_other_base64url_is_refused(text: str) -> None:
    with pytest.raises(NotJose):
        b64url_bytes(text)


@pytest.mark.parametrize("text", ["A", "_-AA", "AA=", None, 7, "Ä==="])
def test_any_other_base64_is_refused(text: object) -> None:
    with pytest.raises(NotJose):
        b64_bytes(text)


@pytest.mark.parametrize(
    "text",
    [b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":NaN}', b'{"a":-Infinity}', b"[]", b"1", b"", b"{", b"\xff",
     b'{"a":' + b"[" * 100_000, b'{"a":' + b"1" * 10_000 + b"}"],
)  # fmt: skip
def test_json_that_can_be_read_in_two_ways_is_refused(text: bytes) -> None:
    with pytest.raises(NotJose):
        json_object(text)
