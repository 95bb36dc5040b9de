"""What a signature covers, in words, and what it leaves open."""

from __future__ import annotations

import pytest

from gateway.signatures.material import Material
from gateway.signatures.xml import examine
from tests.zoo.xml_maker import C10, DS, ENVELOPED, EXC, XADES, reference, seal, template

OBJECTS = '<ds:Object Id="a">1</ds:Object><ds:Object Id="b">2</ds:Object>'
SIGNED = [reference("#a", EXC), reference("#b", EXC)]


def covered(document: str, beside: bytes | None = None) -> tuple[str, list[str]]:
    data = seal(document, contents=[] if beside is None else [beside])
    (one,) = examine(Material.of(data), Material.of(beside, "a.txt") if beside is not None else None).signatures
    return one.covers, [each.code for each in one.findings]


def test_the_root_by_address_or_id() -> None:
    assert covered(f"<r>1{template(reference('', ENVELOPED, C10))}</r>") == ("the whole document", [])
    assert covered(f'<r Id="x" a="b">1{template(reference("#x", ENVELOPED, C10))}</r>') == ("the whole document", [])


def test_enveloping_must_sign_each_object() -> None:
    assert covered(template(*SIGNED, objects=OBJECTS)) == ("2 object(s) in the signature", [])
    assert covered(template(SIGNED[0], objects=OBJECTS))[1] == ["not_covered"]


@pytest.mark.parametrize(
    ("inside", "codes"),
    [
        ('<a Id="isi">1</a>', []),
        (' <a Id="isi">1</a>\n', []),
        ('lain <a Id="isi">1</a>', ["not_covered"]),
        ('<a Id="isi">1</a><b/>', ["not_covered"]),
        ('<b><a Id="isi">1</a></b>', ["not_covered", "not_covered"]),
    ],
)
def test_an_object_by_the_only_thing_in_it(inside: str, codes: list[str]) -> None:
    document = template(reference("#isi", EXC), objects=f"<ds:Object>{inside}</ds:Object>")
    assert covered(document)[1] == (codes if "<b><a" not in inside else ["not_covered"])


@pytest.mark.parametrize(
    ("root", "codes"),
    [
        ("<internally-detached>{}</internally-detached>", []),
        ("<r>{}</r>", ["not_covered"]),
        ('<internally-detached Id="y">{}</internally-detached>', ["not_covered"]),
        ('<internally-detached status="sah">{}</internally-detached>', ["not_covered"]),
        ("<internally-detached>sah {}</internally-detached>", ["not_covered"]),
        ("<internally-detached><c/>{}</internally-detached>", ["not_covered"]),
        ("<internally-detached><c>{}</c></internally-detached>", ["not_covered"]),
    ],
)
def test_parts_beside_the_signature(root: str, codes: list[str]) -> None:
    inside = '<a Id="x">1</a><b Id="z">2</b>' + template(reference("#x", EXC), reference("#z", EXC), c14n=EXC)
    words, found = covered(root.format(inside))
    assert found == codes
    assert words == ("the element(s) a, b" if codes else "all elements of the document")


def test_a_file_beside_does_not_cover_the_document_that_holds_the_signature() -> None:
    alone = template(reference("a.txt"))
    assert covered(alone, b"isi") == ("a.txt", [])
    asic = "xmlns:asic='http://uri.etsi.org/02918/v1.2.1#'"
    assert covered(f"<asic:XAdESSignatures {asic}>{alone}</asic:XAdESSignatures>", b"isi")[1] == []
    assert covered(f"<asic:XAdESSignatures {asic} a=''>{alone}</asic:XAdESSignatures>", b"isi")[1] == ["not_covered"]
    assert covered(f"<asic:Surat {asic}>{alone}</asic:Surat>", b"isi")[1] == ["not_covered"]
    assert covered(f"<r><isi/>{alone}</r>", b"isi") == ("a.txt", ["not_covered"])


def test_a_signature_about_itself_alone_signs_no_content() -> None:
    keys = "<ds:KeyName>x</ds:KeyName>"
    made = template(reference("#k", EXC), keys=keys).replace("<ds:KeyInfo>", '<ds:KeyInfo Id="k">')
    words, codes = covered(made)
    assert words == "no content"
    assert "not_covered" in codes


def test_the_references_of_a_manifest_are_not_checked() -> None:
    inner = f'<ds:Object Id="m"><ds:Manifest>{reference("a.txt", value="AAAA")}</ds:Manifest></ds:Object>'
    made = template(reference("#m", EXC, kind=DS + "Manifest"), objects=inner)
    assert covered(made)[1] == ["unsupported"]


def test_properties_without_anything_else_may_stand_in_an_object() -> None:
    more = f'<ds:Object><x:QualifyingProperties xmlns:x="{XADES}"/>{{}}</ds:Object>'
    made = template(*SIGNED, objects=OBJECTS + more)
    assert "not_covered" not in covered(made.replace("{}", ""))[1]
    assert "not_covered" in covered(made.replace("{}", "<lain/>"))[1]
