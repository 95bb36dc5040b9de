"""Signers are read one by one, and what one lacks is said where it stands."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.federation import load
from tests.unit.gateway.bench import Plain

KOTA, ROUTES = "agencies/kota.yaml", "routes.yaml"
HEAD = "agency: kota\nname: Kota\n"
SYSTEMS = """\
systems:
  surat:
    name: Surat
    credentials: {api_keys: [{file: keys/surat.key}]}
    may_use: [letter.sign]
"""
SIGNER = """\
signers:
  kepala:
    name: Ani
    title: Kepala
    key: {file: ani.pem, certificates: [ani.crt]}
"""
ROUTE = "routes:\n  - {service: letter.sign, purpose: PP 71/2019}\n"
ADAPTERS: dict[str, Any] = {
    "signing": SimpleNamespace(name="signing", kinds=frozenset({"signer"}), config_model=lambda kind: Plain),
    "other": SimpleNamespace(name="other", kinds=frozenset({"sink"}), config_model=lambda kind: Plain),
}
SERVICES: dict[str, Any] = {
    "letter.sign": SimpleNamespace(kind="query", request="signature-request/1", answer="signed-document/1"),
    "letter.deliver": SimpleNamespace(kind="delivery", request="letter/1", answer=None),
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    for name in ("ani.pem", "ani.crt", "nik"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def read(state: Path, signers: str = SIGNER, systems: str = SYSTEMS, routes: str = ROUTE) -> tuple[Any, list[Any]]:
    folder = state / "config"
    (folder / "agencies").mkdir(parents=True)
    (folder / KOTA).write_text(HEAD + signers + systems)
    (folder / ROUTES).write_text(routes)
    return load(folder, ADAPTERS, SERVICES, None, state)


def test_a_sound_signer_is_there(state: Path) -> None:
    federation, findings = read(state)
    assert findings == []
    signer = federation.agencies["kota"].signers["kepala"]
    assert (signer.id, signer.name, signer.title, signer.level) == ("kepala", "Ani", "Kepala", "B-B")
    assert federation.route_for("letter.sign", "kota/surat") is not None


def test_a_signer_behind_an_adapter_has_its_configuration(state: Path) -> None:
    key = "{adapter: signing, signer_file: nik}"
    federation, findings = read(state, SIGNER.replace("{file: ani.pem, certificates: [ani.crt]}", key))
    assert findings == []
    assert isinstance(federation.agencies["kota"].signers["kepala"].adapter_config, Plain)


def test_what_a_signer_is_counts_in_the_digest(state: Path, tmp_path_factory: Any) -> None:
    first, _ = read(state)
    other = tmp_path_factory.mktemp("other")
    for name in ("ani.pem", "ani.crt"):
        (other / name).write_text("x")
        (other / name).chmod(0o600)
    second, _ = read(other, SIGNER.replace("Kepala", "Wakil"))
    assert first.digest != second.digest


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("ani.pem", "not-there.pem", "C037", 7),
        ("[ani.crt]", "[ani.crt, no.crt]", "C037", 7),
        ("ani.pem", "keys/lookup.key", "C033", 7),
        ("  kepala:", "  Kepala X:", "C004", 4),
        ("    title: Kepala\n", "", "C002", 4),
        ("    title: Kepala\n", "    title: Kepala\n    level: B-X\n", "C004", 7),
        ("    title: Kepala\n", "    title: Kepala\n    level: B-T\n", "C004", 5),
        ("{file: ani.pem, certificates: [ani.crt]}", "{file: ani.pem}", "C004", 7),
        ("{file: ani.pem, certificates: [ani.crt]}", "{adapter: sining, signer_file: nik}", "C013", 7),
        ("{file: ani.pem, certificates: [ani.crt]}", "{adapter: other, signer_file: nik}", "C017", 7),
        ("{file: ani.pem, certificates: [ani.crt]}", "{adapter: signing}", "C004", 7),
        (
            "{file: ani.pem, certificates: [ani.crt]}",
            "{adapter: signing, signer_file: nik, config: {colour: red}}",
            "C001",
            7,
        ),
    ],
)
def test_what_is_wrong_is_said_in_its_place(state: Path, old: str, new: str, code: str, line: int) -> None:
    assert old in SIGNER
    federation, findings = read(state, SIGNER.replace(old, new))
    assert [(one.code, one.file, one.line) for one in findings] == [(code, KOTA, line)]
    assert (federation is None) is (code != "C037")


def test_a_key_that_others_can_read_is_told(state: Path) -> None:
    (state / "ani.pem").chmod(0o644)
    _, findings = read(state)
    assert [(one.code, "others" in one.message) for one in findings] == [("C037", True)]


def test_signers_that_nobody_may_ask_for_are_told(state: Path) -> None:
    systems = SYSTEMS.replace("    may_use: [letter.sign]\n", "")
    _, findings = read(state, systems=systems, routes="routes: []\n")
    assert [one.code for one in findings] == ["C038"]


@pytest.mark.parametrize(
    ("routes", "code"),
    [
        ("routes:\n  - {service: letter.sign, purpose: x, to: [kota/surat]}\n", "C018"),
        ("routes:\n  - {service: letter.sign, purpose: x, recipients: named}\n", "C018"),
        (ROUTE + "  - {service: letter.deliver, purpose: x}\n", "C002"),
    ],
)
def test_the_gateway_answers_itself_and_others_need_recipients(state: Path, routes: str, code: str) -> None:
    _, findings = read(state, routes=routes)
    assert code in [one.code for one in findings]


def test_the_list_itself_must_be_one(state: Path) -> None:
    federation, findings = read(state, "signers: [kepala]\n")
    assert federation is None
    assert [(one.code, one.line) for one in findings] == [("C003", 3)]
