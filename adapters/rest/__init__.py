"""REST: JSON over HTTP, with parts in multipart.

Enters: POST /api/v1/messages and /api/v1/queries. Leaves: receipts, answers, RFC 9457 problems; and calls of a
recipient's own URL. Refuses: see `codec` (what a body may be) and `endpoint` (what a call may be).
"""

from __future__ import annotations

from adapters.rest.config import EndpointConfig, SinkConfig
from adapters.rest.endpoint import RestEndpoint
from adapters.rest.sink import RestSink
from gateway.contract import AdapterSpec

ADAPTER = AdapterSpec(
    name="rest",
    title="JSON over HTTP, parts in multipart",
    makers={"endpoint": (EndpointConfig, RestEndpoint), "sink": (SinkConfig, RestSink)},
)

__all__ = ["ADAPTER", "EndpointConfig", "RestEndpoint", "RestSink", "SinkConfig"]
