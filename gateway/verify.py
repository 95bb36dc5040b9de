"""The verify room: the parts that the route's signature policy names get verdicts.

Enters: `Routed`. Leaves: `Verified`, with a verdict for each part that was looked at. Refuses: a message whose parts do
not meet the policy of its route (`policy_unmet`), unless the route keeps such a message in quarantine.

A route with `signature: none` asks for no verdict, and nobody pays for one: that is told by the first line of `verify`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from gateway.contract.errors import Refused
from gateway.contract.exchange import Part
from gateway.contract.reasons import Reason
from gateway.federation.model import SignaturePolicy, SignedAs
from gateway.message import Routed, Verified
from gateway.references import named_at
from gateway.signatures.constraints import Constraints
from gateway.signatures.policy import constraints, unmet

Examine = Callable[[str, Part, Constraints], Awaitable[Mapping[str, Any]]]
"""The verdict on a part of the message with this id."""


def verify(routed: Routed) -> Verified:
    """For what carries no parts, and for routes that ask for no verdict."""
    policy = routed.route.signature
    if policy == "none" or not _wanted(routed, policy):
        return _met(routed, policy, [])
    raise Refused(Reason.POLICY_UNMET, "nobody here can look at the parts that the route wants to be signed")


class Verifier:
    """Has parts examined. `signed_as` tells how the signers of an agency are known."""

    def __init__(self, examine: Examine, signed_as: Callable[[str], Sequence[SignedAs]]) -> None:
        self._examine, self._signed_as = examine, signed_as

    async def verify(self, routed: Routed) -> Verified:
        policy = routed.route.signature
        if policy == "none":
            return Verified(routed)
        message = routed.normalised.received.id
        strong = constraints(policy.algorithms)
        found = [(part, await self._examine(message, part, strong)) for part in _wanted(routed, policy)]
        return _met(routed, policy, found, self._signed_as(routed.normalised.received.caller.agency))


def _met(
    routed: Routed,
    policy: SignaturePolicy | str,
    found: Sequence[tuple[Part, Mapping[str, Any]]],
    signed_as: Sequence[SignedAs] = (),
) -> Verified:
    if isinstance(policy, str):
        return Verified(routed)
    verdicts = tuple({**told, "file": part.name, "part": part.number} for part, told in found)
    wrong = [
        (f"parts.{part.number}", code, message)
        for part, told in found
        for code, message in unmet(told, policy, signed_as)
    ]
    if not found and policy.require == "signed":
        wrong = [("parts", "unsigned", "no part came that the route wants to be signed")]
    if not wrong:
        return Verified(routed, verdicts)
    if policy.failing == "quarantine":
        return Verified(routed, verdicts, held=f"{wrong[0][1]}: {wrong[0][2]}")
    raise Refused(Reason.POLICY_UNMET, "a part does not meet the signature policy of this route", errors=wrong)


def _wanted(routed: Routed, policy: SignaturePolicy) -> list[Part]:
    """The parts of the fields that the policy names; all that came where it names none."""
    parts = routed.normalised.received.inbound.parts
    if policy.parts is None:
        return list(parts)
    digests = named_at(routed.normalised.document, policy.parts)
    return [part for part in parts if part.sha256 in digests]
