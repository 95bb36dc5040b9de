from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from schemas import safe_xml
from schemas.catalogue import DOCUMENTS, UnknownDocument, canonical, model_of, parse_json
from schemas.document import Document, Group, RawFields, SchemaError
from schemas.fields import Choice, FieldPlan, Truth, plan
from schemas.scalars import CivilDateScalar, InstantScalar, Scalar, Text, Whole
from schemas.xml import document_type, from_xml, to_xml, to_xml_bytes
from schemas.xsd import namespace, root_name, xsd_for

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
XSI = "http://www.w3.org/2001/XMLSchema-instance"


@pytest.mark.parametrize("doc_type", DOCUMENTS)
@FEW
@given(data=st.data())
def test_document_to_xml_to_the_same_document(wire_values, doc_type: str, data: st.DataObject) -> None:
    document = parse_json(doc_type, data.draw(wire_values(doc_type)))
    element = safe_xml.parse(to_xml_bytes(document))
    xsd_for(doc_type).assertValid(element)
    again = from_xml(element)
    assert again == document
    assert canonical(again) == canonical(document)
    assert document_type(element) == doc_type


_SPACES = st.sampled_from(["", " ", "\n\t", "  "])
_TRICKY = st.sampled_from(
    ["", " ", "0", "-0", "+5", "007", "1e3", "1.0", "NaN", "INF", "true", "TRUE", "1", "é", "\U0001f600", "9" * 30,
     "2026-02-30", "2026-01-02Z", "2026-01-02+07:00", "-0001-01-01", "0000-01-01", "12026-01-01", "2026-01-02",
     "2026-01-02T24:00:00Z", "2026-01-02T23:59:60Z", "2026-01-02T10:00:00", "2026-01-02T10:00:00-00:00",
     "2026-01-02T10:00:00.1234567Z", "2026-01-02T10:00:00.120+14:00", "2026-01-02T10:00:00+14:30",
     "2026-02-30T10:00:00Z", "{}", '{"a":1e3}', '{"a":1,"a":2}', '{"a":"\\u0000"}', "[]", "null", '{"a":NaN}']
)  # fmt: skip
_WHOLE = st.integers(-2, 2**53 + 2).map(str) | st.integers(0, 999).map("{:+06}".format)


_TAME_INSTANT = st.builds(
    "{}{}{}".format,
    st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31)).map(lambda moment: moment.isoformat()[:19]),
    st.sampled_from(["", ".0", ".120", ".999999"]),
    st.sampled_from(["Z", "+07:00", "-00:00", "+14:00", "-03:30"]),
)


def _tame(scalar: Scalar) -> st.SearchStrategy[str]:
    """Lexical forms that the XSD takes, the odd ones included."""
    if isinstance(scalar, CivilDateScalar):
        return st.dates().map(str)
    if isinstance(scalar, InstantScalar):
        return _TAME_INSTANT
    if isinstance(scalar, Whole):
        return st.integers(scalar.least, 99).map("{:+06}".format) | st.integers(scalar.least, scalar.most).map(str)
    return _lexical(scalar)


def _lexical(scalar: Scalar) -> st.SearchStrategy[str]:
    if isinstance(scalar, Text) and scalar.pattern:
        return st.from_regex(scalar.pattern[1:-1], fullmatch=True) | _TRICKY
    if isinstance(scalar, Text):
        return st.text(st.sampled_from("aé \t\r\n\U0001f600<&"), max_size=scalar.least + 3) | _TRICKY
    if isinstance(scalar, Choice):
        return st.sampled_from(scalar.words) | _TRICKY
    if isinstance(scalar, Truth):
        return st.sampled_from(["true", "false", "0", "1", "TRUE"])
    if isinstance(scalar, Whole):
        return _WHOLE | _TRICKY
    if isinstance(scalar, CivilDateScalar):
        return st.dates().map(str) | _TRICKY
    assert isinstance(scalar, InstantScalar | RawFields)
    zoned = st.datetimes().map(lambda moment: moment.isoformat() + "+07:00")
    return zoned | _TRICKY if isinstance(scalar, InstantScalar) else _TRICKY


