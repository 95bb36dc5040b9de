"""Who is it, may it, is it within limits and time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.contract.errors import Refused
from gateway.contract.exchange import Caller
from gateway.contract.reasons import Reason
from tests.unit.gateway.bench import ARSIP, PAPER, QUERY, SIMPUS, VCLAIM, Bench, changed, letter


def refusal(bench: Bench, service: str = "letter.deliver", by: str = SIMPUS, **more: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        bench.received(service, letter(), by=by, **more)
    return caught.value


async def test_what_is_in_order_is_received(bench: Bench) -> None:
    received = bench.received("coverage.lookup", QUERY, message_id="m-1", sender=SIMPUS, instance="test")
    assert (received.id, received.caller.system, received.service.answer) == ("m-1", SIMPUS, "coverage/1")
    assert received.at_ms == bench.now_ms()


@pytest.mark.parametrize("name", ["letter.burn", "", "<script>", "a" * 1000])
async def test_a_service_that_does_not_exist(bench: Bench, name: str) -> None:
    refused = refusal(bench, name)
    assert refused.reason is Reason.UNKNOWN_SERVICE
    assert refused.detail == "no shared service has this name"


@pytest.mark.parametrize("by", [ARSIP, "nobody/here"])
async def test_a_caller_without_the_right(bench: Bench, by: str) -> None:
    assert refusal(bench, by=by).reason is Reason.NO_RIGHT


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"sender": VCLAIM}, Reason.SENDER_MISMATCH),
        ({"instance": "production"}, Reason.WRONG_INSTANCE),
        ({"key": ""}, Reason.BAD_REQUEST),
        ({"key": "k" * 256}, Reason.BAD_REQUEST),
        ({"key": "é" * 128}, Reason.BAD_REQUEST),
        ({"key": "\udcff"}, Reason.BAD_REQUEST),
    ],
)
async def test_what_the_envelope_must_not_say(bench: Bench, more: dict[str, Any], reason: Reason) -> None:
    assert refusal(bench, **more).reason is reason


async def test_a_key_may_have_255_bytes(bench: Bench) -> None:
    assert bench.received("letter.deliver", letter(), key="k" * 255).inbound.key == "k" * 255


async def test_another_document_type_than_the_service_takes(bench: Bench) -> None:
    inbound = changed(bench.inbound("letter.deliver", letter()), document_type="person/1")
    with pytest.raises(Refused) as caught:
        bench.intake.receive(inbound, Caller(SIMPUS), bench.clock.now(), 0.0)
    assert caught.value.reason is Reason.UNKNOWN_DOCUMENT_TYPE


async def test_time_is_up_at_the_very_instant(bench: Bench) -> None:
    now = bench.clock.now()
    assert refusal(bench, expires_at=now).reason is Reason.EXPIRED
    soon = now + timedelta(milliseconds=1)
    assert bench.received("letter.deliver", letter(), expires_at=soon).inbound.expires_at == soon


async def test_limits_are_named(bench: Bench) -> None:
    limits = bench.settings.limits
    many = refusal(bench, recipients=("a/b",) * (limits.recipients + 1))
    assert (many.reason, many.limit) == (Reason.TOO_MANY_RECIPIENTS, limits.recipients)
    parts = refusal(bench, parts=(PAPER,) * (limits.parts + 1))
    assert (parts.reason, parts.limit) == (Reason.TOO_MANY_PARTS, limits.parts)
    assert refusal(bench, "coverage.lookup", parts=(PAPER,)).reason is Reason.PART_UNUSED
