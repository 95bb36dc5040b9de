"""A key is its owner; nothing of a key is held or told."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path

import pytest

from gateway.contract.exchange import Caller
from gateway.contract.places import OWN_KEYS
from gateway.identity import ApiKeys, KeyRefused, Presented, load_keys, new_key
from gateway.identity.api_keys import _KEY, key_trouble
from tests.unit.gateway.bench import OPERATOR

A, B = Caller("a/b"), Caller("c/d")


def file(folder: Path, content: str, name: str = "x.key", mode: int = 0o600) -> Path:
    path = folder / name
    path.write_text(content)
    path.chmod(mode)
    return path


def ask(keys: ApiKeys, header: str | None) -> object:
    return keys.authenticate(Presented({} if header is None else {"Authorization": header}))


@pytest.fixture
def key() -> str:
    return new_key()


@pytest.fixture
def keys(tmp_path: Path, key: str) -> ApiKeys:
    return load_keys([(file(tmp_path, key + "\n"), A)], make=False)


def test_a_key_has_256_random_bits_and_an_id(key: str) -> None:
    assert _KEY.match(key)
    assert key != new_key()
    assert new_key(lambda count: bytes(count)) == "lintas_" + "0" * 12 + "_" + "0" * 64


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_is_its_owner(keys: ApiKeys, key: str, scheme: str) -> None:
    assert ask(keys, f"{scheme} {key}") == A


def test_it_is_also_a_password(keys: ApiKeys, key: str) -> None:
    for user in ("", "simpus", "lintas"):
        assert ask(keys, "Basic " + b64encode(f"{user}:{key}".encode()).decode()) == A


def test_anything_else_is_nobody(keys: ApiKeys, key: str) -> None:
    identity, _, secret = key.removeprefix("lintas_").partition("_")
    flipped = ("0" if secret[-1] != "0" else "1").join([secret[:-1], ""])
    for header in (
        None, "", "Bearer", "Bearer ", f"Bearer {key}0", f"Bearer {key[:-1]}", f"Bearer lintas_{identity}_{flipped}",
        f"Bearer lintas_{'0' * 12}_{secret}", f"Token {key}", key, f"Bearer {key.upper()}", "Bearer é",
        "Bearer " + "x" * 2000, "Basic ???", "Basic " + b64encode(b"\xff\xff").decode(), f"Bearer {key} {key}",
        "Basic " + b64encode(key.encode()).decode(), f"Bearer lintas_{identity}_sha256:{secret}",
    ):  # fmt: skip
        assert ask(keys, header) is None, header


def test_only_the_digest_may_lie_in_the_file(tmp_path: Path, key: str) -> None:
    identity = key.split("_")[1]
    digest = hashlib.sha256(key.encode()).hexdigest()
    keys = load_keys([(file(tmp_path, f"lintas_{identity}_sha256:{digest}"), OPERATOR)], make=False)
    assert ask(keys, f"Bearer {key}") == OPERATOR
    assert ask(keys, f"Bearer lintas_{identity}_{digest}") is None


def test_a_missing_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "operators" / "ani.key"
    keys = load_keys([(path, OPERATOR)], make=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert ask(keys, f"Bearer {path.read_text().strip()}") == OPERATOR
    made = path.read_text()
    load_keys([(path, OPERATOR)], make=True)
    assert path.read_text() == made
    assert [one.name for one in path.parent.iterdir()] == ["ani.key"]


def test_what_cannot_be_used_is_refused_by_name_and_never_shown(tmp_path: Path, key: str) -> None:
    for path, why in (
        (tmp_path / "absent.key", "is missing"),
        (file(tmp_path, key, "open.key", 0o644), "can be read by others"),
        (file(tmp_path, f"{key} more", "bad.key"), "holds no API key"),
        (file(tmp_path, "", "empty.key"), "holds no API key"),
    ):
        with pytest.raises(KeyRefused, match=why) as caught:
            load_keys([(path, A)], make=False)
        assert path.name in str(caught.value)
        assert key not in str(caught.value)


@pytest.mark.parametrize("make", [True, False])
@pytest.mark.parametrize("file", [f"keys/{name}" for name in OWN_KEYS] + ["./keys/kek.key", "alias.key"])
def test_a_key_of_the_gateways_own_lets_nobody_in(tmp_path: Path, file: str, make: bool) -> None:
    (tmp_path / "alias.key").symlink_to("keys/kek.key")
    assert "a key of the gateway's own" in str(key_trouble(tmp_path, file, make=make))
    assert key_trouble(tmp_path, "keys/kota--simpus.key", make=True) is None


def test_one_key_has_one_owner(tmp_path: Path, key: str) -> None:
    one, two = file(tmp_path, key, "one.key"), file(tmp_path, key, "two.key")
    with pytest.raises(KeyRefused, match=r"two\.key: this key already belongs to another"):
        load_keys([(one, A), (two, B)], make=False)
    assert ask(load_keys([(one, A), (two, A)], make=False), f"Bearer {key}") == A


def test_nothing_of_a_key_is_held(keys: ApiKeys, key: str) -> None:
    assert repr(keys) == "ApiKeys(1 keys)"
    assert key not in str(vars(keys))
