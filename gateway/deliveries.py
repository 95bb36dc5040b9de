"""The deliveries that a message begins with: in line, or withheld until a person decides.

Enters: a routed message, a recipient, the receipt that stands before. Leaves: the steps of its unit. Refuses: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.audit.catalogue import EventName
from gateway.audit.events import EventWriter, event_step
from gateway.contract.reasons import Reason
from gateway.message import Routed
from gateway.policy import due_in
from gateway.store.engine import Step


class Deliveries:
    """`lane` names the queue of a recipient, `routes` the routes by identity."""

    def __init__(self, events: EventWriter, lane: Callable[[str, str, str], str], routes: Mapping[int, str]) -> None:
        self._events, self._lane, self._routes = events, lane, routes

    def begin(self, routed: Routed, delivery: str, recipient: str, head: str, held: str | None = None) -> list[Step]:
        received = routed.normalised.received
        lane = self._lane(recipient, received.service.name, "document")
        row: dict[str, Any] = {
            "id": delivery,
            "message": received.id,
            "kind": "document",
            "recipient": recipient,
            "state": "ready" if held is None else "quarantined",
            "order_key": routed.order_key,
            "receipt": None,
            "head": head,
        }
        if held is not None:
            return self._withheld(routed, row, lane, held)
        queued: dict[str, Any] = {"lane": lane, "due": due_in(lane, received.at_ms), "delivery": delivery}
        if routed.order_key is None:
            return [Step("insert_delivery", row), Step("enqueue", queued)]
        ordered: dict[str, Any] = {"lane": lane, "order_key": routed.order_key, "delivery": delivery}
        return [
            Step("insert_delivery", row),
            Step("insert_order", ordered),
            Step("enqueue_if_first", {**queued, "order_key": routed.order_key}),
        ]

    def _withheld(self, routed: Routed, delivery: Mapping[str, Any], lane: str, why: str) -> list[Step]:
        """A delivery that waits for a person's decision. It keeps its place in the order."""
        received = routed.normalised.received
        event = self._events.write(
            EventName.QUARANTINED,
            reason=Reason.POLICY_UNMET,
            message=received.id,
            delivery=delivery["id"],
            sender=received.caller.system,
            recipient=delivery["recipient"],
            service=received.service.name,
            document=routed.normalised.document.TYPE,
            route=self._routes[id(routed.route)],
            purpose=routed.route.purpose,
        )
        row = {
            "id": event.id,
            "message": received.id,
            "delivery": delivery["id"],
            "recipient": delivery["recipient"],
            "reason": Reason.POLICY_UNMET.value,
            "detail": why[:500],
            "at": received.at_ms,
        }
        steps = [Step("insert_delivery", delivery), Step("quarantine", row), event_step(event)]
        if routed.order_key is not None:
            ordered: dict[str, Any] = {"lane": lane, "order_key": routed.order_key, "delivery": delivery["id"]}
            steps.append(Step("insert_order", ordered))
        return steps
