"""A signature has its parts once and in order, or it is none."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.signatures.xml_document import Fault
from gateway.signatures.xml_parts import taken_apart

INFO = "<SignedInfo><CanonicalizationMethod/><SignatureMethod/>{}</SignedInfo>"
ONE = INFO.format("<Reference/>")


def signature(inner: str) -> etree._Element:
    return etree.fromstring(f'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">{inner}</Signature>')


def test_all_parts() -> None:
    parts = taken_apart(signature(f"<!-- x -->{ONE}<SignatureValue/><KeyInfo/><Object/><Object/>"))
    assert (len(parts.references), len(parts.objects), parts.key_info is not None) == (1, 2, True)
    assert taken_apart(signature(f"{ONE}<SignatureValue/><Object/>")).key_info is None


@pytest.mark.parametrize(
    "inner",
    [
        "",
        ONE,
        f"palsu{ONE}<SignatureValue/>",
        f"{ONE}<SignatureValue/>palsu",
        f"<SignatureValue/>{ONE}",
        f"{ONE}{ONE}<SignatureValue/>",
        f"{ONE}<SignatureValue/><SignatureValue/>",
        f"{ONE}<SignatureValue/><Object/><KeyInfo/>",
        f"{ONE}<SignatureValue/><KeyInfo/><KeyInfo/>",
        f"{ONE}<SignatureValue/>{ONE}",
        f'{ONE}<SignatureValue/><Object xmlns="urn:x"/>',
        f"{INFO.format('')}<SignatureValue/>",
        f"{INFO.format('<Reference/><Object/>')}<SignatureValue/>",
        "<SignedInfo><SignatureMethod/><CanonicalizationMethod/><Reference/></SignedInfo><SignatureValue/>",
    ],
)
def test_any_other_form_is_refused(inner: str) -> None:
    with pytest.raises(Fault) as raised:
        taken_apart(signature(inner))
    assert raised.value.finding.code == "format_broken"
