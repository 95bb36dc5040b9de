from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.filedrop.config import Csv
from adapters.filedrop.table import documents_of
from demo.people import HEADER, people, table
from gateway.contract import RowProblem
from schemas.nik import nik_refusal, nik_warnings

CSV = Csv(
    delimiter=";",
    encoding="utf-8",
    dates="dd-MM-yyyy",
    columns=dict(zip(HEADER, ("nik", "fullName", "birthDate", "sex"), strict=True)),
    values={"sex": {"L": "male", "P": "female"}},
)


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_every_number_is_valid_and_fits_its_person(seed: int) -> None:
    for person in people(Random(seed), 20):
        assert nik_refusal(person.nik) is None
        assert nik_warnings(person.nik, person.born, person.sex) == []
        assert len(person.card) == 13
        assert person.card.isdigit()


def test_the_same_seed_gives_the_same_people_and_no_two_share_a_number() -> None:
    first = people(Random("a"), 500)
    assert first == people(Random("a"), 500)
    assert first != people(Random("b"), 500)
    assert len({person.nik for person in first}) == 500


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_the_gateway_finds_the_seven_mistakes_and_takes_the_rest(seed: int) -> None:
    random = Random(seed)
    made = table(random, people(random, 60))
    found = list(documents_of([made.content], CSV, "person/1", "utf-8", row_bytes=4096, rows=100))
    problems = [one for one in found if isinstance(one, RowProblem)]
    assert [(one.row, one.column, one.code) for one in problems] == [(b.row, b.column, b.code) for b in made.bad]
    assert len(problems) == 7
    assert tuple(one.nik for one in found if not isinstance(one, RowProblem)) == made.good  # type: ignore[union-attr]
