"""Whether what was just signed holds: judged by the same verification that judges a stranger's file.

Enters: the signed bytes, the name of the new field, the level asked for, the trust store, the time. Leaves: who signed,
as the verdict says it. Refuses (`SigningRefused`): a signature that does not hold or does not reach the level, an
earlier signature that holds no more.
"""

from __future__ import annotations

from datetime import datetime

from gateway.signatures.assess import SKEW
from gateway.signatures.findings import Finding
from gateway.signatures.material import Material
from gateway.signatures.pades import label
from gateway.signatures.signing import Level, SigningRefused
from gateway.signatures.trust import TrustStore
from gateway.signatures.verdict import Signature, Verdict
from gateway.signatures.verification import verify

_LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
_LONG = ("B-LT", "B-LTA")
_EXPIRED = {"expired", "expired_at_signing"}
_TIMES = {"time_in_future", "time_order", "timestamp_broken", "timestamp_untrusted"}
_CHANGED = {"changed_after", "not_covered"}

Proof = tuple[str, str | None, str, str]
"""Signer, organisation, digest of the certificate in hex, level."""


async def proven(data: bytes, field: str, level: Level, trust: TrustStore, at: datetime) -> Proof:
    """What the verdict on `data` says about the signature in `field`."""
    # The authority of timestamps has a clock of its own, which may be a little ahead.
    verdict = await verify(Material.of(data), None, trust, at + SKEW)
    own = next((one for one in verdict.signatures if one.name == label(field)), None)
    if own is None:
        raise _refused("changes_forbidden", "the new signature is not found in the document")
    _others(verdict, own)
    for one in own.findings:
        _finding(one, level)
    _reached(own, level)
    return own.signer or "", own.organisation, own.sha256 or "", own.level or "B-B"


def _others(verdict: Verdict, own: Signature) -> None:
    """What stood in the document before."""
    for one in verdict.signatures:
        if one is own:
            continue
        if one.integrity == "broken" or any(each.code in _CHANGED for each in one.findings):
            raise _refused(
                "changes_forbidden",
                "an earlier signature of the document does not hold, or not after a further one",
                "Check it with `lintas verify`. A certified document takes a mark only in an empty field of its own.",
            )
    for each in verdict.about_file:
        if each.weight in ("error", "unsure"):
            raise _refused("not_a_pdf", each.message, each.advice)


def _finding(one: Finding, level: Level) -> None:
    if one.code in _TIMES and level != "B-B":
        raise _refused("timestamp_failed", one.message, one.advice)
    if one.weight not in ("error", "unsure"):
        return
    if one.code == "revocation_unknown":
        if level in _LONG:
            raise _refused("revocation_missing", one.message, one.advice)
        return
    if one.code in _CHANGED:
        raise _refused("changes_forbidden", one.message, one.advice)
    raise _refused("certificate_expired" if one.code in _EXPIRED else "key_refused", one.message, one.advice)


def _reached(own: Signature, level: Level) -> None:
    if own.integrity != "intact":
        raise _refused("key_refused", "the key does not belong to the certificate")
    reached = _LEVELS.index(own.level or "B-B")
    if level != "B-B" and own.timestamp_time is None:
        raise _refused("timestamp_failed", "the timestamp proves nothing")
    # An authority that names no place of revocation has nothing that could be stored.
    wanted = "B-T" if level in _LONG and own.revocation == "unchecked" else level
    if reached < _LEVELS.index(wanted):
        raise _refused("revocation_missing", f"the signature reaches {own.level} only", "Run `lintas trust update`.")


def _refused(code: str, message: str, advice: str = "") -> SigningRefused:
    return SigningRefused(code, message, advice)
