"""The test authority of the demonstration: made once, used again, made anew in time; never over others' keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from demo.authority import Authority, NotOurs, SignerFiles
from gateway.signatures.trust import load

NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)


def files(state: Path) -> SignerFiles:
    return SignerFiles(state / "keys" / "signers" / "kepala.pem", state / "keys" / "signers" / "kepala.crt")


def test_it_is_used_again_while_it_holds_and_made_anew_before_it_ends(tmp_path: Path) -> None:
    signer = files(tmp_path)
    keys = []
    for years in (0, 1, 4, 12):
        authority = Authority(tmp_path / "demo", NOW + years * timedelta(days=365))
        authority.equip(signer, "Ani Contoh", "Dinas Contoh")
        root, leaf = authority.root.certificate, x509.load_pem_x509_certificate(signer.certificate.read_bytes())
        leaf.verify_directly_issued_by(authority.office.certificate)
        keys.append((root.serial_number, leaf.serial_number, authority.passphrase))
    assert keys[0] == keys[1]
    assert keys[2][0] == keys[1][0]
    assert keys[2][1] != keys[1][1]
    assert keys[3][0] != keys[2][0]
    assert len({passphrase for _, _, passphrase in keys}) == 1


def test_only_the_owner_may_read_what_is_secret(tmp_path: Path) -> None:
    authority, signer = Authority(tmp_path / "demo", NOW), files(tmp_path)
    authority.equip(signer, "Ani Contoh", "Dinas Contoh")
    secret = [signer.key, authority.passphrase_file, *(tmp_path / "demo").glob("*.pem")]
    assert [path for path in secret if path.stat().st_mode & 0o077] == []
    data = signer.key.read_bytes()
    assert serialization.load_pem_private_key(data, authority.passphrase.encode())
    with pytest.raises(TypeError):
        serialization.load_pem_private_key(data, None)


def test_the_trust_folder_holds_anchor_office_lists_and_the_evidence_for_signatures_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "demo", NOW)
    evidence = tmp_path / "evidence.pem"
    evidence.write_bytes(authority.root.pem)
    authority.trust_also("gateway.pem", evidence)
    store = load(authority.trust)
    assert store.problems == ()
    assert sorted(one.role for one in store.entries) == ["anchor", "anchor", "crl", "crl", "intermediate"]
    assert [one.purposes for one in store.entries if one.path == "gateways/gateway.pem"] == [("gateways",)]


def test_a_key_that_others_made_stays_as_it_is(tmp_path: Path) -> None:
    signer = files(tmp_path)
    signer.key.parent.mkdir(parents=True)
    signer.key.write_bytes(b"somebody's")
    with pytest.raises(NotOurs, match="did not make"):
        Authority(tmp_path / "demo", NOW).equip(signer, "Ani Contoh", "Dinas Contoh")
    assert signer.key.read_bytes() == b"somebody's"
