"""`gateway/signatures/cms_proofs.py`: what came along is found wherever it may stand."""

from asn1crypto import cms, ocsp, pdf

from gateway.signatures import cms_attributes, cms_proofs
from tests.zoo.cms import answer
from tests.zoo.cms_maker import attribute, signed_data, signer_info, stamped
from tests.zoo.pki import pki


def test_an_ocsp_answer_is_wrapped_again() -> None:
    whole = answer(pki().declared)
    basic = ocsp.OCSPResponse.load(whole)["response_bytes"]["response"].parsed.dump()
    assert ocsp.OCSPResponse.load(cms_proofs.answered(basic)).response_data.native is not None


def test_adobes_attribute_is_read() -> None:
    archival = pdf.RevocationInfoArchival({"crl": [cms.CertificateList.load(pki().office_crl())]})
    info = signer_info(pki().signer, b"x", extra=[attribute(cms_attributes.ADOBE_REVOCATION, archival)])
    held = cms_attributes.read(info["signed_attrs"])
    known = cms_proofs.known(signed_data([info], b"x", [pki().signer]), [], held, None)
    assert known.crls == (pki().office_crl(),) or len(known.crls) == 1


def test_damaged_values_spoil_no_other() -> None:
    info = signer_info(pki().signer, b"x", extra=[attribute(cms_attributes.ADOBE_REVOCATION, b"\x30\x01\xff")])
    held = cms_attributes.read(info["signed_attrs"])
    signed = signed_data([info], b"x", [pki().signer], crls=[pki().office_crl()])
    assert len(cms_proofs.known(signed, [], held, None).crls) == 1


def test_only_so_many_timestamps_are_read() -> None:
    info = stamped(signer_info(pki().signer, b"x"), pki().tsa)
    value = cms_attributes.read(info["unsigned_attrs"])
    assert value is not None
    loose = cms_attributes.Attributes(value.every * 40)
    tokens, findings = cms_proofs.tokens(signed_data([info], b"x", []), info, None, loose, lambda name: None)
    assert len(tokens) == cms_proofs.MOST_TOKENS
    assert [each.code for each in findings] == ["too_large"]
    assert cms_proofs.token_of(b"\x30\x00") is None
