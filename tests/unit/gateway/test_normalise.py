"""Native form becomes one document, with the parts it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.contract.errors import Refused
from gateway.contract.exchange import RowProblem
from gateway.contract.reasons import Reason
from gateway.normalise import normalise, normalised
from schemas.catalogue import canonical, parse_json
from schemas.document import SchemaError
from tests.unit.gateway.bench import NIK, PAPER, Bench, changed, letter, organisation, person


class Gives:
    """A codec that gives these items."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def to_documents(self, inbound: Any) -> Iterator[Any]:
        return iter(self.items)


async def test_a_document_with_its_canonical_form_and_its_persons(bench: Bench) -> None:
    normal = bench.normalised("person.deliver", person())
    assert normal.canonical == canonical(normal.document)
    assert ("nik", NIK) in normal.subjects


@pytest.mark.parametrize("items", [(), (RowProblem(1, None, "bad_cell", "no"),)])
async def test_no_document_is_a_refusal(bench: Bench, items: tuple[Any, ...]) -> None:
    with pytest.raises(Refused) as caught:
        normalise(bench.received("person.deliver", None), Gives(*items))
    assert caught.value.reason is Reason.SCHEMA_INVALID


async def test_what_the_schema_forbids_names_the_fields(bench: Bench) -> None:
    with pytest.raises(SchemaError) as caught:
        bench.normalised("person.deliver", person(nik="12"))
    assert [path for path, _, _ in caught.value.errors] == ["nik"]


async def test_a_document_of_another_type_than_the_service_takes(bench: Bench) -> None:
    with pytest.raises(Refused) as caught:
        normalised(bench.received("person.deliver", None), parse_json("organisation/1", organisation()))
    assert caught.value.reason is Reason.UNKNOWN_DOCUMENT_TYPE


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((), Reason.PART_MISSING),
        ((changed(PAPER, sha256="0" * 64),), Reason.PART_MISSING),
        ((changed(PAPER, size=PAPER.size + 1),), Reason.DIGEST_MISMATCH),
        ((changed(PAPER, media_type="text/html"),), Reason.DIGEST_MISMATCH),
    ],
)
async def test_parts_that_the_document_names_must_have_come(bench: Bench, parts: Any, reason: Reason) -> None:
    with pytest.raises(Refused) as caught:
        bench.normalised("letter.deliver", letter(), parts=parts)
    assert caught.value.reason is reason


async def test_references_are_found_wherever_they_stand(bench: Bench) -> None:
    enclosed = letter(attachments=[{"file": {"sha256": "1" * 64, "size": 3, "mediaType": "text/plain"}}])
    with pytest.raises(Refused) as caught:
        bench.normalised("letter.deliver", enclosed)
    assert caught.value.reason is Reason.PART_MISSING
    other = changed(PAPER, number=2, sha256="1" * 64, size=3, media_type="text/plain")
    assert bench.normalised("letter.deliver", enclosed, parts=(PAPER, other)).document.TYPE == "letter/1"


async def test_a_part_that_does_not_say_what_it_is_is_what_the_document_says(bench: Bench) -> None:
    unsaid = changed(PAPER, media_type="application/octet-stream")
    assert bench.normalised("letter.deliver", letter(), parts=(unsaid,)).received.inbound.parts == (PAPER,)
    told = letter()
    told["mainFile"]["mediaType"] = "application/octet-stream"
    assert bench.normalised("letter.deliver", told, parts=(PAPER,)).received.inbound.parts == (PAPER,)


@pytest.mark.parametrize("name", ["../../x.pdf", "a/b.pdf", "C:\\x.pdf", "..", "x\u202efdp.exe", "x\u200b.pdf", " "])
async def test_a_document_that_gives_a_path_for_a_file_name_is_refused(bench: Bench, name: str) -> None:
    told = letter()
    told["mainFile"]["name"] = name
    with pytest.raises(Refused) as caught:
        bench.normalised("letter.deliver", told, parts=(PAPER,))
    assert caught.value.reason is Reason.NAME_REFUSED
    assert caught.value.limit is None
    assert name.strip() == "" or name not in caught.value.detail


async def test_a_part_that_no_field_names_is_refused(bench: Bench) -> None:
    other = changed(PAPER, number=2, sha256="1" * 64)
    with pytest.raises(Refused) as caught:
        bench.normalised("letter.deliver", letter(), parts=(PAPER, other))
    assert caught.value.reason is Reason.PART_UNUSED


async def test_the_same_file_twice_is_named_twice(bench: Bench) -> None:
    twice = (PAPER, changed(PAPER, number=2))
    assert bench.normalised("letter.deliver", letter(), parts=twice).received.inbound.parts == twice
