"""Each timestamp stands for its own octets, and what is not computed proves nothing."""

from __future__ import annotations

import hashlib
import re

import pytest
from asn1crypto import cms
from lxml import etree

from gateway.signatures.examined import Examined, Token
from gateway.signatures.material import Material
from gateway.signatures.xml import examine
from tests.zoo import xml
from tests.zoo.xml_maker import DS, canonical, stamped


def examined(data: bytes) -> Examined:
    return examine(Material.of(data), None).signatures[0]


def wanted(token: Token) -> bytes:
    content: cms.EncapsulatedContentInfo = token.signed_data["encap_content_info"]["content"]
    imprint: bytes = content.parsed["message_imprint"]["hashed_message"].native
    return imprint


def test_a_signature_timestamp_is_about_the_value_alone() -> None:
    made = stamped(xml.good_xades())
    (token,) = examined(made).tokens
    value = next(etree.fromstring(made).iter(f"{{{DS}}}SignatureValue"))
    assert token.kind == "signature"
    assert token.imprint("sha256") == wanted(token) == hashlib.sha256(canonical(value)).digest()
    assert token.imprint("sha9") is None
    assert not token.covers_revocation


def test_an_archive_timestamp_is_about_all_before_it() -> None:
    first, second = examined(xml.long_term()).tokens
    assert (first.kind, second.kind, second.covers_revocation) == ("signature", "archive", True)
    assert second.imprint("sha256") == wanted(second)
    later = re.sub(rb"(<xades:RevocationValues)", rb'\1 Id="x"', xml.long_term())
    assert examined(later).tokens[1].imprint("sha256") != wanted(second)


def test_an_archive_timestamp_is_above_all_before_it() -> None:
    made = xml.long_term()
    assert [one.order for one in examined(made).tokens] == [0, 1]
    match = re.search(rb"<(?:\w+:)ArchiveTimeStamp.*?ArchiveTimeStamp>", made, re.S)
    assert match is not None
    assert [one.order for one in examined(made.replace(match.group(), match.group() * 3)).tokens] == [0, 1, 2, 3]


def test_a_signature_timestamp_behind_an_archive_timestamp_proves_nothing() -> None:
    one = examined(stamped(xml.long_term()))
    assert [(each.kind, each.order) for each in one.tokens] == [("signature", 0), ("archive", 1)]
    assert [each.code for each in one.findings] == ["unsupported"]


@pytest.mark.parametrize("name", ["SigAndRefsTimeStamp", "RefsOnlyTimeStampV2", "ArchiveTimeStamp"])
def test_other_kinds_are_told_and_prove_nothing(name: str) -> None:
    one = examined(stamped(xml.good_xades()).replace(b"SignatureTimeStamp", name.encode()))
    assert one.tokens == []
    assert [each.code for each in one.findings] == ["unsupported"]


@pytest.mark.parametrize(
    ("pattern", "by", "code"),
    [
        (rb"(<xades:EncapsulatedTimeStamp>)", rb"\1*", "timestamp_broken"),
        (rb"(<xades:EncapsulatedTimeStamp>)[^<]*", rb"\1", "timestamp_broken"),
        (rb"(<xades:EncapsulatedTimeStamp>)[^<]*", rb"\1MAA=", "timestamp_broken"),
        (rb"<xades:EncapsulatedTimeStamp>[^<]*</xades:EncapsulatedTimeStamp>", rb"", "timestamp_broken"),
        (rb"(<xades:EncapsulatedTimeStamp>)", rb"<xades:Include/>\1", "unsupported"),
    ],
)
def test_what_cannot_be_read(pattern: bytes, by: bytes, code: str) -> None:
    one = examined(re.sub(pattern, by, stamped(xml.good_xades()), count=1))
    assert (one.tokens, [each.code for each in one.findings]) == ([], [code])


def test_no_more_than_a_number() -> None:
    made = stamped(xml.good_xades())
    match = re.search(rb"<xades:SignatureTimeStamp.*?</xades:SignatureTimeStamp>", made, re.S)
    assert match is not None
    one = examined(made.replace(match.group(), match.group() * 30))
    assert len(one.tokens) == 20
    assert [each.code for each in one.findings] == ["too_large"]
