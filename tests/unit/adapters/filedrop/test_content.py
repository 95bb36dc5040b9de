from __future__ import annotations

import pytest

from adapters.filedrop import content
from gateway.contract import Reason, Refused
from schemas.safe_xml import MESSAGES, XmlRefused

NAMED = {
    "too_large": Reason.BODY_TOO_LARGE,
    "wrong_charset": Reason.WRONG_CHARSET,
    "doctype": Reason.DOCTYPE_REFUSED,
    "processing_instruction": Reason.NOT_XML,
    "too_deep": Reason.TOO_DEEP,
    "too_many_tags": Reason.TOO_MANY_ELEMENTS,
    "not_xml": Reason.NOT_XML,
}


@pytest.mark.parametrize("code", MESSAGES)
def test_every_refusal_of_the_parser_has_its_reason(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise XmlRefused(code, 7)

    monkeypatch.setattr(content, "parse_xml", refuse)
    with pytest.raises(Refused) as caught:
        content.xml_element(b"<a/>", 100, 10)
    assert (caught.value.reason, caught.value.limit) == (NAMED[code], 7)


def test_a_flood_of_elements_is_named() -> None:
    with pytest.raises(Refused) as caught:
        content.xml_element(b"<a>" + b"<b/>" * 10_000 + b"</a>", 1 << 20, 10)
    assert caught.value.reason is Reason.TOO_MANY_ELEMENTS
