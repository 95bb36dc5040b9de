"""A route that asks for no signature pays for none; one that asks for more than can be judged is refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason
from gateway.verify import verify
from tests.unit.gateway.bench import Bench, changed, letter


async def test_without_a_policy_there_is_no_verdict(bench: Bench) -> None:
    routed = bench.routed("letter.deliver", letter())
    assert (verify(routed).routed, verify(routed).verdicts) == (routed, ())


async def test_a_policy_that_cannot_be_judged_is_not_met(bench: Bench) -> None:
    routed = changed(bench.routed("letter.deliver", letter()), route=SimpleNamespace(signature="pades"))
    with pytest.raises(Refused) as caught:
        verify(routed)
    assert caught.value.reason is Reason.POLICY_UNMET
