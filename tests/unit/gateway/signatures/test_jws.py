"""Compact JWS that joserfc verifies, from a key that nobody else may read."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey

from gateway.signatures.jws import SigningKey, SigningKeyRefused, b64url, load_or_create

KEY = SigningKey(ec.generate_private_key(ec.SECP256R1()))
PUBLIC = ECKey.import_key(KEY.public_jwk())


@settings(max_examples=50)
@given(payload=st.binary(max_size=300))
def test_the_library_verifies_what_is_signed(payload: bytes) -> None:
    compact = KEY.sign(payload)
    found = jws.deserialize_compact(compact, PUBLIC, algorithms=["ES256"])
    assert found.payload == payload
    assert "=" not in compact


def test_another_payload_does_not_verify() -> None:
    head, _, signature = KEY.sign(b"one").split(".")
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(f"{head}.{b64url(b'two')}.{signature}", PUBLIC, algorithms=["ES256"])


def test_the_key_id_is_the_thumbprint() -> None:
    assert KEY.kid == PUBLIC.thumbprint()
    assert KEY.public_jwk()["use"] == "sig"
    assert "d" not in KEY.public_jwk()
    assert repr(KEY) == f"SigningKey(kid={KEY.kid})"


def test_a_key_is_made_once_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "receipts.pem"
    made = load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create(path).kid == made.kid
    assert [one.name for one in path.parent.iterdir()] == ["receipts.pem"]


def pem(path: Path, key: object) -> Path:
    path.write_bytes(
        key.private_bytes(  # type: ignore[attr-defined]
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)
    return path


def test_keys_that_cannot_be_used(tmp_path: Path) -> None:
    opened = pem(tmp_path / "open.pem", ec.generate_private_key(ec.SECP256R1()))
    opened.chmod(0o640)
    text = tmp_path / "text.pem"
    text.write_text("no key")
    text.chmod(0o600)
    for path, why in (
        (opened, "can be read by others"),
        (text, "no usable private key"),
        (pem(tmp_path / "p384.pem", ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (pem(tmp_path / "rsa.pem", rsa.generate_private_key(65537, 2048)), "not an EC key"),
    ):
        with pytest.raises(SigningKeyRefused, match=why):
            load_or_create(path)
