"""`gateway/signatures/cms.py`: every animal of the zoo gets its verdict; others who judge agree on integrity."""

from __future__ import annotations

import asyncio
import subprocess
from functools import cache
from pathlib import Path

import pytest
from asn1crypto import cms as asn1
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as some
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import async_validate_cms_signature

from gateway.signatures import trust
from gateway.signatures.assess import assess
from gateway.signatures.cms import examine, examine_signed_data
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.cms_encoding import Unreadable, definite, unarmored
from gateway.signatures.material import Bounds, Material
from gateway.signatures.verdict import Verdict, judged
from tests.zoo.case import Case, assert_verdict
from tests.zoo.cms import BAD, CASES, CONTENT, GOOD, one
from tests.zoo.cms_maker import attribute
from tests.zoo.pki import AT, pki


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, trust.TrustStore]:
    folder = tmp_path_factory.mktemp("trust")
    return {bare: trust.load(pki().trust(folder / str(bare), with_crl=not bare)) for bare in (True, False)}


@cache
def made(case: Case) -> bytes:
    return case.build()


def verdict_on(data: bytes, store: trust.TrustStore, beside: bytes | None = None, at=AT) -> Verdict:
    material = Material.of(data)
    outcome = examine(material, None if beside is None else Material.of(beside))

    async def every() -> list:
        return [await assess(each, store, at, number) for number, each in enumerate(outcome.signatures)]

    return judged(outcome.format, material.digest("sha256").hex(), at, asyncio.run(every()), outcome.findings)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_animal_gets_its_verdict(case: Case, stores: dict[bool, trust.TrustStore]) -> None:
    beside = case.beside() if case.beside else None
    verdict = verdict_on(made(case), stores["bare" in case.tags], beside, case.at)
    assert_verdict(verdict, case)


def _openssl_takes(folder: Path, data: bytes, beside: bytes | None) -> bool:
    """The judgement of the program `openssl` on integrity alone."""
    (folder / "signed").write_bytes(unarmored(data))
    line = ["openssl", "cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", "signed", "-out", "content"]
    if beside is not None:
        (folder / "beside").write_bytes(beside)
        line += ["-content", "beside"]
    return subprocess.run(line, cwd=folder, capture_output=True, timeout=30).returncode == 0


#: What openssl 3.0 does not know: Ed25519 in CMS, signatures within, certificates in attributes.
_NOT_OPENSSL = {
    "edwards", "without_attributes_edwards", "signature_of_a_signature", "revocation_values_crl",
    "revocation_values_ocsp",
}  # fmt: skip


@pytest.mark.parametrize("case", [one for one in GOOD if one.name not in _NOT_OPENSSL], ids=str)
def test_openssl_takes_what_is_intact(case: Case, tmp_path: Path) -> None:
    assert _openssl_takes(tmp_path, made(case), case.beside() if case.beside else None)


_BROKEN = ("hash_mismatch", "signature_broken")
#: openssl does not look at counter-signatures or at signatures within, nor does it compare two contents.
_UNSEEN = {"counter_signature_of_another", "counter_signature_broken", "broken_within_a_signature", "beside_is_another"}
_UNSEEN_BY_OPENSSL = _UNSEEN | {"no_certificate_and_changed"}


@pytest.mark.parametrize(
    "case", [one for one in BAD if set(one.codes) & set(_BROKEN) and one.name not in _UNSEEN_BY_OPENSSL], ids=str
)
def test_openssl_refuses_what_is_broken(case: Case, tmp_path: Path) -> None:
    assert not _openssl_takes(tmp_path, made(case), case.beside() if case.beside else None)


def _single(case: Case) -> asn1.SignedData | None:
    """The SignedData of a case with one signer that pyhanko can judge."""
    try:
        signed = asn1.ContentInfo.load(definite(unarmored(made(case)))[0])["content"]
        return signed if len(signed["signer_infos"]) == 1 and signed["certificates"].native else None
    except (ValueError, TypeError, KeyError, Unreadable):
        return None


_JUDGED = [one for one in CASES if one.conclusion in ("valid", "invalid") and "bare" not in one.tags]
#: pyhanko takes a digest for what Ed25519 signed without attributes, and the last of two twins; the rest is more than
#: integrity.
_NOT_PYHANKO = {
    "without_attributes_edwards", "attributes_as_content", "bytes_behind", "two_digests", "signature_of_a_signature",
    "attribute_repeated", "counter_signatures_too_deep", "not_yet_valid", "revoked_before_timestamp",
    "twin_beside_the_bound_one", "pem_value_and_more", "base64_twice",
}  # fmt: skip


