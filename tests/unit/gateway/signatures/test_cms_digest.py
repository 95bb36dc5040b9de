"""`gateway/signatures/cms_digest.py`: digests by name, and no others."""

import hashlib

import pytest

from gateway.signatures.cms_digest import digest_of


def test_pieces_are_digested_as_one() -> None:
    assert digest_of("sha256", [b"a", b"b"]) == hashlib.sha256(b"ab").digest()
    assert digest_of("md5", []) == hashlib.md5(b"", usedforsecurity=False).digest()


@pytest.mark.parametrize("name", ["", "sha-256", "shake256", "1.2.3"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no digest"):
        digest_of(name, [])
