"""`gateway/signatures/cms_signer.py`: whose signature, by which algorithm, and does it hold."""

import pytest

from gateway.signatures import cms_attributes, cms_signer
from gateway.signatures.cms_signer import Unsupported
from tests.zoo.cms_maker import certificate, signer_info
from tests.zoo.pki import pki


def test_the_signer_is_found_by_name_and_number_or_by_key() -> None:
    among = [certificate(each) for each in (pki().second, pki().signer, pki().office)]
    for by_key in (False, True):
        info = signer_info(pki().signer, b"x", by_key=by_key)
        named = cms_signer.signer_of(info, among, None)
        assert [each.serial_number for each in named] == [pki().signer.certificate.serial_number]
    assert cms_signer.signer_of(signer_info(pki().curved, b"x"), among, None) == []


@pytest.mark.parametrize("ess", ["v1", "v2"])
def test_the_binding_names_one_certificate(ess: str) -> None:
    held = cms_attributes.read(signer_info(pki().signer, b"x", ess=ess)["signed_attrs"])
    assert cms_signer.bound(certificate(pki().signer), held) is True
    assert cms_signer.bound(certificate(pki().second), held) is False
    assert cms_signer.binding_digests(held) == [{"v1": "sha1", "v2": "sha256"}[ess]]


def test_without_a_binding_nothing_is_said() -> None:
    held = cms_attributes.read(signer_info(pki().signer, b"x", ess=None)["signed_attrs"])
    assert cms_signer.bound(certificate(pki().signer), held) is None
    assert cms_signer.bound(certificate(pki().signer), None) is None
    assert cms_signer.binding_digests(None) == []


def test_all_digests_of_pss_are_named() -> None:
    info = signer_info(pki().signer, b"x", name="sha512", pss=True)
    assert cms_signer.signature_digests(info) == ["sha512", "sha512"]
    assert cms_signer.algorithm_names(info) == ["sha512", "RSA PSS"]


def test_a_signature_holds_for_its_own_key_alone() -> None:
    info = signer_info(pki().curved, b"x")
    signed = info["signed_attrs"].untag().dump()
    assert cms_signer.holds(info, certificate(pki().curved), signed, prehashed=False)
    assert not cms_signer.holds(info, certificate(pki().curved), signed + b"x", prehashed=False)
    for other in (pki().signer, pki().edwards):
        assert not cms_signer.holds(info, certificate(other), signed, prehashed=False)


def test_an_unknown_algorithm_is_not_computed() -> None:
    info = signer_info(pki().signer, b"x", algorithm={"algorithm": "1.2.3.4"})
    with pytest.raises(Unsupported):
        cms_signer.holds(info, certificate(pki().signer), b"x", prehashed=False)


def test_damaged_certificates_are_none() -> None:
    der = pki().signer.der
    assert cms_signer.readable_certificate(der) is not None
    assert cms_signer.readable_certificate(der[:-1]) is None
    assert cms_signer.readable_certificate(der + b"x") is None


def test_a_key_of_no_size_is_no_key() -> None:
    modulus = pki().signer.key.public_key().public_numbers().n.to_bytes(256, "big")
    assert cms_signer.readable_certificate(pki().signer.der.replace(modulus, bytes(256))) is None


def test_authorities_are_kept_and_signers_are_not() -> None:
    office, signer = pki().office.der, pki().signer.der
    assert cms_signer.readable_certificate(office) is cms_signer.readable_certificate(bytes(bytearray(office)))
    assert cms_signer.readable_certificate(signer) is not cms_signer.readable_certificate(signer)


def test_no_more_authorities_are_kept_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cms_signer, "_kept", {})
    monkeypatch.setattr(cms_signer, "_MOST_KEPT", 1)
    root, office = pki().root.der, pki().office.der
    first = cms_signer.readable_certificate(root)
    assert cms_signer.readable_certificate(root) is first
    cms_signer.readable_certificate(office)
    assert cms_signer.readable_certificate(root) is not first