def _instance(draw: st.DrawFn, parent: etree._Element, field: FieldPlan, ns: str, wild: bool) -> None:
    for _ in range(draw(st.integers(1, 2)) if field.repeated else 1):
        child = etree.SubElement(parent, f"{{{ns}}}{field.wire}")
        if field.group is not None:
            _fill(draw, child, field.group, ns, wild)
            continue
        assert field.scalar is not None
        tame = _tame(field.scalar).filter(lambda text: _fits(field, text))
        text = draw(_lexical(field.scalar) if wild else tame)
        spaced = not isinstance(field.scalar, Text | Choice | RawFields)
        child.text = draw(_SPACES) + text + draw(_SPACES) if spaced else text
        if draw(st.integers(0, 9)) == 0:
            child.insert(0, etree.Comment("c"))
            child[0].tail = draw(st.sampled_from(["", "x"])) if wild else ""
        if field.nullable and draw(st.booleans()):
            child.text = None
            child.set(f"{{{XSI}}}nil", draw(st.sampled_from(["true", "1", "false", " true "])))


def _fits(field: FieldPlan, text: str) -> bool:
    """Whether the XSD's facets take the text; kinds that are read from text stay as wild as they come."""
    if isinstance(field.scalar, Choice):
        return text in field.scalar.words
    if isinstance(field.scalar, Text):
        pattern = field.scalar.pattern
        bounded = field.scalar.least <= len(text) <= field.scalar.most
        return bounded and (pattern is None or re.fullmatch(pattern[1:-1], text) is not None)
    return isinstance(field.scalar, RawFields) or text not in ("TRUE",)


def _fill(draw: st.DrawFn, element: etree._Element, model: type[Group], ns: str, wild: bool) -> None:
    for field in plan(model):
        if field.required or draw(st.integers(0, 4)) == 0:
            _instance(draw, element, field, ns, wild)


@st.composite
def instances(draw: st.DrawFn, doc_type: str) -> etree._Element:
    ns = namespace(doc_type)
    root = etree.Element(f"{{{ns}}}{root_name(doc_type)}")
    _fill(draw, root, model_of(doc_type), ns, draw(st.booleans()))
    return root


@pytest.mark.parametrize("doc_type", DOCUMENTS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_instance_gives_a_document_or_a_named_refusal(doc_type: str, data: st.DataObject) -> None:
    element = data.draw(instances(doc_type))
    valid = xsd_for(doc_type).validate(element)
    event(f"valid: {valid}")
    try:
        document = from_xml(element)
    except SchemaError as refused:
        named = {error.code for error in refused.errors}
        event(f"valid: {valid}, refused: {sorted(named)[0]}")
    else:
        named = set()
    if named:
        assert "" not in named
        return
    assert valid
    assert isinstance(document, Document)
    assert canonical(from_xml(to_xml(document))) == canonical(document)


def carries(character: str) -> bool:
    """XML 1.0's production Char, written out a second time."""
    point = ord(character)
    return point in (9, 10, 13) or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or point >= 0x10000


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(), max_size=8))
def test_all_of_unicode_travels_or_is_refused_before_xml(text: str) -> None:
    value = {"row": 2, "code": "x", "text": text}
    if not all(carries(character) for character in text):
        with pytest.raises(SchemaError, match=r"xml_text|lone_surrogate"):
            parse_json("row-error/1", value)
        return
    document = parse_json("row-error/1", value)
    assert from_xml(safe_xml.parse(to_xml_bytes(document))) == document


def _query(inner: str) -> etree._Element:
    return etree.fromstring(f'<eligibilityQuery xmlns="{namespace("eligibility-query/1")}">{inner}</eligibilityQuery>')


def codes(element: etree._Element) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        from_xml(element)
    return [(error.path, error.code) for error in caught.value.errors]


