"""What a route asks of signatures, and what of a verdict does not meet it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.federation.model import SignaturePolicy, SignedAs, Strength
from gateway.signatures.policy import constraints, unmet

CERTIFICATE = "ab" * 32
OURS = (SignedAs(organisation="Dinas Arsip"), SignedAs(certificate="cd" * 32))


def signature(**more: Any) -> dict[str, Any]:
    known = {
        "kind": "signature",
        "organisation": "Lain",
        "certificateSha256": CERTIFICATE,
        "timestampTime": None,
        "level": "B-B",
    }
    return {**known, **more}


def told(*signatures: dict[str, Any], conclusion: str = "valid", **more: Any) -> dict[str, Any]:
    return {"conclusion": conclusion, "signatures": list(signatures), "findings": [], **more}


def codes(verdict: dict[str, Any], **policy: Any) -> list[str]:
    return [code for code, _ in unmet(verdict, SignaturePolicy.model_validate(policy), OURS)]


def test_a_valid_file_meets_a_policy_without_further_demands() -> None:
    assert codes(told(signature())) == []


def test_an_unsigned_file_passes_only_where_it_may() -> None:
    unsigned = told(conclusion="unsigned")
    assert codes(unsigned) == ["unsigned"]
    assert codes(unsigned, require="if_signed", signer="sender", level="B-LTA") == []


@pytest.mark.parametrize("conclusion", ["invalid", "indeterminate"])
@pytest.mark.parametrize("require", ["signed", "if_signed"])
def test_what_is_signed_badly_never_passes(conclusion: str, require: str) -> None:
    findings = [
        {"code": "revoked", "weight": "unsure", "message": "m", "advice": "a"},
        {"code": "time_unproven", "weight": "info", "message": "m", "advice": "a"},
    ]
    assert codes(told(signature(), conclusion=conclusion, findings=findings), require=require) == ["revoked"]


def test_the_signer_must_be_one_of_the_senders() -> None:
    assert codes(told(signature()), signer="sender") == ["foreign_signer"]
    assert codes(told(signature(organisation="Dinas Arsip")), signer="sender") == []
    assert codes(told(signature(organisation="dinas arsip")), signer="sender") == ["foreign_signer"]
    assert codes(told(signature(certificateSha256="cd" * 32)), signer="sender") == []
    assert codes(told(signature(), signature(organisation="Dinas Arsip")), signer="sender") == []


@pytest.mark.parametrize(
    ("level", "least", "good"),
    [
        ("B-B", "B-B", True),
        ("B-B", "B-T", False),
        ("B-LT", "B-T", True),
        ("B-LTA", "B-LTA", True),
        (None, "B-B", False),
    ],
)
def test_the_level_must_be_reached(level: str | None, least: str, good: bool) -> None:
    assert codes(told(signature(level=level)), level=least) == ([] if good else ["level_too_low"])


def test_a_timestamp_must_prove_the_time() -> None:
    assert codes(told(signature()), timestamp=True) == ["timestamp_missing"]
    assert codes(told(signature(timestampTime="2026-06-01T00:00:00Z")), timestamp=True) == []


def test_one_signature_must_meet_all_demands_together() -> None:
    ours, stamped = signature(organisation="Dinas Arsip"), signature(timestampTime="2026-06-01T00:00:00Z")
    assert len(codes(told(ours, stamped), signer="sender", timestamp=True)) == 1
    both = signature(organisation="Dinas Arsip", timestampTime="2026-06-01T00:00:00Z")
    assert codes(told(ours, stamped, both), signer="sender", timestamp=True) == []


def test_the_strength_of_a_route_is_that_of_its_constraints() -> None:
    assert not constraints(Strength()).digests & {"sha1", "md5"}
    weak = constraints(Strength.model_validate({"digests": ["sha1"], "rsa_bits": 1024}))
    assert (weak.weak_digests(["sha1"]), weak.rsa_bits) == ([], 1024)
    with pytest.raises(ValidationError):
        Strength.model_validate({"digests": ["md5"]})


@pytest.mark.parametrize("value", [{}, {"organisation": "A", "certificate": "ab" * 32}, {"certificate": "XY"}])
def test_a_signer_is_known_in_one_way(value: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SignedAs.model_validate(value)


def test_a_timestamp_beside_is_not_the_signature_that_is_asked_for() -> None:
    stamp = signature(kind="timestamp", organisation="Dinas Arsip", timestampTime="2026-06-01T00:00:00Z", level="B-LTA")
    assert codes(told(signature(), stamp), signer="sender") == ["foreign_signer"]
    assert codes(told(signature(), stamp), timestamp=True) == ["timestamp_missing"]


def test_a_sender_is_told_what_is_wrong_and_not_how_to_keep_our_trust_folder() -> None:
    findings = [{"code": "unknown_authority", "weight": "unsure", "message": "m", "advice": "`lintas trust add`"}]
    verdict = told(signature(), conclusion="indeterminate", findings=findings)
    assert unmet(verdict, SignaturePolicy(), OURS) == [("unknown_authority", "m")]
