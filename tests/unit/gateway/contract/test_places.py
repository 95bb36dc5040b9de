"""Whose a place is, by where it leads and not by what it is called."""

from pathlib import Path

import pytest

from gateway.contract.places import OWN_KEYS, own_key, reserved


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "var").mkdir()
    return tmp_path / "var"


@pytest.mark.parametrize("name", ["keys", "journal", "parts", "log"])
def test_what_the_gateway_keeps_is_its_own_before_it_is_made_and_after(state: Path, name: str) -> None:
    for _ in range(2):
        assert str(reserved(state / name, state)).startswith("is the gateway's ")
        assert str(reserved(state / name / "deep" / "er", state)).startswith("lies in the gateway's ")
        (state / name).mkdir(exist_ok=True)


def test_the_state_folder_and_those_above_it_are_no_folder_of_an_agency(state: Path) -> None:
    assert reserved(state, state) == "is the gateway's state folder"
    assert reserved(state.parent, state) == reserved(Path("/"), state) == "holds the gateway's state folder"


@pytest.mark.parametrize("name", ["drop", "drop/keys", "keys2", "key", "demo"])
def test_the_rest_of_the_state_folder_is_free(state: Path, name: str) -> None:
    assert reserved(state / name, state) is None
    assert reserved(state / name, state, state.parent / "config") is None


def test_the_configuration_folder_is_reserved(state: Path) -> None:
    config = state.parent / "config"
    assert reserved(config, state, config) == "is the configuration folder"
    assert reserved(config / "agencies", state, config) == "lies in the configuration folder"
    assert reserved(state.parent / "elsewhere", state, config) is None
    # It may hold the state folder, or lie in it.
    assert reserved(state / "drop", state, state.parent) is None
    assert reserved(state / "keys", state, state.parent) == "is the gateway's keys"
    assert reserved(state.parent / "drop", state, state.parent) == "lies in the configuration folder"
    assert reserved(state / "drop", state, state) is None
    assert reserved(state / "c" / "x", state, state / "c") == "lies in the configuration folder"


def test_a_link_is_what_it_leads_to(state: Path) -> None:
    (state / "keys").mkdir()
    (state / "drop").symlink_to("keys")
    assert reserved(state / "drop" / "inbox", state) == "lies in the gateway's keys"
    elsewhere = state.parent / "big"
    elsewhere.mkdir()
    (state / "parts").symlink_to(elsewhere)
    assert reserved(elsewhere, state) == "is the gateway's parts"
    assert reserved(elsewhere / "x", state) == "lies in the gateway's parts"


@pytest.mark.parametrize("name", [*OWN_KEYS, "kek-2025.key"])
def test_the_gateways_own_keys_are_known_by_every_way_to_them(state: Path, name: str) -> None:
    (state / "keys").mkdir()
    (state / "keys" / name).touch()
    (state / "other.key").symlink_to(f"keys/{name}")
    (state / "k").symlink_to("keys")
    for path in (f"keys/{name}", f"./keys//{name}", "other.key", f"k/{name}", str(state / "keys" / name)):
        assert own_key(state / path, state), path
    assert not own_key(state / "keys" / "kota--simpus.key", state)
    assert not own_key(state / "keys" / "agency" / name, state)
