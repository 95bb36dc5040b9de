"""`gateway/signatures/jose.py`: every JWS of the zoo gets its verdict; joserfc, asked plainly, agrees."""

from __future__ import annotations

import asyncio
import base64
import json
import warnings
from datetime import datetime
from functools import cache

import pytest
from asn1crypto import x509
from hypothesis import given, settings
from hypothesis import strategies as some
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.signatures import trust
from gateway.signatures.assess import assess
from gateway.signatures.jose import examine
from gateway.signatures.material import Bounds, Material
from gateway.signatures.verdict import Verdict, judged
from tests.zoo.case import Case, assert_verdict
from tests.zoo.jws import CASES, CONTENT, baseline, compact, flattened, registry, stamped
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
    assert_verdict(verdict, case)


def _joserfc_takes(data: bytes, beside: bytes | None) -> bool:
    """The library's own front door, with the key of the first certificate: no trust, no bindings, no JAdES."""
    first = data.split(b".")[0]
    head = json.loads(base64.urlsafe_b64decode(first + b"=" * (-len(first) % 4)))
    certificate = x509.Certificate.load(base64.b64decode(head["x5c"][0]))
    kind = {"rsa": RSAKey, "ec": ECKey, "ed25519": OKPKey}[certificate.public_key.algorithm]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        key = kind.import_key(certificate.public_key.dump())
        rules = registry()
        rules.max_header_length = rules.max_payload_length = 1 << 20
        try:
            jws.deserialize_compact(data, key, registry=rules, payload=beside)
        except JoseError:
            return False
    return True


_PLAIN = {
    "compact", "compact_by_joserfc", "rs256", "rs384", "rs512", "ps256", "ps384", "ps512", "es256", "ed25519", "eddsa",
    "detached", "empty_payload", "unencoded", "jades", "payload_changed", "signature_swapped", "header_swapped",
    "detached_from_another", "certificate_of_another", "algorithm_of_another_key", "expired", "unknown_authority",
}  # fmt: skip


@pytest.mark.parametrize("case", [one for one in CASES if one.name in _PLAIN], ids=str)
def test_joserfc_agrees_on_integrity(case: Case) -> None:
    beside = case.beside() if case.beside else None
    examined = examine(Material.of(made(case)), None if beside is None else Material.of(beside)).signatures
    assert (examined[0].integrity == "intact") is _joserfc_takes(made(case), beside)


def _altered(data: bytes, kind: str, at: int, byte: int) -> bytes:
    at %= len(data)
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ (byte or 1)]) + data[at + 1 :]
    if kind == "cut":
        return data[:at]
    return data[:at] + bytes([byte]) + data[at:] if kind == "insert" else data[:at] + data[at + 1 :]


@cache
def _subjects() -> tuple[bytes, ...]:
    return compact(), flattened(compact()), baseline(), stamped(pki().tsa)


@settings(max_examples=200, deadline=None)
@given(
    which=some.integers(0, 3),
    kind=some.sampled_from(("flip", "cut", "insert", "drop")),
    at=some.integers(0, 1 << 20),
    byte=some.integers(0, 255),
)
def test_what_was_altered_is_never_valid_unless_the_payload_is_the_same(
    which: int, kind: str, at: int, byte: int, stores: dict[bool, trust.TrustStore]
) -> None:
    altered = _altered(_subjects()[which], kind, at, byte)
    outcome = examine(Material.of(altered), None)
    if verdict_on(altered, stores[False]).conclusion == "valid":
        assert outcome.signed == [CONTENT]


@settings(max_examples=80, deadline=None)
@given(data=some.binary(max_size=200))
def test_noise_gets_a_verdict(data: bytes) -> None:
    for noise in (data, b"{" + data, b"e30." + data + b".AA"):
        outcome = examine(Material.of(noise), None)
        assert outcome.findings or outcome.signatures[0].findings


def test_a_file_over_the_limit_is_not_read() -> None:
    outcome = examine(Material.of(compact()), None, Bounds(jws_bytes=100))
    assert [each.code for each in outcome.findings] == ["too_large"]


def test_what_is_taken_is_what_was_signed() -> None:
    assert examine(Material.of(compact()), None).signed == [CONTENT]
    assert examine(Material.of(compact(pki().stranger)), None).signed == [CONTENT]
    assert examine(Material.of(compact()[:-4]), None).signed == []
