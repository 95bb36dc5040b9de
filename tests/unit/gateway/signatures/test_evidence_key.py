"""The key of evidence: made once, replaceable by an organisation's own, never used where it does not fit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.signatures.cms import examine
from gateway.signatures.evidence_key import EvidenceKey, EvidenceKeyRefused
from gateway.signatures.material import Material
from gateway.signatures.trust import TrustStore
from gateway.signatures.verification import verify
from tests.zoo.pki import AT, Identity, pki

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def loaded(folder: Path) -> EvidenceKey:
    return EvidenceKey.load(folder / "keys" / "e.pem", folder / "keys" / "c.pem", name="node-1 test", now=NOW)


def put(folder: Path, who: Identity, key: bytes | None = None) -> None:
    (folder / "keys").mkdir(exist_ok=True)
    above = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in who.above)
    (folder / "keys" / "c.pem").write_bytes(who.pem + above)
    path = folder / "keys" / "e.pem"
    path.write_bytes(key or who.key_pem)
    path.chmod(0o600)


def pem(key: object) -> bytes:
    return key.private_bytes(  # type: ignore[attr-defined, no-any-return]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = loaded(tmp_path)
    assert [path.stat().st_mode & 0o077 for path in (tmp_path / "keys").iterdir()] == [0, 0]
    assert repr(loaded(tmp_path)) == repr(first)
    [one] = examine(Material.of(first.sign(b"isi", NOW)), Material.of(b"isi")).signatures
    assert (one.integrity, one.baseline, one.claimed_at, one.findings) == ("intact", True, NOW, [])
    [other] = examine(Material.of(first.sign(b"isi", NOW)), Material.of(b"lain")).signatures
    assert other.integrity == "broken"


def test_a_crash_before_its_certificate_is_mended(tmp_path: Path) -> None:
    loaded(tmp_path)
    (tmp_path / "keys" / "c.pem").unlink()
    assert loaded(tmp_path)


@pytest.mark.parametrize("who", ["signer", "curved"])
async def test_an_organisation_puts_its_own_in_their_place(tmp_path: Path, who: str, zoo_trust: TrustStore) -> None:
    put(tmp_path, getattr(pki(), who))
    made = loaded(tmp_path).sign(b"isi", AT)
    verdict = await verify(Material.of(made), Material.of(b"isi"), zoo_trust, AT)
    assert (verdict.conclusion, verdict.signatures[0].level) == ("valid", "B-B")


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    put(tmp_path, pki().signer, pki().second.key_pem)
    with pytest.raises(EvidenceKeyRefused, match="is not the certificate of the key"):
        loaded(tmp_path)
    for key, why in (
        (pem(rsa.generate_private_key(65537, 1024)), "must be RSA of 2048"),
        (pem(ec.generate_private_key(ec.SECP192R1())), "EC of 256"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "must be RSA"),
        (b"no key", "no usable private key"),
    ):
        put(tmp_path, pki().signer, key)
        with pytest.raises(EvidenceKeyRefused, match=why):
            loaded(tmp_path)
    (tmp_path / "keys" / "e.pem").chmod(0o644)
    with pytest.raises(EvidenceKeyRefused, match="can be read by others"):
        loaded(tmp_path)
    (tmp_path / "keys" / "e.pem").unlink()
    with pytest.raises(EvidenceKeyRefused, match="has lost its key"):
        loaded(tmp_path)
    put(tmp_path, pki().signer)
    (tmp_path / "keys" / "c.pem").write_bytes(b"none")
    with pytest.raises(EvidenceKeyRefused, match="no certificate"):
        loaded(tmp_path)
