"""The intake room: who is it, may this system use this service, is it within limits and time?

Enters: an `Inbound` and the `Caller` the host has established. Leaves: `Received`. Refuses: a service that does not
exist, a caller without the right, a sender that is not the caller, another instance, what has expired, too many
recipients or parts, parts where the service carries none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from gateway.contract.errors import Refused
from gateway.contract.exchange import Caller, Inbound
from gateway.contract.keys import check_key
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.message import Received
from gateway.settings import Limits
from schemas.catalogue import Service


class Intake:
    """`services` is the shared catalogue; `instance` is this gateway's own."""

    def __init__(self, federation: Federation, services: Mapping[str, Service], limits: Limits, instance: str) -> None:
        self._federation, self._services, self._limits, self._instance = federation, services, limits, instance

    def receive(self, inbound: Inbound, caller: Caller, now: datetime, started: float) -> Received:
        service = self._services.get(inbound.service)
        if service is None:
            raise Refused(Reason.UNKNOWN_SERVICE, "no shared service has this name")
        if not self._federation.may_use(caller.system, service.name):
            raise Refused(Reason.NO_RIGHT, f"{caller.system} has no right to {service.name}")
        if inbound.sender is not None and inbound.sender != caller.system:
            raise Refused(Reason.SENDER_MISMATCH, "the envelope names another sender than the caller")
        if inbound.instance is not None and inbound.instance != self._instance:
            raise Refused(Reason.WRONG_INSTANCE, f"this gateway serves {self._instance}")
        if inbound.expires_at is not None and inbound.expires_at <= now:
            raise Refused(Reason.EXPIRED, "expiresAt has passed")
        if inbound.document_type and inbound.document_type != service.request:
            raise Refused(Reason.UNKNOWN_DOCUMENT_TYPE, f"{service.name} takes {service.request}")
        self._within_limits(inbound, service)
        return Received(inbound, caller, service, int(now.timestamp() * 1000), started)

    def _within_limits(self, inbound: Inbound, service: Service) -> None:
        if len(inbound.recipients) > self._limits.recipients:
            raise Refused(Reason.TOO_MANY_RECIPIENTS, limit=self._limits.recipients)
        if len(inbound.parts) > self._limits.parts:
            raise Refused(Reason.TOO_MANY_PARTS, limit=self._limits.parts)
        if inbound.parts and not service.parts_allowed:
            raise Refused(Reason.PART_UNUSED, f"{service.name} carries no parts")
        check_key(inbound.key)
