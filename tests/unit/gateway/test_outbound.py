"""What one recipient gets to see."""

from __future__ import annotations

import orjson
import pytest

from gateway.federation import Federation
from gateway.message import Body
from gateway.outbound import Unreleasable, outbound, part_urls, released, released_body, released_parts
from schemas.catalogue import canonical, parse_json
from schemas.strict_json import DEFAULT
from tests.unit.gateway.bench import NIK, PAPER, changed, letter, organisation, person

RAW = {"sourceSchema": "kota.simpus/1", "fields": {"kodeLama": "7"}}


def data(**more: object) -> bytes:
    return canonical(parse_json("organisation/1", organisation(**more)))


def test_a_document_without_raw_goes_as_it_is(federation: Federation) -> None:
    plain = data(phone="022123456")
    assert released("organisation/1", plain, None, same_system=False) is plain
    assert released("organisation/1", plain, federation.routes[4], same_system=False) is plain


def test_the_release_list_narrows(federation: Federation) -> None:
    told = orjson.loads(released("organisation/1", data(phone="022123456"), federation.routes[3], same_system=False))
    assert told == organisation()


@pytest.mark.parametrize(
    ("route", "same", "stays"), [(None, False, False), (None, True, True), (4, False, True), (0, False, False)]
)
def test_raw_goes_back_home_and_elsewhere_only_if_forwarded(
    federation: Federation, route: int | None, same: bool, stays: bool
) -> None:
    with_raw = data(raw=RAW)
    chosen = None if route is None else federation.routes[route]
    told = released("organisation/1", with_raw, chosen, same)
    assert ("raw" in orjson.loads(told)) is stays
    assert told == (with_raw if stays else data())


def test_parts_that_the_released_document_does_not_name_stay_behind(federation: Federation) -> None:
    other = changed(PAPER, number=2, sha256="1" * 64, size=3)
    enclosed = letter(attachments=[{"file": {"sha256": "1" * 64, "size": 3, "mediaType": "text/plain"}}])
    data = canonical(parse_json("letter/1", enclosed))
    narrow = federation.routes[1].model_copy(update={"release": tuple(letter())})
    told = released("letter/1", data, narrow, same_system=False)
    assert "attachments" not in orjson.loads(told)
    assert released_parts("letter/1", told, (PAPER, other), narrow) == (PAPER,)
    assert released_parts("letter/1", data, (PAPER, other), federation.routes[1]) == (PAPER, other)
    assert released_parts("letter/1", data, (PAPER, other), None) == (PAPER, other)


def test_a_document_is_read_back_whatever_its_size(federation: Federation) -> None:
    note = {"from": {"name": "A"}, "to": [{"name": "B"}], "instruction": "x" * 4000}
    long = canonical(parse_json("letter/1", letter(dispositions=[note] * 300)))
    assert len(long) > DEFAULT.max_bytes
    narrow = federation.routes[1].model_copy(update={"release": tuple(letter())})
    assert orjson.loads(released("letter/1", long, narrow, same_system=False)) == letter()
    assert released_parts("letter/1", long, (PAPER,), narrow) == (PAPER,)
    made = outbound(
        delivery="m.2", message="m", kind="document", sender="kota/simpus", recipient="arsip/gudang",
        service="letter.deliver", document_type="letter/1", document=long, envelope={},
    )  # fmt: skip
    assert canonical(made.load()) == long


def test_what_is_left_is_canonical_still() -> None:
    told = released("organisation/1", data(raw=RAW, phone="022123456"), None, same_system=False)
    assert told == canonical(parse_json("organisation/1", told))


def test_an_outbound_names_its_recipient_and_no_other() -> None:
    made = outbound(
        delivery="m.2", message="m", kind="document", sender="kota/simpus", recipient="arsip/gudang",
        service="organisation.deliver", document_type="organisation/1", document=data(),
        envelope={"recipients": ["a/b", "c/d"], "messageId": "m"},
    )  # fmt: skip
    assert made.envelope == {"recipients": ["arsip/gudang"], "messageId": "m", "deliveryId": "m.2"}
    assert canonical(made.load()) == data()


def test_parts_are_at_the_gateways_public_address() -> None:
    assert part_urls("https://g.example", "m", (PAPER,)) == ("https://g.example/api/v1/messages/m/parts/1",)


def test_a_document_of_which_nothing_whole_may_leave(narrow: Federation) -> None:
    route = next(one for one in narrow.routes if one.release and one.service == "person.deliver")
    only_nik = canonical(parse_json("person/1", person()))
    with pytest.raises(Unreleasable, match="nik") as caught:
        released("person/1", only_nik, route, same_system=False)
    assert NIK not in str(caught.value)
    with_card = canonical(parse_json("person/1", person(noKartu="0001234567890")))
    assert "nik" not in orjson.loads(released("person/1", with_card, route, same_system=False))
    none = route.model_copy(update={"release": ()})
    with pytest.raises(Unreleasable):
        released("person/1", with_card, none, same_system=False)


def test_a_list_that_withholds_nothing_leaves_the_very_same_body(federation: Federation) -> None:
    whole = Body(data(), b"s" * 16, (), None, {})
    assert released_body("organisation/1", whole, federation.routes[3], same_system=False) is whole
    more = Body(data(phone="022123456"), b"s" * 16, (PAPER,), None, {})
    told = released_body("organisation/1", more, federation.routes[3], same_system=False)
    assert (told.document, told.parts) == (data(), ())
