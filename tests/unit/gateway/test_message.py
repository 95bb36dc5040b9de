"""The states are frozen, and a row of `due` is a `Work` column by column."""

from __future__ import annotations

import dataclasses

import pytest

from gateway.message import Body, Delivered, Normalised, Receipted, Received, Recorded, Routed, Verified, Work
from gateway.record import conversation_name, trace_name
from tests.unit.gateway.bench import GUDANG, Bench, organisation

TALK = "01890000-0000-7000-8000-000000000001"
STATES = (Received, Normalised, Routed, Verified, Recorded, Body, Delivered, Receipted)


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_frozen_and_takes_no_further_names(state: type) -> None:
    assert dataclasses.fields(state)
    assert state.__dataclass_params__.frozen
    assert "__slots__" in state.__dict__


async def test_work_is_a_row_of_the_query_in_its_column_order(bench: Bench) -> None:
    message = await bench.record("organisation.deliver", organisation(), conversation=TALK, trace="t")
    [row] = await bench.journal.read("due", {"lane": GUDANG, "now": 2**60, "limit": 1})
    work = Work(*row)
    assert (work.lane, work.delivery, work.message, work.recipient) == (GUDANG, f"{message}.1", message, GUDANG)
    assert (work.kind, work.state, work.attempts, work.fence) == ("document", "ready", 0, 0)
    assert (work.service, work.document_type, work.route) == (
        "organisation.deliver", "organisation/1", "organisation.deliver"
    )  # fmt: skip
    assert (work.conversation, work.trace, work.message_kind) == (
        conversation_name(bench.lookup, TALK), trace_name(bench.lookup, "t"), "message"
    )  # fmt: skip
    assert (work.created_at, work.expires_at, work.order_key) == (bench.now_ms(), None, None)
    assert await bench.work(work.delivery) == work._replace(due=0)


async def test_an_id_is_that_of_its_arrival(bench: Bench) -> None:
    assert bench.received("organisation.deliver", organisation(), message_id="m-7").id == "m-7"
