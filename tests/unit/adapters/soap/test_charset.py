from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.soap.charset import charset_of, to_utf8
from gateway.contract import Reason, Refused

TEXT = "<a>é</a>"
PYTHON = {"utf-8": "utf-8", "iso-8859-1": "latin-1", "windows-1252": "cp1252", "utf-16le": "utf-16-le"}


def declared(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>'


def test_utf8_is_handed_through_untouched() -> None:
    for body in (TEXT.encode(), (declared("UTF-8") + TEXT).encode(), codecs.BOM_UTF8 + TEXT.encode()):
        for charset in (None, "utf-8", "UTF-8", '"utf8"'):
            assert to_utf8(body, charset) is body


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (TEXT.encode("latin-1"), "iso-8859-1"),
        ((declared("ISO-8859-1") + TEXT).encode("latin-1"), None),
        ((declared("ISO-8859-1") + TEXT).encode("latin-1"), "ISO-8859-1"),
        ((declared("windows-1252") + TEXT).encode("cp1252"), None),
        ((declared("UTF-16") + TEXT).encode("utf-16"), None),
        ((declared("UTF-16") + TEXT).encode("utf-16"), "utf-16"),
        ((declared("UTF-16LE") + TEXT).encode("utf-16-le"), "utf-16le"),
        ((declared("UTF-16") + TEXT).encode("utf-16-be"), None),
        (TEXT.encode("utf-16-be"), "utf-16be"),
    ],
)
def test_other_encodings_become_utf8_without_their_declaration(body: bytes, charset: str | None) -> None:
    assert to_utf8(body, charset) == TEXT.encode()


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ((declared("ISO-8859-1") + TEXT).encode("latin-1"), "utf-8"),
        ((declared("UTF-8") + TEXT).encode(), "iso-8859-1"),
        (codecs.BOM_UTF8 + (declared("ISO-8859-1") + TEXT).encode(), None),
        ((declared("UTF-8") + TEXT).encode("utf-16"), None),
        ((declared("UTF-16LE") + TEXT).encode("utf-16-le"), "utf-16be"),
        (TEXT.encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-8"),
        (TEXT.encode(), "utf-7"),
        ((declared("EBCDIC-CP-US") + TEXT).encode(), None),
        (b"\xff\xfe<\x00a", None),
        (b"\xff\xfe\x00\xd8<\x00", None),
    ],
)
def test_a_disagreement_or_a_strange_encoding_is_refused(body: bytes, charset: str | None) -> None:
    with pytest.raises(Refused) as caught:
        to_utf8(body, charset)
    assert caught.value.reason is Reason.WRONG_CHARSET


@settings(max_examples=50)
@given(st.binary(max_size=64), st.sampled_from([None, "utf-8", "utf-16", "utf-16le", "iso-8859-1", "x"]))
def test_any_bytes_are_converted_or_refused(body: bytes, charset: str | None) -> None:
    try:
        converted = to_utf8(body, charset)
    except Refused as error:
        reason: Reason | None = error.reason
    else:
        assert converted == body or converted.decode("utf-8") is not None
        reason = None
    assert reason in (None, Reason.WRONG_CHARSET)


def test_the_charset_parameter_is_found() -> None:
    assert charset_of('text/xml; charset="utf-8"; action=x') == "utf-8"
    assert charset_of("text/xml;CHARSET=ISO-8859-1") == "ISO-8859-1"
    assert charset_of("text/xml") is None
