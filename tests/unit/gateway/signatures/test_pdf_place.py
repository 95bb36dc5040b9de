"""The place of a mark in a PDF."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, append_signature_field

from gateway.signatures.pdf_place import Place, opened
from gateway.signatures.signing import SigningRefused
from tests.zoo.letters import mark, page, request
from tests.zoo.pdf import encrypted, good, plain, signed, updated
from tests.zoo.pki import pki

TAG = "BT /F1 10 Tf 100 300 Td (#ttd#) Tj ET"


def place(data: bytes, **where: Any) -> Place:
    found = opened(data, request(mark=mark(**where))).place
    assert found is not None
    return found


def refused(data: bytes, given: Any = None, **where: Any) -> str:
    with pytest.raises(SigningRefused) as error:
        opened(data, given or request(mark=mark(**where)))
    assert error.value.advice
    return error.value.code


def test_the_default_is_the_lower_left_of_the_last_page() -> None:
    found = place(plain(pages=3))
    assert (found.page, found.box, found.size) == (2, (36, 36, 288, 126), (252, 90))


@pytest.mark.parametrize(("asked", "number"), [(1, 0), (3, 2), (-3, 0), (-1, 2)])
def test_pages(asked: int, number: int) -> None:
    assert place(plain(pages=3), page=asked).page == number


@pytest.mark.parametrize("asked", [0, 4, -4, 10**9])
def test_a_page_that_is_not_there(asked: int) -> None:
    assert refused(plain(pages=3), page=asked) == "place_outside"


@pytest.mark.parametrize("where", [{"x": -1.0}, {"x": 400.0}, {"y": 800.0}, {"width": 0.0}, {"height": float("nan")}])
def test_a_place_outside(where: dict[str, float]) -> None:
    assert refused(plain(), **where) == "place_outside"


def test_a_turned_and_cropped_page() -> None:
    found = place(page(crop=(50, 100, 500, 800), turned=90), x=10.0, y=20.0)
    # Seen from the left edge: 10 points; on the page that is up from the crop's foot.
    assert found.box == (500 - 20 - 90, 110, 480, 362)
    assert found.size == (252, 90)


def test_at_a_tag_the_upper_left_corner_is_that_of_the_tag() -> None:
    found = place(page(TAG), tag="#ttd#")
    assert found.box[0] == pytest.approx(100)
    assert found.box[3] == pytest.approx(307.9, abs=0.5)


@pytest.mark.parametrize(
    ("turned", "matrix"),
    [(90, "0 1 -1 0 400 100"), (180, "-1 0 0 -1 400 400"), (270, "0 -1 1 0 100 500")],
)
def test_at_a_tag_that_is_upright_on_a_turned_page(turned: int, matrix: str) -> None:
    data = page(
        f"BT /F1 10 Tf {matrix} Tm (#ttd#) Tj ET", box=(-20, 30, 575, 872), crop=(0, 40, 575, 800), turned=turned
    )
    found = opened(data, request(mark=mark(tag="#ttd#"))).place
    assert found is not None
    x, y = (float(one) for one in matrix.split()[4:])
    left = {90: found.box[1] - y, 180: found.box[2] - x, 270: found.box[3] - y}[turned]
    assert left == pytest.approx(0, abs=0.01)


def test_tags_that_do_not_serve() -> None:
    assert refused(page(), tag="#ttd#") == "tag_missing"
    assert refused(page(TAG, more=(TAG,)), tag="#ttd#") == "tag_ambiguous"
    assert refused(page(TAG.replace("100 300", "500 300")), tag="#ttd#") == "place_outside"
    assert refused(page(TAG.replace("100 300", "100 50")), tag="#ttd#") == "place_outside"


@pytest.mark.parametrize("data", [b"", b"no", b"%PDF-1.7\n", good()[:300], b"%PDF-1.7" + bytes(2000)])
def test_what_is_no_pdf(data: bytes) -> None:
    assert refused(data) == "not_a_pdf"


def test_bans_on_changes() -> None:
    assert refused(encrypted()) == "changes_forbidden"
    certified = signed(plain(), pki().signer, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    assert refused(certified) == "changes_forbidden"


def test_names_of_fields() -> None:
    assert opened(plain(), request()).field == "TandaTangan1"
    assert refused(good(), request(field="TandaTangan")) == "already_signed"
    first = signed(plain(), pki().signer, field="TandaTangan1")
    assert opened(first, request()).field == "TandaTangan2"


def test_an_empty_field_is_the_place_itself() -> None:
    data = updated(
        plain(), lambda writer: append_signature_field(writer, SigFieldSpec("Kepala", box=(50, 60, 350, 160)))
    )
    found = opened(data, request(mark=mark(), field="Kepala"))
    assert found.empty
    assert found.place is not None
    assert (found.place.box, found.place.size) == ((50, 60, 350, 160), (300, 100))


def test_an_empty_field_that_is_not_seen_takes_no_mark() -> None:
    data = updated(plain(), lambda writer: append_signature_field(writer, SigFieldSpec("Kepala")))
    assert refused(data, request(mark=mark(), field="Kepala")) == "place_outside"
    assert opened(data, request(field="Kepala")).place is None


@settings(max_examples=60)
@given(st.integers(0, len(good()) - 1), st.binary(max_size=12))
def test_a_damaged_file_is_refused_or_opened(at: int, noise: bytes) -> None:
    data = good()
    with contextlib.suppress(SigningRefused):
        opened(data[:at] + noise + data[at + len(noise) :], request(mark=mark(tag="Surat")))
