"""Canonical octets of parts. What xmlsec1 says of them is asked in tests/peers/xmlsec1."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.signatures.material import Bounds
from gateway.signatures.xml_canonical import PLAIN, Method, Nodes, known, method_of, octets
from gateway.signatures.xml_document import SIGNATURE, Document, Fault, read

DS = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
C10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
V11, EXCLUSIVE = Method(version=11), Method(exclusive=True)


def part(inner: str, above: str = "") -> tuple[Document, Nodes]:
    document = read(f"<r {above}>{inner}</r>".encode(), Bounds())
    return document, Nodes(document.root[0])


def test_a_part_takes_namespaces_from_above_if_it_is_inclusive() -> None:
    document, nodes = part("<p:a><b/></p:a>", 'xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q"')
    assert octets(document, nodes, PLAIN) == (b'<p:a xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q"><b></b></p:a>')
    assert octets(document, nodes, EXCLUSIVE) == b'<p:a xmlns:p="urn:p"><b xmlns="urn:d"></b></p:a>'
    listed = Method(exclusive=True, prefixes=("q", "unknown"))
    assert octets(document, nodes, listed) == (b'<p:a xmlns:p="urn:p" xmlns:q="urn:q"><b xmlns="urn:d"></b></p:a>')


def test_the_default_namespace_in_a_list_of_prefixes_is_never_got_wrong() -> None:
    listed = Method(exclusive=True, prefixes=("#default",))
    document, nodes = part("<p:a><b/></p:a>", 'xmlns="urn:d" xmlns:p="urn:p"')
    with pytest.raises(Fault, match="#default"):
        octets(document, nodes, listed)
    document, nodes = part("<a><b/></a>", 'xmlns="urn:d" xmlns:p="urn:p"')
    assert octets(document, nodes, listed) == b'<a xmlns="urn:d"><b></b></a>'


def test_two_prefixes_of_one_namespace_stay_two() -> None:
    document, nodes = part('<q:a><p:b p:c="1"/></q:a>', 'xmlns:p="urn:p" xmlns:q="urn:p"')
    assert octets(document, nodes, EXCLUSIVE) == b'<q:a xmlns:q="urn:p"><p:b xmlns:p="urn:p" p:c="1"></p:b></q:a>'


def test_a_default_namespace_that_is_taken_back() -> None:
    document, nodes = part('<a xmlns=""><b/></a>', 'xmlns="urn:d"')
    assert octets(document, nodes, PLAIN) == b"<a><b></b></a>"


def test_xml_attributes_from_above_by_version() -> None:
    above = 'xml:lang="id" xml:space="preserve" xml:id="r"'
    document, nodes = part('<a xml:lang="en"/>', above)
    assert octets(document, nodes, PLAIN) == b'<a xml:id="r" xml:lang="en" xml:space="preserve"></a>'
    assert octets(document, nodes, V11) == b'<a xml:lang="en" xml:space="preserve"></a>'
    assert octets(document, nodes, EXCLUSIVE) == b'<a xml:lang="en"></a>'


def test_a_base_above_is_not_joined_but_refused() -> None:
    document, nodes = part("<a/>", 'xml:base="urn:x"')
    assert octets(document, nodes, PLAIN) == b'<a xml:base="urn:x"></a>'
    with pytest.raises(Fault, match="xml:base"):
        octets(document, nodes, V11)


def test_a_signature_is_taken_out_and_its_surroundings_stay() -> None:
    document = read(f"<a {DS}>x<ds:Signature/>y<b/>z<ds:Signature/>!</a>".encode(), Bounds())
    first, second = document.signatures
    for gone, left in (
        ([first], b"xy<b></b>z<ds:Signature></ds:Signature>!"),
        ([second], b"x<ds:Signature></ds:Signature>y<b></b>z!"),
        ([first, second], b"xy<b></b>z!"),
    ):
        data = octets(document, Nodes(document.root, whole=True, without=frozenset(gone)), EXCLUSIVE)
        assert data.replace(b' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"', b"") == b"<a>" + left + b"</a>"
    assert len(document.signatures) == 2


def test_a_signature_within_one_that_is_taken_out() -> None:
    document = read(f"<a {DS}><ds:Signature><ds:Signature/></ds:Signature></a>".encode(), Bounds())
    nodes = Nodes(document.root, without=frozenset(document.signatures))
    assert octets(document, nodes, EXCLUSIVE) == b"<a></a>"


def test_what_signs_nothing_is_no_octets() -> None:
    document = read(f"<ds:Signature {DS}/>".encode(), Bounds())
    with pytest.raises(Fault) as raised:
        octets(document, Nodes(document.root, whole=True, without=frozenset([document.root])), PLAIN)
    assert raised.value.finding.code == "not_covered"


def test_a_relative_namespace_has_no_canonical_form() -> None:
    document = read(b'<a xmlns="relatif"/>', Bounds())
    with pytest.raises(Fault, match="relative namespace"):
        octets(document, Nodes(document.root), PLAIN)


def test_methods_by_address() -> None:
    assert known(C10)
    assert not known("urn:lain")
    assert method_of(None) == PLAIN
    assert method_of(etree.fromstring(f'<m Algorithm="{C10}#WithComments"/>')) == Method(comments=True)
    with pytest.raises(Fault):
        method_of(etree.fromstring('<m Algorithm="urn:lain"/>'))


def test_the_same_octets_are_paid_once() -> None:
    document = read(b"<a>" + b"x" * 1000 + b"</a>", Bounds(xml_bytes=2000))
    before = document.budget.left
    octets(document, Nodes(document.root), PLAIN)
    spent = before - document.budget.left
    octets(document, Nodes(document.root), PLAIN)
    assert before - document.budget.left == spent > 1000


def test_signatures_are_known_by_their_namespace_alone() -> None:
    document = read(b'<a xmlns:x="http://www.w3.org/2000/09/xmldsig#"><x:Signature/><Signature/></a>', Bounds())
    assert [one.tag for one in document.signatures] == [SIGNATURE]
