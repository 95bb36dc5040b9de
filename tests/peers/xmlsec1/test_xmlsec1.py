"""xmlsec1 judges what the zoo made, and signs what the gateway judges.

`install.sh` beside this file installs it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.signatures.material import Material
from gateway.signatures.xml import examine
from tests.zoo import xml
from tests.zoo.case import Case
from tests.zoo.pki import pki
from tests.zoo.xml_maker import (
    BASE64,
    C10,
    C11,
    DS,
    ENVELOPED,
    EXC,
    LETTER,
    NOT_SIGNATURES,
    RSA512,
    reference,
    template,
)  # fmt: skip

pytestmark = pytest.mark.peers

IDS = (
    "urn:surat:1:surat", "urn:a:a", f"{DS}:Object", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
)  # fmt: skip
KEYS = "<ds:X509Data/>"


def xmlsec1(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    ids = [word for name in IDS for word in ("--id-attr:Id", name)]
    return subprocess.run(
        ["xmlsec1", arguments[0], *ids, *arguments[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def signed(folder: Path, document: str) -> bytes:
    (folder / "template.xml").write_text(document, "utf-8")
    (folder / "key.pem").write_bytes(pki().signer.key_pem)
    (folder / "certificate.pem").write_bytes(pki().signer.pem)
    done = xmlsec1(
        folder, "--sign", "--privkey-pem", "key.pem,certificate.pem", "--output", "signed.xml", "template.xml"
    )
    assert done.returncode == 0, done.stderr
    return (folder / "signed.xml").read_bytes()


@pytest.mark.parametrize("case", [one for one in xml.CASES if "xmlsec" in one.tags], ids=str)
def test_it_agrees_on_the_good_ones(case: Case, tmp_path: Path) -> None:
    (tmp_path / "signed.xml").write_bytes(case.build())
    done = xmlsec1(tmp_path, "--verify", "--insecure", "signed.xml")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name", ["content changed", "SignedInfo changed", "certificate swapped", "signed properties changed"]
)
def test_it_agrees_on_broken_ones(name: str, tmp_path: Path) -> None:
    case = next(one for one in xml.CASES if one.name == name)
    (tmp_path / "signed.xml").write_bytes(case.build())
    assert xmlsec1(tmp_path, "--verify", "--insecure", "signed.xml").returncode != 0


COMMENTED = (
    '<!-- luar -->\n<s:surat xmlns:s="urn:surat:1" xml:lang="id" xml:space="preserve"><!-- dalam --> a\n</s:surat>'
    "\n<!-- x -->"
)
PART = '<paket xmlns:q="urn:q" xmlns="urn:p" xml:lang="id" xml:space="default">{}</paket>'
INNER = (
    '<a xmlns="urn:a" xmlns:z="urn:z" Id="b" z:y="1" xml:space="preserve"><c xmlns=""/><!-- x --><q:d q:e="&#9;"/></a>'
)


def _cases() -> dict[str, str]:
    within = xml.within
    comments = "#WithComments"
    part = PART.format(INNER + "{}").format
    return {
        "enveloped": within(template(reference("", ENVELOPED, C10), keys=KEYS)),
        "enveloped, 1.1, SHA-512": within(template(reference("", ENVELOPED, C11), keys=KEYS, c14n=C11, method=RSA512)),
        "enveloped, exclusive": within(template(reference("", ENVELOPED, EXC), keys=KEYS, c14n=EXC)),
        "enveloped, no canonicalisation": within(template(reference("", ENVELOPED), keys=KEYS)),
        "xpath": within(template(reference("", NOT_SIGNATURES, C10), keys=KEYS)),
        "filter": within(template(reference("", xml.SUBTRACT, C10), keys=KEYS)),
        "filter, own": within(
            template(reference("", xml.SUBTRACT.replace("/descendant::", "here()/ancestor::").replace(
                ":Signature<", ":Signature[1]<"), C10), keys=KEYS)),
        "comments left out": within(template(reference("", ENVELOPED, C10 + comments), keys=KEYS), COMMENTED),
        "comments kept": within(
            template(reference("#xpointer(/)", ENVELOPED, C10 + comments), keys=KEYS, c14n=C10 + comments).replace(
                "<ds:SignedInfo>", "<ds:SignedInfo><!-- y -->"), COMMENTED),
        "enveloping": template(reference("#o"), keys=KEYS, objects='<ds:Object Id="o"><isi xml:id="a"/>x</ds:Object>'),
        "enveloping, base64": template(
            reference("#o", BASE64), keys=KEYS, objects='<ds:Object Id="o"> YWJj\nZGVm </ds:Object>'),
        "detached": template(reference("content.txt"), keys=KEYS),
        "detached XML": template(reference("content.xml", EXC), keys=KEYS),
        "a part, 1.0": part(template(reference("#b", C10), keys=KEYS)),
        "a part, 1.1": part(template(reference("#b", C11), keys=KEYS, c14n=C11)),
        "a part, exclusive": part(template(reference("#b", EXC), keys=KEYS, c14n=EXC)),
        "a part, exclusive with prefixes": part(template(reference("#b", (
            f'<ds:Transform Algorithm="{EXC}"><e:InclusiveNamespaces xmlns:e="{EXC}" PrefixList="q z"/>'
            "</ds:Transform>")), keys=KEYS)),
        "a part by pointer, with comments": part(
            template(reference("#xpointer(id('b'))", C10 + comments), keys=KEYS)),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(_cases()))
def test_what_it_signs_holds(name: str, tmp_path: Path) -> None:
    contents = {"content.txt": b"isi\r\n", "content.xml": b"<a><!-- x --><b  c='1'/></a>"}
    for file, content in contents.items():
        (tmp_path / file).write_bytes(content)
    data = signed(tmp_path, _cases()[name])
    uri = "content.xml" if "XML" in name else "content.txt"
    beside = Material.of(contents[uri], uri) if "detached" in name else None
    (one,) = examine(Material.of(data), beside).signatures
    assert one.integrity == "intact", [each.message for each in one.findings]
    assert one.signer is not None
    assert {each.code for each in one.findings} <= ({"not_covered"} if "part" in name else set())


def test_the_letter_of_the_zoo_is_what_it_signs(tmp_path: Path) -> None:
    data = signed(tmp_path, xml.within(template(reference("", ENVELOPED, C10), keys=KEYS)))
    assert b"470/12" in examine(Material.of(data), None).signed[0]
    assert LETTER.count("470/12") == 1
