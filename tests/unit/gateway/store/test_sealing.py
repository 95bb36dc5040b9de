from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store.keyfiles import KeyFileRefused
from gateway.store.sealing import DataKey, FileKeyRing, SealBroken, _WrappingKey, binding

KEY = DataKey(b"k" * 32)
AAD = binding("body", "m1")


@pytest.mark.parametrize(
    ("key", "aad", "expected"),
    [
        (b"\x01" * 32, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (b"\x03" * 32, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ],
)
def test_wrapping_gives_the_published_vectors(key: bytes, aad: bytes, expected: str) -> None:
    """Vectors: c2sp.org/XAES-256-GCM; they take both branches of the subkey."""
    wrapping, nonce = _WrappingKey(key), b"ABCDEFGHIJKLMNOPQRSTUVWX"
    sealed = wrapping.seal(nonce, b"XAES-256-GCM", aad)
    assert sealed.hex() == expected
    assert wrapping.open(nonce, sealed, aad) == b"XAES-256-GCM"


@settings(max_examples=30)
@given(st.binary(max_size=500))
def test_what_is_sealed_opens(plain: bytes) -> None:
    sealed = KEY.seal(plain, AAD)
    assert len(sealed) == len(plain) + 28
    assert KEY.open(sealed, AAD) == plain


@settings(max_examples=50)
@given(st.integers(0, 100), st.integers(1, 255))
def test_any_changed_byte_is_found(at: int, change: int) -> None:
    sealed = bytearray(KEY.seal(b"x" * 73, AAD))
    sealed[at] ^= change
    with pytest.raises(SealBroken):
        KEY.open(bytes(sealed), AAD)


@pytest.mark.parametrize("aad", [binding("body", "m2"), binding("answer", "m1"), b""])
def test_a_value_does_not_open_elsewhere(aad: bytes) -> None:
    with pytest.raises(SealBroken):
        KEY.open(KEY.seal(b"x", AAD), aad)


@pytest.mark.parametrize("size", [0, 11, 27])
def test_a_value_cut_short_is_found(size: int) -> None:
    with pytest.raises(SealBroken):
        KEY.open(KEY.seal(b"x", AAD)[:size], AAD)


def test_bindings_do_not_run_into_each_other() -> None:
    assert binding("ab", "c") != binding("a", "bc")


def test_the_same_value_is_never_sealed_alike() -> None:
    assert KEY.seal(b"x", AAD) != KEY.seal(b"x", AAD)
    ring = FileKeyRing(b"1" * 32)
    assert ring.wrap(KEY, AAD) != ring.wrap(KEY, AAD)


def test_a_key_comes_back_from_its_ring() -> None:
    ring = FileKeyRing(b"1" * 32)
    wrapped = ring.wrap(KEY, AAD)
    assert len(wrapped) == 81
    assert ring.unwrap(wrapped, AAD).open(KEY.seal(b"x", AAD), AAD) == b"x"


@pytest.mark.parametrize("at", [0, 1, 9, 33, 80])
def test_a_changed_wrapped_key_is_found(at: int) -> None:
    ring = FileKeyRing(b"1" * 32)
    wrapped = bytearray(ring.wrap(KEY, AAD))
    wrapped[at] ^= 1
    with pytest.raises(SealBroken):
        ring.unwrap(bytes(wrapped), AAD)


def test_a_wrapped_key_does_not_open_elsewhere_or_short() -> None:
    ring = FileKeyRing(b"1" * 32)
    wrapped = ring.wrap(KEY, AAD)
    for sealed, aad in ((wrapped, b"other"), (wrapped[:-1], AAD), (b"", AAD)):
        with pytest.raises(SealBroken):
            ring.unwrap(sealed, aad)


def test_a_retired_key_still_unwraps_and_the_new_one_wraps(tmp_path: Path) -> None:
    old = FileKeyRing.load(tmp_path, make=True)
    wrapped = old.wrap(KEY, AAD)
    (tmp_path / "kek.key").rename(tmp_path / "kek-2026.key")
    new = FileKeyRing.load(tmp_path, make=True)
    assert new.unwrap(wrapped, AAD).expose() == KEY.expose()
    with pytest.raises(SealBroken, match="not in the key folder"):
        old.unwrap(new.wrap(KEY, AAD), AAD)


def test_a_missing_key_is_not_replaced_when_data_may_exist(tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match=r"kek\.key is missing"):
        FileKeyRing.load(tmp_path, make=False)


def test_keys_are_neither_printed_nor_pickled() -> None:
    ring = FileKeyRing(b"secret-secret-secret-secret-1234")
    assert repr(DataKey(b"s" * 32)) == "DataKey()"
    assert "secret" not in repr(ring)
    for one in (KEY, ring):
        with pytest.raises(TypeError):
            pickle.dumps(one)


def test_a_data_key_has_its_size() -> None:
    with pytest.raises(SealBroken):
        DataKey(b"short")
    assert DataKey.random().expose() != DataKey.random().expose()
