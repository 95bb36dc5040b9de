"""Manifests and hash chains: what they vouch for is compared, and work is bounded."""

from __future__ import annotations

import pytest
from asn1crypto import core

from gateway.signatures.asic_manifest import member_name, read_chain, read_manifest, step_der
from gateway.signatures.material import Bounds, Material
from gateway.signatures.xml_document import Fault
from tests.zoo import asic, xroad
from tests.zoo.xml_maker import SHA512


def opener(files: dict[str, bytes]):
    return lambda name: Material.of(files[name], name) if name in files else None


def manifest_of(data: bytes):
    return read_manifest(Material.of(data), opener(dict(asic.FILES)), Bounds())


def chain_of(files: dict[str, bytes]):
    return read_chain(Material.of(files["META-INF/sig-hashchainresult.xml"]), opener(files), Bounds())


def test_digests_that_hold_and_one_that_does_not() -> None:
    assert manifest_of(asic.manifest(asic.FILES)).covered == list(asic.FILES)
    listed = manifest_of(asic.manifest({**asic.FILES, "surat.pdf": b"x"}))
    assert (listed.covered, [one.code for one in listed.faults]) == (["lampiran/tabel.csv"], ["hash_mismatch"])
    assert listed.digests == ["sha256", "sha256"]


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("ASiCManifest", "Manifest", "format_broken"),
        ('URI="META-INF/signature.p7s"', "", "format_broken"),
        ("<ds:DigestMethod", "<ds:Transforms/><ds:DigestMethod", "unsupported"),
        ("</ds:DigestValue>", "</ds:DigestValue><ds:DigestValue>AA==</ds:DigestValue>", "format_broken"),
        ("<ds:DigestValue>", "<ds:DigestValue>!", "format_broken"),
    ],
)
def test_a_manifest_that_is_none(before: str, after: str, code: str) -> None:
    with pytest.raises(Fault) as caught:
        manifest_of(asic.manifest(asic.FILES).replace(before.encode(), after.encode()))
    assert caught.value.finding.code == code


def test_a_digest_that_nobody_knows() -> None:
    data = asic.manifest(asic.FILES).replace(b"xmlenc#sha256", b"xmlenc#sha3")
    assert {one.code for one in manifest_of(data).faults} == {"unsupported"}


def test_names_of_members() -> None:
    assert [member_name(one) for one in ("/a", "a%20b", "a/b", "")] == ["a", "a b", "a/b", ""]


def test_a_chain_vouches_for_its_files() -> None:
    assert chain_of(xroad.chained()).covered == ["message.xml", "attachment1"]
    wrong = chain_of(xroad.chained(wrong=True))
    assert (wrong.covered, [one.code for one in wrong.faults]) == ([], ["hash_mismatch"])


@pytest.mark.parametrize("size", [0, 1, 5, 40])
def test_steps_are_encoded_as_asn1crypto_does(size: int) -> None:
    digests = [xroad.sha(bytes([number])) for number in range(size)]
    der = step_der((SHA512, one) for one in digests)
    assert xroad.sha(der) == xroad.step_hash(digests)
    assert core.Sequence.load(der, strict=True).dump() == der


def test_a_ring_and_a_doubling_end() -> None:
    with pytest.raises(Fault, match="leads into itself"):
        chain_of(xroad.ring())
    assert [one.code for one in chain_of(xroad.doubling()).faults] == ["hash_mismatch"]
    with pytest.raises(Fault, match="too deep"):
        chain_of(xroad.doubling(100))


def test_two_steps_of_one_id_and_a_step_that_is_not_there() -> None:
    files = xroad.chained()
    name = "META-INF/sig-hashchain.xml"
    with pytest.raises(Fault) as caught:
        chain_of({**files, name: files[name].replace(b'id="STEP1"', b'id="STEP0"')})
    assert caught.value.finding.code == "ambiguous_id"
    with pytest.raises(Fault, match="the step"):
        chain_of({**files, name: files[name].replace(b'id="STEP1"', b'id="LAIN"')})
