from __future__ import annotations

import pytest

from schemas import safe_xml
from schemas.safe_xml import XmlLimits, XmlRefused, parse

BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BOMB, "doctype"),
        (b'<?xml version="1.0"?>\n<!-- <a> --> ' + BOMB, "doctype"),
        (b"\xef\xbb\xbf" + BOMB, "doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "doctype"),
        (b'<!DOCTYPE a PUBLIC "x" "http://127.0.0.1/x.dtd"><a/>', "doctype"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a b="&x;">&x;</a>', "doctype"),
        ("<a/>".encode("utf-16"), "wrong_charset"),
        ("<!DOCTYPE a><a/>".encode("utf-16-le"), "wrong_charset"),
        ("<!DOCTYPE a><a/>".encode("utf-32"), "wrong_charset"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', "wrong_charset"),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-', "wrong_charset"),
        (b"<a>\xe9</a>", "wrong_charset"),
        (b"<a><?p x?></a>", "processing_instruction"),
        (b"<a/><?p x?>", "processing_instruction"),
        (b'<?xml version="1.0"?><?xml-stylesheet href="x"?><a/>', "processing_instruction"),
        (b"<a>" * 65 + b"</a>" * 65, "too_deep"),
        (b"<a>" * 5000 + b"</a>" * 5000, "too_deep"),
        (b"<a>" + b"<b/>" * 10_000 + b"</a>", "too_many_tags"),
        (b"<a>&x;</a>", "not_xml"),
        (b"<a>&#0;</a>", "not_xml"),
        (b"<a b='1' b='2'/>", "not_xml"),
        (b"<a/><!DOCTYPE a>", "not_xml"),
        (b"<a", "not_xml"),
        (b"<!-- ", "not_xml"),
        (b"<!ELEMENT a>", "not_xml"),
        (b"{}", "not_xml"),
        (b"", "not_xml"),
        (b"\x00", "wrong_charset"),
    ],
    ids=lambda value: None if isinstance(value, bytes) and len(value) > 60 else str(value),
)
def test_hostile_xml_is_refused_by_name(data: bytes, code: str) -> None:
    with pytest.raises(XmlRefused) as caught:
        parse(data)
    assert caught.value.code == code


def test_size_is_refused_before_parsing_and_the_limit_is_told() -> None:
    with pytest.raises(XmlRefused) as caught:
        parse(b"<a>xxxx</a>", XmlLimits(max_bytes=10))
    assert (caught.value.code, caught.value.limit) == ("too_large", 10)


def test_an_inline_attachment_beyond_the_parsers_own_limit_is_read() -> None:
    body = b"QUJD" * 2_796_203  # base64 of 8 MiB
    assert len(parse(b"<a>" + body + b"</a>").text or "") == len(body)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<a><![CDATA[<!DOCTYPE a>]]></a>", "<!DOCTYPE a>"),
        (b"\xef\xbb\xbf<a>x</a>", "x"),
        (b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- c -->\n<a>1<!-- c -->2</a>', "12"),
        (b"<a>&amp;&#13;</a>", "&\r"),
        (b"<a>" * 64 + b"x" + b"</a>" * 64, None),
    ],
)
def test_good_xml_is_read(data: bytes, text: str | None) -> None:
    assert parse(data).text == text


def test_xinclude_is_never_followed() -> None:
    root = parse(
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd" parse="text"/></a>'
    )
    assert "".join(root.itertext()) == ""


@pytest.mark.parametrize(
    "data",
    [
        b"<a " + b" ".join(b"b%d='1'" % n for n in range(10_001)) + b"/>",
        b"<a " + b" ".join(b'b%d =\n "1"' % n for n in range(10_001)) + b"/>",
        b"<a>" + b"".join(b"<b%d></b%d>" % (n, n) for n in range(10_000)) + b"</a>",
        b"<a><!-- " + b"</" * 10_001 + b" -->" + b"<b/>" * 10_000 + b"</a>",
        b"<a><![CDATA[" + b"</" * 10_001 + b"]]>" + b"<b/>" * 10_000 + b"</a>",
    ],
    ids=["attributes", "spaced attributes", "elements", "hidden by a comment", "hidden by CDATA"],
)
def test_a_flood_of_names_is_refused_before_libxml2_sees_it(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(safe_xml, "etree")
    with pytest.raises(XmlRefused) as caught:
        parse(data)
    assert (caught.value.code, caught.value.limit) == ("too_many_tags", 10_000)


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" + b"<b></b>" * 9_999 + b"</a>",
        b"<a>" + b"= " * 30_000 + b"</a>",
        b"<a>" + b"<b>Zg==</b>" * 9_000 + b"</a>",
    ],
    ids=["closing tags", "signs in text", "base64"],
)
def test_closing_tags_and_signs_in_text_do_not_count(data: bytes) -> None:
    assert parse(data).tag == "a"


def test_an_instruction_at_the_very_start_is_named() -> None:
    with pytest.raises(XmlRefused) as caught:
        parse(b"<?p x?><a/>")
    assert caught.value.code == "processing_instruction"
