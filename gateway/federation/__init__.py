"""Who takes part, and what may go where: the configuration, read with source marks and checked whole.

In: a folder of YAML. Out: `Federation` and `Finding`s. Refuses: a configuration with one error, saying every error it
has.
"""

from gateway.federation.draft import AdapterSpecLike, ServiceLike
from gateway.federation.federation import (
    ANSWERED_BY_GATEWAY,
    GATEWAY,
    TAKEN_BY_GATEWAY,
    Agency,
    Federation,
    Operator,
    Signer,
    System,
    Use,
)
from gateway.federation.findings import CODES, Finding
from gateway.federation.load import load
from gateway.federation.model import Route, SystemId

__all__ = [
    "ANSWERED_BY_GATEWAY",
    "CODES",
    "GATEWAY",
    "TAKEN_BY_GATEWAY",
    "AdapterSpecLike",
    "Agency",
    "Federation",
    "Finding",
    "Operator",
    "Route",
    "ServiceLike",
    "Signer",
    "System",
    "SystemId",
    "Use",
    "load",
]
