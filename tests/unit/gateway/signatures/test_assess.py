"""`gateway/signatures/assess.py`: the five steps, each way through them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.signatures.assess import SKEW, assess
from gateway.signatures.chain import Known
from gateway.signatures.constraints import Constraints
from gateway.signatures.examined import Examined, Token
from gateway.signatures.findings import found
from gateway.signatures.trust import Entry, Purpose, TrustStore
from gateway.signatures.verdict import Signature
from tests.zoo.chains import above, answer, read
from tests.zoo.cms_maker import digest
from tests.zoo.cms_maker import token as made
from tests.zoo.pki import AT, DAY, YEAR, Identity, crl, issue, pki

DATA = b"the value of a signature"
BOTH: tuple[Purpose, ...] = ("signers", "timestamps")


def trust(*crls: bytes) -> TrustStore:
    entries = [Entry("anchor", "root", pki().root.der, BOTH), Entry("intermediate", "office", pki().office.der)]
    return TrustStore((*entries, *(Entry("crl", "crl", one) for one in crls)))


def token(at: datetime, kind: Any = "signature", tsa: Identity | None = None, data: bytes = DATA) -> Token:
    signed = made(tsa or pki().tsa, digest("sha256", data), at=at)["content"]
    return Token(kind, signed, lambda name: digest(name, DATA), covers_revocation=kind in ("archive", "document"))


def examined(who: Identity | None, *tokens: Token, **more: Any) -> Examined:
    signer = read(who) if who is not None else None
    return Examined(
        "XAdES", "all of it", signer=signer, integrity=more.pop("integrity", "intact"), tokens=list(tokens),
        digests=["sha256"], algorithms=["RSA", "SHA-256", "RSA"], **more,
    )  # fmt: skip


async def verdict(one: Examined, store: TrustStore | None = None, at: datetime = AT, **more: Any) -> Signature:
    return await assess(one, store or trust(), at, 4, **more)


def codes(one: Signature) -> set[str]:
    return {each.code for each in one.findings}


async def test_the_chain_holds_now() -> None:
    one = await verdict(examined(pki().signer, claimed_at=AT - DAY))
    assert (one.conclusion, one.trust, one.revocation, one.level) == ("valid", "trusted", "unchecked", "B-B")
    assert codes(one) == {"revocation_unchecked", "time_unproven"}
    assert {each.signature for each in one.findings} == {4}
    assert one.signer is not None
    assert one.signer.startswith("CN=Siti Penanda")
    assert (one.organisation, one.serial) == ("Dinas Contoh", str(pki().signer.certificate.serial_number))
    assert (one.signing_time, one.timestamp_time, one.algorithms) == (AT - DAY, None, ("RSA", "SHA-256"))


async def test_a_timestamp_proves_the_time() -> None:
    one = await verdict(examined(pki().signer, token(AT - 9 * DAY), token(AT - 2 * DAY)))
    assert (one.timestamp_time, one.level) == (AT - 9 * DAY, "B-T")
    assert "time_unproven" not in codes(one)
    assert len(one.stamps) == 2


async def test_a_content_timestamp_is_older_and_proves_nothing() -> None:
    one = await verdict(examined(pki().expired, token(AT - 2 * YEAR, "content")))
    assert (one.timestamp_time, one.level, one.conclusion) == (None, "B-B", "indeterminate")
    assert codes(one) >= {"expired", "time_unproven"}


async def test_an_untrusted_timestamp_is_told_and_proves_nothing() -> None:
    one = await verdict(examined(pki().expired, token(AT - 2 * YEAR, tsa=pki().foreign_tsa)))
    assert one.sub_indication == "OUT_OF_BOUNDS_NO_POE"
    assert codes(one) >= {"expired", "timestamp_untrusted"}
    assert (one.level, one.stamps[0].trusted) == ("B-T", False)


async def test_a_broken_timestamp_leaves_the_signature_open() -> None:
    one = await verdict(examined(pki().signer, token(AT - DAY, data=b"other")))
    assert (one.conclusion, one.level) == ("indeterminate", "B-B")
    assert "timestamp_broken" in codes(one)


# The chain ended: expired or revoked since.


@pytest.mark.parametrize(
    ("who", "days", "code", "conclusion", "sub_indication"),
    [("expired", None, "expired", "indeterminate", "OUT_OF_BOUNDS_NO_POE"),
     ("expired", 400, "expired_later", "valid", None),
     ("expired", 300, "expired_at_signing", "invalid", "EXPIRED"),
     ("revoked", None, "revoked", "indeterminate", "REVOKED_NO_POE"),
     ("revoked", 40, "revoked_later", "valid", None),
     ("revoked", 20, "revoked_before", "invalid", "REVOKED")],
)  # fmt: skip
async def test_as_of_the_proven_time(
    who: str, days: int | None, code: str, conclusion: str, sub_indication: str | None
) -> None:
    tokens = [] if days is None else [token(AT - days * DAY)]
    store = trust(pki().office_crl()) if who == "revoked" else trust()
    one = await verdict(examined(getattr(pki(), who), *tokens), store)
    assert code in codes(one)
    assert (one.conclusion, one.sub_indication) == (conclusion, sub_indication)


async def test_at_the_proven_time_it_ended_otherwise() -> None:
    who = pki().short_lived
    # As of then nothing tells of revocation, or it was not valid yet.
    one = await verdict(examined(who, token(AT - YEAR - DAY)))
    assert (one.conclusion, one.sub_indication) == ("indeterminate", "TRY_LATER")
    one = await verdict(examined(pki().expired, token(AT - 4 * YEAR)))
    assert (one.conclusion, one.sub_indication) == ("invalid", "NOT_YET_VALID")


@pytest.mark.parametrize(
    ("kind", "code", "level"), [("signature", "revocation_unproven", "B-LT"), ("archive", None, "B-LTA")]
)
async def test_revocation_data_that_came_along_must_be_proven(kind: str, code: str | None, level: str) -> None:
    then = AT - YEAR - 10 * DAY
    known = Known(above(pki().short_lived), (pki().office_crl(at=then),))
    one = await verdict(examined(pki().short_lived, token(then), token(then + DAY, kind), embedded=known))
    assert codes(one) & {"revocation_unproven"} == ({code} if code else set())
    assert (one.conclusion == "valid", one.level) == (code is None, level)
    assert "expired_later" in codes(one)


async def test_while_the_certificate_is_good_nothing_that_came_along_needs_proof() -> None:
    known = Known(ocsps=(answer(pki().declared, pki().responder),))
    one = await verdict(examined(pki().declared, embedded=known))
    assert (one.conclusion, one.revocation, one.level) == ("valid", "good", "B-B")


# The chain did not hold at all.


@pytest.mark.parametrize(
    ("who", "code", "trusted"),
    [("stranger", "unknown_authority", "untrusted"), ("future", "not_yet_valid", "unknown"),
     ("declared", "revocation_unknown", "unknown")],
)  # fmt: skip
async def test_endings(who: str, code: str, trusted: str) -> None:
    one = await verdict(examined(getattr(pki(), who)))
    assert (code in codes(one), one.trust) == (True, trusted)
    # A time proves nothing of whom nobody knows.
    stamped = await verdict(examined(getattr(pki(), who), token(AT - DAY)))
    assert code in codes(stamped)


async def test_made_before_its_certificate() -> None:
    who = issue("Baru", pki().office, kind="ec", begin=AT - DAY)
    one = await verdict(examined(who, token(AT - 5 * DAY)))
    assert one.sub_indication == "NOT_YET_VALID"


async def test_without_a_certificate() -> None:
    one = await verdict(examined(None, token(AT - DAY)))
    assert (one.sub_indication, one.trust, one.signer) == ("NO_SIGNING_CERTIFICATE_FOUND", "unknown", None)
    told = examined(None)
    told.findings.append(found("no_certificate", "it is elsewhere"))
    again = await verdict(told)
    assert [each.code for each in again.findings].count("no_certificate") == 1


# Whatever the chain says.


async def test_strength_is_asked_whatever_the_chain_says() -> None:
    weak = examined(pki().weak)
    weak.digests += ["sha1", "sha256", "sha1"]
    one = await verdict(weak)
    assert [each.message for each in one.findings if each.code == "weak_algorithm"] == [
        f"{found('weak_algorithm').message}: {detail}" for detail in ("sha1", "RSA with 1024 bits")
    ]
    assert one.trust == "trusted"
    strict = await verdict(examined(pki().signer), constraints=Constraints(digests=frozenset({"sha512"})))
    assert "weak_algorithm" in codes(strict)


async def test_usage() -> None:
    assert "wrong_usage" in codes(await verdict(examined(pki().encipherer)))
    assert "wrong_usage" in codes(await verdict(examined(pki().signer, purpose="timestamps")))
    stamping = await verdict(examined(pki().tsa, purpose="timestamps"))
    assert codes(stamping) == {"revocation_unchecked"}


async def test_the_order_of_times() -> None:
    ahead = await verdict(examined(pki().signer, claimed_at=AT + SKEW + timedelta(seconds=1)))
    assert codes(ahead) >= {"time_in_future"}
    assert codes(await verdict(examined(pki().signer, claimed_at=AT + SKEW))) & {"time_in_future"} == set()
    late = await verdict(examined(pki().signer, token(AT - 3 * DAY), claimed_at=AT - DAY))
    assert (late.conclusion, late.sub_indication) == ("indeterminate", "TIMESTAMP_ORDER_FAILURE")


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
async def test_the_edges_of_time(at: datetime) -> None:
    one = await verdict(examined(pki().signer, token(AT - DAY), claimed_at=AT), at=at)
    assert one.conclusion != "valid"


async def test_what_the_examination_found_stays_and_decides() -> None:
    broken = examined(pki().signer, token(AT - DAY), integrity="broken")
    broken.findings.append(found("hash_mismatch"))
    one = await verdict(broken, trust(crl(pki().office, {})))
    assert (one.conclusion, one.sub_indication, one.trust, one.revocation) == (
        "invalid", "HASH_FAILURE", "trusted", "good"
    )  # fmt: skip


async def test_a_format_without_levels_has_none() -> None:
    assert (await verdict(examined(pki().signer, token(AT - DAY), baseline=False))).level is None


@pytest.mark.parametrize(
    ("uses", "good"),
    [
        (["SERVER_AUTH"], False), (["CODE_SIGNING"], False), (["OCSP_SIGNING"], False), (["TIME_STAMPING"], False),
        (["SERVER_AUTH", "CODE_SIGNING"], False), (["EMAIL_PROTECTION"], True), (["CLIENT_AUTH"], True),
        (["SERVER_AUTH", "EMAIL_PROTECTION"], True), (["ANY_EXTENDED_KEY_USAGE"], True), ([], True),
    ],
)  # fmt: skip
async def test_a_certificate_for_other_uses_alone_signs_no_document(uses: list[str], good: bool) -> None:
    who = issue("Server", pki().office, kind="ec", uses=[getattr(ExtendedKeyUsageOID, one) for one in uses])
    one = await verdict(examined(who))
    assert ("wrong_usage" in codes(one), one.conclusion) == (not good, "valid" if good else "indeterminate")
