"""From one examined signature to its verdict: whom to trust, when it was made, and what that proves.

Enters: an `Examined`, the trust store, the time to judge for. Leaves: a `Signature` with all findings.
Refuses: nothing.

After EN 319 102-1, sections 5.3 to 5.6, the same for every format:
1. Timestamps that hold and are trusted prove that the signature existed at the earliest of their times.
2. The signer's chain is judged now. If it holds, that is all.
3. If its certificate has expired or was revoked since, it is judged as of the proven time.
4. Then revocation data that only came along must itself be proven by a later timestamp (B-LTA).
5. Algorithms, keys and the order of times are checked whatever the chain says.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from asn1crypto import x509

from gateway.signatures import chain, stamps
from gateway.signatures.constraints import DEFAULT, Constraints
from gateway.signatures.examined import Examined
from gateway.signatures.findings import Finding, found
from gateway.signatures.names import organisation, readable
from gateway.signatures.trust import TrustStore
from gateway.signatures.verdict import Revocation, Signature, Trust

SKEW = timedelta(minutes=5)
"""How far the clock of a signing machine may be ahead."""

_NOT_DOCUMENTS = frozenset(("server_auth", "ocsp_signing", "time_stamping", "code_signing"))
"""Uses of a certificate that none of them lets sign a document, where it names only these (RFC 5280, 4.2.1.12)."""

_ENDINGS = {
    "unknown": "unknown_authority",
    "not_yet_valid": "not_yet_valid",
    "no_revocation_data": "revocation_unknown",
    "weak": "weak_algorithm",
    "broken": "chain_broken",
    "expired": "expired",
    "revoked": "revoked",
}


async def assess(
    examined: Examined, trust: TrustStore, at: datetime, number: int, constraints: Constraints = DEFAULT
) -> Signature:
    """The verdict on one signature, the `number`th of its file."""
    judged = await stamps.judge(examined.tokens, examined.embedded, trust, at, constraints)
    proven = min((one.proven for one in judged if one.proven is not None and _is_proof(one)), default=None)
    findings = list(examined.findings)
    findings += [one.problem for one in judged if one.problem is not None]
    trusted: Trust = "unknown"
    revocation: Revocation = "unknown"
    ended: chain.Chain | None = None
    if examined.signer is None:
        if not any(one.code == "no_certificate" for one in findings):
            findings.append(found("no_certificate"))
    else:
        ended = await _chain(examined, examined.signer, trust, at, proven, judged, constraints, findings)
        trusted = "trusted" if ended.ending == "holds" else "untrusted" if ended.ending == "unknown" else "unknown"
        revocation = ended.revocation
    findings += _strength(examined, constraints)
    findings += _times(examined, at, proven)
    signer = examined.signer
    return Signature(
        format=examined.format,
        level=_level(examined, judged),
        signer=readable(signer.subject) if signer is not None else None,
        organisation=organisation(signer.subject) if signer is not None else None,
        issuer=readable(signer.issuer) if signer is not None else None,
        serial=str(signer.serial_number) if signer is not None else None,
        sha256=hashlib.sha256(signer.dump()).hexdigest() if signer is not None else None,
        signing_time=examined.claimed_at,
        timestamp_time=proven,
        covers=examined.covers,
        algorithms=tuple(dict.fromkeys(examined.algorithms)),
        integrity=examined.integrity,
        trust=trusted,
        revocation=revocation,
        stamps=tuple(one.stamp for one in judged if one.stamp is not None),
        findings=tuple(_numbered(one, number) for one in findings),
        name=examined.name,
        purpose=examined.purpose,
    )


def _is_proof(one: stamps.Judged) -> bool:
    """A content timestamp is older than the signature: it proves nothing about it."""
    return one.token.kind != "content"


async def _chain(
    examined: Examined,
    signer: x509.Certificate,
    trust: TrustStore,
    at: datetime,
    proven: datetime | None,
    judged: list[stamps.Judged],
    constraints: Constraints,
    findings: list[Finding],
) -> chain.Chain:
    """The signer's chain, now and if need be then; what it means is added to the findings."""
    ended = await chain.judge(signer, examined.embedded, trust, examined.purpose, at, constraints=constraints)
    if ended.ending in ("expired", "revoked") and proven is not None:
        now = ended
        ended = await chain.judge(
            signer, examined.embedded, trust, examined.purpose, proven, used_at=proven, constraints=constraints
        )
        if ended.ending == "holds":
            findings.append(found("expired_later" if now.ending == "expired" else "revoked_later"))
            if ended.embedded and not _covered(judged):
                findings.append(found("revocation_unproven"))
        elif ended.ending == "expired":
            findings.append(found("expired_at_signing", ended.detail))
        elif ended.ending == "revoked":
            findings.append(found("revoked_before", ended.detail))
        else:
            findings.append(found(_ENDINGS[ended.ending], ended.detail))
    elif ended.ending == "not_yet_valid" and proven is None:
        findings.append(found("not_yet_valid", ended.detail))
    elif ended.ending != "holds":
        findings.append(found(_ENDINGS[ended.ending], ended.detail))
    if ended.ending == "holds":
        if ended.revocation == "unchecked" and signer.self_signed not in ("yes", "maybe"):
            findings.append(found("revocation_unchecked"))
        if not _for_signing(signer, examined):
            findings.append(found("wrong_usage"))
        if proven is not None and proven < signer.not_valid_before:
            findings.append(found("not_yet_valid", "when it was timestamped"))
    return ended


