"""Who takes part, and what may go where: the configuration, read with source marks and checked whole.

In: a folder of YAML. Out: `Federation` and `Finding`s. Refuses: a configuration with one error, saying every error it
has.
"""

from gateway.federation.draft import AdapterSpecLike, ServiceLike
from gateway.federation.federation import TAKEN_BY_GATEWAY, Agency, Federation, Operator, System, Use
from gateway.federation.findings import CODES, Finding
from gateway.federation.load import load
from gateway.federation.model import Route, SystemId

__all__ = [
    "CODES",
    "TAKEN_BY_GATEWAY",
    "AdapterSpecLike",
    "Agency",
    "Federation",
    "Finding",
    "Operator",
    "Route",
    "ServiceLike",
    "System",
    "SystemId",
    "Use",
    "load",
]