DAY = "<serviceDate>2026-01-02</serviceDate>"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (DAY, [("", "one_of_required")]),
        ("<noKartu>1</noKartu>" + DAY, [("noKartu", "no_kartu_format")]),
        ("<noKartu/>" + DAY, [("noKartu", "no_kartu_format")]),
        (DAY + "<noKartu>0000000000001</noKartu>", [("noKartu", "wrong_order")]),
        ("<noKartu>0000000000001</noKartu>" + DAY + DAY, [("serviceDate", "repeated")]),
        ("<noKartu>0000000000001</noKartu><x/>" + DAY, [("x", "unknown_field")]),
        ("<noKartu a='b'>0000000000001</noKartu>" + DAY, [("", "xsd")]),
        ("stray<noKartu>0000000000001</noKartu>" + DAY, [("", "xsd")]),
        (f"<noKartu xmlns:i='{XSI}' i:nil='true'/>" + DAY, [("noKartu", "no_kartu_format")]),
        ("<noKartu>00000<b/>00000001</noKartu>" + DAY, [("", "xsd")]),
        ("<noKartu>0000000000001</noKartu><serviceDate>2026-01-02Z</serviceDate>", [("serviceDate", "civil_date")]),
    ],
)
def test_what_the_xsd_refuses_is_named_without_values(inner: str, expected: list[tuple[str, str]]) -> None:
    assert codes(_query(inner)) == expected


def test_a_comment_cannot_hide_half_an_identifier() -> None:
    document = from_xml(_query("<noKartu>000000<!-- x -->0000001</noKartu>" + DAY))
    assert document.no_kartu == "0000000000001"  # type: ignore[attr-defined]


def test_more_items_than_a_list_may_hold_are_refused() -> None:
    ns = namespace("envelope/1")
    recipients = "<recipients>a/b</recipients>" * 1005
    element = etree.fromstring(
        f'<envelope xmlns="{ns}"><service>a.b</service><schema>a/1</schema>{recipients}</envelope>'
    )
    assert xsd_for("envelope/1").validate(element)
    assert codes(element) == [("recipients", "too_long")]


def test_an_element_of_another_namespace_is_no_document() -> None:
    with pytest.raises(UnknownDocument):
        from_xml(etree.fromstring("<person/>"))


def test_a_document_inside_an_envelope_of_soap_is_read_in_place() -> None:
    inner = to_xml(parse_json("eligibility-query/1", {"noKartu": "0000000000001", "serviceDate": "2026-01-02"}))
    outer = etree.Element("Body")
    outer.append(inner)
    assert from_xml(outer[0]) == from_xml(inner)


@FEW
@given(data=st.data())
def test_nil_and_text_together_are_refused(wire_values, data: st.DataObject) -> None:
    value = data.draw(wire_values("letter/1"))
    assume(value["letterNumber"] is None)
    element = to_xml(parse_json("letter/1", value))
    number = element.find(f"{{{namespace('letter/1')}}}letterNumber")
    assert number is not None
    number.text = "X"
    assert codes(element) == [("", "xsd")]


def _person(inner: str, ns: str = 'xmlns="urn:lintas:schema:referral:1"') -> SchemaError:
    with pytest.raises(SchemaError) as refused:
        from_xml(safe_xml.parse(f"<referral {ns}>{inner}</referral>".encode()))
    return refused.value


def test_a_field_outside_of_the_namespace_is_told_as_that():
    ns = namespace("referral/1")
    refused = _person('<r:patient><fullName xmlns="">Siti</fullName></r:patient>', f'xmlns="{ns}" xmlns:r="{ns}"')
    assert [(one.path, one.code) for one in refused.errors] == [("patient.fullName", "wrong_namespace")]
    assert ns in refused.errors[0].message


def test_an_element_that_stands_twice_is_told_with_its_parents():
    refused = _person("<patient><fullName>Siti</fullName><fullName>Ani</fullName></patient>")
    assert [(one.path, one.code) for one in refused.errors] == [("patient.fullName", "repeated")]


def test_elements_in_the_wrong_order_are_named():
    element = safe_xml.parse(
        b'<eligibilityQuery xmlns="urn:lintas:schema:eligibility-query:1">'
        b"<serviceDate>2026-01-02</serviceDate><noKartu>0000000000001</noKartu></eligibilityQuery>"
    )
    with pytest.raises(SchemaError) as refused:
        from_xml(element)
    assert [(one.path, one.code) for one in refused.value.errors] == [("noKartu", "wrong_order")]
