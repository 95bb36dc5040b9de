"""SOAP 1.1 and 1.2, document/literal wrapped, generated from the shared services.

Enters: POST /soap/{service}. Leaves: WSDL, answers and faults; and calls of the same services elsewhere. Refuses: see
`request` (what a message may be) and `endpoint` (what a call may be).
"""

from __future__ import annotations

from adapters.soap.config import EndpointConfig, SinkConfig
from adapters.soap.endpoint import SoapEndpoint
from adapters.soap.sink import SoapSink
from gateway.contract import AdapterSpec

ADAPTER = AdapterSpec(
    name="soap",
    title="SOAP 1.1 and 1.2, generated from the shared services",
    makers={"endpoint": (EndpointConfig, SoapEndpoint), "sink": (SinkConfig, SoapSink)},
)

__all__ = ["ADAPTER", "EndpointConfig", "SinkConfig", "SoapEndpoint", "SoapSink"]
