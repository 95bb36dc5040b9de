from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store.sealing import DataKey, SealBroken
from gateway.store.streams import (
    HEADER,
    LARGEST_CHUNK,
    SALT,
    SMALLEST_CHUNK,
    TAG,
    StreamOpener,
    StreamSealer,
    StreamShape,
)

KEY = DataKey(b"k" * 32)
CHUNK = SMALLEST_CHUNK


def sealed(plain: bytes, *, salt: bytes = b"s" * SALT, seal: bytes = b"whole") -> bytes:
    sealer = StreamSealer(KEY, b"aad", salt, CHUNK)
    out = [sealer.header]
    last = max(0, (len(plain) - 1) // CHUNK * CHUNK)
    out += [sealer.seal(plain[at : at + CHUNK]) for at in range(0, last, CHUNK)]
    return b"".join([*out, sealer.finish(plain[last:], seal)])


def opened(stream: bytes, *, key: DataKey = KEY, aad: bytes = b"aad", seal: bytes = b"whole") -> bytes:
    opener = StreamOpener(key, aad, seal, stream[:HEADER], len(stream))
    spans = [opener.shape.span(index) for index in range(opener.shape.chunks)]
    return b"".join(opener.open(index, stream[at : at + size]) for index, (at, size) in enumerate(spans))


@settings(max_examples=40)
@given(st.integers(0, 4 * CHUNK))
def test_a_stream_of_any_size_comes_back(size: int) -> None:
    plain = bytes(index % 251 for index in range(size))
    stream = sealed(plain)
    assert StreamShape(CHUNK, len(stream)).plain == size
    assert opened(stream) == plain


@settings(max_examples=60)
@given(st.integers(0, 3 * CHUNK), st.integers(0))
def test_a_stream_cut_anywhere_is_found(size: int, where: int) -> None:
    stream = sealed(bytes(size))
    with pytest.raises(SealBroken):
        opened(stream[: where % len(stream)])


@settings(max_examples=60)
@given(st.integers(0), st.integers(1, 255))
def test_any_changed_byte_is_found(where: int, change: int) -> None:
    stream = bytearray(sealed(bytes(2 * CHUNK + 9)))
    stream[where % len(stream)] ^= change
    with pytest.raises(SealBroken):
        opened(bytes(stream))


def test_a_chunk_of_another_stream_of_the_same_key_is_found() -> None:
    one, two = sealed(bytes(2 * CHUNK)), sealed(bytes(2 * CHUNK), salt=b"t" * SALT)
    with pytest.raises(SealBroken):
        opened(one[: HEADER + CHUNK + TAG] + two[HEADER + CHUNK + TAG :])


def test_a_stream_opens_only_where_it_belongs() -> None:
    stream = sealed(b"x")
    for wrong in ({"key": DataKey(bytes(32))}, {"aad": b"other"}, {"seal": b"other"}):
        with pytest.raises(SealBroken):
            opened(stream, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("chunk", [0, SMALLEST_CHUNK - 1, LARGEST_CHUNK + 1, 2**32 - 1])
def test_a_header_may_not_ask_for_much_memory(chunk: int) -> None:
    stream = bytearray(sealed(b"x"))
    stream[3:7] = chunk.to_bytes(4, "big")
    with pytest.raises(SealBroken, match="not a sealed stream"):
        opened(bytes(stream))
    with pytest.raises(ValueError, match="a chunk has"):
        StreamSealer(KEY, b"", b"s" * SALT, chunk)


def test_chunks_have_their_size() -> None:
    sealer = StreamSealer(KEY, b"", b"s" * SALT, CHUNK)
    with pytest.raises(ValueError, match="only the last"):
        sealer.seal(b"short")
    sealer.seal(bytes(CHUNK))
    for last in (b"", bytes(CHUNK + 1)):
        with pytest.raises(ValueError, match="the last chunk"):
            sealer.finish(last, b"")
