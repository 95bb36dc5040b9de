"""`gateway/signatures/cms_attributes.py`: attributes by identifier, what stands twice, what is too much."""

import pytest
from asn1crypto import cms, core

from gateway.signatures import cms_attributes
from gateway.signatures.cms_attributes import read
from tests.zoo.cms_maker import attribute, digest, signer_info
from tests.zoo.pki import pki


def test_values_stay_encoded() -> None:
    held = read(signer_info(pki().signer, b"x")["signed_attrs"])
    assert held is not None
    value = held.only(cms_attributes.MESSAGE_DIGEST)
    assert value is not None
    assert core.OctetString.load(value).native == digest("sha256", b"x")
    assert held.values("1.2.3") == []
    assert held.repeated() == []


def test_what_stands_twice_is_told() -> None:
    twice = attribute("message_digest", b"a" * 32)
    held = read(signer_info(pki().signer, b"x", extra=[twice])["signed_attrs"])
    assert held is not None
    assert held.repeated() == [cms_attributes.MESSAGE_DIGEST]
    assert held.only(cms_attributes.MESSAGE_DIGEST) is None


def test_two_values_in_one_attribute_are_told() -> None:
    held = read(cms.CMSAttributes([attribute("message_digest", b"a", b"b")]))
    assert held is not None
    assert held.repeated() == [cms_attributes.MESSAGE_DIGEST]


def test_none_and_too_many() -> None:
    assert read(core.VOID) is None
    many = cms.CMSAttributes([attribute("1.2.3", core.Null()) for _ in range(cms_attributes.MOST + 1)])
    with pytest.raises(ValueError, match="more than"):
        read(many)
