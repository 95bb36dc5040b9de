"""`gateway/signatures/cms_lengths.py`: what was read is written back as it was, in time."""

from __future__ import annotations

import time

import pytest
from asn1crypto import core

from gateway.signatures.cms_lengths import misread


class Inner(core.Sequence):
    _fields = [("text", core.OctetString), ("more", core.Any, {"optional": True})]  # noqa: RUF012


class Number(core.Sequence):
    _fields = [("number", core.Integer)]  # noqa: RUF012


def tagged(tag: int, body: bytes) -> bytes:
    size = len(body)
    return bytes([tag, size]) + body if size < 0x80 else bytes([tag, 0x82]) + size.to_bytes(2, "big") + body


@pytest.mark.parametrize(
    ("header", "wrong"),
    [("3080", False), ("308180", True), ("30820a80", True), ("30820a81", False), ("3f8180", False), ("bf810180", False),
     ("bf81018180", True), ("0400", False)],
)  # fmt: skip
def test_a_definite_length_is_told_from_an_indefinite_one(header: str, wrong: bool) -> None:
    assert misread(bytes.fromhex(header)) is wrong
    assert misread(None) is False


def test_bytes_stay_as_they_were_read() -> None:
    """The length within is written longer than needed: an encoder would write it anew."""
    inner = b"\x04\x82\x00\x02ab"
    read = Inner.load(b"\x30\x81\x80" + inner + tagged(0x04, bytes(120)))
    assert read["text"].native == b"ab"
    assert read.dump() == b"\x30\x81\x80" + inner + tagged(0x04, bytes(120))


def test_what_was_changed_is_encoded_anew() -> None:
    read = Inner.load(b"\x30\x81\x80" + tagged(0x04, b"ab") + tagged(0x04, bytes(122)))
    read["text"] = b"longer"
    assert Inner.load(read.dump())["text"].native == b"longer"


def test_an_indefinite_length_is_still_one() -> None:
    read = Number.load(bytes.fromhex("3080020230390000"))
    assert read["number"].native == 12345
    assert Number.load(read.dump())["number"].native == 12345


def test_deep_values_whose_lengths_end_so_are_quick() -> None:
    body = tagged(0x04, b"x")
    for _ in range(30):
        for pad in range(256):
            whole = body + tagged(0x04, bytes(pad))
            if len(whole) & 0xFF == 0x80:
                break
        body = b"\x30\x82" + len(whole).to_bytes(2, "big") + whole
    begun = time.perf_counter()
    read = core.Any.load(body).parse(Inner) if body[4] == 0x04 else core.SequenceOf.load(body, spec=core.Any)
    list(read)
    assert read.dump() == body
    assert time.perf_counter() - begun < 1
