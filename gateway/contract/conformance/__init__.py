"""Tests that an adapter inherits: a class per kind, with hooks that its own test class fills.

Enters: an adapter, and ways to make calls, items and answers of its protocol. Leaves: pytest results. Refuses: adapters
that lose, double, leak, read ahead of their limits or answer without a name. Only tests import this package.

    class TestMine(EndpointConformance):
        def make(self, host): return MyEndpoint(MyConfig(), host)
        ...

`make_host` is a fixture: override it to run the same tests on another host (`HostConformance` says what one is).
"""

import pytest

for _module in ("adapter", "codec", "endpoint", "host", "signer", "sink", "source"):
    pytest.register_assert_rewrite(f"{__name__}.{_module}")

from gateway.contract.conformance.adapter import MARKER, SECRET, SECRET_FILE, AdapterConformance  # noqa: E402
from gateway.contract.conformance.codec import CodecConformance  # noqa: E402
from gateway.contract.conformance.endpoint import (  # noqa: E402
    EndpointConformance,
    EndpointWithParts,
    EndpointWithQueries,
)
from gateway.contract.conformance.host import HostBench, HostConformance  # noqa: E402
from gateway.contract.conformance.signer import SignerConformance  # noqa: E402
from gateway.contract.conformance.sink import HttpSinkConformance, SinkConformance, SinkWithParts  # noqa: E402
from gateway.contract.conformance.source import SourceConformance, SourceWithParts  # noqa: E402

__all__ = [
    "MARKER", "SECRET", "SECRET_FILE", "AdapterConformance", "CodecConformance", "EndpointConformance",
    "EndpointWithParts",
    "EndpointWithQueries", "HostBench", "HostConformance", "HttpSinkConformance", "SignerConformance",
    "SinkConformance", "SinkWithParts",
    "SourceConformance", "SourceWithParts",
]  # fmt: skip
