"""Every XML file of the zoo gets the verdict that it must get; other judges agree."""

from __future__ import annotations

import asyncio
import copy

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier
from signxml.xades import XAdESVerifier

from gateway.signatures.material import Bounds, Material
from gateway.signatures.trust import TrustStore
from gateway.signatures.verdict import Verdict
from gateway.signatures.verification import verify
from gateway.signatures.xml import examine, examine_with
from tests.zoo import xml
from tests.zoo.case import Case, assert_verdict
from tests.zoo.pki import AT, pki
from tests.zoo.xml_maker import C10, EXC, by_signxml, canonical, certificates, reference, seal, template


def judge(data: bytes, store: TrustStore, beside: bytes | None = None) -> Verdict:
    content = Material.of(beside, "berkas.txt") if beside is not None else None
    return asyncio.run(verify(Material.of(data), content, store, AT))


@pytest.mark.parametrize("case", xml.CASES, ids=str)
def test_each_file_gets_its_verdict(case: Case, zoo_trust: TrustStore) -> None:
    verdict = judge(case.build(), zoo_trust, case.beside() if case.beside is not None else None)
    assert_verdict(verdict, case)


@pytest.mark.parametrize("case", [one for one in xml.CASES if "signxml" in one.tags], ids=str)
def test_signxml_agrees_on_what_it_signed_and_on_the_octets(case: Case) -> None:
    data = case.build()
    xades = case.level is not None
    config = SignatureConfiguration(
        location=".//", expect_references=3 if xades else 1, ignore_ambiguous_key_info=False, verification_time=AT
    )
    certificate = x509.load_pem_x509_certificate(pki().curved.pem if case.name == "signxml EC" else pki().signer.pem)
    verifier = XAdESVerifier() if xades or "bare" in case.name else XMLVerifier()
    if "bare" in case.name:
        config = SignatureConfiguration(expect_references=3, verification_time=AT)
    results = verifier.verify(data, x509_cert=certificate, expect_config=config)
    every = results if isinstance(results, list) else [results]
    assert [one.signed_data for one in every] == examine(Material.of(data), None).signed


def test_exclusive_xades_of_signxml_is_wrong_for_signxml_itself() -> None:
    data = by_signxml(xades=True, c14n=EXC)
    config = SignatureConfiguration(expect_references=3, verification_time=AT)
    certificate = x509.load_pem_x509_certificate(pki().signer.pem)
    with pytest.raises(Exception, match="Digest mismatch"):
        XAdESVerifier().verify(data, x509_cert=certificate, expect_config=config)


def test_the_signed_octets_are_what_a_caller_gets_and_comments_are_not_in_them() -> None:
    case = next(one for one in xml.CASES if one.name == "comments in text")
    (octets,) = examine(Material.of(case.build()), None).signed
    assert etree.fromstring(octets).findtext("{urn:isi}nomor") == "470/12"
    assert b"<!--" not in octets
    assert b"Signature" not in octets


@pytest.mark.parametrize("case", [one for one in xml.CASES if one.conclusion == "invalid"], ids=str)
def test_nothing_is_handed_out_of_a_signature_with_an_error(case: Case) -> None:
    outcome = examine(Material.of(case.build()), Material.of(case.beside()) if case.beside else None)
    assert b"sejuta" not in b"".join(outcome.signed)
    assert b"palsu" not in b"".join(outcome.signed)


def test_each_reference_is_told_by_itself(zoo_trust: TrustStore) -> None:
    every = [reference(f"{name}.txt") for name in "abcd"]
    data = seal(template(*every), contents=[b"a", b"b", b"c", b"d"])
    members = {"a.txt": b"a", "b.txt": b"x", "d.txt": b"y"}
    outcome = examine_with(Material.of(data), lambda name: Material.of(members[name]) if name in members else None)
    told = [one.message for one in outcome.signatures[0].findings]
    assert [one.rpartition("(")[2] for one in told] == ["reference 2)", "reference 3)", "reference 4)"]
    assert [one.code for one in outcome.signatures[0].findings] == ["hash_mismatch", "content_missing", "hash_mismatch"]


def test_a_container_gives_members_by_their_plain_names() -> None:
    data = seal(template(reference("surat%20keluar.txt"), reference("/message.xml")), contents=[b"1", b"2"])
    asked: list[str] = []

    def resolve(name: str) -> Material | None:
        asked.append(name)
        return Material.of(str(len(asked)).encode())

    (one,) = examine_with(Material.of(data), resolve).signatures
    assert (one.integrity, asked) == ("intact", ["surat keluar.txt", "/message.xml"])
    assert one.covers == "surat?keluar.txt, /message.xml"


def test_a_large_member_is_digested_in_pieces() -> None:
    bounds = Bounds(xml_bytes=1 << 20)
    content = bytes(3 << 20)
    data = seal(template(reference("a.bin")), contents=[content])
    outcome = examine(Material.of(data), Material.of(content, "a.bin"), bounds)
    assert outcome.signatures[0].integrity == "intact"
    assert outcome.signed == []
    canonicalised = seal(template(reference("a.bin", C10)), contents=[content])
    (one,) = examine(Material.of(canonicalised), Material.of(content, "a.bin"), bounds).signatures
    assert [each.code for each in one.findings] == ["too_large"]


