"""`gateway/signatures/verification.py`: whatever the file is, a verdict."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from gateway.federation.model import SignaturePolicy
from gateway.signatures import cms as cms_module
from gateway.signatures.material import Bounds, Material
from gateway.signatures.policy import unmet
from gateway.signatures.trust import TrustStore
from gateway.signatures.verdict import Verdict
from gateway.signatures.verification import examine, verify
from tests.zoo import asic, cms, jws, pdf, xml
from tests.zoo.pki import AT


def judge(data: bytes, trust: TrustStore, beside: bytes | None = None, name: str = "") -> Verdict:
    other = None if beside is None else Material.of(beside)
    return asyncio.run(verify(Material.of(data, name), other, trust, AT))


def codes(verdict: Verdict) -> list[str]:
    return [one.code for one in verdict.findings]


@pytest.mark.parametrize(
    ("build", "format"), [(pdf.good, "pdf"), (cms.one, "cms"), (jws.compact, "jws")], ids=["pdf", "cms", "jws"]
)
def test_each_kind_finds_its_examiner(build, format: str, zoo_trust: TrustStore) -> None:
    data = build()
    verdict = judge(data, zoo_trust)
    assert (verdict.format, verdict.conclusion, verdict.at) == (format, "valid", AT)
    assert verdict.sha256 == hashlib.sha256(data).hexdigest()
    assert judge(data, TrustStore()).conclusion == "indeterminate"


def test_a_detached_signature(zoo_trust: TrustStore) -> None:
    signature = cms.one(attached=False)
    verdict = judge(signature, zoo_trust, cms.CONTENT)
    assert (verdict.conclusion, verdict.sha256) == ("valid", hashlib.sha256(signature).hexdigest())
    assert judge(signature, zoo_trust, cms.OTHER).conclusion == "invalid"
    assert "content_missing" in codes(judge(signature, zoo_trust))


def test_what_is_no_signed_file(zoo_trust: TrustStore) -> None:
    assert (judge(b"Surat biasa", zoo_trust).conclusion, codes(judge(b"", zoo_trust))) == (
        "unsigned", ["format_unknown"]
    )  # fmt: skip
    # As somebody's signature it is broken.
    assert judge(b"Surat biasa", zoo_trust, b"content").conclusion == "invalid"
    assert judge(b"Surat biasa", zoo_trust, name="surat.pdf").conclusion == "invalid"


@pytest.mark.parametrize(
    ("error", "code"),
    [(RecursionError(), "too_costly"), (MemoryError(), "too_costly"), (RuntimeError("x"), "format_broken")],
)
def test_an_examiner_that_raises_is_never_believed(
    error: Exception, code: str, zoo_trust: TrustStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(*_: object) -> None:
        raise error

    monkeypatch.setattr(cms_module, "examine", raising)
    verdict = judge(cms.one(), zoo_trust)
    assert (codes(verdict), verdict.signatures) == ([code], ())
    assert verdict.conclusion != "valid"


def test_bounds_reach_the_examiner() -> None:
    outcome = examine(Material.of(cms.one()), None, Bounds(cms_bytes=100))
    assert [one.code for one in outcome.findings] == ["too_large"]


@settings(max_examples=60, deadline=None)
@given(
    head=some.sampled_from((b"%PDF-1.7", b"PK\x03\x04", b"<?xml", b"eyJ", b'{"payload":', b"0\x80", b"MI" + b"A" * 20,
                            b"")),
    data=some.binary(max_size=400),
)  # fmt: skip
def test_noise_of_every_kind_gets_a_verdict(head: bytes, data: bytes, zoo_trust: TrustStore) -> None:
    verdict = judge(head + data, zoo_trust)
    assert verdict.conclusion != "valid"
    assert verdict.findings


def _good_xml() -> bytes:
    return next(one.build() for one in xml.CASES if one.conclusion == "valid" and one.beside is None)


@pytest.mark.parametrize(
    ("build", "name"),
    [(pdf.good, "x.pdf"), (pdf.plain, "x.pdf"), (_good_xml, "x.xml"),
     (lambda: asic.cades(asic.FILES), "x.asice"), (cms.one, "x.p7m"),
     (jws.compact, "x.jws")],
    ids=["pdf", "unsigned pdf", "xml", "asic", "cms", "jws"],
)  # fmt: skip
def test_a_signed_file_proves_nothing_about_another(build, name: str, zoo_trust: TrustStore) -> None:
    """Whoever names a file and its detached signature asks about the file; this one signs something else."""
    for beside in (b"another file", b""):
        assert judge(build(), zoo_trust, beside, name).conclusion == "invalid"


def test_a_timestamp_alone_is_no_signature(zoo_trust: TrustStore) -> None:
    verdict = judge(pdf.dated(pdf.plain(), at=pdf.SIGNED_AT), zoo_trust)
    assert (verdict.conclusion, "only_dated" in codes(verdict)) == ("unsigned", True)
    told = verdict.told("x.pdf")
    assert [one["kind"] for one in told["signatures"]] == ["timestamp"]
    assert [code for code, _ in unmet(told, SignaturePolicy(), ())] == ["unsigned"]
