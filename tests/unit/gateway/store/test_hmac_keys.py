from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from gateway.store.hmac_keys import HmacKeys

KEYS = HmacKeys(b"p" * 32, b"l" * 32)


def test_an_address_is_the_agencys_own() -> None:
    assert KEYS.part_address("a", b"d" * 32) == KEYS.part_address("a", b"d" * 32)
    assert len(KEYS.part_address("a", b"d" * 32)) == 64
    assert KEYS.part_address("a", b"d" * 32) != KEYS.part_address("b", b"d" * 32)
    assert KEYS.part_address("a", b"d" * 32) != HmacKeys(b"q" * 32, b"l" * 32).part_address("a", b"d" * 32)


def test_words_of_a_lookup_do_not_run_into_each_other() -> None:
    found = [KEYS.lookup("k", "ab", "c"), KEYS.lookup("k", "a", "bc"), KEYS.lookup("k", "abc"), KEYS.lookup("ka", "b")]
    assert len(set(found)) == 4
    assert all(len(one) == 32 for one in found)


def test_keys_survive_a_restart(tmp_path: Path) -> None:
    first, second = HmacKeys.load(tmp_path, make=True), HmacKeys.load(tmp_path, make=False)
    assert first.lookup("k", "w") == second.lookup("k", "w")
    assert first.part_address("a", b"d") == second.part_address("a", b"d")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lookup.key", "part-address.key"]


def test_keys_are_neither_printed_nor_pickled() -> None:
    assert repr(KEYS) == "HmacKeys()"
    with pytest.raises(TypeError):
        pickle.dumps(KEYS)