def _covered(judged: list[stamps.Judged]) -> bool:
    """Whether a trusted timestamp proves the revocation data that came along."""
    return any(one.proven is not None and one.token.covers_revocation for one in judged)


def _for_signing(certificate: x509.Certificate, examined: Examined) -> bool:
    if examined.purpose == "timestamps":
        usage = certificate.extended_key_usage_value
        return usage is not None and "time_stamping" in usage.native
    usage, extended = certificate.key_usage_value, certificate.extended_key_usage_value
    if extended is not None and set(extended.native) <= _NOT_DOCUMENTS:
        return False
    return usage is None or bool({"digital_signature", "non_repudiation"} & usage.native)


def _strength(examined: Examined, constraints: Constraints) -> list[Finding]:
    weak = constraints.weak_digests(examined.digests)
    if examined.signer is not None:
        key = constraints.weak_key(examined.signer.public_key)
        weak += [key] if key is not None else []
    return [found("weak_algorithm", one) for one in dict.fromkeys(weak)]


def _times(examined: Examined, at: datetime, proven: datetime | None) -> list[Finding]:
    claimed, findings = examined.claimed_at, []
    if claimed is not None and claimed - at > SKEW:
        findings.append(found("time_in_future"))
    elif claimed is not None and proven is not None and claimed - proven > SKEW:
        findings.append(found("time_order", "it says it was made after its timestamp"))
    if proven is None and examined.purpose == "signers":
        findings.append(found("time_unproven"))
    return findings


def _level(examined: Examined, judged: list[stamps.Judged]) -> str | None:
    """What the signature carries, trusted or not: T a timestamp, LT revocation data too, LTA one that covers them."""
    if not examined.baseline:
        return None
    sound = [one for one in judged if one.problem is None or one.problem.code == "timestamp_untrusted"]
    stamped = any(_is_proof(one) for one in sound)
    data = bool(examined.embedded.crls or examined.embedded.ocsps)
    if stamped and data and any(one.token.covers_revocation for one in sound):
        return "B-LTA"
    if stamped and data:
        return "B-LT"
    return "B-T" if stamped else "B-B"


def _numbered(one: Finding, number: int) -> Finding:
    return Finding(one.code, one.weight, one.sub_indication, one.message, one.advice, number)
