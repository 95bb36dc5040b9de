"""Receipts signed by a key that lies in a token (SoftHSM2), verified by joserfc; `install.sh` installs SoftHSM2."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from gateway.settings_evidence import Evidence
from gateway.signatures.jws import SigningKeyRefused
from gateway.signatures.receipt_keys import ReceiptKeys, receipt_keys

pytestmark = pytest.mark.peers

MODULE = next(
    path
    for path in map(Path, ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so"))
    if path.exists()
)
PIN = "1234"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A token with a P-256, a P-384 and an RSA key pair. The module reads its settings once in a process."""
    import os

    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    if "SOFTHSM2_CONF" not in os.environ:
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    label = "lintas-receipts"
    for one in (label, "lintas-locked"):
        words = ["softhsm2-util", "--init-token", "--free", "--label", one, "--pin", PIN, "--so-pin", PIN]
        subprocess.run(words, check=True, capture_output=True)
    for number, (name, kind) in enumerate((("receipts", "P-256"), ("larger", "P-384"), ("other", "RSA")), 1):
        imported(folder, label, name, number, kind)
    return label


def imported(folder: Path, label: str, name: str, number: int, kind: str) -> None:
    pem = folder / f"{name}.pem"
    make = ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{kind}"] if kind != "RSA" else ["-algorithm", "RSA"]
    subprocess.run(["openssl", "genpkey", *make, "-out", str(pem)], check=True, capture_output=True)
    words = [
        "softhsm2-util",
        "--import",
        str(pem),
        "--token",
        label,
        "--label",
        name,
        "--id",
        f"0{number}",
        "--pin",
        PIN,
    ]
    subprocess.run(words, check=True, capture_output=True)


def loaded(state: Path, token: str, key: str, pin: str = PIN) -> ReceiptKeys:
    (state / "keys").mkdir(exist_ok=True)
    (state / "keys" / "receipts.pin").write_text(pin + "\n")
    (state / "keys" / "receipts.pin").chmod(0o600)
    return receipt_keys(state, Evidence(token_module=MODULE, token=token, token_key=key))


def test_it_signs_and_former_keys_are_published_beside_it(token: str, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    former = ReceiptKeys.load(tmp_path / "keys")
    old = former.sign(b'{"a":1}')
    keys = loaded(tmp_path, token, "receipts")
    assert keys.pinned
    assert keys.kid != former.kid
    published = KeySet.import_key_set(keys.jwks())  # type: ignore[arg-type]
    for compact in (keys.sign(b'{"a":1}'), old):
        assert jws.deserialize_compact(compact, published, algorithms=["ES256"]).payload == b'{"a":1}'
    assert not list((tmp_path / "keys" / "receipts").glob("*.pem"))


def test_a_state_without_any_file_needs_none(token: str, tmp_path: Path) -> None:
    keys = loaded(tmp_path, token, "receipts")
    assert not (tmp_path / "keys" / "receipts.pem").exists()
    assert [one["kid"] for one in keys.jwks()["keys"]] == [keys.kid]


@pytest.mark.parametrize(
    ("key", "pin", "why"),
    [("absent", PIN, "NoSuchKey"), ("larger", PIN, "P-256"), ("other", PIN, "P-256")],
)
def test_what_cannot_be_used_is_said(token: str, tmp_path: Path, key: str, pin: str, why: str) -> None:
    with pytest.raises(SigningKeyRefused, match=why):
        loaded(tmp_path, token, key, pin)


def test_another_pin(token: str, tmp_path: Path) -> None:
    with pytest.raises(SigningKeyRefused, match="Pin"):
        loaded(tmp_path, "lintas-locked", "receipts", "9999")


def test_a_token_that_is_not_there(token: str, tmp_path: Path) -> None:
    with pytest.raises(SigningKeyRefused, match="cannot be used"):
        loaded(tmp_path, "elsewhere", "receipts")
