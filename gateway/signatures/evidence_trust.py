"""Whose evidence is this? The keys of its receipts lie in the container itself, so they count as much as its signer.

Enters: what was found in a container, the trust store, the time to judge for. Leaves: verdicts on its signatures, and a
finding: is everybody who signed it known as a gateway? Refuses: nothing.

Anybody with a trusted certificate can sign keys and receipts of their own. So evidence is a gateway's only if the trust
folder has the very certificate of each signer in a folder `gateways`. A certificate there signs evidence even where no
authority stands behind it, as most gateways made theirs themselves; it counts for nothing else and for nobody else.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from gateway.signatures.assess import assess
from gateway.signatures.constraints import Constraints
from gateway.signatures.evidence_check import EVIDENCE
from gateway.signatures.examined import Examined, Outcome
from gateway.signatures.findings import Finding, found
from gateway.signatures.names import readable
from gateway.signatures.trust import Entry, TrustStore
from gateway.signatures.verdict import Signature

_UNKNOWN = "unknown_authority"


def is_evidence(outcome: Outcome) -> bool:
    """Whether the container tells a gateway's story, true or not."""
    return any(one.code == EVIDENCE for one in outcome.findings)


async def assessed(
    outcome: Outcome, trust: TrustStore, at: datetime, constraints: Constraints
) -> tuple[list[Signature], Finding]:
    """The verdict on each signature of evidence, and whose it is."""
    signatures = [await _one(one, trust, at, number, constraints) for number, one in enumerate(outcome.signatures)]
    return signatures, _whose([one for one in outcome.signatures if one.purpose == "signers"], trust)


async def _one(examined: Examined, trust: TrustStore, at: datetime, number: int, constraints: Constraints) -> Signature:
    told = await assess(examined, trust, at, number, constraints)
    known = _gateway(examined, trust)
    # Where the folder knows its authority, what that says of it counts: it may be revoked.
    if known is None or all(one.code != _UNKNOWN for one in told.findings):
        return told
    ended = _lived(known, told.timestamp_time or at)
    if ended is not None:
        others = (one for one in told.findings if one.code != _UNKNOWN)
        return replace(told, findings=(found(ended, signature=number), *others))
    itself = Entry("anchor", known.path, known.der, ("signers",))
    return await assess(examined, TrustStore((*trust.entries, itself)), at, number, constraints)


def _lived(known: Entry, at: datetime) -> str | None:
    """What is wrong with its time; an anchor's own is nobody else's to ask (RFC 5280, section 6.1)."""
    certificate = known.certificate()
    if at < certificate.not_valid_before:
        return "not_yet_valid"
    return "expired" if at > certificate.not_valid_after else None


def _gateway(examined: Examined, trust: TrustStore) -> Entry | None:
    """The entry of the trust folder that is this signer's own certificate."""
    der = None if examined.signer is None else examined.signer.dump()
    return next((one for one in trust.entries if "gateways" in one.purposes and one.der == der), None)


def _whose(signed: list[Examined], trust: TrustStore) -> Finding:
    strangers = [one for one in signed if _gateway(one, trust) is None]
    if signed and not strangers:
        names = dict.fromkeys(readable(one.signer.subject) for one in signed if one.signer is not None)
        return found("gateway_known", "; ".join(names))
    digests = [hashlib.sha256(one.signer.dump()).hexdigest() for one in strangers if one.signer is not None]
    return found(
        "gateway_unknown", f"SHA-256 of its certificate {', '.join(dict.fromkeys(digests))}" if digests else ""
    )
