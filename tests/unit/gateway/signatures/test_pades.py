"""Every PDF of the zoo gets the verdict that it must get."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.signatures.material import Bounds, Material
from gateway.signatures.trust import TrustStore
from gateway.signatures.verification import verify
from tests.zoo import pdf
from tests.zoo.case import Case
from tests.zoo.pki import AT


def judge(case: Case, store: TrustStore):
    # The builders run loops of their own.
    return asyncio.run(verify(Material.of(case.build()), None, store, case.at))


@pytest.mark.parametrize("case", pdf.CASES, ids=str)
def test_each_file_gets_its_verdict(case: Case, zoo_trust: TrustStore):
    verdict = judge(case, zoo_trust)
    codes = [one.code for one in verdict.findings]
    assert verdict.conclusion == case.conclusion, codes
    assert set(case.codes) <= set(codes), codes
    assert not set(case.never) & set(codes), codes
    if case.sub_indication is not None:
        assert case.sub_indication in [str(one.sub_indication) for one in verdict.signatures if one.sub_indication]
    if case.level is not None:
        assert verdict.signatures[0].level == case.level
    if case.signatures is not None:
        assert len(verdict.signatures) == case.signatures
    assert all(one.advice for one in verdict.findings)
