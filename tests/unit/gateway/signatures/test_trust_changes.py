"""`gateway/signatures/trust_changes.py`: nothing gets into the folder that was not checked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from gateway.signatures.trust import TrustStore, load
from gateway.signatures.trust_changes import TrustRefused, add, addresses, remember
from tests.zoo.chains import answer
from tests.zoo.pki import AT, CRL_URL, DAY, YEAR, Identity, crl, issue, pki


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "trust"
    add(path, pki().root.pem + pki().office.pem, AT)
    return path


def files(folder: Path) -> list[str]:
    return sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())


def refused(folder: Path, data: bytes, words: str, at: datetime = AT) -> None:
    before = {name: (folder / name).read_bytes() for name in files(folder)}
    with pytest.raises(TrustRefused, match=words) as error:
        add(folder, data, at)
    assert "\n" not in str(error.value)
    assert {name: (folder / name).read_bytes() for name in files(folder)} == before


def test_names_tell_what_was_added(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "trust"
    added = add(folder, pki().root.pem + pki().office.pem, AT)
    assert [one.role for one in added] == ["anchor", "intermediate"]
    assert files(folder) == sorted(
        [f"akar-kebun-{added[0].sha256[:12]}.crt", f"kantor-penerbit-{added[1].sha256[:12]}.crt"]
    )
    assert [one.path for one in load(folder).entries] == [one.path for one in added]
    # Once more changes nothing.
    assert add(folder, pki().root.der, AT)[0].path == added[0].path
    assert len(files(folder)) == 2


def test_a_purpose_is_a_folder(folder: Path) -> None:
    other = issue("Akar Waktu", kind="ec", authority=True)
    (added,) = add(folder, other.pem, AT, "timestamps")
    assert (added.path.split("/")[0], added.purposes) == ("timestamps", ("timestamps",))
    assert len(load(folder).anchors("timestamps")) == 2
    assert len(load(folder).anchors("signers")) == 1


def test_a_name_that_is_made_to_lead_elsewhere(folder: Path) -> None:
    sly = issue("../../etc/\u202epasswd\x00", kind="ec", authority=True)
    (added,) = add(folder, sly.der, AT)
    assert added.path.startswith("etc-passwd-")
    blank = issue("...", kind="ec", authority=True)
    assert add(folder, blank.der, AT)[0].path.startswith("anchor-")


def test_what_is_none(folder: Path) -> None:
    refused(folder, b"Surat", "no certificate")
    refused(folder, pki().root.pem + pki().root.key_pem, "private key")


def test_certificates_that_are_refused(folder: Path) -> None:
    ended = issue("Berakhir", kind="ec", authority=True, end=AT - DAY)
    refused(folder, ended.pem, r"Berakhir.* expired on 2026-05-31")
    refused(folder, issue("Lemah", kind="rsa1024", authority=True).pem, "weak key: RSA with 1024 bits")
    refused(folder, pki().signer.pem, "is no authority")
    # It says that it is its own issuer, and is not.
    forged = issue("Akar Palsu", issue("Akar Palsu", kind="ec", authority=True), kind="ec", authority=True)
    refused(folder, forged.pem, "not signed by whom it says")


def test_all_or_nothing(folder: Path) -> None:
    fresh = issue("Segar", kind="ec", authority=True)
    refused(folder, fresh.pem + pki().signer.pem, "is no authority")


def test_a_signer_who_vouches_alone_may_be_trusted(folder: Path) -> None:
    own = issue("Sendiri", kind="ec")
    assert add(folder, own.pem, AT)[0].role == "anchor"


# CRLs.


def armored(der: bytes) -> bytes:
    return bytes(pem.armor("X509 CRL", der))


def test_a_newer_crl_takes_the_place_of_the_older(folder: Path) -> None:
    (first,) = add(folder, pki().office_crl(at=AT - 5 * DAY), AT)
    (second,) = add(folder, armored(pki().office_crl()), AT)
    assert first.path == second.path
    assert first.path.startswith("kantor-penerbit-")
    assert [one.dump() for one in load(folder).crls()] == [second.der]
    assert not [name for name in files(folder) if name.startswith(".")]


def test_one_that_lies_there_by_another_name_gives_way_too(folder: Path) -> None:
    (folder / "mine.crl").write_bytes(pki().office_crl(at=AT - 5 * DAY))
    (added,) = add(folder, pki().office_crl(), AT)
    assert [one.dump() for one in load(folder).crls()] == [added.der]
    assert "mine.crl" not in files(folder)


def test_an_older_crl_never_comes_back(folder: Path) -> None:
    add(folder, pki().office_crl(), AT)
    # It would make good what was revoked since.
    refused(folder, crl(pki().office, {}, at=AT - 5 * DAY), "a newer CRL of CN=Kantor Penerbit.* is here")


def test_crls_that_are_refused(folder: Path) -> None:
    refused(folder, pki().office_crl(at=AT - 60 * DAY, days=10), "ended on")
    stranger = issue("Asing", kind="ec", authority=True)
    refused(folder, crl(stranger, {}), "nobody here is called CN=Asing")
    namesake = issue("Kantor Penerbit", kind="ec", authority=True)
    refused(folder, crl(namesake, {}), "not signed by CN=Kantor Penerbit")
    changed = bytearray(pki().office_crl())
    changed[-1] ^= 1
    refused(folder, bytes(changed), "not signed by")


def test_a_crl_may_come_with_its_authority(folder: Path) -> None:
    other = issue("Kantor Lain", pki().root, kind="ec", authority=True)
    assert len(add(folder, other.pem + armored(crl(other, {})), AT)) == 2


def test_authorities_with_one_common_name_keep_their_crls(folder: Path) -> None:
    namesake = issue("Kantor Penerbit", pki().root, kind="ec", authority=True, organisation="Kantor Lain")
    add(folder, namesake.pem, AT)
    one, other = add(folder, pki().office_crl(), AT)[0], add(folder, crl(namesake, {}), AT)[0]
    assert one.path != other.path
    assert len(load(folder).crls()) == 2


def test_an_authority_with_a_new_key_keeps_the_crl_of_the_old_one(folder: Path) -> None:
    renewed = issue("Kantor Penerbit", pki().root, kind="ec", authority=True)
    add(folder, renewed.pem, AT)
    add(folder, pki().office_crl(), AT)
    add(folder, crl(renewed, {}, at=AT - 2 * DAY), AT)
    assert len(load(folder).crls()) == 2


def test_parts_of_one_list_stand_beside_each_other(folder: Path) -> None:
    for part in ("1", "2", "1"):
        add(folder, part_of_a_list(pki().office, f"http://crl.zoo.invalid/{part}.crl"), AT)
    assert len(load(folder).crls()) == 2


def part_of_a_list(by: Identity, url: str) -> bytes:
    point = x509.IssuingDistributionPoint([x509.UniformResourceIdentifier(url)], None, False, False, None, False, False)
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.certificate.subject)
        .last_update(AT - DAY)
        .next_update(AT + 30 * DAY)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
        .add_extension(point, critical=True)
        .sign(by.key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def test_only_what_was_asked_for(folder: Path) -> None:
    fresh = issue("Segar", kind="ec", authority=True)
    with pytest.raises(TrustRefused, match="it is no crl"):
        add(folder, armored(pki().office_crl()) + fresh.pem, AT, only="crl")
    assert len(load(folder).entries) == 2


def test_ocsp_answers(folder: Path) -> None:
    (added,) = add(folder, answer(pki().declared, pki().responder), AT)
    assert (added.role, added.path) == ("ocsp", f"answer-{added.sha256[:12]}.ocsp")
    refused(folder, answer(pki().declared, pki().responder, at=AT - YEAR, until=AT - DAY), "OCSP answer ended")


# Addresses.


def test_addresses_are_listed_and_named_once(folder: Path) -> None:
    named = issue("Dengan Daftar", pki().root, kind="ec", authority=True, declared=True)
    add(folder, named.pem, AT)
    assert addresses(folder, load(folder)) == [CRL_URL]
    remember(folder, ["https://a.test/x.crl", CRL_URL])
    remember(folder, ["https://a.test/x.crl", "http://b.test/y.crl"])
    assert addresses(folder, load(folder)) == ["https://a.test/x.crl", CRL_URL, "http://b.test/y.crl"]
    text = (folder / "urls.txt").read_bytes()
    (folder / "urls.txt").write_bytes(b"# c\xe9\nfile:///etc/passwd\nftp://x/y\n\n  http://c.test/z.crl \n" + text)
    assert addresses(folder, TrustStore())[0] == "http://c.test/z.crl"
    assert all(one.startswith("http") for one in addresses(folder, load(folder)))
    remember(folder, ["http://d.test/"])
    assert addresses(folder, TrustStore())[-1] == "http://d.test/"


def test_addresses_may_come_before_the_folder(tmp_path: Path) -> None:
    remember(tmp_path / "trust", [])
    assert not (tmp_path / "trust").exists()
    remember(tmp_path / "trust", ["http://a.test/"])
    assert addresses(tmp_path / "trust", TrustStore()) == ["http://a.test/"]


def test_a_gateways_certificate_need_be_no_authority(tmp_path: Path) -> None:
    data = pki().signer.pem
    with pytest.raises(TrustRefused):
        add(tmp_path, data, AT, "signers")
    [added] = add(tmp_path, data, AT, "gateways")
    assert (added.path.split("/")[0], added.purposes) == ("gateways", ("gateways",))
    store = load(tmp_path)
    assert (store.anchors("signers"), store.anchors("timestamps"), store.intermediates()) == ([], [], [])
