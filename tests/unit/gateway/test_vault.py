"""Sealed at rest, whole or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.contract.exchange import Part
from gateway.message import Body, Origin
from gateway.store.sealing import DataKey, FileKeyRing, SealBroken
from gateway.vault import Erased, Vault, pack, unpack
from tests.unit.gateway.bench import PAPER

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
PARTS = st.builds(Part, st.integers(1, 64), st.just("0" * 64), st.integers(0, 2**53), TEXT, st.none() | TEXT, TEXT)
BODIES = st.builds(
    Body,
    document=st.binary(max_size=200),
    salt=st.binary(min_size=16, max_size=16),
    parts=st.lists(PARTS, max_size=3).map(tuple),
    name=st.none() | TEXT,
    envelope=st.dictionaries(TEXT, TEXT, max_size=3),
    accepted=TEXT,
    trace=st.none() | TEXT,
    origin=st.builds(Origin, st.none() | TEXT, st.none() | TEXT, st.none() | st.integers(1, 10**6)),
)
BODY = Body(b'{"a":1}', b"s" * 16, (PAPER,), "surat.pdf", {"messageId": "m"}, "a.b.c")


@pytest.fixture
def vault() -> Vault:
    return Vault(FileKeyRing(b"k" * 32))


@settings(max_examples=100)
@given(body=BODIES)
def test_a_body_comes_back_byte_for_byte(body: Body) -> None:
    assert unpack(pack(body)) == body


def test_a_body_opens_under_its_own_message_only(vault: Vault) -> None:
    key = DataKey.random()
    sealed = vault.seal_body(key, "m", BODY)
    assert vault.open_body(key, "m", sealed) == BODY
    with pytest.raises(SealBroken):
        vault.open_body(key, "n", sealed)
    with pytest.raises(SealBroken):
        vault.open_body(DataKey.random(), "m", sealed)


@pytest.mark.parametrize("at", [0, 20, -1])
def test_one_changed_bit_opens_nothing(vault: Vault, at: int) -> None:
    key = DataKey.random()
    sealed = bytearray(vault.seal_body(key, "m", BODY))
    sealed[at] ^= 1
    with pytest.raises(SealBroken):
        vault.open_body(key, "m", bytes(sealed))


def test_a_data_key_is_wrapped_for_one_message(vault: Vault) -> None:
    key = DataKey.random()
    wrapped = vault.wrap(key, "m")
    assert key.expose() not in wrapped
    assert vault.unwrap(wrapped, "m").expose() == key.expose()
    with pytest.raises(SealBroken):
        vault.unwrap(wrapped, "n")
    with pytest.raises(SealBroken):
        Vault(FileKeyRing(b"o" * 32)).unwrap(wrapped, "m")


def test_without_its_key_a_message_is_erased(vault: Vault) -> None:
    with pytest.raises(Erased):
        vault.unwrap(None, "m")
    with pytest.raises(Erased):
        vault.open_body(DataKey.random(), "m", None)
