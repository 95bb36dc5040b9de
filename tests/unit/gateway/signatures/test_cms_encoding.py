"""`gateway/signatures/cms_encoding.py`: BER becomes DER, and hostile lengths end the walk at once."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.signatures import cms_encoding
from gateway.signatures.cms_encoding import Unreadable, children, definite, unarmored
from tests.zoo.cms import CONTENT, one
from tests.zoo.cms_maker import streamed
from tests.zoo.pki import pki


def test_der_keeps_its_bytes() -> None:
    assert definite(one()) == (one(), 0)
    assert definite(one() + b"..") == (one(), 2)


def test_a_stream_becomes_what_it_was_before() -> None:
    assert definite(streamed(one(), 7)) == (one(), 0)


@pytest.mark.parametrize(
    ("ber", "der"),
    [
        ("30800000", "3000"),
        ("3080020105" + "0000", "3003020105"),
        ("2480040161040162" + "0000", "04026162"),
        ("300624040402" + "6162", "300404026162"),
        ("248024800401610000040162" + "0000", "04026162"),
        ("30820003020105", "30820003020105"),
        ("30077f01040200" + "00", "30077f0104020000"),
    ],
)
def test_lengths_are_made_definite_where_they_were_not(ber: str, der: str) -> None:
    try:
        assert definite(bytes.fromhex(ber)) == (bytes.fromhex(der), 0)
    except Unreadable:
        assert ber.startswith("30077f")


@pytest.mark.parametrize(
    ("hostile", "code"),
    [
        (b"", "format_broken"),
        (b"\x30", "format_broken"),
        (b"\x30\x80", "format_broken"),
        (b"\x04\x01a", "format_broken"),
        (b"\x30\x03\x02\x05\x01", "format_broken"),
        (b"\x30\x88" + b"\xff" * 8, "format_broken"),
        (b"\x30\xfe" + b"\xff" * 200, "format_broken"),
        (b"\x30\x02\x00\x00", "format_broken"),
        (b"\x30\x80\x04\x80\x00\x00\x00\x00", "format_broken"),
        (b"\x24\x80\x02\x01\x01\x00\x00", "format_broken"),
        (b"\x30\x80" * 100_000, "unsafe"),
        (b"\x3f" + b"\xff" * 50, "format_broken"),
    ],
)
def test_what_is_hostile_is_unreadable(hostile: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        definite(hostile)
    assert caught.value.code == code


def test_too_many_values_end_the_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cms_encoding, "MOST_VALUES", 1000)
    with pytest.raises(Unreadable) as caught:
        definite(b"\x30\x80" + b"\x05\x00" * 2000 + b"\x00\x00")
    assert caught.value.code == "too_large"


def test_a_large_content_is_walked_at_once() -> None:
    der = b"\x30\x84" + (50_000_006).to_bytes(4, "big") + b"\x04\x84" + (50_000_000).to_bytes(4, "big")
    begun = time.process_time()
    assert definite(der + bytes(50_000_000))[1] == 0
    assert time.process_time() - begun < 1


@given(data=some.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        der, left = definite(data)
    except Unreadable:
        return
    assert left < len(data)
    assert definite(der) == (der, 0)


def test_armour_is_taken_off() -> None:
    assert unarmored(base64.encodebytes(one())) == one()
    assert unarmored(one()) == one()
    for wrong in (b"", b"text!", CONTENT, b"MII", pki().signer.pem):
        with pytest.raises(Unreadable):
            unarmored(wrong)


def test_one_block_and_nothing_beside_it() -> None:
    block = b"-----BEGIN CMS-----\n" + base64.encodebytes(one()) + b"-----END CMS-----\n"
    assert unarmored(b" \r\n" + block + b"\n\t") == one()
    wrong = [b"x" + block, block + b"x", block + block, block.replace(b"\n", b"\na: b\n\n", 1)]
    wrong += [
        block.replace(b"\n", b"\n=", 1),
        block[:-2],
        b"-----BEGIN CMS-----" * 2,
        b"-----BEGIN CMS----------END CMS-----",
    ]
    for each in wrong:
        with pytest.raises(Unreadable):
            unarmored(each)


def test_there_is_one_way_to_write_a_value() -> None:
    assert unarmored(b"MAA=") == b"\x30\x00"
    for each in (b"MAB=", b"MAA", b"MAA==", b"MAA=MAA="):
        with pytest.raises(Unreadable):
            unarmored(each)


def test_children_are_the_values_within() -> None:
    assert children(bytes.fromhex("3006020105040161")) == [bytes.fromhex("020105"), bytes.fromhex("040161")]
    with pytest.raises(Unreadable):
        children(bytes.fromhex("30060201050409"))
