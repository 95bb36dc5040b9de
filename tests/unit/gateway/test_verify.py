"""A route that asks for no signature pays for none; one that asks for more than can be judged is refused."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason
from gateway.federation.model import SignaturePolicy
from gateway.message import Routed
from gateway.verify import verify
from tests.unit.gateway.bench import PAPER, Bench, changed, letter


async def test_without_a_policy_there_is_no_verdict(bench: Bench) -> None:
    routed = bench.routed("letter.deliver", letter())
    assert (verify(routed).routed, verify(routed).verdicts) == (routed, ())


def asking(bench: Bench, **policy: Any) -> Routed:
    """A letter on a route with this policy."""
    routed = bench.routed("letter.deliver", letter(), parts=(PAPER,))
    route = routed.route.model_copy(update={"signature": SignaturePolicy.model_validate(policy)})
    return changed(routed, route=route)


def verdict(conclusion: str = "valid", **signature: Any) -> dict[str, Any]:
    one = {
        "kind": "signature",
        "organisation": "Dinas Arsip",
        "certificateSha256": "ab" * 32,
        "timestampTime": None,
        "level": "B-B",
    }
    finding = {"code": "hash_mismatch", "weight": "error", "message": "changed", "advice": "Ask again."}
    signatures = [] if conclusion == "unsigned" else [{**one, **signature}]
    return {
        "conclusion": conclusion,
        "signatures": signatures,
        "findings": [finding] if conclusion == "invalid" else [],
    }


async def test_a_valid_part_goes_on_with_its_verdict(bench: Bench) -> None:
    bench.verdicts[PAPER.sha256] = verdict()
    verified = await bench.verifier.verify(asking(bench))
    (told,) = verified.verdicts
    assert (told["conclusion"], told["part"], told["file"], verified.held) == ("valid", PAPER.number, PAPER.name, None)


@pytest.mark.parametrize(("conclusion", "code"), [("unsigned", "unsigned"), ("invalid", "hash_mismatch")])
async def test_what_does_not_meet_the_policy_is_refused_with_its_reason(
    bench: Bench, conclusion: str, code: str
) -> None:
    bench.verdicts[PAPER.sha256] = verdict(conclusion)
    with pytest.raises(Refused) as caught:
        await bench.verifier.verify(asking(bench))
    assert caught.value.reason is Reason.POLICY_UNMET
    assert [(path, found) for path, found, _ in caught.value.errors] == [(f"parts.{PAPER.number}", code)]


async def test_or_held_for_a_person_where_the_route_says_so(bench: Bench) -> None:
    bench.verdicts[PAPER.sha256] = verdict("invalid")
    verified = await bench.verifier.verify(asking(bench, failing="quarantine"))
    assert (verified.held or "").startswith("hash_mismatch")


async def test_what_is_not_signed_may_pass_and_what_is_not_named_is_not_looked_at(bench: Bench) -> None:
    bench.verdicts[PAPER.sha256] = verdict("unsigned")
    assert (await bench.verifier.verify(asking(bench, require="if_signed"))).held is None
    bench.verdicts.clear()
    with pytest.raises(Refused) as caught:
        await bench.verifier.verify(asking(bench, parts=["attachments"]))
    assert [code for _, code, _ in caught.value.errors] == ["unsigned"]
    assert (await bench.verifier.verify(asking(bench, parts=["attachments"], require="if_signed"))).verdicts == ()


async def test_without_anybody_to_look_a_policy_is_not_met(bench: Bench) -> None:
    with pytest.raises(Refused) as caught:
        verify(asking(bench))
    assert caught.value.reason is Reason.POLICY_UNMET
