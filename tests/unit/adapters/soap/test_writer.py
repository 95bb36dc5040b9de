"""The text writer against its oracle: the tree that `schemas.xml` builds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.soap.names import words_of
from adapters.soap.writer import document_fragment
from schemas.catalogue import canonical, parse_json
from schemas.document import Document
from schemas.xml import from_xml, to_xml

XML_TEXT = st.text(
    st.characters(
        exclude_categories=["Cs"],
        exclude_characters=[chr(n) for n in range(32) if n not in (9, 10, 13)] + ["\ufffe", "\uffff"],
    ),
    max_size=60,
)
RAW = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | XML_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(XML_TEXT, inner, max_size=3),
    max_leaves=6,
)
WORDS = words_of("letter.deliver")


def c14n(element: Any) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def check(document: Document) -> None:
    written = etree.fromstring(document_fragment(document, WORDS))
    oracle = to_xml(document)
    assert written.tag == WORDS.tag("document")
    written.tag = oracle.tag
    assert etree.tostring(written, method="c14n", exclusive=True) == etree.tostring(
        oracle, method="c14n", exclusive=True
    )
    assert canonical(from_xml(written)) == canonical(document)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(subject=XML_TEXT, body=XML_TEXT, fields=st.dictionaries(XML_TEXT, RAW, max_size=3), draft=st.booleans())
def test_it_writes_what_the_tree_says(
    letter: dict[str, Any], subject: str, body: str, fields: dict[str, Any], draft: bool
) -> None:
    value = {**letter, "subject": subject, "body": body, "draft": draft}
    value["raw"] = {"sourceSchema": "contoh/1", "fields": fields}
    if draft:
        value["letterNumber"] = None
    check(parse_json("letter/1", value))


@pytest.mark.parametrize(
    ("doc_type", "value"),
    [
        ("eligibility-query/1", {"noKartu": "0001234567891", "serviceDate": "2026-11-23"}),
        ("coverage/1", {"noKartu": "0001234567891", "status": "active", "careClass": {"code": "1", "name": "A & B"}}),
        (
            "acknowledgement/1",
            {"relatedToMessageId": "m", "status": "registered", "retriable": False, "at": "2026-11-23T08:00:00+07:00"},
        ),
    ],
)
def test_every_kind_of_value_is_written(doc_type: str, value: dict[str, Any]) -> None:
    check(parse_json(doc_type, value))
