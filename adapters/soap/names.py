"""The names a shared service has in SOAP: operation, namespaces, action.

Enters: a service name (`coverage.lookup`) and its catalogue entry. Leaves: the words of its WSDL and messages.
Refuses: a service that the catalogue does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from gateway.contract import Reason, Refused
from schemas.catalogue import SERVICES, Service

SERVICE_NAMESPACE = "urn:lintas:service:"
FAULT_NAMESPACE = "urn:lintas:fault:1"


def operation_of(service: str) -> str:
    """`coverage.lookup` is called `CoverageLookup`."""
    return "".join(word[:1].upper() + word[1:] for word in service.replace("-", ".").split("."))


@dataclass(frozen=True)
class Words:
    """One service in SOAP words. Element names are in Clark notation."""

    service: Service
    operation: str
    namespace: str

    @property
    def action(self) -> str:
        return f"{self.namespace}/{self.operation}"

    @property
    def request(self) -> str:
        return f"{{{self.namespace}}}{self.operation}"

    @property
    def response(self) -> str:
        return f"{{{self.namespace}}}{self.operation}Response"

    def tag(self, name: str) -> str:
        return f"{{{self.namespace}}}{name}"


@cache
def _words() -> dict[str, Words]:
    return {name: Words(service, operation_of(name), SERVICE_NAMESPACE + name) for name, service in SERVICES.items()}


def all_words() -> Iterator[Words]:
    return iter(_words().values())


def words_of(service: str) -> Words:
    """The words of a service; raises `Refused` (unknown_service)."""
    found = _words().get(service)
    if found is None:
        raise Refused(Reason.UNKNOWN_SERVICE)
    return found
