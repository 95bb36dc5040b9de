"""Pure: to whom, under which policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason
from gateway.federation import Federation
from gateway.route import field_values, order_key
from schemas.catalogue import parse_json
from tests.unit.gateway.bench import ARSIP, GUDANG, KOTAK, NIK, QUERY, SIMPUS, VCLAIM, Bench, letter, person, running


async def test_fixed_recipients_are_those_of_the_route(bench: Bench) -> None:
    assert bench.routed("coverage.lookup", QUERY).recipients == (VCLAIM,)
    assert bench.routed("person.deliver", person()).recipients == (GUDANG,)


async def test_named_recipients_keep_their_order(bench: Bench) -> None:
    assert bench.routed("letter.deliver", letter(), recipients=(KOTAK, ARSIP)).recipients == (KOTAK, ARSIP)


@pytest.mark.parametrize("named", [(), (VCLAIM,), ("arsip/nobody",), (ARSIP, ARSIP), (ARSIP, "../x")])
async def test_recipients_that_the_route_does_not_allow(bench: Bench, named: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as caught:
        bench.routed("letter.deliver", letter(), recipients=named)
    assert caught.value.reason is Reason.UNKNOWN_RECIPIENT
    assert "../x" not in caught.value.detail


async def test_no_route_is_a_refusal_now(bench: Bench) -> None:
    with pytest.raises(Refused) as caught:
        bench.routed("letter.deliver", letter(), by=VCLAIM)
    assert caught.value.reason is Reason.NO_ROUTE


async def test_what_the_gateway_takes_itself_has_no_recipient(bench: Bench) -> None:
    said = {"relatedToMessageId": "m", "status": "registered", "at": "2026-11-23T08:00:00+07:00"}
    routed = bench.routed("acknowledgement.deliver", said, by=ARSIP, recipients=(SIMPUS,))
    assert (routed.recipients, routed.order_key) == ((), None)


async def test_equal_fields_have_an_equal_order_key(bench: Bench) -> None:
    one, same, other = (
        bench.routed("person.deliver", value).order_key
        for value in (person(), person(fullName="Lain"), person(nik="3273014107900002"))
    )
    assert one == same
    assert one != other
    assert one is not None
    assert len(one) == 32
    assert order_key(parse_json("person/1", person()), bench.routed("coverage.lookup", QUERY).route) is None


def test_values_stand_at_dotted_paths() -> None:
    document = parse_json("letter/1", letter())
    assert field_values(document, ("letterNumber", "sender.name", "sender.unit", "recipients.name", "no.such")) == [
        "005/12/Kel", "Kelurahan Cihapit", None, None, None
    ]  # fmt: skip


async def test_a_document_that_its_route_cannot_release_is_refused_now(tmp_path: Path, narrow: Federation) -> None:
    async with running(tmp_path, narrow) as bench:
        with pytest.raises(Refused) as caught:
            bench.routed("person.deliver", person(), recipients=(GUDANG,))
        assert caught.value.reason is Reason.NOT_RELEASABLE
        assert "noKartu" in caught.value.detail
        assert NIK not in caught.value.detail
        assert bench.routed("person.deliver", person(noKartu="0001234567890"), recipients=(GUDANG,)).recipients == (
            GUDANG,
        )
        rejected = await bench.take("person.deliver", person(), recipients=(GUDANG,))
        assert (rejected.stage, rejected.error.reason) == ("route", Reason.NOT_RELEASABLE)
        assert await bench.names() == ["refused"]
