"""The DSS library of the European Commission judges the containers of the zoo, and the evidence of a real gateway.

`install.sh` beside this file installs it.
"""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.process import Place
from tests.e2e.recipients import Recipient
from tests.e2e.scenes import rest
from tests.e2e.test_evidence import delivered, lintas
from tests.zoo import asic
from tests.zoo.case import Case
from tests.zoo.pki import AT, pki

pytestmark = pytest.mark.peers

HERE = Path(__file__).parent
#: It does not look for these: a file that no signature covers, the zip itself, timestamps that prove no signature.
_CHANGED = {"changed_file", "changed_manifest", "widened_manifest", "s_other_file"}
_SOUND = {
    *("e_cades", "e_cades_stored", "e_cades_sha512", "e_two_signers", "e_signed_and_dated", "s_cades", "comment"),
    "e_xades_b",
    *("comment_mimetype", "no_mimetype", "stranger", "expired", "second_is_stranger"),
}


class Judged(NamedTuple):
    indication: str
    reason: str
    level: str
    integrity: str


def judged(anchor: Path, at: datetime, files: Iterable[Path]) -> dict[str, list[Judged]]:
    """By name of a file what DSS says of each signature."""
    words = ["java", "-cp", "classes:lib/*", "Judge", str(anchor), f"{int(at.timestamp())}000", *map(str, files)]
    done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, timeout=120, check=True)
    lines = [line.split() for line in done.stdout.splitlines() if ".asice " in line]
    return {name: [Judged(*one.split("/")) for one in told if one.count("/") == 3] for name, *told in lines}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Judged]]:
    folder = tmp_path_factory.mktemp("zoo")
    (folder / "root.pem").write_bytes(pki().root.pem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in asic.CASES:
            # Some cases are called by the path of what was put into them.
            (folder / f"{case.name.replace('/', '_')}.asice").write_bytes(case.build())
    return judged(folder / "root.pem", AT, sorted(folder.glob("*.asice")))


@pytest.mark.parametrize("case", [one for one in asic.CASES if one.name in _SOUND], ids=str)
def test_what_is_intact_here_is_intact_there(case: Case, verdicts: dict[str, list[Judged]]) -> None:
    told = verdicts[f"{case.name}.asice"]
    assert told
    assert {one.integrity for one in told} == {"intact"}
    assert "TOTAL_FAILED" not in {one.indication for one in told}
    if case.level is not None:
        form = "XAdES" if "xades" in case.name else "CAdES"
        assert {one.level for one in told} == {f"{form}-BASELINE-{case.level.removeprefix('B-')}"}


@pytest.mark.parametrize("name", sorted(_CHANGED))
def test_what_was_changed_fails_there_too(name: str, verdicts: dict[str, list[Judged]]) -> None:
    assert [(one.indication, one.reason) for one in verdicts[f"{name}.asice"]] == [("TOTAL_FAILED", "HASH_FAILURE")]


async def test_the_evidence_of_a_gateway_passes(tmp_path: Path) -> None:
    recipient = Recipient(idempotent=True)
    await recipient.start()
    systems = {"pengirim": {"may_use": ["letter.deliver"]}, "dinas": {"channel": rest(recipient.url, "idempotent")}}
    place = Place(tmp_path, systems, [{"service": "letter.deliver", "to": ["uji/dinas"]}])
    file = tmp_path / "x.asice"
    try:
        async with place.running() as gateway:
            message = await delivered(gateway, "1")
            key = place.state / "keys" / "pengirim.key"
            code, told = await lintas(place, "evidence", message, "-o", file, "--url", gateway.url, "--key-file", key)
            assert code == 0, told
    finally:
        await recipient.stop()
    [one] = judged(place.state / "keys" / "evidence-certificate.pem", datetime.now().astimezone(), [file])["x.asice"]
    assert one == ("TOTAL_PASSED", "null", "CAdES-BASELINE-B", "intact")
