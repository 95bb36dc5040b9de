"""Does a verdict meet what a route asks of signatures?

Enters: a verdict as `Verdict.told` gives it, a route's policy, how the sender's signers are known. Leaves: what is not
met, each with a stable code and a sentence. Refuses: nothing. Pure.

The file as a whole must be valid; then one of its signatures must meet all further demands together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.federation.model import SignaturePolicy, SignedAs, Strength
from gateway.signatures.constraints import DEFAULT, Constraints

_LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
Unmet = tuple[str, str]


def constraints(strength: Strength) -> Constraints:
    """What is strong enough on this route."""
    return Constraints(frozenset(strength.digests), strength.rsa_bits, DEFAULT.dsa_bits, DEFAULT.curves)


def unmet(told: Mapping[str, Any], policy: SignaturePolicy, signed_as: Sequence[SignedAs]) -> list[Unmet]:
    """Everything that is wrong; nothing if the policy is met."""
    if told["conclusion"] == "unsigned":
        return [] if policy.require == "if_signed" else [("unsigned", "it carries no signature")]
    if told["conclusion"] != "valid":
        deciding = [one for one in told["findings"] if one["weight"] in ("error", "unsure")]
        # Their advice is for who keeps the trust folder here; the sender is told what is wrong.
        return [(one["code"], one["message"]) for one in deciding[:8]]
    wrong = [_demands(one, policy, signed_as) for one in told["signatures"] if one["kind"] == "signature"]
    return min(wrong, key=len) if wrong and all(wrong) else []


def _demands(signature: Mapping[str, Any], policy: SignaturePolicy, signed_as: Sequence[SignedAs]) -> list[Unmet]:
    found: list[Unmet] = []
    if policy.signer == "sender" and not any(_known_as(signature, one) for one in signed_as):
        found.append(("foreign_signer", "none of its signers is known as one of the sending agency"))
    if policy.timestamp and signature["timestampTime"] is None:
        found.append(("timestamp_missing", "no trusted timestamp proves when it was signed"))
    if policy.level is not None and _rank(signature["level"]) < _LEVELS.index(policy.level):
        found.append(("level_too_low", f"it is {signature['level'] or 'of no level'}; at least {policy.level} is due"))
    return found


def _rank(level: str | None) -> int:
    return _LEVELS.index(level) if level in _LEVELS else -1


def _known_as(signature: Mapping[str, Any], known: SignedAs) -> bool:
    if known.certificate is not None:
        return bool(signature["certificateSha256"] == known.certificate)
    return bool(signature["organisation"] == known.organisation)
