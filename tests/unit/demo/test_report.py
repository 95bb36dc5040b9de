"""What is printed while the gateway stays up can be opened and typed as it stands."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from demo import places
from demo.agencies.caller import Answer
from demo.authority import Authority
from demo.proofs import Proofs
from demo.report import show_places
from gateway.commands.face import Face

CONFIG = Path(__file__).parents[3] / "config"


def signed(code: str) -> Answer:
    return Answer(200, {}, json.dumps({"document": {"code": code, "url": f"http://x/v/{code}"}}).encode())


def test_pages_to_open_and_commands_that_survive_a_space(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "a state"
    authority, folder = Authority(state / "demo" / "authority"), state / "demo" / "papers" / "run"
    proofs = Proofs(
        first=signed("AAAA"), second=signed("BBBB"), message="m-1", paper=folder / "letter.pdf",
        evidence=folder / "evidence.asice",
    )  # fmt: skip
    show_places(Face(False), "http://x", places.read(CONFIG, state), proofs, authority)
    told = capsys.readouterr().out
    assert "http://x/v/AAAA" in told
    assert "http://x/v/BBBB" in told
    [verify] = [line for line in told.splitlines() if " verify " in line and "receipt" not in line]
    words = shlex.split(verify.partition("lintas ")[2])
    assert words == ["verify", str(proofs.paper), str(proofs.evidence), "--trust", str(authority.trust)]
    for command in ("letter show BBBB", "evidence m-1", "receipt verify", "letter issue examples/letter.pdf"):
        assert f"lintas {command}" in told


def test_without_a_letter_there_is_none_to_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_places(Face(False), "http://x", places.read(CONFIG, tmp_path), Proofs(), Authority(tmp_path / "demo"))
    assert "/v/" not in capsys.readouterr().out
