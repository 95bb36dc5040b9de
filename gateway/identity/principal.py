"""Principals, and the seam that every way of authenticating fits in.

Enters: what a request presents. Leaves: a `Caller` (a system) or a `Person`, or None. Refuses: nothing by itself; a
request that no scheme recognises has no principal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Protocol

from gateway.contract.exchange import Caller
from gateway.contract.frozen import frozen


@frozen
class Person:
    """A person with roles: operator, approver, auditor, privacy_officer."""

    id: str
    roles: frozenset[str]

    @property
    def actor(self) -> str:
        return f"person:{self.id}"


Principal = Caller | Person


@frozen
class Presented:
    """What a request shows of itself: its headers, the certificate TLS has checked, and its security header if SOAP."""

    headers: Mapping[str, str]
    certificate: bytes | None = None
    security_header: bytes | None = field(default=None, repr=False)


class Scheme(Protocol):
    """One way of establishing who calls. Constant-time where it compares secrets; no I/O."""

    def authenticate(self, presented: Presented) -> Principal | None: ...


def authenticate(schemes: Sequence[Scheme], presented: Presented) -> Principal | None:
    """The first scheme that recognises the request decides."""
    for scheme in schemes:
        principal = scheme.authenticate(presented)
        if principal is not None:
            return principal
    return None
