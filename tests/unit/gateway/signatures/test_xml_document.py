"""What an id names, what is read strictly, and what no document may cost."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.signatures.material import Bounds
from gateway.signatures.xml_document import Budget, Document, Fault, children, clean, decoded, read, text


def code(data: bytes, bounds: Bounds = Bounds()) -> str:
    with pytest.raises(Fault) as raised:
        read(data, bounds)
    return raised.value.finding.code


@pytest.mark.parametrize("attribute", ["Id", "ID", "id", "xml:id", "AssertionID", "w:Id"])
def test_an_id_in_any_of_its_spellings_names_its_element(attribute: str) -> None:
    document = read(f'<a xmlns:w="urn:w"><b {attribute}="x"/></a>'.encode(), Bounds())
    assert document.named("x").tag == "b"


def test_an_element_with_one_id_in_two_attributes_is_one() -> None:
    assert read(b'<a Id="x" ID="x"/>', Bounds()).named("x").tag == "a"


def test_two_elements_of_one_id_and_none() -> None:
    document = read(b'<a Id="x"><b xml:id="x"/></a>', Bounds())
    for name, expected in (("x", "ambiguous_id"), ("y", "content_missing")):
        with pytest.raises(Fault) as raised:
            document.named(name)
        assert raised.value.finding.code == expected


def test_refusals_by_their_codes() -> None:
    assert code(b"<!DOCTYPE a><a/>") == "unsafe"
    assert code(b"<?x y?><a/>") == "unsafe"
    assert code(b"<a>") == "format_broken"
    assert code(b"<a>\xff</a>") == "format_broken"
    assert code("<a/>".encode("utf-16")) == "unsupported"
    assert code(b"<a/>", Bounds(xml_bytes=3)) == "too_large"
    assert code(b"<a><b/></a>", Bounds(xml_tags=1)) == "too_large"
    assert code(b"<a><b><c/></b></a>", Bounds(xml_depth=2)) == "too_large"


def test_the_measures_of_a_document() -> None:
    document = read(b'<a xmlns="urn:a" xmlns:b="urn:long"><c xmlns:d="urn:d"><e/></c></a>', Bounds())
    assert (document.scope, document.depth, document.longest) == (3, 3, 8)


def test_comments_are_kept_only_where_they_could_be_signed() -> None:
    assert len(read(b"<a><!-- x --></a>", Bounds()).root) == 0
    assert len(read(b"<a b='#WithComments'><!-- x --></a>", Bounds()).root) == 1


def test_the_budget_ends() -> None:
    budget = Budget(10)
    budget.take(10)
    with pytest.raises(Fault, match="too much work"):
        budget.take(1)


def test_text_behind_comments_belongs_to_it_and_elements_do_not() -> None:
    assert text(etree.fromstring("<a>x<!-- y -->z</a>")) == "xz"
    assert [one.tag for one in children(etree.fromstring("<a><!-- y --><b/></a>"))] == ["b"]
    with pytest.raises(Fault):
        text(etree.fromstring("<a>x<b/></a>"))


@pytest.mark.parametrize("value", ["QQ", "QR==", "QQ==x", "Q*Q=", "é"])
def test_base64_is_written_in_one_way(value: str) -> None:
    element = etree.Element("a")
    element.text = value
    with pytest.raises(Fault) as raised:
        decoded(element)
    assert raised.value.finding.code == "format_broken"
    element.text = " Q Q\n== "
    assert decoded(element) == b"A"


def test_a_name_is_shown_short_and_plain() -> None:
    assert clean("a\n<b>\u202e" + "x" * 100) == "a??b??" + "x" * 54


def test_a_document_knows_its_signatures() -> None:
    document = read(b'<a xmlns:d="http://www.w3.org/2000/09/xmldsig#"><d:Signature/></a>', Bounds())
    assert isinstance(document, Document)
    assert len(document.signatures) == 1
