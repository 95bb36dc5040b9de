"""The XSD of a field of each kind, what it takes and what it refuses, and names that may stand once only."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from lxml import etree
from pydantic import create_model

from schemas import xsd
from schemas.catalogue import DOCUMENTS, UnknownDocument
from schemas.document import Document, Group
from schemas.marks import Many, Maybe, personal, public, secret
from schemas.primitives import CivilDate, Count, Instant, Name, Nik, Phone, RowNumber, ShortText, Size, Uuid
from schemas.scalars import Scalar, Text
from schemas.xsd import XS, namespace, root_name, xsd_element, xsd_for, xsd_text

TYPE = "sample-of-all/3"
NS = "urn:lintas:schema:sample-of-all:3"


class Inner(Group):
    """Something inside.

    This is not told.
    """

    name: Annotated[Name, personal("Name", "nama")]
    flag: Annotated[Literal["on", "off"], public("Flag")]


class SampleOfAll3(Document, name="sample-of-all", major=3):
    """A document of every kind of field."""

    note: Annotated[Maybe[ShortText], public("Note")] = None
    given: Annotated[Name | None, public("Given", "nama")]
    phone: Annotated[Maybe[Phone], secret("Phone")] = None
    nik: Annotated[Maybe[Nik], personal("Number", "NIK", "nik")] = None
    row: Annotated[Maybe[RowNumber], public("Row")] = None
    size: Annotated[Maybe[Size], public("Size")] = None
    yes: Annotated[Maybe[bool], public("Yes")] = None
    flag: Annotated[Maybe[Literal["on", "off", "half & half"]], public("Flag")] = None
    day: Annotated[Maybe[CivilDate], public("Day")] = None
    at: Annotated[Maybe[Instant], public("At")] = None
    inner: Annotated[Maybe[Inner], public("Inner")] = None
    many: Annotated[Maybe[Many[Inner]], public("Many")] = None
    counts: Annotated[Maybe[Many[Count]], public("Counts")] = None


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> etree._Element:
    monkeypatch.setattr(xsd, "model_of", lambda doc_type: SampleOfAll3)
    return xsd_element(TYPE)


def test_names_on_the_wire() -> None:
    assert (namespace(TYPE), root_name(TYPE), root_name("letter/1")) == (NS, "sampleOfAll", "letter")
    assert len({namespace(one) for one in DOCUMENTS}) == len({root_name(one) for one in DOCUMENTS}) == len(DOCUMENTS)


def _elements(schema: etree._Element, owner: str) -> dict[str, dict[str, str]]:
    found = schema.findall(f"{{{XS}}}complexType[@name='{owner}']/{{{XS}}}sequence/{{{XS}}}element")
    return {str(one.get("name")): {str(k): str(v) for k, v in one.attrib.items() if k != "name"} for one in found}


def test_each_field_is_an_element_in_order(schema: etree._Element) -> None:
    absent = {"minOccurs": "0"}
    listed = {**absent, "maxOccurs": "unbounded"}
    assert list(_elements(schema, "SampleOfAll").items()) == [
        ("note", {"type": "tns:ShortText", **absent}),
        ("given", {"type": "tns:Name", "nillable": "true"}),
        ("phone", {"type": "tns:Phone", **absent}),
        ("nik", {"type": "tns:Nik", **absent}),
        ("row", {"type": "tns:RowNumber", **absent}),
        ("size", {"type": "tns:Size", **absent}),
        ("yes", {"type": "xs:boolean", **absent}),
        ("flag", {"type": "tns:SampleOfAllFlag", **absent}),
        ("day", {"type": "tns:CivilDate", **absent}),
        ("at", {"type": "tns:Instant", **absent}),
        ("inner", {"type": "tns:Inner", **absent}),
        ("many", {"type": "tns:Inner", **listed}),
        ("counts", {"type": "tns:Count", **listed}),
        ("raw", {"type": "tns:Raw", **absent}),
    ]
    assert _elements(schema, "Inner") == {"name": {"type": "tns:Name"}, "flag": {"type": "tns:InnerFlag"}}
    assert _elements(schema, "Raw")["fields"] == {"type": "xs:string"}


def _simple(schema: etree._Element) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for one in schema.findall(f"{{{XS}}}simpleType"):
        facets = [(etree.QName(facet).localname, str(facet.get("value"))) for facet in one[0]]
        found[str(one.get("name"))] = str(one[0].get("base")), facets
    return found


def test_each_kind_of_value_is_a_restriction_once(schema: etree._Element) -> None:
    simple = _simple(schema)
    assert list(simple) == sorted(simple)
    length = [("minLength", "1"), ("maxLength", "200")]
    assert simple["ShortText"] == ("xs:string", [("maxLength", "500")])
    assert simple["Name"] == ("xs:string", [("pattern", r"\s*\S[\s\S]*"), *length])
    assert [facet for facet, _ in simple["Phone"][1]] == ["pattern", "minLength", "maxLength"]
    # Where the pattern fixes the length, it alone stands.
    assert [facet for facet, _ in simple["Nik"][1]] == ["pattern"]
    assert simple["RowNumber"] == ("xs:long", [("minInclusive", "1"), ("maxInclusive", str(2**53 - 1))])
    assert simple["SampleOfAllFlag"][1] == [("enumeration", word) for word in ("on", "off", "half & half")]
    assert simple["InnerFlag"][1] == [("enumeration", "on"), ("enumeration", "off")]
    assert (simple["CivilDate"][0], simple["Instant"][0]) == ("xs:date", "xs:dateTime")
    # Anchors are no part of an XSD pattern: it is always the whole value.
    assert not [value for _, facets in simple.values() for _, value in facets if value[0] == "^" or value[-1] == "$"]


def test_what_a_field_means_is_told_with_its_term_and_class(schema: etree._Element) -> None:
    told = {
        str(one.get("name")): one.findtext(f"{{{XS}}}annotation/{{{XS}}}documentation")
        for one in schema.iter(f"{{{XS}}}element", f"{{{XS}}}complexType")
    }
    assert told["nik"] == "Number (NIK) [personal]"
    assert (told["note"], told["given"], told["phone"]) == ("Note", "Given (nama)", "Phone [secret]")
    assert (told["Inner"], told["SampleOfAll"]) == ("Something inside.", "A document of every kind of field.")


def test_the_head_of_the_schema(schema: etree._Element) -> None:
    assert dict(schema.attrib) == {"targetNamespace": NS, "elementFormDefault": "qualified", "version": "3"}
    assert schema.nsmap == {"xs": XS, "tns": NS}
    assert dict(schema[0].attrib) == {"name": "sampleOfAll", "type": "tns:SampleOfAll"}


TAKEN = [
    "<given>A</given>", "<given>\n A </given>", "<given xsi:nil='true'/>", "<given xsi:nil='1'/>",
    "<note/><given>A</given>", f"<note>{'é' * 500}</note><given>A</given>",
    "<given>A</given><phone>+62 22-1</phone>", "<given>A</given><nik>3273014107900001</nik>",
    "<given>A</given><row>1</row>", "<given>A</given><row> +007 </row>", f"<given>A</given><size>{2**53 - 1}</size>",
    "<given>A</given><yes>1</yes>", "<given>A</given><yes> true\n</yes>",
    "<given>A</given><flag>half &amp; half</flag>",
    "<given>A</given><day>2024-02-29</day>", "<given>A</given><at>2026-01-02T10:00:00.5+07:00</at>",
    "<given>A</given><inner><name>B</name><flag>on</flag></inner>",
    "<given>A</given>" + "<many><name>B</name><flag>on</flag></many>" * 3,
    "<given>A</given>" + "<counts>0</counts>" * 9,
    "<given>A</given><raw><sourceSchema>x/1</sourceSchema><fields>{}</fields></raw>",
]  # fmt: skip
REFUSED = [
    "", "<given/>", "<given> \n\t</given>", "<given xsi:nil='true'>A</given>", f"<given>{'A' * 201}</given>",
    "<given>A</given><note>A</note>", "<given>A</given><given>B</given>", f"<note>{'é' * 501}</note><given>A</given>",
    "<note xsi:nil='true'/><given>A</given>", "<given>A</given><phone>-</phone>",
    "<given>A</given><nik>327301410790000</nik>", "<given>A</given><nik> 3273014107900001</nik>",
    "<given>A</given><row>0</row>", "<given>A</given><row>1.0</row>", "<given>A</given><row>1e3</row>",
    f"<given>A</given><size>{2**53}</size>", "<given>A</given><size>-1</size>", "<given>A</given><size/>",
    "<given>A</given><yes>ya</yes>", "<given>A</given><yes>TRUE</yes>", "<given>A</given><flag>On</flag>",
    "<given>A</given><flag> on</flag>", "<given>A</given><day>2026-02-29</day>",
    "<given>A</given><day>2026-01-02Z</day>",
    "<given>A</given><day>12026-01-02</day>", "<given>A</given><at>2026-01-02T10:00:00</at>",
    "<given>A</given><at>2026-01-02T24:00:00Z</at>", "<given>A</given><at>2026-01-02T10:00:00.1234567Z</at>",
    "<given>A</given><inner><name>B</name></inner>", "<given>A</given><inner><flag>on</flag><name>B</name></inner>",
    "<given>A</given><inner/>", "<given>A</given><inner><name>B</name><flag>half &amp; half</flag></inner>",
    "<given>A</given><other/>", "<given a='b'>A</given>", "<given>A</given>text", "<given>A<b/></given>",
]  # fmt: skip


def _valid(schema: etree._Element, inner: str) -> bool:
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    element = etree.fromstring(f'<sampleOfAll xmlns="{NS}" xmlns:xsi="{xsi}">{inner}</sampleOfAll>')
    return bool(etree.XMLSchema(schema).validate(element))


@pytest.mark.parametrize("inner", TAKEN)
def test_what_it_takes(schema: etree._Element, inner: str) -> None:
    assert _valid(schema, inner)


@pytest.mark.parametrize("inner", REFUSED)
def test_what_it_refuses(schema: etree._Element, inner: str) -> None:
    assert not _valid(schema, inner)


@pytest.mark.parametrize("doc_type", DOCUMENTS)
def test_the_text_is_that_schema_indented_and_stable(doc_type: str) -> None:
    data = xsd_text(doc_type)
    assert data == xsd_text(doc_type)
    assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<xs:schema ")
    assert data.endswith(b"</xs:schema>\n")
    plain = etree.tostring(etree.fromstring(data, etree.XMLParser(remove_blank_text=True)), method="c14n")
    assert plain == etree.tostring(xsd_element(doc_type), method="c14n")


def test_a_schema_is_compiled_once_and_built_afresh() -> None:
    assert xsd_for("letter/1") is xsd_for("letter/1")
    # A WSDL puts the element into its own tree: it must not be the one that another WSDL has.
    assert xsd_element("letter/1") is not xsd_element("letter/1")


@pytest.mark.parametrize("ask", [xsd_element, xsd_text, xsd_for])
def test_an_unknown_type_is_refused(ask: Any) -> None:
    with pytest.raises(UnknownDocument):
        ask("letter/2")


def _model(**fields: Any) -> type[Document]:
    return create_model("Made", __base__=Document, **{name: (hint, ...) for name, hint in fields.items()})


def _named(name: str) -> type[Group]:
    return create_model(name, __base__=Group, one=(Annotated[Name, public("One")], ...))


CLASHES = {
    "two texts": {"a": Annotated[Name, public("A")], "b": Annotated[str, Text("Name", 7), public("B")]},
    "two groups": {"a": Annotated[_named("Same"), public("A")], "b": Annotated[_named("Same"), public("B")]},
    "a group and a text": {"a": Annotated[_named("Name"), public("A")]},
    "a choice and a text": {
        "flag": Annotated[Literal["x"], public("A")], "b": Annotated[str, Text("LetterFlag", 7), public("B")],
    },
    "a group called as the document": {"a": Annotated[_named("Letter"), public("A")]},
}  # fmt: skip


@pytest.mark.parametrize("fields", CLASHES.values(), ids=CLASHES)
def test_two_types_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]) -> None:
    monkeypatch.setattr(xsd, "model_of", lambda doc_type: _model(**fields))
    with pytest.raises(TypeError, match="two kinds of value are called "):
        xsd_element("letter/1")


def test_a_kind_that_xsd_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(Scalar):
        name = "Odd"

    model = _model(a=Annotated[Uuid, public("A")])
    monkeypatch.setattr(xsd, "model_of", lambda doc_type: model)
    xsd_element("letter/1")
    model = _model(a=Annotated[str, Odd(), public("A")])
    with pytest.raises(TypeError, match="no XSD for"):
        xsd_element("letter/1")
