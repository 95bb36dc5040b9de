"""`gateway/signatures/recognise.py`: a format by its first bytes, else by its name; never an error."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from gateway.signatures.recognise import HEAD, recognise
from tests.zoo import cms, jws, pdf, xml

KINDS = {"pdf", "zip", "cms", "xml", "jws", "unknown"}


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n", "pdf"), (b"\xef\xbb\xbf\n%PDF-1.4", "pdf"), (b"x" * 1000 + b"%PDF-2.0", "pdf"),
        (b"x" * 1020 + b"%PDF-2.0", "unknown"), (b"PK\x03\x04rest", "zip"), (b"PK\x05\x06", "zip"),
        (b"PK\x07\x08", "unknown"), (b"<?xml version='1.0'?>", "xml"), (b"\xef\xbb\xbf  <surat>", "xml"),
        (b"\xff\xfe<\0s\0", "xml"), (b"\xfe\xff\0<\0s", "xml"), (b"< surat>", "unknown"),
        (b"-----BEGIN PKCS7-----\nMII", "cms"), (b"\n-----BEGIN CMS-----\nMII", "cms"),
        (b"-----BEGIN CERTIFICATE-----\nMII", "unknown"), (b"MIIGxgYJKoZIhvcNAQcCoII\n", "cms"),
        (b"0\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "cms"), (b"0\x82\x01\x00\x30\x03", "unknown"),
        (b"eyJhbGciOiJFUzI1NiJ9.eyJ9.c2ln", "jws"), (b"eyJhbGciOiJFUzI1NiJ9", "jws"), (b"eyJhbG ciOi", "unknown"),
        (b'{"payload":"e30","signatures":[]}', "jws"), (b' {"protected" : "e30"}', "jws"), (b'{"nomor":12}', "unknown"),
        (b"", "unknown"), (b"Surat biasa", "unknown"),
    ],
)  # fmt: skip
def test_by_its_beginning(head: bytes, kind: str) -> None:
    assert recognise(head) == kind


def test_the_beginning_overrules_the_name_and_the_name_the_damage() -> None:
    assert recognise(b"<surat/>", "surat.pdf") == "xml"
    assert recognise(b"\0\0\0", "surat.PDF") == "pdf"
    assert recognise(b"\0\0\0", "surat.docx") == recognise(b"\0\0\0", "pdf") == recognise(b"", "a.") == "unknown"
    assert recognise(b"broken", "folder.pdf/surat.asice") == "zip"


@pytest.mark.parametrize(
    ("cases", "kind"), [(pdf.CASES, "pdf"), (xml.CASES, "xml"), (cms.GOOD, "cms"), (jws.GOOD, "jws")], ids="pxcj"
)
def test_every_good_animal_of_the_zoo_is_recognised(cases: tuple, kind: str) -> None:
    good = [one for one in cases if one.conclusion == "valid" and not one.name.startswith("openssl")]
    assert {recognise(one.build()[:HEAD]) for one in good[:12]} == {kind}


@settings(max_examples=300)
@given(head=some.binary(max_size=HEAD), name=some.text(max_size=30))
@example(b"eyJ" + b"A" * HEAD, ".")
@example(b" " * HEAD, "\0.pdf")
def test_never_an_error(head: bytes, name: str) -> None:
    assert recognise(head, name) in KINDS
