"""Event v1 is canonical JSON, under 4 KB, with a fixed set of fields; the rfc8785 library is the judge."""

from __future__ import annotations

import hmac
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.catalogue import EventName
from gateway.audit.events import LIMIT_BYTES, EventTooLarge, EventWriter, timestamp
from gateway.contract.reasons import Reason
from gateway.store.keyed import Keyed

FIELDS = {
    "v", "id", "instance", "node", "time", "event", "reason", "message", "delivery", "attempt", "conversation",
    "sender", "recipient", "actor", "service", "document", "route", "config", "purpose", "subjects", "commit_in",
    "commit_out", "receipt_sha256", "bytes", "gateway_us", "peer_us", "trace",
}  # fmt: skip
TEXTS = ("delivery", "conversation", "sender", "recipient", "actor", "service", "document", "route", "purpose", "trace")
NUMBERS = ("attempt", "bytes", "gateway_us", "peer_us")
TEXT = st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
NUMBER = st.none() | st.integers(0, 2**53 - 1)
VALUES = st.fixed_dictionaries(dict.fromkeys(TEXTS, TEXT) | dict.fromkeys(NUMBERS, NUMBER))


def writer(**more: Any) -> EventWriter:
    given = {"instance": "test", "node": "node-1", "config": "0" * 64, "new_id": lambda: "e-1", "now_ms": lambda: 0}
    return EventWriter(**{**given, **more})


@settings(max_examples=150)
@given(
    name=st.sampled_from(EventName), reason=st.none() | st.sampled_from(Reason), message=TEXT, values=VALUES,
    keys=st.lists(st.binary(min_size=32, max_size=32), max_size=3), shared=st.booleans(),
)  # fmt: skip
def test_what_is_written_is_the_canonical_form(
    name: EventName, reason: Reason | None, message: str | None, values: dict[str, Any], keys: list[bytes], shared: bool
) -> None:
    given = {"facts": values} if shared else values
    event = writer().write(name, message=message, reason=reason, subject_keys=[*map(Keyed, keys)], **given)
    value = orjson.loads(event.body)
    assert rfc8785.dumps(value) == event.body
    assert set(value) == FIELDS
    assert (value["event"], value["reason"]) == (name.value, reason)
    assert {key: value[key] for key in values} == values
    assert (event.id, event.message) == (value["id"], value["message"])
    assert len(event.body) < LIMIT_BYTES


def test_a_field_that_event_v1_does_not_have_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        writer().write(EventName.ACCEPTED, nik="3273014107900001")
    with pytest.raises(TypeError):
        writer().write(EventName.ACCEPTED, facts={"payload": "x"})


def test_a_line_of_4_kb_is_refused() -> None:
    room = LIMIT_BYTES - len(writer().write(EventName.READ, trace="").body)
    assert len(writer().write(EventName.READ, trace="x" * (room - 1)).body) == LIMIT_BYTES - 1
    with pytest.raises(EventTooLarge):
        writer().write(EventName.READ, trace="x" * room)


def test_a_person_has_another_name_in_every_event() -> None:
    ids = iter(["e-1", "e-2"])
    one = writer(new_id=lambda: next(ids))
    key = b"k" * 32
    first, second = (
        orjson.loads(one.write(EventName.ASKED, subject_keys=[Keyed(key)]).body)["subjects"] for _ in range(2)
    )
    assert first == [hmac.digest(key, b"e-1", "sha256").hex()]
    assert second == [hmac.digest(key, b"e-2", "sha256").hex()]


def test_at_most_sixteen_persons_stand_in_a_line() -> None:
    event = writer().write(EventName.ACCEPTED, subject_keys=[Keyed(bytes([n]) * 32) for n in range(40)])
    assert len(orjson.loads(event.body)["subjects"]) == 16


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_395_600_007, "2026-11-23T01:00:00.007Z"),
        (1_795_395_600_999, "2026-11-23T01:00:00.999Z"),
        (1_795_395_599_999, "2026-11-23T00:59:59.999Z"),
    ],
)
def test_an_instant_is_utc_with_three_decimals(at: int, text: str) -> None:
    assert timestamp(at) == text