@pytest.mark.parametrize("case", [one for one in _JUDGED if one.name not in _NOT_PYHANKO | _UNSEEN], ids=str)
async def test_pyhanko_agrees_on_integrity(case: Case) -> None:
    signed = _single(case)
    if signed is None:
        return
    content = signed["encap_content_info"]["content"]
    name = signed["signer_infos"][0]["digest_algorithm"]["algorithm"].native
    digest = None if content.native is not None else digest_of(name, [case.beside()])
    try:
        status = await async_validate_cms_signature(signed, raw_digest=digest)
        sound = status.intact and status.valid
    except (SignatureValidationError, ValueError):
        sound = False
    assert sound is (case.conclusion == "valid")


def _altered(data: bytes, kind: str, at: int, byte: int) -> bytes:
    at %= len(data)
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ (byte or 1)]) + data[at + 1 :]
    if kind == "cut":
        return data[:at]
    if kind == "insert":
        return data[:at] + bytes([byte]) + data[at:]
    return data[:at] + data[at + 1 :]


@cache
def _subjects() -> tuple[bytes, ...]:
    names = {"attached", "without_attributes", "streamed_ber", "archived", "countersigned", "ec"}
    return tuple(made(case) for case in CASES if case.name in names)


@settings(max_examples=250, deadline=None)
@given(
    which=some.integers(0, 5),
    kind=some.sampled_from(("flip", "cut", "insert", "drop")),
    at=some.integers(0, 1 << 20),
    byte=some.integers(0, 255),
)
def test_what_was_altered_is_never_valid_unless_the_content_is_the_same(
    which: int, kind: str, at: int, byte: int, stores: dict[bool, trust.TrustStore]
) -> None:
    altered = _altered(_subjects()[which], kind, at, byte)
    outcome = examine(Material.of(altered), None)
    verdict = verdict_on(altered, stores[False])
    if verdict.conclusion == "valid":
        assert outcome.signed == [CONTENT]


@settings(max_examples=60, deadline=None)
@given(data=some.binary(max_size=300))
def test_noise_gets_a_verdict(data: bytes) -> None:
    assert examine(Material.of(data), None).findings
    assert examine(Material.of(b"0" + data), None).findings


def test_a_file_over_the_limit_is_not_read() -> None:
    outcome = examine(Material.of(one()), None, Bounds(cms_bytes=1000))
    assert [each.code for each in outcome.findings] == ["too_large"]


def test_what_is_taken_is_what_was_signed() -> None:
    assert examine(Material.of(one()), None).signed == [CONTENT]
    assert examine(Material.of(one().replace(b"nomor 12", b"nomor 13")), None).signed == []


def test_a_large_file_beside_is_read_in_pieces_and_once(tmp_path: Path) -> None:
    reads: list[int] = []

    class Counted(Material):
        def pieces(self, start: int = 0, stop: int | None = None):
            for piece in super().pieces(start, stop):
                reads.append(len(piece))
                yield piece

    large = bytes(5 << 20)
    infos = one(attached=False, data=large)
    path = tmp_path / "large"
    path.write_bytes(large)
    with path.open("rb") as file:
        outcome = examine(Material.of(infos), Counted(file))
    assert outcome.signatures[0].integrity == "intact"
    assert sum(reads) == len(large)
    assert max(reads) <= 1 << 20


def test_the_signed_data_of_another_format_is_examined() -> None:
    signed = asn1.ContentInfo.load(one(attached=False))["content"]
    good = examine_signed_data(signed, lambda name: digest_of(name, [CONTENT]), format="PAdES", covers="all of it")
    assert [(each.format, each.covers, each.integrity) for each in good] == [("PAdES", "all of it", "intact")]
    gone = examine_signed_data(signed, lambda name: None, format="PAdES", covers="?")
    assert [each.code for each in gone[0].findings] == ["content_missing"]
    typed = examine_signed_data(
        signed, lambda name: digest_of(name, [CONTENT]), format="PAdES", covers="?", expected_type="tst_info"
    )
    assert {each.code for each in typed[0].findings} == {"format_broken"}


def test_what_the_signer_says_the_content_is_stands_in_the_words() -> None:
    told = attribute("0.4.0.1733.2.1", core.UTF8String("text/plain"))
    assert "text/plain" in examine(Material.of(one(extra=[told])), None).signatures[0].covers
    odd = attribute("0.4.0.1733.2.1", core.UTF8String("<script>"))
    assert "script" not in examine(Material.of(one(extra=[odd])), None).signatures[0].covers
