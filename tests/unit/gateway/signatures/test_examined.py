"""`gateway/signatures/examined.py`: records that no two examinations share."""

from asn1crypto import cms, core

from gateway.signatures.examined import Examined, Outcome
from gateway.signatures.findings import found
from tests.zoo.cms import one


def test_nothing_is_believed_until_it_is_said() -> None:
    fresh = Examined("CAdES", "the content")
    assert (fresh.signer, fresh.integrity, fresh.claimed_at) == (None, "unknown", None)
    assert (fresh.purpose, fresh.embedded.certificates) == ("signers", ())


def test_two_examinations_share_nothing() -> None:
    first, second = Examined("XAdES", "a"), Examined("XAdES", "b")
    first.findings.append(found("hash_mismatch"))
    first.digests.append("sha256")
    assert second.findings == second.digests == second.tokens == second.algorithms == []
    one_, other = Outcome("xml"), Outcome("xml")
    one_.signatures.append(first)
    one_.signed.append(b"x")
    assert other.signatures == other.signed == other.findings == []


def test_lengths_are_guarded_before_anything_is_read() -> None:
    # Without the guard a length of nearly all memory is asked of the machine.
    value = cms.ContentInfo.load(one())
    assert value["content_type"].native == "signed_data"
    assert isinstance(value["content"], core.Sequence)
