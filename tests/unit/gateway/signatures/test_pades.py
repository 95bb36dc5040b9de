"""Every PDF of the zoo gets the verdict that it must get."""

import asyncio

import pytest

from gateway.signatures.material import Material
from gateway.signatures.trust import TrustStore
from gateway.signatures.verification import verify
from tests.zoo import pdf
from tests.zoo.case import Case, assert_verdict


def judge(case: Case, store: TrustStore):
    # The builders run loops of their own.
    return asyncio.run(verify(Material.of(case.build()), None, store, case.at))


@pytest.mark.parametrize("case", pdf.CASES, ids=str)
def test_each_file_gets_its_verdict(case: Case, zoo_trust: TrustStore):
    verdict = judge(case, zoo_trust)
    assert_verdict(verdict, case)
