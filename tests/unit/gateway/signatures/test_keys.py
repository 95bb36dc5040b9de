"""The signer's key from files. (A PKCS#11 token is driven in tests/peers/softhsm.)"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.signers.pdf_cms import Signer

from gateway.signatures.keys import certificates, digest_for, opened
from gateway.signatures.signing import SigningKeySource, SigningRefused
from tests.zoo.letters import SECRET, source
from tests.zoo.pdf import loaded
from tests.zoo.pki import AT, DAY, YEAR, issue, pki


def refused(key: SigningKeySource, secret: str | None = SECRET, at: Any = AT) -> str:
    with pytest.raises(SigningRefused) as error:
        with opened(key, bytearray((secret or "").encode()) or None, at):
            pass
    assert SECRET not in str(error.value) + error.value.advice
    return error.value.code


@pytest.mark.parametrize("who", ["signer", "curved", "edwards"])
async def test_a_key_under_a_passphrase(tmp_path: Path, who: str) -> None:
    identity = getattr(pki(), who)
    with opened(source(tmp_path, identity), bytearray(SECRET.encode()), AT) as signer:
        assert isinstance(signer, Signer)
        assert signer.signing_cert is not None
        assert signer.signing_cert.dump() == identity.der
        assert len(list(signer.cert_registry)) == 3
        assert await signer.async_sign_raw(b"x", digest_for(loaded(identity.certificate)))


def test_a_key_without_passphrase_takes_any(tmp_path: Path) -> None:
    with opened(source(tmp_path, secret=None), bytearray(b"none is needed"), AT) as signer:
        assert signer.signing_cert is not None


@pytest.mark.parametrize("secret", ["wrong", None])
def test_a_wrong_passphrase(tmp_path: Path, secret: str | None) -> None:
    assert refused(source(tmp_path), secret) == "passphrase_wrong"


def test_a_key_of_the_old_pem_form(tmp_path: Path) -> None:
    key = source(tmp_path)
    form, lock = serialization.PrivateFormat.TraditionalOpenSSL, serialization.BestAvailableEncryption(SECRET.encode())
    old = pki().signer.key.private_bytes(serialization.Encoding.PEM, form, lock)
    (tmp_path / "key.pem").write_bytes(old)
    with opened(key, bytearray(SECRET.encode()), AT) as signer:
        assert signer.signing_cert is not None
    assert refused(key, "wrong") == "passphrase_wrong"


def test_a_key_of_somebody_else(tmp_path: Path) -> None:
    key = source(tmp_path)
    (tmp_path / "certificate.pem").write_bytes(pki().second.pem)
    assert refused(key) == "key_refused"


@pytest.mark.parametrize("damage", [b"", b"nothing", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
@pytest.mark.parametrize("name", ["key.pem", "certificate.pem", "chain.pem"])
def test_damaged_files(tmp_path: Path, name: str, damage: bytes) -> None:
    key = source(tmp_path)
    (tmp_path / name).write_bytes(damage)
    assert refused(key) == "key_refused"


def test_files_that_are_not_there(tmp_path: Path) -> None:
    key = source(tmp_path)
    assert refused(replace(key, key_file=tmp_path / "none.pem")) == "key_refused"
    assert refused(replace(key, key_file=None)) == "key_refused"
    assert refused(replace(key, certificates=())) == "key_refused"
    assert refused(replace(key, certificates=(tmp_path,))) == "key_refused"


def test_times_and_uses_of_the_certificate(tmp_path: Path) -> None:
    who = pki()
    assert refused(source(tmp_path), at=AT + 9 * YEAR + DAY) == "certificate_expired"
    assert refused(source(tmp_path), at=AT - YEAR - timedelta(seconds=1)) == "key_refused"
    assert refused(source(tmp_path, who.encipherer)) == "key_refused"


def test_a_module_that_is_none(tmp_path: Path) -> None:
    key = source(tmp_path)
    token = SigningKeySource("pkcs11", key.certificates, module=tmp_path / "none.so", token="t", label="l")
    assert refused(token) == "key_refused"
    assert refused(replace(token, label=None)) == "key_refused"


def test_certificates_in_der(tmp_path: Path) -> None:
    (tmp_path / "one.cer").write_bytes(pki().signer.der)
    assert [one.dump() for one in certificates((tmp_path / "one.cer",))] == [pki().signer.der]


def test_the_digest_fits_the_key() -> None:
    who = pki()
    assert [digest_for(loaded(one.certificate)) for one in (who.signer, who.curved, who.edwards)] == [
        "sha256", "sha256", "sha512",
    ]  # fmt: skip
    assert digest_for(loaded(issue("Kurva").certificate)) == "sha256"
