"""Whether what was signed holds."""

import asyncio
from typing import Any

import pytest

from gateway.signatures.findings import CATALOGUE, found
from gateway.signatures.proof import _finding, proven
from gateway.signatures.signing import SigningRefused
from gateway.signatures.trust import TrustStore
from tests.zoo.pdf import good, plain, signed, stamper
from tests.zoo.pki import AT, pki


def refused(data: bytes, field: str, level: Any, trust: TrustStore) -> str:
    with pytest.raises(SigningRefused) as error:
        asyncio.run(proven(data, field, level, trust, AT))
    return error.value.code


def test_who_signed(zoo_trust: TrustStore) -> None:
    signer, organisation, digest, level = asyncio.run(proven(good(), "TandaTangan", "B-B", zoo_trust, AT))
    assert (organisation, level, len(digest)) == ("Dinas Contoh", "B-B", 64)
    assert "Siti Penanda" in signer


def test_what_does_not_reach_its_level(zoo_trust: TrustStore) -> None:
    stamped = signed(plain(), pki().curved, timestamper=stamper())
    assert refused(good(), "TandaTangan", "B-T", zoo_trust) == "timestamp_failed"
    assert refused(stamped, "TandaTangan", "B-LT", zoo_trust) == "revocation_missing"
    assert refused(stamped, "TandaTangan", "B-LTA", zoo_trust) == "revocation_missing"


def test_a_field_that_is_not_there(zoo_trust: TrustStore) -> None:
    assert refused(good(), "Lain", "B-B", zoo_trust) == "changes_forbidden"


@pytest.mark.parametrize("code", [name for name, kind in CATALOGUE.items() if kind.weight in ("error", "unsure")])
def test_every_finding_that_counts_is_refused(code: str) -> None:
    with pytest.raises(SigningRefused) as error:
        _finding(found(code), "B-LT")
    assert error.value.advice


def test_at_lower_levels_revocation_may_be_unknown() -> None:
    _finding(found("revocation_unknown"), "B-T")
