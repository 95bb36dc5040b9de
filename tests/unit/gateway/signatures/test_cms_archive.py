"""`gateway/signatures/cms_archive.py`: an archive timestamp covers all that its index names."""

from asn1crypto import cms

from gateway.signatures import cms_attributes
from gateway.signatures.cms_archive import archive_token
from gateway.signatures.cms_digest import digest_of
from tests.zoo.cms_maker import archived, attribute, digest, signer_info, stamped, token, with_unsigned, wrapped
from tests.zoo.pki import pki

CONTENT = b"surat"


def _parts(**unusual):
    info = stamped(signer_info(pki().declared, CONTENT), pki().tsa)
    made = wrapped(archived(info, CONTENT, [pki().declared], [pki().office_crl()], pki().tsa, **unusual))
    signed = cms.ContentInfo.load(made)["content"]
    signer = signed["signer_infos"][0]
    loose = cms_attributes.read(signer["unsigned_attrs"])
    return signed, signer, loose


def _of(loose):
    return cms.ContentInfo.load(loose.values(cms_attributes.ARCHIVE_TIMESTAMP_V3)[0])["content"]


def test_the_imprint_is_over_content_signature_and_index() -> None:
    signed, signer, loose = _parts()
    made, fault = archive_token(_of(loose), signed, signer, loose, lambda name: digest_of(name, [CONTENT]))
    assert fault is None
    assert made is not None
    assert made.covers_revocation
    told = _of(loose)["encap_content_info"]["content"].parsed["message_imprint"]["hashed_message"].native
    assert made.imprint("sha256") == told


def test_without_its_content_there_is_no_imprint() -> None:
    signed, signer, loose = _parts()
    made, _ = archive_token(_of(loose), signed, signer, loose, lambda name: None)
    assert made is not None
    assert made.imprint("sha256") is None


def test_what_the_index_names_must_be_here() -> None:
    signed, signer, loose = _parts(extra_hash=b"gone")
    made, fault = archive_token(_of(loose), signed, signer, loose, lambda name: None)
    assert made is None
    assert fault is not None
    assert fault.code == "timestamp_broken"


def test_without_an_index_it_is_no_proof() -> None:
    signed, _, _ = _parts()
    bare = token(pki().tsa, digest("sha256", CONTENT))
    signer = with_unsigned(signer_info(pki().declared, CONTENT), attribute("0.4.0.1733.2.4", bare))
    loose = cms_attributes.read(signer["unsigned_attrs"])
    assert loose is not None
    made, fault = archive_token(_of(loose), signed, signer, loose, lambda name: None)
    assert made is None
    assert fault is not None
    assert fault.code == "unsupported"
