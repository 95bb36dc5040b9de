"""A spec makes what it names; defaults are the careful ones."""

from __future__ import annotations

import pytest

from gateway.contract.adapter import AdapterSpec, Capability, Sink
from gateway.contract.errors import NeedsOperator
from gateway.contract.exchange import Attempt
from gateway.contract.testing import FakeHost, outbound_for
from tests.unit.gateway.bench import Plain, ScriptedSink, make_sink

SPEC = AdapterSpec("stub", "Stub", {"sink": (Plain, make_sink)})


def test_a_spec_makes_its_kinds() -> None:
    assert SPEC.kinds == {"sink"}
    assert SPEC.config_model("sink") is Plain
    assert isinstance(SPEC.make("sink", Plain(), FakeHost()), ScriptedSink)
    with pytest.raises(KeyError):
        SPEC.config_model("source")


async def test_a_sink_promises_nothing_by_itself() -> None:
    assert Sink.capability is Capability.NEITHER
    sink = ScriptedSink()
    out = outbound_for("organisation/1", {}, service="organisation.deliver")
    assert await Sink.reconcile(sink, out, Attempt(1, 1.0)) is None
    with pytest.raises(NeedsOperator, match="answers no queries"):
        await Sink.ask(sink, out, 1.0)
    await sink.close()
