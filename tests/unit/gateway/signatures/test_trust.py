"""`gateway/signatures/trust.py`: what a trust folder holds, and what of it is not used."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import pytest
from asn1crypto import pem, x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as some

from gateway.signatures import trust
from gateway.signatures.trust import NotOfTrust, TrustStore, load, read
from tests.zoo.chains import answer
from tests.zoo.pki import AT, issue, pki


def put(folder: Path, **files: bytes) -> TrustStore:
    for name, data in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return load(folder)


def held(store: TrustStore) -> list[tuple[str, str]]:
    return [(one.path, one.role) for one in store.entries]


def test_a_folder_that_is_not_there_trusts_nobody(tmp_path: Path) -> None:
    assert load(tmp_path / "none") == TrustStore()
    (tmp_path / "file").write_bytes(pki().root.pem)
    assert load(tmp_path / "file") == TrustStore()


def test_contents_say_what_a_file_is(tmp_path: Path) -> None:
    store = put(
        tmp_path, a=pki().root.der, b=pki().office.pem, c=pki().office_crl(), d=answer(pki().declared, pki().responder)
    )
    assert held(store) == [("a", "anchor"), ("b", "intermediate"), ("c", "crl"), ("d", "ocsp")]
    assert not store.problems
    assert len(store.crls()) == len(store.ocsps()) == len(store.intermediates()) == 1
    assert store.entries[0].sha256 == hashlib.sha256(pki().root.der).hexdigest()


def test_purposes_by_folder(tmp_path: Path) -> None:
    other = issue("Akar Waktu", kind="ec", authority=True)
    third = issue("Akar Tanda", kind="ec", authority=True)
    store = put(
        tmp_path, all=pki().root.pem, timestamps__tsa=other.pem, signers__ca=third.pem, eu__timestamps__x=third.pem
    )

    def names(purpose: trust.Purpose) -> list[str]:
        return [one.subject.native["common_name"] for one in store.anchors(purpose)]

    assert names("signers") == ["Akar Kebun", "Akar Tanda"]
    assert names("timestamps") == ["Akar Kebun", "Akar Tanda", "Akar Waktu"]


def test_what_is_not_its_own_issuer_is_an_anchor_in_anchors_alone(tmp_path: Path) -> None:
    store = put(
        tmp_path, office=pki().office.pem, anchors__office=pki().office.pem, signers__anchors__o=pki().office.der
    )
    assert {one.path: (one.role, one.purposes) for one in store.entries} == {
        "office": ("intermediate", ()),
        "anchors/office": ("anchor", ("signers", "timestamps")),
        "signers/anchors/o": ("anchor", ("signers",)),
    }


def test_a_bundle_holds_many(tmp_path: Path) -> None:
    crl = pem.armor("X509 CRL", pki().office_crl())
    store = put(tmp_path, bundle=b"# authorities\n" + pki().root.pem + b"\n" + pki().office.pem + crl)
    assert [one.role for one in store.entries] == ["anchor", "intermediate", "crl"]


def test_a_private_key_is_told_and_nothing_of_its_file_used(tmp_path: Path) -> None:
    encrypted = pki().root.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    old = pki().root.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    for key in (pki().root.key_pem, encrypted, old):
        store = put(tmp_path, both=pki().root.pem + key, fine=pki().office.pem)
        assert held(store) == [("fine", "intermediate")]
        assert len(store.problems) == 1
        assert store.problems[0].startswith("both: it holds a private key")


def test_what_is_none_is_told_by_name(tmp_path: Path) -> None:
    failed = b"\x30\x03\x0a\x01\x06"
    store = put(
        tmp_path, a=b"", b=b"Surat", c=pki().root.der[:-9], d=b"-----BEGIN CERTIFICATE-----\nMII!\n", e=failed,
        f=pki().root.der + b"more", g=b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        ok=pki().root.pem,
    )  # fmt: skip
    assert held(store) == [("ok", "anchor")]
    assert [one.partition(":")[0] for one in store.problems] == list("abcdefg")


def test_names_that_are_no_entries(tmp_path: Path) -> None:
    names = ("README", "README.md", "readme.txt", "urls.txt", ".hidden", "deep__er__and__out")
    store = put(tmp_path, **dict.fromkeys(names, b"none"))
    assert store == TrustStore()


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "above").symlink_to("..")
    (tmp_path / "linked").symlink_to(tmp_path / "root.pem")
    store = put(tmp_path, **{"root.pem": pki().root.pem})
    assert held(store) == [("linked", "anchor"), ("root.pem", "anchor")]


def test_files_and_folders_that_may_not_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, shut=b"x", shut_too__a=b"x", root=pki().root.pem)
    scan, take = os.scandir, Path.read_bytes

    def scanned(path: Path):
        if Path(path).name == "shut_too":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    def taken(path: Path) -> bytes:
        if path.name == "shut":
            raise PermissionError(13, "Permission denied")
        return take(path)

    # Root may read all: the refusal of the system is played.
    monkeypatch.setattr(trust.os, "scandir", scanned)
    monkeypatch.setattr(Path, "read_bytes", taken)
    store = load(tmp_path)
    assert held(store) == [("root", "anchor")]
    assert store.problems == ("shut: Permission denied", "shut_too: Permission denied")


def test_too_many_and_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "MOST_FILES", 3)
    store = put(tmp_path, **{f"{number}.pem": pki().root.pem for number in range(5)})
    assert (len(store.entries), store.problems) == (3, ("more than 3 files; the rest is left out",))
    monkeypatch.setattr(trust, "MOST_BYTES", 1000)
    store = put(tmp_path, **{"0.pem": bytes(1001)})
    assert store.problems[0] == "0.pem: larger than 1000 bytes"


def test_times_that_cannot_be_set_beside_others() -> None:
    far = issue("Jauh", kind="ec", authority=True, end=AT.replace(year=2060)).der
    when = b"\x18\x0f20600601000000Z"
    assert read(far, "x")[0].role == "anchor"
    with pytest.raises(NotOfTrust):
        read(far.replace(when, b"\x18\x0f00000601000000Z"), "x")
    # Without a zone it is one byte shorter, and so is all around it.
    at = far.index(when)
    start = far.rindex(b"\x30\x20", 0, at)
    shorter = bytearray(far.replace(when, b"\x18\x0e20600601000000"))
    for place in (3, 7, start + 1):
        shorter[place] -= 1
    assert x509.Certificate.load(bytes(shorter), strict=True).not_valid_after.tzinfo is None
    with pytest.raises(NotOfTrust):
        read(bytes(shorter), "x")


@settings(max_examples=120, deadline=None)
@given(which=some.integers(0, 2), at=some.integers(0, 1 << 20), byte=some.integers(0, 255))
def test_damage_never_stops_the_rest(which: int, at: int, byte: int) -> None:
    data = bytearray((pki().root.der, pki().office_crl(), answer(pki().declared, pki().responder))[which])
    data[at % len(data)] = byte
    with contextlib.suppress(NotOfTrust):
        assert len(read(bytes(data), "x")) == 1


def test_what_was_parsed_is_kept(tmp_path: Path) -> None:
    store = put(tmp_path, root=pki().root.pem, office=pki().office.pem, crl=pki().office_crl())
    assert store.anchors("signers")[0] is store.anchors("timestamps")[0]
    assert store.intermediates()[0] is store.intermediates()[0]
    assert store.crls()[0] is store.crls()[0]
    assert store == TrustStore(store.entries, store.problems)


def test_large_lists_do_not_stay_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.signatures.trust.KEPT_BYTES", 10)
    store = put(tmp_path, crl=pki().office_crl())
    assert store.crls()[0] is not store.crls()[0]
    assert store.crls()[0].dump() == pki().office_crl()
