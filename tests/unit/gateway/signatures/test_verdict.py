"""`gateway/signatures/verdict.py`: what decides, and the JSON shape."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.signatures.findings import CATALOGUE, found
from gateway.signatures.verdict import Signature, Stamp, instant, judged
from tests.zoo.pki import AT


def signature(*codes: str) -> Signature:
    return Signature(
        format="PAdES", level="B-T", signer="CN=Siti", organisation="Dinas", issuer="CN=Kantor", serial="7",
        sha256="ab", signing_time=AT, timestamp_time=None, covers="all of it", algorithms=("RSA",), integrity="intact",
        trust="trusted", revocation="good", stamps=(Stamp("signature", AT, "CN=Waktu", True),),
        findings=tuple(found(code, signature=0) for code in codes), name="Tanda",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "indication", "sub_indication", "conclusion"),
    [
        ([], "TOTAL-PASSED", None, "valid"),
        (["time_unproven", "change_allowed"], "TOTAL-PASSED", None, "valid"),
        (["time_unproven", "expired"], "INDETERMINATE", "OUT_OF_BOUNDS_NO_POE", "indeterminate"),
        (["expired", "hash_mismatch", "signature_broken"], "TOTAL-FAILED", "HASH_FAILURE", "invalid"),
        (["weak_algorithm", "expired"], "INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE", "indeterminate"),
    ],
)
def test_a_signature(codes: list[str], indication: str, sub_indication: str | None, conclusion: str) -> None:
    one = signature(*codes)
    assert (one.indication, one.sub_indication, one.conclusion) == (indication, sub_indication, conclusion)


@given(some.lists(some.lists(some.sampled_from(sorted(CATALOGUE)), max_size=4), max_size=3), some.booleans())
def test_a_file_is_as_good_as_the_worst_of_it(each: list[list[str]], about: bool) -> None:
    file = [found("not_covered")] if about else []
    verdict = judged("pdf", "00", AT, [signature(*codes) for codes in each], file)
    weights = {CATALOGUE[code].weight for codes in each for code in codes} | ({"error"} if about else set())
    wanted = "invalid" if "error" in weights else "indeterminate" if "unsure" in weights else None
    assert verdict.conclusion == (wanted or ("valid" if each else "unsigned"))
    if any(one.conclusion == "invalid" for one in verdict.signatures):
        assert verdict.conclusion == "invalid"


def test_a_file_without_anything_is_plainly_unsigned() -> None:
    verdict = judged("pdf", "00", AT)
    assert (verdict.conclusion, [one.code for one in verdict.findings]) == ("unsigned", ["unsigned"])
    broken = judged("pdf", "00", AT, about_file=[found("format_broken")])
    assert (broken.conclusion, [one.code for one in broken.findings]) == ("invalid", ["format_broken"])


def test_the_shape_for_machines() -> None:
    told = judged("pdf", "00ff", AT, [signature("expired")], [found("too_large")]).told("surat.pdf")
    assert {key: told[key] for key in ("file", "format", "conclusion", "sha256", "at")} == {
        "file": "surat.pdf", "format": "pdf", "conclusion": "indeterminate", "sha256": "00ff",
        "at": "2026-06-01T00:00:00Z",
    }  # fmt: skip
    assert [(one["code"], one["signature"]) for one in told["findings"]] == [("too_large", None), ("expired", 0)]
    assert told["signatures"][0] == {
        "name": "Tanda", "kind": "signature", "format": "PAdES", "level": "B-T", "conclusion": "indeterminate",
        "indication": "INDETERMINATE", "subIndication": "OUT_OF_BOUNDS_NO_POE", "signer": "CN=Siti",
        "organisation": "Dinas", "issuer": "CN=Kantor", "serial": "7", "certificateSha256": "ab",
        "signingTime": "2026-06-01T00:00:00Z", "timestampTime": None, "covers": "all of it", "algorithms": ["RSA"],
        "integrity": "intact", "trust": "trusted", "revocation": "good", "findings": ["expired"],
        "timestamps": [
            {"kind": "signature", "time": "2026-06-01T00:00:00Z", "authority": "CN=Waktu", "trusted": True}
        ],
    }  # fmt: skip


def test_instants_are_told_in_utc() -> None:
    jakarta = timezone(timedelta(hours=7))
    assert instant(datetime(2026, 6, 1, 7, 0, 0, 999, jakarta)) == "2026-06-01T00:00:00Z"
    assert instant(None) is None
    assert instant(datetime(1, 1, 1, tzinfo=UTC)) is not None
