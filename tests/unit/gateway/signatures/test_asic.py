"""Every container of the zoo gets the verdict that it must get; what is large costs no memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import subprocess
import sys
import textwrap
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.signatures.asic import examine
from gateway.signatures.material import Bounds, Material
from gateway.signatures.trust import TrustStore
from gateway.signatures.verdict import Verdict
from gateway.signatures.verification import verify
from tests.zoo import asic
from tests.zoo.case import Case, assert_verdict
from tests.zoo.container import members
from tests.zoo.pki import AT, pki

OWN = {"mimetype", "META-INF/"}


def judged(data: bytes, store: TrustStore, bounds: Bounds = Bounds()) -> Verdict:
    return asyncio.run(verify(Material.of(data), None, store, AT, bounds))


@pytest.mark.parametrize("case", asic.CASES, ids=str)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_each_container_gets_its_verdict(case: Case, zoo_trust: TrustStore) -> None:
    beside = Material.of(case.beside()) if case.beside is not None else None
    verdict = asyncio.run(verify(Material.of(case.build()), beside, zoo_trust, case.at))
    assert_verdict(verdict, case)


def test_what_is_covered_is_said_in_words(zoo_trust: TrustStore) -> None:
    verdict = judged(asic.two_signers(), zoo_trust)
    assert [one.covers for one in verdict.signatures] == ["1 of 2 files: surat.pdf", "1 of 2 files: lampiran/tabel.csv"]
    assert [one.format for one in verdict.signatures] == ["ASiC-E with CAdES"] * 2
    assert verdict.format == "asic-e"


def test_a_bound_is_told(zoo_trust: TrustStore) -> None:
    for bounds in (Bounds(members=3), Bounds(member_bytes=100), Bounds(container_bytes=900), Bounds(signatures=0)):
        verdict = judged(asic.cades(), zoo_trust, bounds)
        assert verdict.conclusion == "indeterminate"
        assert "too_large" in [one.code for one in verdict.findings]


def test_openssl_agrees_about_the_signature_and_so_do_the_digests(tmp_path: Path) -> None:
    """Judges that are not ours: openssl on the signature, hashlib on the manifest's digests."""
    held = members(asic.cades())
    for name, data in (("m.xml", held[asic.MANIFEST]), ("s.p7s", held[asic.CADES]), ("root.pem", pki().root.pem)):
        (tmp_path / name).write_bytes(data)
    command = [
        *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "s.p7s", "-content", "m.xml"),
        *("-CAfile", "root.pem", "-purpose", "any", "-attime", str(int(AT.timestamp())), "-out", os.devnull),
    ]
    (tmp_path / "office.pem").write_bytes(pki().office.pem)
    done = subprocess.run([*command, "-certfile", "office.pem"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, data in asic.FILES.items():
        value = asic.base64.b64encode(hashlib.sha256(data).digest())
        assert value in held[asic.MANIFEST], name


GOOD = {
    "cades": asic.cades(),
    "stored": asic.cades(method=zipfile.ZIP_STORED),
    "xroad": asic.xroad.zipped(asic.xroad.stamped(asic.xroad.chained())),
}


def contents(data: bytes) -> dict[str, bytes] | None:
    """What a lenient reader would take out of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {name: content for name, content in members(data).items() if not name.startswith(tuple(OWN))}
    except Exception:
        return None


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(which=st.sampled_from(sorted(GOOD)), data=st.data())
def test_damage_never_passes_for_valid(which: str, data: st.DataObject, zoo_trust: TrustStore) -> None:
    good = GOOD[which]
    place = data.draw(st.integers(0, len(good) - 1))
    change: Callable[[], bytes] = data.draw(
        st.sampled_from(
            [
                lambda: good[:place] + bytes([good[place] ^ (1 << place % 8)]) + good[place + 1 :],
                lambda: good[:place],
                lambda: good[:place] + b"PK\x05\x06" + good[place:],
                lambda: good[:place] + good[place + 1 :],
            ]
        )
    )
    verdict = judged(change(), zoo_trust)
    if verdict.conclusion == "valid":
        # Only what no reader takes for content may have changed (times, versions, hints for a system).
        assert contents(change()) == contents(good)


def test_a_large_container_costs_no_memory(tmp_path: Path) -> None:
    path, size = tmp_path / "large.asice", 500 << 20
    piece = os.urandom(1 << 20)
    digest = hashlib.sha256()
    for _ in range(size >> 20):
        digest.update(piece)
    about = asic.manifest({"besar.bin": b""}).replace(
        asic.base64.b64encode(hashlib.sha256(b"").digest()), asic.base64.b64encode(digest.digest())
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), asic.E)
        with archive.open(zipfile.ZipInfo("besar.bin"), "w", force_zip64=True) as member:
            for _ in range(size >> 20):
                member.write(piece)
        archive.writestr(asic.MANIFEST, about)
        archive.writestr(asic.CADES, asic.cms.one(attached=False, data=about))
    program = """
        import resource, sys
        from gateway.signatures.asic import examine
        from gateway.signatures.material import Material
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with open(sys.argv[1], "rb") as file:
            outcome = examine(Material(file), None)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print([one.integrity for one in outcome.signatures], [one.code for one in outcome.findings], grown // 1024)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)], capture_output=True, text=True, check=True
    )
    told, grown = done.stdout.rsplit(" ", 1)
    assert told == "['intact'] []"
    assert int(grown) < 150


def test_content_beside_it_must_be_among_the_signed_files() -> None:
    outcome = examine(Material(io.BytesIO(asic.cades())), Material.of(b"x"))
    assert [one.integrity for one in outcome.signatures] == ["intact"]
    assert [one.code for one in outcome.findings] == ["not_covered"]
    assert examine(Material(io.BytesIO(asic.cades())), Material.of(asic.LETTER)).findings == []
