"""One reference at a time: what it names, what its transforms make of it, and what it is refused for."""

from __future__ import annotations

import hashlib

import pytest

from gateway.signatures.material import Bounds, Material, TooLarge
from gateway.signatures.xml_document import DS, read
from gateway.signatures.xml_references import Reference, evaluate, external_name
from tests.zoo.xml_maker import BASE64, C10, ENVELOPED, b64, reference, template

TEXT = "<a>470/12</a>"


def evaluated(one: str, *, root: str = "<r>{}<b Id='x'>1</b></r>", given: bytes | Exception | None = None) -> Reference:
    document = read(root.format(template(one)).encode(), Bounds())

    def resolve(name: str) -> Material | None:
        if isinstance(given, Exception):
            raise given
        return None if given is None else Material.of(given)

    (element,) = document.root.iter(DS + "Reference")
    return evaluate(element, 1, document, resolve)


def digest(data: bytes) -> str:
    return b64(hashlib.sha256(data).digest())


def codes(one: Reference) -> list[str]:
    return [each.code for each in one.findings]


@pytest.mark.parametrize("uri", ["#x", "#xpointer(id('x'))", "#xpointer(id(&quot;x&quot;))"])
def test_an_element_by_its_id(uri: str) -> None:
    one = evaluated(reference(uri, value=digest(b'<b Id="x">1</b>')))
    assert (one.held, one.data, one.findings) == (True, b'<b Id="x">1</b>', [])


@pytest.mark.parametrize("uri", ["#xpointer(//b)", "#element(/1)", "#xpointer(id('x')/a)"])
def test_other_pointers_are_not_known(uri: str) -> None:
    assert codes(evaluated(reference(uri, value=digest(b"")))) == ["unsupported"]


def test_the_document_without_its_signature() -> None:
    one = evaluated(reference("", ENVELOPED, value=digest(b'<r><b Id="x">1</b></r>')))
    assert one.held


def test_a_file_and_what_is_not_there() -> None:
    assert evaluated(reference("a.txt", value=digest(b"isi")), given=b"isi").held
    assert evaluated(reference(None, value=digest(b"isi")), given=b"isi").held
    assert codes(evaluated(reference("a.txt", value=digest(b"isi")))) == ["content_missing"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [(TooLarge(2, 1), "too_large"), (OSError(), "content_missing"), (EOFError(), "content_missing"),
     (ValueError(), "content_missing")],
)  # fmt: skip
def test_a_file_that_cannot_be_read(fault: Exception, code: str) -> None:
    one = evaluated(reference("a.txt", value=digest(b"")), given=fault)
    assert (one.held, codes(one)) == (None, [code])


def test_transforms_of_a_file() -> None:
    assert evaluated(reference("a.xml", C10, value=digest(b"<a></a>")), given=b"<a/>").held
    assert evaluated(reference("a.txt", BASE64, value=digest(b"isi")), given=b"aXNp").held
    twice = reference("a.txt", BASE64, C10, value=digest(b"<a></a>"))
    assert evaluated(twice, given=b64(b"<a  />").encode()).held
    assert codes(evaluated(reference("a.txt", BASE64, value=digest(b"")), given=b"\xff")) == ["format_broken"]
    assert codes(evaluated(reference("a.xml", C10, value=digest(b"")), given=b"<!DOCTYPE a><a/>")) == ["unsafe"]
    assert codes(evaluated(reference("a.xml", ENVELOPED, value=digest(b"")), given=b"<a/>")) == ["format_broken"]


def test_xpath_is_taken_only_as_it_is_written_in_the_list() -> None:
    form = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath{}>{}</ds:XPath></ds:Transform>'
    good = "not( ancestor-or-self::ds:Signature )"
    whole = digest(b'<r><b Id="x">1</b></r>')
    assert evaluated(reference("", form.format("", good), value=whole)).held
    other = ' xmlns:ds="urn:lain"'
    for bad in (form.format(other, good), form.format("", "not(ancestor-or-self::x:Signature)"),
                form.format("", good + " or true()"), form.format("", "true()")):  # fmt: skip
        assert codes(evaluated(reference("", bad, value=whole))) == ["unsupported"]


def test_a_digest_is_told_by_its_reference_and_unknown_ones_are_not_guessed() -> None:
    one = evaluated(reference("#x", value=digest(b"lain")))
    assert (one.held, codes(one)) == (False, ["hash_mismatch"])
    assert one.findings[0].message.endswith("(reference 1)")
    unknown = evaluated(reference("#x", digest="urn:lain", value=digest(b"")))
    assert (unknown.held, codes(unknown)) == (None, ["unsupported"])


@pytest.mark.parametrize(
    ("uri", "name"),
    [("a.txt", "a.txt"), ("/message.xml", "/message.xml"), ("a%20b", "a b"), (None, ""), ("", None), ("#x", None),
     ("http://x/a", None), ("file:a", None), ("//x/a", None), ("\\\\x\\a", None), ("100%", "100%")],
)  # fmt: skip
def test_names_of_files(uri: str | None, name: str | None) -> None:
    assert external_name(uri) == name
