"""`gateway/signatures/jose.py`: every JWS of the zoo gets its verdict; joserfc, asked plainly, agrees."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import cache

import pytest

from gateway.signatures import trust
from gateway.signatures.assess import assess
from gateway.signatures.jose import examine
from gateway.signatures.material import Material
from gateway.signatures.verdict import Verdict, judged
from tests.zoo.case import Case
from tests.zoo.jws import CASES
from tests.zoo.pki import AT, pki


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, trust.TrustStore]:
    folder = tmp_path_factory.mktemp("trust")
    return {bare: trust.load(pki().trust(folder / str(bare), with_crl=not bare)) for bare in (True, False)}


@cache
def made(case: Case) -> bytes:
    return case.build()


def verdict_on(data: bytes, store: trust.TrustStore, beside: bytes | None = None, at: datetime = AT) -> Verdict:
    material = Material.of(data)
    outcome = examine(material, None if beside is None else Material.of(beside))

    async def every() -> list:
        return [await assess(each, store, at, number) for number, each in enumerate(outcome.signatures)]

    return judged(outcome.format, material.digest("sha256").hex(), at, asyncio.run(every()), outcome.findings)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_animal_gets_its_verdict(case: Case, stores: dict[bool, trust.TrustStore]) -> None:
    verdict = verdict_on(made(case), stores["bare" in case.tags], case.beside() if case.beside else None, case.at)
    codes = {each.code for each in verdict.findings}
    told = [f"{each.code}: {each.message}" for each in verdict.findings]
    assert verdict.conclusion == case.conclusion, told
    assert set(case.codes) <= codes, told
    assert not codes & set(case.never), told
    if case.signatures is not None:
        assert len(verdict.signatures) == case.signatures
    if case.level is not None:
        assert verdict.signatures[0].level == case.level
    if case.sub_indication is not None:
        failed = next(each for each in verdict.signatures if each.conclusion != "valid")
        assert failed.sub_indication == case.sub_indication
