"""One signature: its parts told each by itself, its octets only if all of it holds."""

from __future__ import annotations

from gateway.signatures.material import Bounds
from gateway.signatures.xml_document import read
from gateway.signatures.xml_signature import examine_signature
from tests.zoo import xml
from tests.zoo.pki import pki
from tests.zoo.xml_maker import C10, DS, ENVELOPED, certificates, reference, seal, template


def examined(data: bytes, most: int = 10):  # type: ignore[no-untyped-def]
    document = read(data, Bounds())
    return examine_signature(document, document.signatures[0], lambda name: None, most)


def test_what_is_known_of_a_good_one() -> None:
    one, octets = examined(xml.sealed_xades())
    assert (one.format, one.baseline, one.integrity, one.name) == ("XAdES", True, "intact", "sig-1")
    assert one.signer is not None
    assert one.signer.dump() == pki().signer.der
    assert one.digests == ["sha256", "sha512"]
    assert one.algorithms == ["RSA with sha256", "sha256"]
    assert str(one.claimed_at) == "2026-05-22 00:00:00+00:00"
    assert [each[:8] for each in octets] == [b"<s:surat", b"<x:Signe"]
    assert [each.dump() for each in one.embedded.certificates] == [pki().signer.der]


def test_every_fault_is_told_not_the_first() -> None:
    made = xml.sealed(
        reference("", ENVELOPED, C10, value="AAAA"), reference("#tiada"), reference("http://zoo.invalid/"),
        reference("", "urn:lain"), keys="",
    )  # fmt: skip
    one, octets = examined(made)
    assert [each.code for each in one.findings] == [
        "hash_mismatch", "content_missing", "external_reference", "unsupported",
    ]  # fmt: skip
    assert (one.integrity, one.signer, octets) == ("broken", None, [])


def test_a_shared_secret_is_never_tried_and_the_rest_is_still_told() -> None:
    one, octets = examined(xml.sealed(method=DS + "hmac-sha1"))
    assert [each.code for each in one.findings] == ["no_key_signature"]
    assert (one.integrity, octets) == ("unknown", [])


def test_more_references_than_are_left_are_not_begun() -> None:
    one, octets = examined(xml.sealed(), most=0)
    assert ([each.code for each in one.findings], octets) == (["too_large"], [])


def test_a_signature_that_is_none() -> None:
    one, octets = examined(f'<a xmlns:ds="{DS}"><ds:Signature Id="kunci rahasia&#10;"/></a>'.encode())
    assert ([each.code for each in one.findings], octets) == (["format_broken"], [])
    assert one.name == "kunci?rahasia?"


def test_a_signed_info_without_canonical_form() -> None:
    made = template(reference("", ENVELOPED, C10), c14n="urn:lain", keys=certificates(pki().signer))
    one, _ = examined(seal(f"<a>{made}</a>".replace("urn:lain", C10)).replace(C10.encode(), b"urn:lain", 1))
    assert [each.code for each in one.findings] == ["unsupported"]
    assert one.integrity == "unknown"