def test_of_several_files_each_is_taken_by_its_own_name() -> None:
    data = seal(template(reference("a.txt"), reference("b.txt")), contents=[b"a", b"b"])
    (one,) = examine(Material.of(data), Material.of(b"b", "/tmp/b.txt")).signatures
    assert [each.code for each in one.findings] == ["content_missing"]


def test_a_file_that_is_too_large_or_has_too_many_signatures() -> None:
    data = xml.two()
    assert [one.code for one in examine(Material.of(data), None, Bounds(xml_bytes=100)).findings] == ["too_large"]
    outcome = examine(Material.of(data), None, Bounds(signatures=1))
    assert (len(outcome.signatures), [one.code for one in outcome.findings]) == (1, ["too_large"])


def test_the_counter_signature_of_a_bound_certificate_tells_its_place() -> None:
    first, second = examine(Material.of(xml.counter()), None).signatures
    assert (first.covers, second.covers) == ("the whole document", "the value of the signature that it confirms")


BASES = (xml.sealed(), xml.sealed_xades(), xml.stamped(xml.good_xades()), xml.two(), xml.enveloping())
OFFERED = [examine(Material.of(one), None).signed for one in BASES]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_never_raises_and_never_passes_for_other_content(data: st.DataObject, zoo_trust: TrustStore) -> None:
    which = data.draw(st.integers(0, len(BASES) - 1))
    base = BASES[which]
    at, until = sorted((data.draw(st.integers(0, len(base))), data.draw(st.integers(0, len(base)))))
    kind = data.draw(st.sampled_from(["flip", "cut", "put", "end", "twice"]))
    if kind == "flip" and at < len(base):
        damaged = base[:at] + bytes([base[at] ^ data.draw(st.integers(1, 255))]) + base[at + 1 :]
    elif kind == "cut":
        damaged = base[:at] + base[until:]
    elif kind == "put":
        damaged = base[:at] + data.draw(st.binary(min_size=1, max_size=8)) + base[at:]
    elif kind == "twice":
        damaged = base[:until] + base[at:until] + base[until:]
    else:
        damaged = base[:at]
    verdict = judge(damaged, zoo_trust)
    if verdict.conclusion == "valid":
        # What changed was not signed, or is the same to XML: the same octets are handed out.
        assert examine(Material.of(damaged), None).signed == OFFERED[which]


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_anything_at_all_gets_an_outcome(data: bytes) -> None:
    assert examine(Material.of(data), None).format == "xml"
    assert examine(Material.of(b"<a>" + data + b"</a>"), Material.of(data)).format == "xml"


def test_a_part_is_canonicalised_in_its_surroundings() -> None:
    """The test's own octets: what inclusive canonicalisation takes over from above."""
    document = (
        '<paket xmlns:p="urn:p" xml:lang="id"><a xmlns="urn:a" Id="x"><b>1</b></a>'
        + template(reference("#x", C10), keys=certificates(pki().signer), c14n=EXC)
        + "</paket>"
    )
    expected = b'<a xmlns="urn:a" xmlns:p="urn:p" Id="x" xml:lang="id"><b>1</b></a>'
    outcome = examine(Material.of(seal(document, contents=[expected])), None)
    assert outcome.signatures[0].integrity == "intact"
    assert canonical(etree.fromstring(document)[0]) != expected


MOVED = (xml.by_id(), xml.sealed_xades(), xml.siblings(), xml.two(), xml.enveloping(), xml.counter())
FORGERIES = ('<evil Id="surat-1">palsu</evil>', '<a xmlns="urn:a" Id="bagian">palsu</a>', '<o ID="isi-1">palsu</o>')


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_whatever_is_moved_copied_or_forged_no_other_octets_pass(data: st.DataObject) -> None:
    base = data.draw(st.sampled_from(MOVED))
    root = etree.fromstring(base)
    every = list(root.iter(etree.Element))
    one, other = data.draw(st.sampled_from(every)), data.draw(st.sampled_from(every))
    place, kind = data.draw(st.integers(0, 3)), data.draw(st.sampled_from(["move", "copy", "forge", "below", "gone"]))
    forged = etree.fromstring(data.draw(st.sampled_from(FORGERIES)))
    if kind == "move" and one is not root and one is not other and one not in other.iterancestors():
        other.insert(place, one)
    elif kind == "copy":
        other.insert(place, copy.deepcopy(one))
    elif kind == "forge":
        other.insert(place, forged)
    elif kind == "below":
        forged.append(root)
        root = forged
    elif kind == "gone" and one is not root:
        one.getparent().remove(one)
    outcome = examine(Material.of(etree.tostring(root)), None)
    assert set(outcome.signed) <= set(examine(Material.of(base), None).signed)
    if kind == "below":
        assert any(each.weight == "error" for each in outcome.signatures[0].findings)
