"""`gateway/signatures/cms_signature.py`: one signature, its digests and its counter-signatures."""

from dataclasses import replace

from gateway.signatures.cms_digest import digest_of
from gateway.signatures.cms_signature import About, examine_signer
from tests.zoo.cms_maker import attribute, certificate, signed_data, signer_info, with_unsigned
from tests.zoo.pki import pki

ABOUT = About("CMS", "x", None, "data", lambda name: digest_of(name, [b"x"]))


def _examined(info, about=ABOUT, most=9):
    people = (pki().signer, pki().second)
    signed = signed_data([info], b"x", people)
    return examine_signer(info, signed, [certificate(each) for each in people], about, most)


def test_all_digests_that_it_relies_on_are_named() -> None:
    (one,) = _examined(signer_info(pki().signer, b"x", name="sha512"))
    assert one.digests == ["sha512", "sha256"]
    assert one.claimed_at is not None
    assert one.claimed_at.tzinfo is not None


def test_counter_signatures_follow_and_are_counted() -> None:
    info = signer_info(pki().signer, b"x")
    counter = signer_info(pki().second, info["signature"].native, content_type=None)
    info = with_unsigned(info, *(attribute("1.2.840.113549.1.9.6", counter) for _ in range(5)))
    examined = _examined(info, most=4)
    assert len(examined) == 4
    assert [each.integrity for each in examined] == ["intact"] * 4
    assert "too_large" in {each.code for each in examined[0].findings}


def test_an_unknown_digest_is_unsupported_and_not_broken() -> None:
    info = signer_info(pki().signer, b"x")
    info["digest_algorithm"] = {"algorithm": "shake256"}
    (one,) = _examined(info)
    assert one.integrity == "unknown"
    assert "unsupported" in {each.code for each in one.findings}


def test_without_its_content_a_broken_signature_is_still_broken() -> None:
    about = replace(ABOUT, content_digest=lambda name: None)
    (one,) = _examined(signer_info(pki().signer, b"x", signs=pki().second), about)
    assert one.integrity == "broken"
    assert {each.code for each in one.findings} == {"content_missing", "signature_broken"}


def test_a_timestamp_may_name_its_certificate_by_sha1() -> None:
    info = signer_info(pki().signer, b"x", ess="v1", content_type="tst_info")
    assert _examined(info, replace(ABOUT, expected_type="tst_info"))[0].digests == ["sha256"]
    assert _examined(signer_info(pki().signer, b"x", ess="v1"))[0].digests == ["sha256", "sha1"]
