"""The verify room: the parts that the route's signature policy names get verdicts.

Enters: `Routed`. Leaves: `Verified`. Refuses: a message whose parts do not meet the policy of its route. A route with
`signature: none` asks for no verdict, and nobody pays for one; it is the only policy a route can name today.
"""

from __future__ import annotations

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason
from gateway.message import Routed, Verified


def verify(routed: Routed) -> Verified:
    if routed.route.signature != "none":
        raise Refused(Reason.POLICY_UNMET, "this gateway cannot judge the signatures that the route asks for")
    return Verified(routed)
