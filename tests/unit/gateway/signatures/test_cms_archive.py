"""`gateway/signatures/cms_archive.py`: an archive timestamp covers all that its index names."""

from asn1crypto import cms

from gateway.signatures import cms_attributes
from gateway.signatures.cms_archive import archive_token, in_order
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.examined import Token
from tests.zoo.cms_maker import (
    SIGNED_AT,
    archived,
    attribute,
    digest,
    hash_index,
    signer_info,
    stamped,
    token,
    with_unsigned,
    wrapped,
)
from tests.zoo.pki import AT, pki

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


OID = "0.4.0.1733.2.4"


def _stamp(at=SIGNED_AT):
    return attribute("1.2.840.113549.1.9.16.2.14", token(pki().tsa, digest("sha256", b"x"), at=at))


def _archive(*covered):
    """An attribute whose hash index names these attributes."""
    named = [one["type"].dump() + value.dump() for one in covered for value in one["values"]]
    index = hash_index([], [], named)
    return attribute(OID, token(pki().tsa, digest("sha256", index), index=index))


def _orders(*attributes):
    """Kind and order of each token, by the place of its attribute among those given; and the findings."""
    info = with_unsigned(signer_info(pki().signer, CONTENT), *attributes)
    loose = cms_attributes.read(info["unsigned_attrs"])
    every = []
    for one in attributes:
        oid, value = one["type"].dotted, next(iter(one["values"])).dump()
        kind = "archive" if oid == OID else "signature"
        every.append((oid, value, Token(kind, cms.ContentInfo.load(value)["content"], lambda name: None)))
    tokens, findings = in_order(every, loose)
    return [one.order for one in tokens], [one.code for one in findings]


def test_each_archive_timestamp_is_above_what_its_index_names() -> None:
    stamp = _stamp()
    first = _archive(stamp)
    second = _archive(stamp, first)
    third = _archive(stamp, first, second)
    assert _orders(stamp, first, second, third) == ([0, 1, 2, 3], [])
    assert _orders(third, first, stamp, second) == ([3, 1, 0, 2], [])


def test_none_is_above_what_it_does_not_cover() -> None:
    stamp = _stamp()
    first, other = _archive(stamp), _archive(stamp)
    assert _orders(stamp, first, other) == ([0, 1, 1], [])
    lone, deep = _archive(), _archive(stamp, first, other)
    assert _orders(stamp, first, other, deep) == ([0, 1, 1, 3], [])
    # `deep` does not cover `lone`, so it may not stand above it.
    assert _orders(first, deep, lone) == ([1, 1, 1], [])


def test_a_signature_timestamp_that_came_later_is_left_out() -> None:
    stamp, late = _stamp(), _stamp(AT)
    assert _orders(stamp, _archive(stamp), late) == ([0, 1], ["unsupported"])
