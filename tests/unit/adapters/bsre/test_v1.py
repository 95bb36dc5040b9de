"""Version 1 in the manual's field names."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from typing import Any

import pytest

from adapters.bsre.dialect import Call, Elsewhere
from adapters.bsre.place import Place
from adapters.bsre.v1 import V1
from gateway.contract import HttpReply, PdfToSign, Reason, Refused
from gateway.contract.testing import Headers
from tests.unit.adapters.bsre.bench import LINK, NIK, document, marked, pdf, picture


def fields(call: Call) -> Mapping[str, Any]:
    assert call.native is not None
    head = f"Content-Type: {call.native.media_type}\r\n\r\n".encode()
    parts = message_from_bytes(head + call.native.whole()).get_payload()
    assert isinstance(parts, list)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)  # type: ignore[union-attr]
        for part in parts
    }


def sent(given: PdfToSign, at: Place | None, *, draws: bool = False) -> Mapping[str, Any]:
    call = V1(draws=draws).sign(given, "frasa", at)
    assert (call.method, call.path) == ("POST", "/api/sign/pdf")
    return fields(call)


def test_an_unseen_signature() -> None:
    expected = {"nik": NIK.encode(), "passphrase": b"frasa", "tampilan": b"invisible", "file": pdf()}
    assert sent(document(), None) == expected
    told = sent(document(reason="Uji", location="Bandung"), None)
    assert (told["reason"], told["location"]) == (b"Uji", b"Bandung")


@pytest.mark.parametrize(
    ("page", "pages", "said"),
    [(1, 3, {"halaman": b"pertama"}), (3, 3, {"halaman": b"terakhir"}), (2, 3, {"page": b"2"})],
)
def test_our_picture_at_a_place(page: int, pages: int, said: dict[str, bytes]) -> None:
    told = dict(sent(marked(), Place(page, pages, 30, 40, 90, 91)))
    corner = {"xAxis": b"30", "yAxis": b"40", "width": b"90", "height": b"91"}
    assert told["image"] == b"true"
    assert told["imageTTD"] == picture()
    assert {name: told[name] for name in (*corner, *said)} == {**corner, **said}
    assert not {"halaman", "page", "tag_koordinat", "linkQR"} & set(told) - set(said)


def test_a_tag_instead_of_a_corner() -> None:
    told = sent(marked(), Place(1, 1, 0, 0, 90, 90, "#"))
    assert told["tag_koordinat"] == b"#"
    assert not {"xAxis", "yAxis", "halaman", "page"} & set(told)
    assert "width" not in sent(marked(), Place(1, 1, 0, 0, 0, 0, "#"))


def test_the_service_draws_a_link_if_it_is_told_to_or_if_there_is_no_picture() -> None:
    at = Place(1, 1, 30, 40, 90, 90)
    for given, draws in ((marked(qr_url=LINK), True), (marked(image=None, qr_url=LINK), False)):
        told = sent(given, at, draws=draws)
        assert (told["image"], told["linkQR"]) == (b"false", LINK.encode())
        assert "imageTTD" not in told
    assert "linkQR" not in sent(marked(qr_url=LINK), at)


def test_other_calls() -> None:
    v1 = V1(draws=False)
    assert v1.status(NIK) == Call("GET", f"/api/user/status/{NIK}")
    assert v1.code(NIK) is None
    assert v1.verify(pdf()).path == "/api/sign/verify"
    assert fields(v1.verify(pdf())) == {"signed_file": pdf()}


def reply(status: int, body: bytes, **headers: str) -> HttpReply:
    return HttpReply(status, Headers(headers), body, "application/pdf")


def test_the_answer_is_the_pdf_or_where_it_waits() -> None:
    v1 = V1(draws=False)
    assert v1.signed(reply(200, b"%PDF-1.7", id_dokumen="a1")) == b"%PDF-1.7"
    assert v1.signed(reply(200, b"", ID_DOKUMEN="a1-B_2")) == Elsewhere(Call("GET", "/api/sign/download/a1-B_2"))


@pytest.mark.parametrize("number", ["", "../user", "a/b", "a?b", "x" * 129, "a b", "ä"])
def test_a_strange_number_is_not_put_into_an_address(number: str) -> None:
    with pytest.raises(Refused) as caught:
        V1(draws=False).signed(reply(200, b"", id_dokumen=number))
    assert caught.value.reason is Reason.RECIPIENT_ANSWER_INVALID


def test_an_error_is_none_even_if_it_looks_like_a_pdf() -> None:
    with pytest.raises(Refused) as caught:
        V1(draws=False).signed(reply(400, b"%PDF-1.7"))
    assert caught.value.reason is Reason.RECIPIENT_REFUSED
